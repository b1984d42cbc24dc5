// crl_idp_one_kind.cpp: RFC 5280 5.2.5.
#include "profile/lints/issuing_point.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_idp_one_kind() noexcept {
    return {
        "rfc5280_5_2_5_issuing_point_one_kind", "RFC 5280 5.2.5",
        "at most one of onlyContainsUserCerts, onlyContainsCACerts, and onlyContainsAttributeCerts may be set to TRUE",
        [](const CrlSubject& subject, Details& details) {
            const auto* extension = subject.view->find(oid::kIssuingDistributionPoint);
            const auto point = extension == nullptr ? std::nullopt : decode_issuing_point(extension->value);
            if (point && point->only_user_certs && point->only_ca_certs)
                details.emplace_back(
                    "issuingDistributionPoint is for user certificates only and for CA certificates only");
        },
        nullptr};
}

}  // namespace sealwright::profile::lints
