#include "tpm/templates.hpp"

#include <algorithm>
#include <array>

#include "tpm/marshal.hpp"

namespace sealwright::tpm {
namespace {

// PolicyA is PolicySecret(TPM_RH_ENDORSEMENT) in SHA-256 (EK Credential Profile, B.6.2).
constexpr std::array<std::uint8_t, 32> kPolicyA{0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
                                                0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
                                                0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};
// PolicyB is PolicySecret(TPM_RH_ENDORSEMENT) or PolicyAuthorizeNV of 0x01c07f01, in SHA-384 (B.6.4).
constexpr std::array<std::uint8_t, 48> kPolicyB{0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc,
                                                0xf5, 0xfd, 0x3a, 0x1a, 0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4,
                                                0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4, 0x19, 0xca, 0xcb, 0x47, 0xba, 0x09,
                                                0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3, 0xf8, 0x0e, 0x12};

constexpr TPMA_OBJECT kBound = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN;
constexpr TPMA_OBJECT kStorage = kBound | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
// Our keys have an empty password, so guessing at it must not lock the TPM (noDA).
constexpr TPMA_OBJECT kSigning = kBound | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_SIGN_ENCRYPT;

TPMT_SYM_DEF_OBJECT aes_cfb(std::uint16_t bits) {
    TPMT_SYM_DEF_OBJECT symmetric{};
    symmetric.algorithm = TPM2_ALG_AES;
    symmetric.keyBits.aes = bits;
    symmetric.mode.aes = TPM2_ALG_CFB;
    return symmetric;
}

TPMT_SYM_DEF_OBJECT no_symmetric() {
    TPMT_SYM_DEF_OBJECT symmetric{};
    symmetric.algorithm = TPM2_ALG_NULL;
    return symmetric;
}

TPM2B_PUBLIC rsa_area(std::uint16_t bits, TPMT_SYM_DEF_OBJECT symmetric) {
    TPM2B_PUBLIC area{};
    area.publicArea.type = TPM2_ALG_RSA;
    area.publicArea.nameAlg = TPM2_ALG_SHA256;
    auto& rsa = area.publicArea.parameters.rsaDetail;
    rsa.symmetric = symmetric;
    rsa.scheme.scheme = TPM2_ALG_NULL;
    rsa.keyBits = bits;
    return area;
}

TPM2B_PUBLIC ecc_area(TPM2_ECC_CURVE curve, TPMT_SYM_DEF_OBJECT symmetric) {
    TPM2B_PUBLIC area{};
    area.publicArea.type = TPM2_ALG_ECC;
    area.publicArea.nameAlg = TPM2_ALG_SHA256;
    auto& ecc = area.publicArea.parameters.eccDetail;
    ecc.symmetric = symmetric;
    ecc.scheme.scheme = TPM2_ALG_NULL;
    ecc.curveID = curve;
    ecc.kdf.scheme = TPM2_ALG_NULL;
    return area;
}

template <std::size_t N>
void set_policy(TPM2B_PUBLIC& area, const std::array<std::uint8_t, N>& policy) {
    area.publicArea.authPolicy.size = N;
    std::copy(policy.begin(), policy.end(), area.publicArea.authPolicy.buffer);
}

// low is what the L templates share, high the H templates.
TPM2B_PUBLIC low(TPM2B_PUBLIC area) {
    area.publicArea.objectAttributes = kStorage | TPMA_OBJECT_ADMINWITHPOLICY;
    set_policy(area, kPolicyA);
    return area;
}
TPM2B_PUBLIC high(TPM2B_PUBLIC area) {
    area.publicArea.nameAlg = TPM2_ALG_SHA384;
    area.publicArea.objectAttributes = kStorage | TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_USERWITHAUTH;
    set_policy(area, kPolicyB);
    return area;
}

TPM2B_PUBLIC signing_area(KeyKind kind) {
    switch (kind) {
        case KeyKind::rsa2048:
            return rsa_area(2048, no_symmetric());
        case KeyKind::p256:
            return ecc_area(TPM2_ECC_NIST_P256, no_symmetric());
        case KeyKind::p384:
            break;
    }
    return ecc_area(TPM2_ECC_NIST_P384, no_symmetric());
}

}  // namespace

TPM2B_PUBLIC ek_area(EkTemplate ek) {
    TPM2B_PUBLIC area{};
    switch (ek) {
        case EkTemplate::l1:  // B.3.3: unique is as long as the key, and zero
            area = low(rsa_area(2048, aes_cfb(128)));
            area.publicArea.unique.rsa.size = 256;
            return area;
        case EkTemplate::l2:  // B.3.4
            area = low(ecc_area(TPM2_ECC_NIST_P256, aes_cfb(128)));
            area.publicArea.unique.ecc.x.size = 32;
            area.publicArea.unique.ecc.y.size = 32;
            return area;
        case EkTemplate::h3:  // B.4.4: unique is empty
            return high(ecc_area(TPM2_ECC_NIST_P384, aes_cfb(256)));
        case EkTemplate::h6:
            break;
    }
    return high(rsa_area(3072, aes_cfb(256)));
}

TPM2_HANDLE ek_certificate_index(EkTemplate ek) noexcept {
    switch (ek) {
        case EkTemplate::l1:
            return 0x01c00002;
        case EkTemplate::l2:
            return 0x01c0000a;
        case EkTemplate::h3:
            return 0x01c00016;
        case EkTemplate::h6:
            break;
    }
    return 0x01c0001c;
}

bool matches_template(const TPM2B_PUBLIC& key, const TPM2B_PUBLIC& area) {
    TPM2B_PUBLIC without = key;
    without.publicArea.unique = area.publicArea.unique;
    const auto a = marshal(Tss2_MU_TPMT_PUBLIC_Marshal, without.publicArea),
               b = marshal(Tss2_MU_TPMT_PUBLIC_Marshal, area.publicArea);
    return a && b && equal(a.value(), b.value());
}

TPM2B_PUBLIC storage_area() {
    TPM2B_PUBLIC area = ecc_area(TPM2_ECC_NIST_P256, aes_cfb(128));
    area.publicArea.objectAttributes = kStorage | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA;
    return area;
}

TPM2B_PUBLIC ak_area(KeyKind kind) {
    TPM2B_PUBLIC area = signing_area(kind);
    area.publicArea.objectAttributes = kSigning | TPMA_OBJECT_RESTRICTED;
    if (kind == KeyKind::rsa2048) {
        area.publicArea.parameters.rsaDetail.scheme.scheme = TPM2_ALG_RSASSA;
        area.publicArea.parameters.rsaDetail.scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
    } else {
        area.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
        area.publicArea.parameters.eccDetail.scheme.details.ecdsa.hashAlg =
            kind == KeyKind::p384 ? TPM2_ALG_SHA384 : TPM2_ALG_SHA256;
    }
    return area;
}

TPM2B_PUBLIC key_area(KeyKind kind) {
    TPM2B_PUBLIC area = signing_area(kind);
    area.publicArea.objectAttributes = kSigning;
    return area;
}

}  // namespace sealwright::tpm
