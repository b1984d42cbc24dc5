// ian_syntax.cpp: RFC 5280 4.2.1.7.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint ian_syntax() noexcept {
    return {"rfc5280_4_2_1_7_issuer_alt_name_syntax", "RFC 5280 4.2.1.7", "IssuerAltName ::= GeneralNames",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->issuer_alt_name;
                if (extension == nullptr) return;
                const auto content = sequence_content(extension->value);
                if (!are_well_formed_names(extension->value) || content->empty())
                    details.emplace_back("issuerAltName is not well-formed or empty");
            }};
}

}  // namespace sealwright::profile::lints
