#include "issuance/attested_key.hpp"

namespace sealwright::issuance {

Error refused_by(const attestation::Verdict& verdict) {
    std::string private_detail;
    for (const auto& finding : verdict.refusals())
        private_detail += (private_detail.empty() ? "" : "; ") + finding.text;
    return fail(ErrorCode::denied, "the attestation was refused: " + verdict.summary(), private_detail);
}

Result<AttestedKey> AttestedKey::make(const ProvenKey& key, attestation::Record record) {
    const auto& verdict = record.verdict;
    if (!verdict.affirming()) return refused_by(verdict);
    // The verifier compared the request's key already; whoever mixes up two requests is stopped here.
    if (!record.answer || !verdict.facts().key || *verdict.facts().key != key.key().id())
        return fail(ErrorCode::denied, "the attestation is about another key");
    return AttestedKey{std::move(record)};
}

AttestedDevice AttestedKey::device() const {
    const auto& facts = record_.verdict.facts();
    return {facts.ek, level(), facts.ek_template, facts.manufacturer, facts.model, facts.firmware, {}};
}

}  // namespace sealwright::issuance
