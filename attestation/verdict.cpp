#include "attestation/verdict.hpp"

#include "asn1/der_writer.hpp"
#include "attestation/record_parts.hpp"
#include "crypto/digest.hpp"

namespace sealwright::attestation {
namespace {

constexpr std::size_t kMaxFindings = 256;

void write_finding(asn1::DerWriter& writer, const Finding& finding) {
    writer.sequence([&] {
        writer.integer(static_cast<std::uint64_t>(finding.check)).integer(static_cast<std::uint64_t>(finding.outcome));
        writer.sequence([&] {
            write_text(writer, finding.source.input);
            writer.octet_string(finding.source.digest.view())
                .integer(finding.source.offset)
                .integer(finding.source.size);
        });
        write_text(writer, finding.text);
    });
}

void write_facts(asn1::DerWriter& writer, const Facts& facts) {
    writer.sequence([&] {
        writer.octet_string(facts.ek.view());
        write_text(writer, facts.ek_template);
        writer.octet_string(facts.ak_name).octet_string(facts.key_name);
        if (facts.key) writer.primitive(asn1::context(0), facts.key->view());
        for (const auto& text : {facts.manufacturer, facts.model, facts.firmware, facts.hierarchy})
            write_text(writer, text);
        writer.boolean(facts.counters_are_clear).integer(facts.firmware_version).integer(facts.clock);
        writer.integer(facts.reset_count).integer(facts.restart_count).boolean(facts.clock_is_safe);
    });
}

Result<Check> read_check(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const std::uint64_t number, reader.small_integer());
    const auto check = static_cast<Check>(number);
    if (number > 0xFFFF || check_code(check) == "unknown")
        return fail(ErrorCode::unsupported, "verdict: an unknown check");
    return check;
}

Result<Source> read_source(asn1::DerReader& outer) {
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    Source source;
    SEALWRIGHT_TRY(source.input, read_text(reader));
    SEALWRIGHT_TRY(const ByteView digest, reader.octet_string());
    SEALWRIGHT_TRY(source.digest, Sha256::from(digest));
    SEALWRIGHT_TRY(source.offset, read_number<std::uint32_t>(reader));
    SEALWRIGHT_TRY(source.size, read_number<std::uint32_t>(reader));
    SEALWRIGHT_TRY(reader.finish());
    return source;
}

Result<Finding> read_finding(asn1::DerReader& outer) {
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    Finding finding;
    SEALWRIGHT_TRY(finding.check, read_check(reader));
    SEALWRIGHT_TRY(const std::uint64_t outcome, reader.small_integer());
    if (outcome < 1 || outcome > 5) return fail(ErrorCode::unsupported, "verdict: an unknown outcome");
    finding.outcome = static_cast<Outcome>(outcome);
    SEALWRIGHT_TRY(finding.source, read_source(reader));
    SEALWRIGHT_TRY(finding.text, read_text(reader));
    SEALWRIGHT_TRY(reader.finish());
    return finding;
}

Result<Facts> read_facts(asn1::DerReader& outer) {
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    Facts facts;
    SEALWRIGHT_TRY(const ByteView ek, reader.octet_string());
    SEALWRIGHT_TRY(facts.ek, KeyId::from(ek));
    SEALWRIGHT_TRY(facts.ek_template, read_text(reader));
    SEALWRIGHT_TRY(const ByteView ak_name, reader.octet_string());
    SEALWRIGHT_TRY(const ByteView key_name, reader.octet_string());
    facts.ak_name = bytes_of(ak_name);
    facts.key_name = bytes_of(key_name);
    SEALWRIGHT_TRY(const auto key, reader.optional(asn1::context(0)));
    if (key) {
        SEALWRIGHT_TRY(facts.key, KeyId::from(key->content));
    }
    for (std::string* text : {&facts.manufacturer, &facts.model, &facts.firmware, &facts.hierarchy}) {
        SEALWRIGHT_TRY(*text, read_text(reader));
    }
    SEALWRIGHT_TRY(facts.counters_are_clear, reader.boolean());
    SEALWRIGHT_TRY(facts.firmware_version, read_number<std::uint64_t>(reader));
    SEALWRIGHT_TRY(facts.clock, read_number<std::uint64_t>(reader));
    SEALWRIGHT_TRY(facts.reset_count, read_number<std::uint32_t>(reader));
    SEALWRIGHT_TRY(facts.restart_count, read_number<std::uint32_t>(reader));
    SEALWRIGHT_TRY(facts.clock_is_safe, reader.boolean());
    SEALWRIGHT_TRY(reader.finish());
    return facts;
}

}  // namespace

