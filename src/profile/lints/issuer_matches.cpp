// issuer_matches.cpp: RFC 5280 4.1.2.4 and 6.1.3 (a)(4).
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// Byte for byte: section 7.1 lets readers compare more loosely, but none has to.
CertificateLint issuer_matches() noexcept {
    return {"rfc5280_4_1_2_4_issuer_is_subject_of_issuer", "RFC 5280 4.1.2.4 and 6.1.3 (a)(4)",
            "The certificate issuer name is the working_issuer_name",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.tbs.issuer.empty()) return;  // issuer_not_empty's
                const NameDer& expected =
                    subject.issuer != nullptr ? subject.issuer->fields().subject_der : subject.tbs.subject_der;
                if (subject.tbs.issuer_der != expected) {
                    details.push_back("the issuer is " + x509::format_name(subject.tbs.issuer) +
                                      (subject.issuer != nullptr ? ", the issuer's certificate names another subject"
                                                                 : ", but the certificate is self-signed"));
                }
            }};
}

}  // namespace sealwright::profile::lints
