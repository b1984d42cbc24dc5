// pending.hpp: a request under way, as it is kept between two steps and over loss of power.
#pragma once

#include <optional>

#include "device/advice.hpp"
#include "device/names.hpp"

namespace sealwright::device {

// Stage is what is durable. Each is reached before the step that relies on it is taken.
enum class Stage {
    prepared,    // the keys are made; nothing was sent that matters
    challenged,  // the challenge is here; its answer was not sent
    answering,   // the answer may have been sent; what became of it is not known
    waiting,     // the CA has it; approvals are missing
};

// Pending is all that is needed to go on.
struct Pending {
    Occasion occasion = Occasion::enroll;
    Stage stage = Stage::prepared;
    std::string server, profile;
    Names names;
    tpm::EkTemplate ek = tpm::EkTemplate::l2;
    tpm::KeyKind ak_kind = tpm::KeyKind::p256, key_kind = tpm::KeyKind::p256;
    tpm::KeyBlob ak, key;
    bool is_anew = false;                // it was asked for with --anew
    std::string replaces;                // serial of the certificate that was current when this began; empty: none
    std::optional<Challenge> challenge;  // from challenged on

    const std::string& request() const { return challenge->request; }
};

std::string encode_pending(const Pending& pending);
Result<Pending> parse_pending(std::string_view text);

}  // namespace sealwright::device
