// crl_aki_syntax.cpp: RFC 5280 5.2.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_aki_syntax() noexcept {
    return {"rfc5280_5_2_1_crl_aki_syntax", "RFC 5280 5.2.1",
            "The syntax for this CRL extension is defined in Section 4.2.1.1",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kAuthorityKeyIdentifier);
                if (extension != nullptr && !decode_authority_key_identifier(extension->value))
                    details.emplace_back("authorityKeyIdentifier is not well-formed");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
