// crl_aki_not_critical.cpp: RFC 5280 5.2.1 and 4.2.1.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_aki_not_critical() noexcept {
    return {"rfc5280_5_2_1_crl_aki_not_critical", "RFC 5280 5.2.1 and 4.2.1.1",
            "Conforming CAs MUST mark this extension as non-critical",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kAuthorityKeyIdentifier);
                if (extension != nullptr && extension->critical)
                    details.emplace_back("authorityKeyIdentifier is critical");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
