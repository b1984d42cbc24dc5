// crl_signature_parameters.cpp: RFC 5280 5.1.2.2.
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// As for certificates: RFC 4055 3.1 and 5, RFC 5758 3.2, RFC 8410 3.
CrlLint crl_signature_parameters() noexcept {
    return {"rfc5280_5_1_2_2_crl_signature_parameters", "RFC 5280 5.1.2.2",
            "[RFC3279], [RFC4055], and [RFC4491] list OIDs for the most popular signature algorithms",
            [](const CrlSubject& subject, Details& details) {
                for (const auto family : {SignatureFamily::rsa_pkcs1, SignatureFamily::rsa_pss, SignatureFamily::ecdsa,
                                          SignatureFamily::eddsa, SignatureFamily::ml_dsa}) {
                    check_parameters(subject.view->signature_algorithm, family, details);
                }
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
