#include "profile/usage_rules.hpp"

#include "asn1/oid.hpp"

namespace sealwright::profile {
namespace {

using x509::KeyUsage;

constexpr KeyUsage kSigning = x509::kDigitalSignature | x509::kContentCommitment;
constexpr KeyUsage kAuthority = x509::kKeyCertSign | x509::kCrlSign;

}  // namespace

KeyUsage usages_of_algorithm(crypto::KeyType type) noexcept {
    switch (type) {
        case crypto::KeyType::rsa:
            return kSigning | kAuthority | x509::kKeyEncipherment | x509::kDataEncipherment;
        case crypto::KeyType::ec_p256:
        case crypto::KeyType::ec_p384:
        case crypto::KeyType::ec_p521:
            return kSigning | kAuthority | x509::kKeyAgreement | x509::kEncipherOnly | x509::kDecipherOnly;
        case crypto::KeyType::ed25519:
        case crypto::KeyType::ed448:
        case crypto::KeyType::ml_dsa_44:
        case crypto::KeyType::ml_dsa_65:
        case crypto::KeyType::ml_dsa_87:
            return kSigning | kAuthority;
    }
    return 0;
}

KeyUsage usages_of_purpose(ByteView purpose) noexcept {
    namespace oid = asn1::oid;
    if (equal(purpose, oid::kServerAuth)) return x509::kDigitalSignature | x509::kKeyEncipherment | x509::kKeyAgreement;
    if (equal(purpose, oid::kClientAuth)) return x509::kDigitalSignature | x509::kKeyAgreement;
    if (equal(purpose, oid::kCodeSigning)) return x509::kDigitalSignature;
    if (equal(purpose, oid::kEmailProtection)) return kSigning | x509::kKeyEncipherment | x509::kKeyAgreement;
    if (equal(purpose, oid::kTimeStamping) || equal(purpose, oid::kOcspSigning)) return kSigning;
    return 0;
}

}  // namespace sealwright::profile
