// crl_freshest_not_in_delta.cpp: RFC 5280 5.2.6.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_freshest_not_in_delta() noexcept {
    return {"rfc5280_5_2_6_freshest_crl_not_in_delta", "RFC 5280 5.2.6", "This extension MUST NOT appear in delta CRLs",
            [](const CrlSubject& subject, Details& details) {
                if (subject.view->find(oid::kFreshestCrl) != nullptr &&
                    subject.view->find(oid::kDeltaCrlIndicator) != nullptr)
                    details.emplace_back("freshestCRL in a delta CRL");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
