// ku_fits_eddsa.cpp: RFC 9295 3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ku_fits_eddsa() noexcept {
    return {"rfc9295_3_eddsa_key_usage", "RFC 9295 3",
            "the following values MUST NOT be present: keyEncipherment; dataEncipherment; keyAgreement; encipherOnly; "
            "and decipherOnly",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                const bool eddsa = view.key && (view.key->type == crypto::KeyType::ed25519 ||
                                                view.key->type == crypto::KeyType::ed448);
                constexpr x509::KeyUsage kForbidden =
                    x509::kKeyEncipherment | x509::kDataEncipherment | x509::kKeyAgreement;
                if (eddsa && view.has_usage(kForbidden))
                    details.emplace_back("an EdDSA key cannot have keyEncipherment, dataEncipherment or keyAgreement");
            }};
}

}  // namespace sealwright::profile::lints
