// spki_algorithm_known.cpp: RFC 5280 4.1.2.7.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint spki_algorithm_known() noexcept {
    return {"ca_public_key_algorithm_known", "RFC 5280 4.1.2.7", "The object identifiers for the supported algorithms",
            [](const CertificateSubject& subject, Details& details) {
                const auto& key = subject.view->key;
                if (!key) return;
                for (const ByteView known : {oid::kRsaEncryption, oid::kEcPublicKey, oid::kEd25519, oid::kEd448,
                                             oid::kMlDsa44, oid::kMlDsa65, oid::kMlDsa87}) {
                    if (equal(key->algorithm, known)) return;
                }
                details.push_back("the public key algorithm " + asn1::oid_name(key->algorithm) +
                                  " is not one that we certify");
            }};
}

}  // namespace sealwright::profile::lints
