// crl_aki_present.cpp: RFC 5280 5.2.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_aki_present() noexcept {
    return {"rfc5280_5_2_1_aki_present", "RFC 5280 5.2.1",
            "Conforming CRL issuers [...] MUST include this extension in all CRLs issued",
            [](const CrlSubject& subject, Details& details) {
                if (subject.view->find(oid::kAuthorityKeyIdentifier) == nullptr)
                    details.emplace_back("no authorityKeyIdentifier");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
