// spki_rsa_size.cpp: CA/Browser Forum Baseline Requirements 6.1.5.
#include <bit>

#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint spki_rsa_size() noexcept {
    return {"ca_rsa_modulus_size", "CA/Browser Forum Baseline Requirements 6.1.5",
            "the modulus size, when encoded, is at least 2048 bits",
            [](const CertificateSubject& subject, Details& details) {
                const auto& key = subject.view->key;
                if (!key || key->rsa_modulus.empty()) return;
                const std::size_t bits =
                    (key->rsa_modulus.size() - 1) * 8 +
                    static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(key->rsa_modulus[0])));
                if (bits < 2048) details.push_back("the RSA modulus has " + std::to_string(bits) + " bits");
            }};
}

}  // namespace sealwright::profile::lints
