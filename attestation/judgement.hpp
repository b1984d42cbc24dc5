// judgement.hpp: a verdict with the path that it went, which a record keeps.
#pragma once

#include "attestation/verify.hpp"

namespace sealwright::attestation {

struct Judgement {
    Verdict verdict;
    std::vector<x509::Certificate> path;
};
// judge is verify_opening where there is no answer, else verify_attestation.
Judgement judge(const Opening& opening, const Answer* answer, const Expectation& expectation, const Context& context);

}  // namespace sealwright::attestation
