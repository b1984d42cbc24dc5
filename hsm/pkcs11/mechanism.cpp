#include "hsm/pkcs11/mechanism.hpp"

#include <array>
#include <cstdio>

#include "asn1/der_writer.hpp"
#include "crypto/digest.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::DigestAlgorithm;
using crypto::KeyType;
using crypto::SignatureAlgorithm;
using crypto::SignatureScheme;

struct NamedMechanism {
    unsigned long value;
    std::string_view name;
};

#define NAMED(name) \
    NamedMechanism { name, #name }
constexpr std::array kNames{
    NAMED(CKM_RSA_PKCS_KEY_PAIR_GEN),
    NAMED(CKM_RSA_PKCS),
    NAMED(CKM_RSA_9796),
    NAMED(CKM_RSA_X_509),
    NAMED(CKM_MD2_RSA_PKCS),
    NAMED(CKM_MD5_RSA_PKCS),
    NAMED(CKM_SHA1_RSA_PKCS),
    NAMED(CKM_RSA_PKCS_OAEP),
    NAMED(CKM_RSA_X9_31_KEY_PAIR_GEN),
    NAMED(CKM_RSA_PKCS_PSS),
    NAMED(CKM_SHA1_RSA_PKCS_PSS),
    NAMED(CKM_DSA_KEY_PAIR_GEN),
    NAMED(CKM_DSA),
    NAMED(CKM_DSA_SHA1),
    NAMED(CKM_DH_PKCS_KEY_PAIR_GEN),
    NAMED(CKM_DH_PKCS_DERIVE),
    NAMED(CKM_SHA224_RSA_PKCS),
    NAMED(CKM_SHA256_RSA_PKCS),
    NAMED(CKM_SHA384_RSA_PKCS),
    NAMED(CKM_SHA512_RSA_PKCS),
    NAMED(CKM_SHA224_RSA_PKCS_PSS),
    NAMED(CKM_SHA256_RSA_PKCS_PSS),
    NAMED(CKM_SHA384_RSA_PKCS_PSS),
    NAMED(CKM_SHA512_RSA_PKCS_PSS),
    NAMED(CKM_MD5),
    NAMED(CKM_MD5_HMAC),
    NAMED(CKM_SHA_1),
    NAMED(CKM_SHA_1_HMAC),
    NAMED(CKM_SHA224),
    NAMED(CKM_SHA224_HMAC),
    NAMED(CKM_SHA256),
    NAMED(CKM_SHA256_HMAC),
    NAMED(CKM_SHA384),
    NAMED(CKM_SHA384_HMAC),
    NAMED(CKM_SHA512),
    NAMED(CKM_SHA512_HMAC),
    NAMED(CKM_GENERIC_SECRET_KEY_GEN),
    NAMED(CKM_EC_KEY_PAIR_GEN),
    NAMED(CKM_ECDSA),
    NAMED(CKM_ECDSA_SHA1),
    NAMED(CKM_ECDSA_SHA224),
    NAMED(CKM_ECDSA_SHA256),
    NAMED(CKM_ECDSA_SHA384),
    NAMED(CKM_ECDSA_SHA512),
    NAMED(CKM_ECDH1_DERIVE),
    NAMED(CKM_ECDH1_COFACTOR_DERIVE),
    NAMED(CKM_ECMQV_DERIVE),
    NAMED(CKM_EC_EDWARDS_KEY_PAIR_GEN),
    NAMED(CKM_EDDSA),
    NAMED(CKM_ML_DSA_KEY_PAIR_GEN),
    NAMED(CKM_ML_DSA),
    NAMED(CKM_AES_KEY_GEN),
    NAMED(CKM_AES_ECB),
    NAMED(CKM_AES_CBC),
    NAMED(CKM_AES_MAC),
    NAMED(CKM_AES_CBC_PAD),
    NAMED(CKM_AES_CTR),
    NAMED(CKM_AES_GCM),
    NAMED(CKM_AES_CCM),
    NAMED(CKM_AES_CMAC),
    NAMED(CKM_AES_KEY_WRAP),
    NAMED(CKM_AES_KEY_WRAP_PAD),
    NAMED(CKM_AES_KEY_WRAP_KWP),
    NamedMechanism{0x1054UL, "CKM_RSA_AES_KEY_WRAP"},
    NAMED(CKM_AES_ECB_ENCRYPT_DATA),
    NAMED(CKM_AES_CBC_ENCRYPT_DATA),
    NAMED(CKM_DES_KEY_GEN),
    NAMED(CKM_DES_ECB),
    NAMED(CKM_DES_CBC),
    NAMED(CKM_DES_CBC_PAD),
    NAMED(CKM_DES2_KEY_GEN),
    NAMED(CKM_DES3_KEY_GEN),
    NAMED(CKM_DES3_ECB),
    NAMED(CKM_DES3_CBC),
    NAMED(CKM_DES3_CBC_PAD),
    NamedMechanism{CK_UNAVAILABLE_INFORMATION, "CK_UNAVAILABLE_INFORMATION"},
};
#undef NAMED

// The mechanisms of one digest with RSA.
struct RsaRow {
    DigestAlgorithm digest;
    CK_MECHANISM_TYPE hash, pkcs1, pss;
    CK_RSA_PKCS_MGF_TYPE mgf;
    std::array<std::uint8_t, 19> digest_info;  // RFC 8017 9.2 note 1, up to the digest itself
};

constexpr std::array kRsa{
    RsaRow{DigestAlgorithm::sha256,
           CKM_SHA256,
           CKM_SHA256_RSA_PKCS,
           CKM_SHA256_RSA_PKCS_PSS,
           CKG_MGF1_SHA256,
           {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
            0x20}},
    RsaRow{DigestAlgorithm::sha384,
           CKM_SHA384,
           CKM_SHA384_RSA_PKCS,
           CKM_SHA384_RSA_PKCS_PSS,
           CKG_MGF1_SHA384,
           {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04,
            0x30}},
    RsaRow{DigestAlgorithm::sha512,
           CKM_SHA512,
           CKM_SHA512_RSA_PKCS,
           CKM_SHA512_RSA_PKCS_PSS,
           CKG_MGF1_SHA512,
           {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04,
            0x40}},
};

Result<const RsaRow*> rsa_row(DigestAlgorithm digest) {
    for (const RsaRow& row : kRsa) {
        if (row.digest == digest) return &row;
    }
    return fail(ErrorCode::unsupported, "RSA signatures use SHA-256, SHA-384 or SHA-512");
}

void set_pss(SigningPlan& plan, const RsaRow& row) {
    plan.has_pss = true;
    // RFC 4055 3.1: the salt is as long as the digest.
    plan.pss = CK_RSA_PKCS_PSS_PARAMS{row.hash, row.mgf, static_cast<unsigned long>(crypto::digest_size(row.digest))};
}

Error lacks(std::string_view mechanism) {
    return fail(ErrorCode::unsupported, "the token has no mechanism for this signature algorithm",
                std::string{mechanism} + " is not in its list");
}

Result<SigningPlan> plan_rsa_digest(const SignatureAlgorithm& algorithm, const MechanismSet& token, ByteView digest) {
    SEALWRIGHT_TRY(const RsaRow* row, rsa_row(algorithm.digest));
    SigningPlan plan;
    if (algorithm.scheme == SignatureScheme::rsa_pss) {
        if (!token.contains(CKM_RSA_PKCS_PSS)) return lacks("CKM_RSA_PKCS_PSS");
        plan.type = CKM_RSA_PKCS_PSS;
        set_pss(plan, *row);
        plan.input = bytes_of(digest);
        return plan;
    }
    if (!token.contains(CKM_RSA_PKCS)) return lacks("CKM_RSA_PKCS");
    plan.type = CKM_RSA_PKCS;
    plan.input.assign(row->digest_info.begin(), row->digest_info.end());
    append(plan.input, digest);
    return plan;
}

Result<SigningPlan> plan_rsa_message(const SignatureAlgorithm& algorithm, const MechanismSet& token, ByteView message) {
    SEALWRIGHT_TRY(const RsaRow* row, rsa_row(algorithm.digest));
    const bool is_pss = algorithm.scheme == SignatureScheme::rsa_pss;
    const CK_MECHANISM_TYPE hashing = is_pss ? row->pss : row->pkcs1;
    if (!token.contains(hashing)) return plan_rsa_digest(algorithm, token, crypto::digest(algorithm.digest, message));
    SigningPlan plan;
    plan.type = hashing;
    if (is_pss) set_pss(plan, *row);
    plan.message = message;
    return plan;
}

Result<SigningPlan> plan_whole(CK_MECHANISM_TYPE type, std::string_view name, const MechanismSet& token,
                               ByteView message) {
    if (!token.contains(type)) return lacks(name);
    SigningPlan plan;
    plan.type = type;
    plan.message = message;
    return plan;
}

std::optional<unsigned long> parameter_set_of(SignatureScheme scheme) {
    switch (scheme) {
        case SignatureScheme::ml_dsa_44:
            return CKP_ML_DSA_44;
        case SignatureScheme::ml_dsa_65:
            return CKP_ML_DSA_65;
        case SignatureScheme::ml_dsa_87:
            return CKP_ML_DSA_87;
        default:
            return std::nullopt;
    }
}

std::size_t coordinate_size(const crypto::PublicKey& key) { return (key.bits() + 7) / 8; }

Result<Bytes> ecdsa_signature(const crypto::PublicKey& key, ByteView raw) {
    const std::size_t half = coordinate_size(key);
    if (raw.size() != 2 * half) {
        return fail(ErrorCode::indeterminate, "the token gave a signature of the wrong length",
                    std::to_string(raw.size()) + " octets");
    }
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.unsigned_integer(raw.first(half));
        writer.unsigned_integer(raw.subspan(half));
    });
    return writer.take();
}

}  // namespace

