// crl_number_not_critical.cpp: RFC 5280 5.2.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_number_not_critical() noexcept {
    return {"rfc5280_5_2_3_crl_number_not_critical", "RFC 5280 5.2.3", "MUST mark this extension as non-critical",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kCrlNumber);
                if (extension != nullptr && extension->critical) details.emplace_back("cRLNumber is critical");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
