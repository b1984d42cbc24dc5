// tpm_structs.hpp: the three structures of a TPM that the verifier reads, as values of its own. A structure is read
// only if the octets are the ones that a TPM would write: marshalled again they are the same, to the last one.
// tpm_names.hpp and ek_template.hpp work on them.
#pragma once

#include <optional>
#include <variant>

#include "attestation/verify.hpp"
#include "crypto/spki.hpp"

namespace sealwright::attestation {

// The numbers of TPM 2.0 Part 2 that are looked at by name.
inline constexpr std::uint16_t kAlgNull = 0x0010, kAlgAes = 0x0006, kAlgCfb = 0x0043, kAlgRsassa = 0x0014,
                               kAlgRsapss = 0x0016, kAlgOaep = 0x0017, kAlgEcdsa = 0x0018;
inline constexpr std::uint32_t kGeneratedValue = 0xFF544347;
inline constexpr std::uint16_t kAttestCertify = 0x8017;

// TPMA_OBJECT (Part 2, 8.3).
enum ObjectAttribute : std::uint32_t {
    kFixedTpm = 0x00000002,
    kStClear = 0x00000004,
    kFixedParent = 0x00000010,
    kSensitiveDataOrigin = 0x00000020,
    kUserWithAuth = 0x00000040,
    kAdminWithPolicy = 0x00000080,
    kNoDa = 0x00000400,
    kEncryptedDuplication = 0x00000800,
    kRestricted = 0x00010000,
    kDecrypt = 0x00020000,
    kSign = 0x00040000,
    kX509Sign = 0x00080000,
};

// SymmetricDefinition is TPMT_SYM_DEF_OBJECT; algorithm kAlgNull has no key bits and no mode.
struct SymmetricDefinition {
    std::uint16_t algorithm = kAlgNull, key_bits = 0, mode = 0;
    friend bool operator==(const SymmetricDefinition&, const SymmetricDefinition&) = default;
};
// Scheme is TPMT_RSA_SCHEME, TPMT_ECC_SCHEME or TPMT_KDF_SCHEME; hash is 0 where the scheme has none.
struct Scheme {
    std::uint16_t algorithm = kAlgNull, hash = 0;
    friend bool operator==(const Scheme&, const Scheme&) = default;
};

struct RsaPublic {
    std::uint16_t bits = 0;
    std::uint32_t exponent = 0;  // as encoded: 0 stands for 65537
    Bytes modulus;
    friend bool operator==(const RsaPublic&, const RsaPublic&) = default;
};
struct EccPublic {
    crypto::KeyType curve = crypto::KeyType::ec_p256;
    Scheme kdf;
    Bytes x, y;  // as encoded, perhaps without leading zeros
    friend bool operator==(const EccPublic&, const EccPublic&) = default;
};

// TpmPublic is TPMT_PUBLIC of an RSA or ECC key. name_alg may be SHA-1: who needs a Name that binds must look
// (is_binding).
struct TpmPublic {
    crypto::DigestAlgorithm name_alg = crypto::DigestAlgorithm::sha256;
    std::uint32_t attributes = 0;
    Bytes auth_policy;
    SymmetricDefinition symmetric;
    Scheme scheme;
    std::variant<RsaPublic, EccPublic> unique;

    bool has(std::uint32_t wanted) const noexcept { return (attributes & wanted) == wanted; }
    friend bool operator==(const TpmPublic&, const TpmPublic&) = default;
};

// parse_public reads TPMT_PUBLIC; malformed for octets that no TPM writes, unsupported for types, curves, name
// algorithms (NULL among them) and schemes that the verifier has no use for. parse_sized_public reads TPM2B_PUBLIC,
// with its size in front.
Result<TpmPublic> parse_public(ByteView octets);
Result<TpmPublic> parse_sized_public(ByteView octets);
Bytes encode_public(
    const TpmPublic& key);  // TPMT_PUBLIC; throws std::invalid_argument for values that have no encoding
Bytes encode_sized_public(const TpmPublic& key);  // TPM2B_PUBLIC

// Part is where a field's content stands in the octets that were parsed.
struct Part {
    std::uint32_t offset = 0, size = 0;
    friend bool operator==(const Part&, const Part&) = default;
};

// CertifyInfo is TPMS_CERTIFY_INFO.
struct CertifyInfo {
    Bytes name, qualified_name;
    friend bool operator==(const CertifyInfo&, const CertifyInfo&) = default;
};
// TpmAttest is TPMS_ATTEST. magic and type are not judged; certify is there where type is TPM_ST_ATTEST_CERTIFY.
struct TpmAttest {
    std::uint32_t magic = kGeneratedValue;
    std::uint16_t type = kAttestCertify;
    Bytes qualified_signer, extra_data;
    std::uint64_t clock = 0;
    std::uint32_t reset_count = 0, restart_count = 0;
    bool safe = false;
    std::uint64_t firmware_version = 0;
    std::optional<CertifyInfo> certify;
    // Where the fields stand; not compared, and not needed to encode.
    struct Parts {
        Part magic, type, qualified_signer, extra_data, clock_info, firmware_version, name, qualified_name;
    } parts;
};

// parse_attest reads TPMS_ATTEST of any type that TPM 2.0 knows (unsupported otherwise). encode_attest writes one of
// type certify.
Result<TpmAttest> parse_attest(ByteView octets);
Bytes encode_attest(const TpmAttest& attest);

// TpmSignature is TPMT_SIGNATURE of RSASSA, RSAPSS (r holds the signature) or ECDSA (r and s, perhaps without leading
// zeros).
struct TpmSignature {
    Scheme scheme;
    Bytes r, s;
    friend bool operator==(const TpmSignature&, const TpmSignature&) = default;
};
Result<TpmSignature> parse_signature(ByteView octets);
Bytes encode_signature(const TpmSignature& signature);

// tpm_digest gives the digest of a TPM_ALG_ID: SHA-1, SHA-256, SHA-384 or SHA-512; unsupported otherwise. tpm_digest_id
// is the inverse.
Result<crypto::DigestAlgorithm> tpm_digest(std::uint16_t algorithm);
std::uint16_t tpm_digest_id(crypto::DigestAlgorithm algorithm) noexcept;
// tpm_algorithm_name is for texts: "RSASSA", "SHA256", "0x1234".
std::string tpm_algorithm_name(std::uint16_t algorithm);

// public_key makes the SubjectPublicKeyInfo of a TPM's key: exponent 0 is 65537, coordinates are padded to the curve's
// size. malformed where the numbers are no key.
Result<crypto::PublicKey> public_key(const TpmPublic& key);

}  // namespace sealwright::attestation
