// crl_idp_no_attribute_certs.cpp: RFC 5280 5.2.5.
#include "profile/lints/issuing_point.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_idp_no_attribute_certs() noexcept {
    return {"rfc5280_5_2_5_no_attribute_certificates", "RFC 5280 5.2.5",
            "Conforming CRLs issuers MUST set the onlyContainsAttributeCerts boolean to FALSE",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kIssuingDistributionPoint);
                const auto point = extension == nullptr ? std::nullopt : decode_issuing_point(extension->value);
                if (point && point->only_attribute_certs) details.emplace_back("onlyContainsAttributeCerts is set");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
