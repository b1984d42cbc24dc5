// spki_ec_curve.cpp: RFC 5480 2.1.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint spki_ec_curve() noexcept {
    return {
        "rfc5480_2_1_1_named_curve", "RFC 5480 2.1.1", "implicitCurve and specifiedCurve MUST NOT be used in PKIX",
        [](const CertificateSubject& subject, Details& details) {
            const auto& key = subject.view->key;
            if (key && equal(key->algorithm, oid::kEcPublicKey) && !key->type) {
                details.push_back("the parameters " + to_hex(key->parameters) + " name none of P-256, P-384 and P-521");
            }
        }};
}

}  // namespace sealwright::profile::lints
