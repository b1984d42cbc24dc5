#include "ceremonies/verifier/attestation.hpp"

#include "attestation/anchors.hpp"
#include "base/file.hpp"
#include "ceremonies/verifier/json.hpp"

namespace sealwright::verifier {
namespace {

using attestation::Finding;
using attestation::Level;
using attestation::Record;

constexpr std::size_t kMaxFile = 512 * 1024, kMaxRootsFile = 8U << 20U;

std::optional<Record> read_record(const std::string& file, Checks& checks) {
    checks.begin("record");
    const auto octets = read_file(file, kMaxFile);
    if (!octets) {
        checks.missing(octets.error().public_detail());
        return std::nullopt;
    }
    auto record = attestation::parse_record(octets.value());
    if (!record) {
        checks.invalid(record.error().public_detail());
        return std::nullopt;
    }
    checks.end("request " + record.value().request.hex() + ", profile " + record.value().profile + ", judged at " +
               to_rfc3339(record.value().time));
    return std::move(record).value();
}

// says_the_same compares all but the wording, which may change from version to version.
bool says_the_same(const attestation::Verdict& a, const attestation::Verdict& b) {
    const auto same = [](const Finding& x, const Finding& y) {
        return x.check == y.check && x.outcome == y.outcome && x.source == y.source;
    };
    return a.decision() == b.decision() && a.level() == b.level() && a.facts() == b.facts() &&
           std::equal(a.findings().begin(), a.findings().end(), b.findings().begin(), b.findings().end(), same);
}

void check_replay(const Record& record, Checks& checks) {
    checks.begin("verdict");
    const attestation::Verdict again = attestation::replay(record);
    if (!says_the_same(again, record.verdict)) {
        checks.invalid("the evidence gives another verdict: " + again.summary() +
                       "; the record says: " + record.verdict.summary());
        return;
    }
    if (again != record.verdict) checks.note("some findings are worded otherwise: the record is of another version");
    checks.end("follows from the evidence: " + record.verdict.summary());
}

// tell_words says what the verdict rests on that no evidence shows.
void tell_words(const Record& record, Checks& checks) {
    if (record.verdict.level() == Level::ek_list)
        checks.headline("that the EK is on the site's list is the site's word");
    if (record.verdict.level() == Level::requester) checks.headline("that the EK is a TPM's is the requester's word");
    if (record.policy.simulators) checks.headline("the policy lets simulators count");
}

void check_roots(const Record& record, const std::string& file, Checks& checks) {
    checks.begin("roots");
    const bool rests_on_root = record.verdict.level() == Level::ek_certificate;
    if (file.empty()) {
        if (rests_on_root) {
            checks.missing("the verdict rests on a manufacturer's root: give those that you trust with --roots");
        } else {
            checks.end("the verdict rests on none");
        }
        return;
    }
    const auto text = read_text_file(file, kMaxRootsFile);
    const auto roots = text ? attestation::parse_anchors(text.value()) : text.error();
    if (!roots) {
        checks.missing("--roots cannot be read: " + roots.error().public_detail());
    } else if (!rests_on_root) {
        checks.end("the verdict rests on none");
    } else if (!attestation::is_anchored(record, roots.value())) {
        checks.invalid("the path of the EK certificate ends in none of the given roots");
    } else {
        checks.end("the path of the EK certificate ends in one of the " + std::to_string(roots.value().size()) +
                   " given roots");
    }
}

std::string place(const Finding& finding) {
    if (finding.source.input.empty()) return "no octets";
    const auto& source = finding.source;
    return source.input + ", octets " + std::to_string(source.offset) + " to " +
           std::to_string(std::uint64_t{source.offset} + source.size) + ", of SHA-256 " + source.digest.hex();
}

std::string block(const Finding& finding) {
    std::string outcome{attestation::outcome_name(finding.outcome)};
    outcome.resize(12, ' ');
    return outcome + std::string{attestation::check_code(finding.check)} + "\n            " + finding.text +
           "\n            " + std::string{attestation::check_clause(finding.check)} + "\n            " +
           place(finding) + "\n";
}

Value text_value(std::string_view text) { return Value{Value::Storage{std::string{text}}}; }
Value number_value(std::uint64_t number) { return Value{Value::Storage{number}}; }
Value bool_value(bool value) { return Value{Value::Storage{value}}; }

Value finding_value(const Finding& finding) {
    return Value{Object{{"check", text_value(attestation::check_code(finding.check))},
                        {"clause", text_value(attestation::check_clause(finding.check))},
                        {"digest", text_value(finding.source.digest.hex())},
                        {"input", text_value(finding.source.input)},
                        {"offset", number_value(finding.source.offset)},
                        {"outcome", text_value(attestation::outcome_name(finding.outcome))},
                        {"size", number_value(finding.source.size)},
                        {"text", text_value(finding.text)}}};
}

Value facts_value(const attestation::Facts& facts) {
    return Value{Object{{"ak_name", text_value(to_hex(facts.ak_name))},
                        {"clock", text_value(std::to_string(facts.clock))},
                        {"clock_is_safe", bool_value(facts.clock_is_safe)},
                        {"counters_are_clear", bool_value(facts.counters_are_clear)},
                        {"ek", text_value(facts.ek.hex())},
                        {"ek_template", text_value(facts.ek_template)},
                        {"firmware", text_value(facts.firmware)},
                        {"firmware_version", text_value(std::to_string(facts.firmware_version))},
                        {"hierarchy", text_value(facts.hierarchy)},
                        {"key", text_value(facts.key ? facts.key->hex() : "")},
                        {"key_name", text_value(to_hex(facts.key_name))},
                        {"manufacturer", text_value(facts.manufacturer)},
                        {"model", text_value(facts.model)},
                        {"reset_count", number_value(facts.reset_count)},
                        {"restart_count", number_value(facts.restart_count)}}};
}

}  // namespace

std::optional<Record> verify_attestation(const AttestationQuestion& question, Checks& checks) {
    auto record = read_record(question.file, checks);
    if (!record) return std::nullopt;
    tell_words(*record, checks);
    check_replay(*record, checks);
    check_roots(*record, question.roots, checks);
    return record;
}

std::string explain(const Record& record) {
    std::string refusing, others;
    const auto refusals = record.verdict.refusals();
    for (const Finding& finding : record.verdict.findings()) {
        const bool refuses = std::find(refusals.begin(), refusals.end(), finding) != refusals.end();
        (refuses ? refusing : others) += block(finding);
    }
    std::string out = record.verdict.affirming()
                          ? "The device was affirmed, on the level " +
                                std::string{attestation::level_name(record.verdict.level())} + ".\n"
                          : "The device was refused, by these findings:\n\n" + refusing + "\nThe others:\n";
    return out + "\n" + others;
}

std::string explain_json(const Record& record) {
    Array findings;
    for (const Finding& finding : record.verdict.findings()) findings.push_back(finding_value(finding));
    return Value{Object{{"affirming", bool_value(record.verdict.affirming())},
                        {"facts", facts_value(record.verdict.facts())},
                        {"findings", Value{std::move(findings)}},
                        {"level", text_value(attestation::level_name(record.verdict.level()))},
                        {"profile", text_value(record.profile)},
                        {"request", text_value(record.request.hex())},
                        {"summary", text_value(record.verdict.summary())},
                        {"time", text_value(to_rfc3339(record.time))},
                        {"verdict_digest", text_value(record.verdict.digest().hex())}}}
        .canonical();
}

}  // namespace sealwright::verifier
