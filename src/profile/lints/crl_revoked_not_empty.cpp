// crl_revoked_not_empty.cpp: RFC 5280 5.1.2.6.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_revoked_not_empty() noexcept {
    return {"rfc5280_5_1_2_6_revoked_list_not_empty", "RFC 5280 5.1.2.6",
            "When there are no revoked certificates, the revoked certificates list MUST be absent",
            [](const CrlSubject& subject, Details& details) {
                if (subject.view->revoked && subject.view->revoked->empty())
                    details.emplace_back("revokedCertificates is an empty list");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
