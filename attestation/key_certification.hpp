// key_certification.hpp: what the second round shows: the credential was activated, and the AK certified the key for
// this challenge.
#pragma once

#include "attestation/opening_judge.hpp"

namespace sealwright::attestation {

void judge_answer(const OpeningJudgement& opening, const Answer& answer, const Expectation& expectation,
                  const Context& context, VerdictBuilder& verdict);

}  // namespace sealwright::attestation
