// crl_idp_not_empty.cpp: RFC 5280 5.2.5.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_idp_not_empty() noexcept {
    return {
        "rfc5280_5_2_5_issuing_point_not_empty", "RFC 5280 5.2.5",
        "MUST NOT issue CRLs where the DER encoding of the issuing distribution point extension is an empty sequence",
        [](const CrlSubject& subject, Details& details) {
            const auto* extension = subject.view->find(oid::kIssuingDistributionPoint);
            const auto content = extension == nullptr ? std::nullopt : sequence_content(extension->value);
            if (content && content->empty()) details.emplace_back("issuingDistributionPoint says nothing");
        },
        nullptr};
}

}  // namespace sealwright::profile::lints
