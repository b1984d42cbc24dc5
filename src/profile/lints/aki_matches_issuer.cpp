// aki_matches_issuer.cpp: RFC 5280 4.2.1.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint aki_matches_issuer() noexcept {
    return {"rfc5280_4_2_1_2_aki_is_ski_of_issuer", "RFC 5280 4.2.1.2",
            "the value of the subject key identifier MUST be the value placed in the key identifier field of the "
            "authority key identifier extension of certificates issued by the subject",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                if (!view.authority_key || !view.authority_key->key_identifier || !view.issuer_subject_key) return;
                if (!equal(*view.authority_key->key_identifier, *view.issuer_subject_key)) {
                    details.push_back("authorityKeyIdentifier is " + to_hex(*view.authority_key->key_identifier) +
                                      ", the issuer's subjectKeyIdentifier is " + to_hex(*view.issuer_subject_key));
                }
            }};
}

}  // namespace sealwright::profile::lints
