// ku_fits_ec.cpp: RFC 8813 3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ku_fits_ec() noexcept {
    return {"rfc8813_3_ec_key_usage", "RFC 8813 3",
            "the following values MUST NOT be present: keyEncipherment; and dataEncipherment",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                const bool ec = view.key && equal(view.key->algorithm, oid::kEcPublicKey);
                if (ec && view.has_usage(x509::kKeyEncipherment | x509::kDataEncipherment))
                    details.emplace_back("an EC key cannot have keyEncipherment or dataEncipherment");
            }};
}

}  // namespace sealwright::profile::lints
