#include "attestation/verdict_builder.hpp"

#include "attestation/ek_certificate.hpp"

namespace sealwright::attestation {
namespace {

constexpr std::size_t kMaxText = 1024;

bool is_short_and_visible(std::string_view text) noexcept {
    return text.size() <= kMaxText &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

VerdictBuilder::VerdictBuilder(When stage) {
    for (const CheckInfo& info : all_checks()) {
        const bool now =
            info.mandatory == When::opening || (info.mandatory == When::attestation && stage == When::attestation);
        if (now) mandatory_.insert(info.check);
    }
}

void VerdictBuilder::add(Finding finding) {
    if (!is_short_and_visible(finding.text)) finding.text = printable(finding.text, kMaxText);
    findings_.push_back(std::move(finding));
}
void VerdictBuilder::proven(Check check, Source source, std::string text) {
    add({check, Outcome::proven, std::move(source), std::move(text)});
}
void VerdictBuilder::claimed(Check check, Source source, std::string text) {
    add({check, Outcome::claimed, std::move(source), std::move(text)});
}
void VerdictBuilder::failed(Check check, Source source, std::string text) {
    add({check, Outcome::failed, std::move(source), std::move(text)});
}
void VerdictBuilder::judge(bool holds, Check check, Source source, std::string proven_text, std::string failed_text) {
    add({check, holds ? Outcome::proven : Outcome::failed, std::move(source),
         holds ? std::move(proven_text) : std::move(failed_text)});
}

void VerdictBuilder::require(Check check) { mandatory_.insert(check); }

bool VerdictBuilder::has_failed(Check check) const noexcept {
    return std::any_of(findings_.begin(), findings_.end(), [&](const Finding& finding) {
        return finding.check == check && finding.outcome == Outcome::failed;
    });
}

Verdict VerdictBuilder::finish(Level level) && {
    for (const Check check : mandatory_) {
        const bool looked_at =
            std::any_of(findings_.begin(), findings_.end(), [&](const Finding& f) { return f.check == check; });
        if (!looked_at) {
            add({check, Outcome::skipped, Source{},
                 "could not be looked at, because of what failed before it: mend that first"});
        }
    }
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.check < b.check; });
    Verdict verdict;
    verdict.findings_ = std::move(findings_);
    verdict.mandatory_.assign(mandatory_.begin(), mandatory_.end());
    verdict.facts_ = std::move(facts_);
    const bool holds = verdict.refusals().empty() && level != Level::none;
    verdict.decision_ = holds ? Decision::affirming : Decision::refused;
    verdict.level_ = holds ? level : Level::none;
    return verdict;
}

}  // namespace sealwright::attestation
