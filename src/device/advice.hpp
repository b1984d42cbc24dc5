// advice.hpp: what a refusal means for whoever stands before the device, and what they can do.
#pragma once

#include "device/answers.hpp"

namespace sealwright::device {

// Occasion is what the device was refused.
enum class Occasion { enroll, renew };

// advice_for says what can be done about a finding, by its check's name (attestation/verdict.hpp); empty for names that
// this version does not know.
std::string_view advice_for(std::string_view check) noexcept;

// explain makes an error of a refusal: what the server said, then, line by line, each finding with what to do about it.
Error explain(const Problem& problem, Occasion occasion);

// explain_end makes one of a problem that says that the request has ended: its code says whether another request may
// fare better (unavailable) or not.
Error explain_end(const Problem& problem, Occasion occasion);

// needs_new_secret is for an enrolment whose request ended, and whose secret serves no other: refusal is what the CA
// said to the attempt.
Error needs_new_secret(const Error& end, const Error& refusal);

// how_to_ask says how to ask what became of a request.
std::string_view how_to_ask(Occasion occasion) noexcept;

}  // namespace sealwright::device
