// crl_number_present.cpp: RFC 5280 5.2.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_number_present() noexcept {
    return {"rfc5280_5_2_3_crl_number_present", "RFC 5280 5.2.3",
            "CRL issuers conforming to this profile MUST include this extension in all CRLs",
            [](const CrlSubject& subject, Details& details) {
                if (subject.view->find(oid::kCrlNumber) == nullptr) details.emplace_back("no cRLNumber");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
