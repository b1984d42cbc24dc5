// iap_syntax.cpp: RFC 5280 4.2.1.14.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint iap_syntax() noexcept {
    return {"rfc5280_4_2_1_14_inhibit_any_policy_syntax", "RFC 5280 4.2.1.14", "SkipCerts ::= INTEGER (0..MAX)",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->inhibit_any_policy;
                if (extension != nullptr && !decode_small_integer(extension->value))
                    details.emplace_back("inhibitAnyPolicy is no number from 0 on");
            }};
}

}  // namespace sealwright::profile::lints