std::vector<Finding> Verdict::refusals() const {
    std::vector<Finding> out;
    for (const Finding& finding : findings_) {
        const bool mandatory = std::binary_search(mandatory_.begin(), mandatory_.end(), finding.check);
        if (finding.outcome == Outcome::failed || (finding.outcome == Outcome::skipped && mandatory))
            out.push_back(finding);
    }
    return out;
}

std::string Verdict::summary() const {
    if (affirming()) return "affirming, " + std::string{level_name(level_)};
    std::string out;
    for (const Finding& finding : refusals()) {
        // What was only skipped follows from what failed.
        if (finding.outcome != Outcome::failed) continue;
        if (!out.empty()) out += ", ";
        out += check_code(finding.check);
    }
    return out.empty() ? "refused" : out;
}

Bytes Verdict::encode() const {
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.integer(static_cast<std::uint64_t>(decision_)).integer(static_cast<std::uint64_t>(level_));
        writer.sequence([&] {
            for (const Finding& finding : findings_) write_finding(writer, finding);
        });
        writer.sequence([&] {
            for (const Check check : mandatory_) writer.integer(static_cast<std::uint64_t>(check));
        });
        write_facts(writer, facts_);
    });
    return writer.take();
}

Sha256 Verdict::digest() const { return crypto::sha256(encode()); }

Result<Verdict> Verdict::parse(ByteView der) {
    asn1::DerReader outer{der};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    Verdict verdict;
    SEALWRIGHT_TRY(const std::uint64_t decision, reader.small_integer());
    SEALWRIGHT_TRY(const std::uint64_t level, reader.small_integer());
    if (decision < 1 || decision > 2 || level > 3)
        return fail(ErrorCode::unsupported, "verdict: an unknown decision or level");
    verdict.decision_ = static_cast<Decision>(decision);
    verdict.level_ = static_cast<Level>(level);
    SEALWRIGHT_TRY(auto findings, reader.enter(asn1::kSequence));
    while (!findings.at_end()) {
        if (verdict.findings_.size() == kMaxFindings) return fail(ErrorCode::too_large, "verdict: too many findings");
        SEALWRIGHT_TRY(Finding finding, read_finding(findings));
        verdict.findings_.push_back(std::move(finding));
    }
    SEALWRIGHT_TRY(auto mandatory, reader.enter(asn1::kSequence));
    while (!mandatory.at_end()) {
        SEALWRIGHT_TRY(const Check check, read_check(mandatory));
        if (!verdict.mandatory_.empty() && check <= verdict.mandatory_.back()) {
            return fail(ErrorCode::malformed, "verdict: the mandatory checks are not in order");
        }
        verdict.mandatory_.push_back(check);
    }
    SEALWRIGHT_TRY(verdict.facts_, read_facts(reader));
    SEALWRIGHT_TRY(reader.finish());
    // A verdict that contradicts itself is none, whoever wrote it.
    if (verdict.affirming() != (verdict.level_ != Level::none) ||
        (verdict.affirming() && !verdict.refusals().empty())) {
        return fail(ErrorCode::malformed, "verdict: the decision is not what the findings say");
    }
    return verdict;
}

}  // namespace sealwright::attestation
