// crl_idp_syntax.cpp: RFC 5280 5.2.5.
#include "profile/lints/issuing_point.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_idp_syntax() noexcept {
    return {"rfc5280_5_2_5_issuing_point_syntax", "RFC 5280 5.2.5", "IssuingDistributionPoint ::= SEQUENCE",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kIssuingDistributionPoint);
                if (extension != nullptr && !decode_issuing_point(extension->value))
                    details.emplace_back("issuingDistributionPoint is not well-formed");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
