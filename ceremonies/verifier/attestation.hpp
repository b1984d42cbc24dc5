// attestation.hpp: the record of an attestation judged again: does the verdict follow from the evidence, and from whose
// root?
#pragma once

#include <optional>

#include "attestation/record.hpp"
#include "ceremonies/verifier/verdict.hpp"

namespace sealwright::verifier {

struct AttestationQuestion {
    std::string file;
    std::string roots;  // PEM of the manufacturers' roots that the reader trusts; empty: none were given
};

// verify_attestation fills checks: invalid where the record cannot be read, where another verdict follows from its
// evidence, or where the EK certificate's path ends in none of the given roots; missing where the verdict rests on a
// root and none were given. The record is returned where it can be read.
std::optional<attestation::Record> verify_attestation(const AttestationQuestion& question, Checks& checks);

// explain tells of every finding: what was seen, the clause, the octets that it is about. explain_json is the same as
// one line, with the facts.
std::string explain(const attestation::Record& record);
std::string explain_json(const attestation::Record& record);

}  // namespace sealwright::verifier
