// san_syntax.cpp: RFC 5280 4.2.1.6.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

CertificateLint san_syntax() noexcept {
    return {"rfc5280_4_2_1_6_alt_name_syntax", "RFC 5280 4.2.1.6", "SubjectAltName ::= GeneralNames",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->subject_alt_name;
                if (extension != nullptr && !are_well_formed_names(extension->value))
                    details.emplace_back("subjectAltName is not well-formed");
            }};
}

}  // namespace sealwright::profile::lints
