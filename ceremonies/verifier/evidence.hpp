// evidence.hpp: the verifier's own judgement of what a token said of a key, from evidence/STEP.json.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace sealwright::verifier {

struct EvidenceReading {
    std::string key, label, token_serial, token_label;
    std::vector<std::string> objections;  // why the key is not what its template demands; empty: it is
};

// read_evidence reads the JSON and judges by one of the templates that ceremonies know (unsupported for others).
// non-extractable-v1: generated in the token, never extractable, always sensitive, private, permanent, signing and
// neither decrypting nor unwrapping. wrap-backup-v1: the same, but extractable, by trusted wrapping keys alone. An
// attribute that the token did not give is an objection, not a concession.
Result<EvidenceReading> read_evidence(std::string_view json, std::string_view evidence_template);
inline constexpr std::string_view kMayLeaveWrapped = "wrap-backup-v1";

}  // namespace sealwright::verifier
