// crl_freshest_not_critical.cpp: RFC 5280 5.2.6.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_freshest_not_critical() noexcept {
    return {"rfc5280_5_2_6_freshest_crl_not_critical", "RFC 5280 5.2.6",
            "Conforming CRL issuers MUST mark this extension as non-critical",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kFreshestCrl);
                if (extension != nullptr && extension->critical) details.emplace_back("freshestCRL is critical");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
