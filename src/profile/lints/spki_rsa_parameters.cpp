// spki_rsa_parameters.cpp: RFC 3279 2.3.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

namespace {

constexpr std::uint8_t kAsn1Null[] = {0x05, 0x00};

}  // namespace

CertificateLint spki_rsa_parameters() noexcept {
    return {"rfc3279_2_3_1_rsa_parameters", "RFC 3279 2.3.1",
            "The parameters field MUST have ASN.1 type NULL for this algorithm identifier",
            [](const CertificateSubject& subject, Details& details) {
                const auto& key = subject.view->key;
                if (key && key->type == crypto::KeyType::rsa && !equal(key->parameters, kAsn1Null))
                    details.emplace_back("the parameters of the RSA key are not NULL");
            }};
}

}  // namespace sealwright::profile::lints
