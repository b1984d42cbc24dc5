// spki_eddsa_parameters.cpp: RFC 8410 3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint spki_eddsa_parameters() noexcept {
    return {"rfc8410_3_eddsa_key_parameters", "RFC 8410 3", "the parameters MUST be absent",
            [](const CertificateSubject& subject, Details& details) {
                const auto& key = subject.view->key;
                const bool eddsa =
                    key && (key->type == crypto::KeyType::ed25519 || key->type == crypto::KeyType::ed448);
                if (eddsa && !key->parameters.empty()) details.emplace_back("the EdDSA key has parameters");
            }};
}

}  // namespace sealwright::profile::lints