std::string mechanism_name(unsigned long mechanism) {
    for (const NamedMechanism& row : kNames) {
        if (row.value == mechanism) return std::string{row.name};
    }
    std::array<char, 32> text{};
    const int length = std::snprintf(text.data(), text.size(), "0x%lx", mechanism);
    return std::string(text.data(), static_cast<std::size_t>(length));
}

CK_MECHANISM SigningPlan::mechanism() noexcept {
    if (has_pss) return CK_MECHANISM{type, &pss, sizeof(pss)};
    if (has_eddsa) return CK_MECHANISM{type, &eddsa, sizeof(eddsa)};
    return CK_MECHANISM{type, nullptr, 0};
}

Result<SigningPlan> plan_message(const SignatureAlgorithm& algorithm, const MechanismSet& token, ByteView message) {
    switch (algorithm.scheme) {
        case SignatureScheme::rsa_pkcs1:
        case SignatureScheme::rsa_pss:
            return plan_rsa_message(algorithm, token, message);
        case SignatureScheme::ecdsa:
            return plan_digest(algorithm, token, crypto::digest(algorithm.digest, message));
        case SignatureScheme::ed25519:
            return plan_whole(CKM_EDDSA, "CKM_EDDSA", token, message);
        case SignatureScheme::ed448: {
            SEALWRIGHT_TRY(auto plan, plan_whole(CKM_EDDSA, "CKM_EDDSA", token, message));
            plan.has_eddsa = true;
            plan.eddsa = {CK_FALSE, 0, nullptr};
            return plan;
        }
        // Without parameters CKM_ML_DSA is pure, hedged where the token likes, and of an empty context (PKCS#11 3.2).
        case SignatureScheme::ml_dsa_44:
        case SignatureScheme::ml_dsa_65:
        case SignatureScheme::ml_dsa_87:
            return plan_whole(CKM_ML_DSA, "CKM_ML_DSA", token, message);
    }
    return fail(ErrorCode::unsupported, "this signature algorithm is not made by tokens here");
}

