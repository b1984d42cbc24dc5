// spki_ml_dsa_parameters.cpp: RFC 9881 2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint spki_ml_dsa_parameters() noexcept {
    return {"rfc9881_2_ml_dsa_key_parameters", "RFC 9881 2", "the parameters component MUST be absent",
            [](const CertificateSubject& subject, Details& details) {
                const auto& key = subject.view->key;
                if (key && key->type && crypto::is_ml_dsa(*key->type) && !key->parameters.empty())
                    details.emplace_back("the ML-DSA key has parameters");
            }};
}

}  // namespace sealwright::profile::lints
