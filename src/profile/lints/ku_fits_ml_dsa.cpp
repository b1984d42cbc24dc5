// ku_fits_ml_dsa.cpp: RFC 9881 5.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ku_fits_ml_dsa() noexcept {
    return {"rfc9881_5_ml_dsa_key_usage", "RFC 9881 5",
            "keyEncipherment, dataEncipherment, keyAgreement, encipherOnly and decipherOnly MUST NOT be present",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                constexpr x509::KeyUsage kForbidden =
                    x509::kKeyEncipherment | x509::kDataEncipherment | x509::kKeyAgreement;
                if (view.key && view.key->type && crypto::is_ml_dsa(*view.key->type) && view.has_usage(kForbidden))
                    details.emplace_back("an ML-DSA key cannot have keyEncipherment, dataEncipherment or keyAgreement");
            }};
}

}  // namespace sealwright::profile::lints
