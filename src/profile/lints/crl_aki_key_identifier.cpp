// crl_aki_key_identifier.cpp: RFC 5280 5.2.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_aki_key_identifier() noexcept {
    return {"rfc5280_5_2_1_crl_aki_key_identifier", "RFC 5280 5.2.1",
            "Conforming CRL issuers MUST use the key identifier method",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kAuthorityKeyIdentifier);
                const auto authority =
                    extension == nullptr ? std::nullopt : decode_authority_key_identifier(extension->value);
                if (authority && !authority->key_identifier)
                    details.emplace_back("authorityKeyIdentifier has no keyIdentifier");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
