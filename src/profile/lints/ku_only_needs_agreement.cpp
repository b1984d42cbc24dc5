// ku_only_needs_agreement.cpp: RFC 5280 4.2.1.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint ku_only_needs_agreement() noexcept {
    return {"rfc5280_4_2_1_3_only_bits_need_key_agreement", "RFC 5280 4.2.1.3",
            "The meaning of the encipherOnly bit is undefined in the absence of the keyAgreement bit",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                if (view.has_usage(x509::kEncipherOnly | x509::kDecipherOnly) && !view.has_usage(x509::kKeyAgreement))
                    details.emplace_back("encipherOnly or decipherOnly without keyAgreement");
            }};
}

}  // namespace sealwright::profile::lints