Result<SigningPlan> plan_digest(const SignatureAlgorithm& algorithm, const MechanismSet& token, ByteView digest) {
    if (crypto::signs_messages(algorithm.scheme)) {
        return fail(ErrorCode::unsupported, "this algorithm signs messages, not digests");
    }
    if (digest.size() != crypto::digest_size(algorithm.digest))
        return fail(ErrorCode::malformed, "the digest has the wrong length");
    if (algorithm.scheme != SignatureScheme::ecdsa) return plan_rsa_digest(algorithm, token, digest);
    if (!token.contains(CKM_ECDSA)) return lacks("CKM_ECDSA");
    SigningPlan plan;
    plan.type = CKM_ECDSA;
    plan.input = bytes_of(digest);
    return plan;
}

Result<Bytes> signature_of(const SignatureAlgorithm& algorithm, const crypto::PublicKey& key, ByteView raw) {
    if (algorithm.scheme == SignatureScheme::ecdsa) return ecdsa_signature(key, raw);
    const std::size_t fixed = crypto::fixed_signature_size(algorithm.scheme);
    const std::size_t expected = fixed != 0 ? fixed : coordinate_size(key);
    if (raw.size() != expected) {
        return fail(ErrorCode::indeterminate, "the token gave a signature of the wrong length",
                    std::to_string(raw.size()) + " octets");
    }
    return bytes_of(raw);
}

