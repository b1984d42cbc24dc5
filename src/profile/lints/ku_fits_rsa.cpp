// ku_fits_rsa.cpp: RFC 3279 2.3.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ku_fits_rsa() noexcept {
    return {"rfc3279_2_3_1_rsa_key_usage", "RFC 3279 2.3.1",
            "any combination of the following values MAY be present: digitalSignature; nonRepudiation; "
            "keyEncipherment; and dataEncipherment",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                if (view.key && view.key->type == crypto::KeyType::rsa && view.has_usage(x509::kKeyAgreement))
                    details.emplace_back("an RSA key cannot have keyAgreement");
            }};
}

}  // namespace sealwright::profile::lints
