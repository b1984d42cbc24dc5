// crl_ian_names.cpp: RFC 5280 5.2.2.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CrlLint crl_ian_names() noexcept {
    return {"rfc5280_5_2_2_crl_issuer_alt_name", "RFC 5280 5.2.2",
            "The OID and syntax for this CRL extension are defined in Section 4.2.1.7",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kIssuerAltName);
                if (extension == nullptr) return;
                const auto content = sequence_content(extension->value);
                if (!are_well_formed_names(extension->value) || content->empty())
                    details.emplace_back("issuerAltName is not well-formed or empty");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