std::vector<CK_MECHANISM_TYPE> allowed_mechanisms(const std::vector<SignatureAlgorithm>& algorithms,
                                                  const MechanismSet& token) {
    std::set<CK_MECHANISM_TYPE> allowed;
    const auto allow = [&](CK_MECHANISM_TYPE mechanism) {
        if (token.contains(mechanism)) allowed.insert(mechanism);
    };
    for (const SignatureAlgorithm& algorithm : algorithms) {
        if (algorithm.scheme == SignatureScheme::ecdsa) allow(CKM_ECDSA);
        if (algorithm.scheme == SignatureScheme::ed25519 || algorithm.scheme == SignatureScheme::ed448)
            allow(CKM_EDDSA);
        if (parameter_set_of(algorithm.scheme)) allow(CKM_ML_DSA);
        if (crypto::signs_messages(algorithm.scheme)) continue;
        const auto row = rsa_row(algorithm.digest);
        if (!row) continue;
        if (algorithm.scheme == SignatureScheme::rsa_pkcs1) {
            allow(row.value()->pkcs1);
            allow(CKM_RSA_PKCS);
        }
        if (algorithm.scheme == SignatureScheme::rsa_pss) {
            allow(row.value()->pss);
            allow(CKM_RSA_PKCS_PSS);
        }
    }
    return {allowed.begin(), allowed.end()};
}

std::vector<CK_MECHANISM_TYPE> decryption_mechanisms(KeyType type, const MechanismSet& token) {
    std::vector<CK_MECHANISM_TYPE> allowed;
    for (const CK_MECHANISM_TYPE mechanism : type == KeyType::rsa
                                                 ? std::vector<CK_MECHANISM_TYPE>{CKM_RSA_PKCS, CKM_RSA_PKCS_OAEP}
                                                 : std::vector<CK_MECHANISM_TYPE>{CKM_ECDH1_DERIVE}) {
        if (token.contains(mechanism)) allowed.push_back(mechanism);
    }
    return allowed;
}

Result<CK_MECHANISM_TYPE> generation_mechanism(KeyType type) {
    switch (type) {
        case KeyType::rsa:
            return CKM_RSA_PKCS_KEY_PAIR_GEN;
        case KeyType::ec_p256:
        case KeyType::ec_p384:
        case KeyType::ec_p521:
            return CKM_EC_KEY_PAIR_GEN;
        case KeyType::ed25519:
        case KeyType::ed448:
            return CKM_EC_EDWARDS_KEY_PAIR_GEN;
        case KeyType::ml_dsa_44:
        case KeyType::ml_dsa_65:
        case KeyType::ml_dsa_87:
            return CKM_ML_DSA_KEY_PAIR_GEN;
    }
    return fail(ErrorCode::unsupported, "keys of this type are not generated in tokens here");
}

std::optional<unsigned long> parameter_set(KeyType type) {
    if (!crypto::is_ml_dsa(type)) return std::nullopt;
    return parameter_set_of(crypto::default_algorithm(type).scheme);
}

std::optional<KeyType> ml_dsa_type(unsigned long set) {
    for (const KeyType type : {KeyType::ml_dsa_44, KeyType::ml_dsa_65, KeyType::ml_dsa_87}) {
        if (parameter_set(type) == set) return type;
    }
    return std::nullopt;
}

}  // namespace sealwright::hsm::pkcs11
