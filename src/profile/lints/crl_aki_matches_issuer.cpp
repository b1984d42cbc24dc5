// crl_aki_matches_issuer.cpp: RFC 5280 5.2.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_aki_matches_issuer() noexcept {
    return {"rfc5280_5_2_1_crl_aki_is_ski_of_issuer", "RFC 5280 5.2.1",
            "the key identifier method (the subject key identifier in the CRL signer's certificate)",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kAuthorityKeyIdentifier);
                const auto authority =
                    extension == nullptr ? std::nullopt : decode_authority_key_identifier(extension->value);
                if (!authority || !authority->key_identifier || !subject.view->issuer_subject_key) return;
                if (!equal(*authority->key_identifier, *subject.view->issuer_subject_key))
                    details.emplace_back("authorityKeyIdentifier is not the issuer's subjectKeyIdentifier");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
