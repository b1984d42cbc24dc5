// ek_certificate_judge.hpp: what an EK certificate is worth: every check that concerns it, before anybody asks whether
// it is needed.
#pragma once

#include "attestation/ek_certificate.hpp"
#include "attestation/opening_judge.hpp"

namespace sealwright::attestation {

struct EkCertificateJudgement {
    std::vector<Finding> findings;
    bool holds = false;  // all that the level of the certificate rests on
    std::vector<x509::Certificate> path;
    std::string manufacturer, model, firmware;  // empty unless it holds
};
// ek is the key that the certificate must be for; none where no EK could be read.
EkCertificateJudgement judge_ek_certificate(const Opening& opening, const TpmKey* ek, const Context& context);

// refuses_always says which of these checks refuse whether or not the level rests on the certificate.
bool refuses_always(Check check) noexcept;

}  // namespace sealwright::attestation
