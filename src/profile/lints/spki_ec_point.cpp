// spki_ec_point.cpp: RFC 5480 2.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

namespace {

// The house takes uncompressed points alone, which every reader MUST support.
std::size_t point_size(crypto::KeyType type) {
    switch (type) {
        case crypto::KeyType::ec_p256:
            return 65;
        case crypto::KeyType::ec_p384:
            return 97;
        case crypto::KeyType::ec_p521:
            return 133;
        default:
            return 0;
    }
}

}  // namespace

CertificateLint spki_ec_point() noexcept {
    return {"rfc5480_2_2_ec_point", "RFC 5480 2.2",
            "The first octet of the OCTET STRING indicates whether the key is compressed or uncompressed",
            [](const CertificateSubject& subject, Details& details) {
                const auto& key = subject.view->key;
                if (!key || !key->type || !equal(key->algorithm, oid::kEcPublicKey)) return;
                if (key->key.size() != point_size(*key->type) || key->key[0] != 0x04)
                    details.emplace_back("the public key is no uncompressed point of its curve");
            }};
}

}  // namespace sealwright::profile::lints
