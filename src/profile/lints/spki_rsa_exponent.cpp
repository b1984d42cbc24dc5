// spki_rsa_exponent.cpp: FIPS 186-5 A.1.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint spki_rsa_exponent() noexcept {
    return {
        "ca_rsa_exponent", "FIPS 186-5 A.1.1",
        "The exponent e shall be an odd positive integer such that 2^16 < e < 2^256",
        [](const CertificateSubject& subject, Details& details) {
            const auto& key = subject.view->key;
            if (!key || key->rsa_exponent.empty()) return;
            const ByteView exponent = key->rsa_exponent;
            const bool above = exponent.size() > 2 && exponent.size() <= 32;
            if (!above || (exponent.back() & 1U) == 0)
                details.push_back("the RSA exponent " + to_hex(exponent) + " (hexadecimal) is even or out of bounds");
        }};
}

}  // namespace sealwright::profile::lints
