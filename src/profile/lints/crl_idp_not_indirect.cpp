// crl_idp_not_indirect.cpp: RFC 5280 5.2.5.
#include "profile/lints/issuing_point.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// Our CAs list their own certificates, always.
CrlLint crl_idp_not_indirect() noexcept {
    return {"rfc5280_5_2_5_not_indirect", "RFC 5280 5.2.5",
            "If the scope of the CRL only includes certificates issued by the CRL issuer, then the indirectCRL boolean "
            "MUST be set to FALSE",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kIssuingDistributionPoint);
                const auto point = extension == nullptr ? std::nullopt : decode_issuing_point(extension->value);
                if (point && point->indirect) details.emplace_back("indirectCRL is set");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
