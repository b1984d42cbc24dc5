// evidence.hpp: the verifier's own judgement of what a token said of a key, from evidence/STEP.json.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace sealwright::verifier {

struct EvidenceReading {
    std::string key, label, token_serial, token_label;
    std::vector<std::string> objections;  // why the key is not what non-extractable-v1 demands; empty: it is
};

// read_evidence reads the JSON and judges: generated in the token, never extractable, always sensitive, private,
// permanent, signing and neither decrypting nor unwrapping. An attribute that the token did not give is an objection,
// not a concession.
Result<EvidenceReading> read_evidence(std::string_view json);

}  // namespace sealwright::verifier
