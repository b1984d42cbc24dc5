#include "attestation/tpm_structs.hpp"

#include <tss2/tss2_mu.h>

#include <array>
#include <stdexcept>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"

namespace sealwright::attestation {
namespace {

using crypto::DigestAlgorithm;
using crypto::KeyType;

// Bits of TPMA_OBJECT that shall be zero (Part 2, 8.3.2). Those that later revisions define only narrow a key's use,
// and a key that has them is refused until somebody has looked.
constexpr std::uint32_t kKnownAttributes = kFixedTpm | kStClear | kFixedParent | kSensitiveDataOrigin | kUserWithAuth |
                                           kAdminWithPolicy | kNoDa | kEncryptedDuplication | kRestricted | kDecrypt |
                                           kSign | kX509Sign;
constexpr std::uint32_t kDefaultExponent = 65537;

Error malformed(std::string what) { return fail(ErrorCode::malformed, std::move(what)); }
Error unsupported(std::string what) { return fail(ErrorCode::unsupported, std::move(what)); }

// Sized copies a TPM2B's octets; the library has checked that the size is within the buffer.
template <class Sized>
Bytes octets_of(const Sized& value) {
    return Bytes(value.buffer, value.buffer + value.size);
}
Bytes name_octets(const TPM2B_NAME& value) { return Bytes(value.name, value.name + value.size); }

template <class Sized, std::size_t N>
void put(Sized& out, BYTE (&buffer)[N], ByteView octets) {
    if (octets.size() > N) throw std::invalid_argument{"a TPM structure has no room for these octets"};
    out.size = static_cast<UINT16>(octets.size());
    std::copy(octets.begin(), octets.end(), buffer);
}

// marshalled writes a structure; nothing where it has no encoding.
template <class Structure, class Marshal>
std::optional<Bytes> marshalled(const Structure& value, Marshal marshal) {
    Bytes out(kMaxTpmStructure);
    std::size_t written = 0;
    if (marshal(&value, out.data(), out.size(), &written) != TSS2_RC_SUCCESS) return std::nullopt;
    out.resize(written);
    return out;
}

// unmarshalled reads one structure. The library takes truncated bodies, trailing octets and values that no TPM writes,
// so that three things are demanded of it: success, all octets consumed, and the same octets when it marshals what it
// has read.
template <class Structure, class Unmarshal, class Marshal>
Result<Structure> unmarshalled(ByteView octets, std::string_view what, Unmarshal unmarshal, Marshal marshal) {
    if (octets.size() > kMaxTpmStructure)
        return fail(ErrorCode::too_large, std::string{what} + ": more than 4096 octets");
    Structure value;
    std::memset(&value, 0, sizeof value);
    std::size_t consumed = 0;
    if (octets.empty() || unmarshal(octets.data(), octets.size(), &consumed, &value) != TSS2_RC_SUCCESS) {
        return malformed(std::string{what} +
                         ": the octets are no such structure, or of an algorithm that is not known");
    }
    if (consumed != octets.size()) return malformed(std::string{what} + ": octets stand behind it");
    const auto again = marshalled(value, marshal);
    if (!again || !equal(*again, octets)) return malformed(std::string{what} + ": not the octets that a TPM writes");
    return value;
}

// has_hash: the details of every scheme that is read are one hash algorithm, or nothing.
bool has_hash(std::uint16_t scheme) noexcept {
    return scheme == kAlgRsassa || scheme == kAlgRsapss || scheme == kAlgEcdsa || scheme == TPM2_ALG_OAEP ||
           scheme == TPM2_ALG_ECDH;
}

Result<Scheme> read_scheme(std::uint16_t algorithm, std::uint16_t hash) {
    if (algorithm == kAlgNull || algorithm == TPM2_ALG_RSAES) return Scheme{algorithm, 0};
    if (!has_hash(algorithm)) return unsupported("the scheme " + tpm_algorithm_name(algorithm) + " is not supported");
    SEALWRIGHT_TRY(tpm_digest(hash));
    return Scheme{algorithm, hash};
}

Result<SymmetricDefinition> read_symmetric(const TPMT_SYM_DEF_OBJECT& value) {
    if (value.algorithm == kAlgNull) return SymmetricDefinition{};
    if (value.algorithm != kAlgAes || value.mode.aes != kAlgCfb) {
        return unsupported("the symmetric algorithm is not AES in CFB mode");
    }
    return SymmetricDefinition{value.algorithm, value.keyBits.aes, value.mode.aes};
}

Result<KeyType> read_curve(std::uint16_t curve) {
    switch (curve) {
        case TPM2_ECC_NIST_P256:
            return KeyType::ec_p256;
        case TPM2_ECC_NIST_P384:
            return KeyType::ec_p384;
        case TPM2_ECC_NIST_P521:
            return KeyType::ec_p521;
        default:
            return unsupported("the curve " + tpm_algorithm_name(curve) + " is not supported");
    }
}

std::uint16_t curve_id(KeyType type) {
    switch (type) {
        case KeyType::ec_p256:
            return TPM2_ECC_NIST_P256;
        case KeyType::ec_p384:
            return TPM2_ECC_NIST_P384;
        case KeyType::ec_p521:
            return TPM2_ECC_NIST_P521;
        default:
            throw std::invalid_argument{"no curve of a TPM"};
    }
}

std::size_t curve_octets(KeyType type) noexcept {
    return type == KeyType::ec_p256 ? 32U : type == KeyType::ec_p384 ? 48U : 66U;
}

Result<void> read_rsa(const TPMT_PUBLIC& value, TpmPublic& out) {
    const TPMS_RSA_PARMS& parameters = value.parameters.rsaDetail;
    SEALWRIGHT_TRY(out.symmetric, read_symmetric(parameters.symmetric));
    SEALWRIGHT_TRY(out.scheme, read_scheme(parameters.scheme.scheme, parameters.scheme.details.anySig.hashAlg));
    out.unique = RsaPublic{parameters.keyBits, parameters.exponent, octets_of(value.unique.rsa)};
    return success();
}

Result<void> read_ecc(const TPMT_PUBLIC& value, TpmPublic& out) {
    const TPMS_ECC_PARMS& parameters = value.parameters.eccDetail;
    EccPublic ecc;
    SEALWRIGHT_TRY(out.symmetric, read_symmetric(parameters.symmetric));
    SEALWRIGHT_TRY(out.scheme, read_scheme(parameters.scheme.scheme, parameters.scheme.details.anySig.hashAlg));
    SEALWRIGHT_TRY(ecc.curve, read_curve(parameters.curveID));
    if (parameters.kdf.scheme != kAlgNull) return unsupported("a key derivation scheme is not supported");
    ecc.x = octets_of(value.unique.ecc.x);
    ecc.y = octets_of(value.unique.ecc.y);
    out.unique = std::move(ecc);
    return success();
}

// put_scheme fills TPMT_RSA_SCHEME or TPMT_ECC_SCHEME: all details that are written have one hash.
template <class SchemeStructure>
void put_scheme(SchemeStructure& out, const Scheme& scheme) {
    out.scheme = scheme.algorithm;
    out.details.anySig.hashAlg = scheme.hash;
}

void put_symmetric(TPMT_SYM_DEF_OBJECT& out, const SymmetricDefinition& symmetric) {
    out.algorithm = symmetric.algorithm;
    out.keyBits.aes = symmetric.key_bits;
    out.mode.aes = symmetric.mode;
}

Bytes with_size(ByteView octets) {
    Bytes out{static_cast<std::uint8_t>(octets.size() >> 8U), static_cast<std::uint8_t>(octets.size())};
    append(out, octets);
    return out;
}

// locate walks TPMS_ATTEST once more for the places of its fields: the library has read the structure, so that every
// size holds.
TpmAttest::Parts locate(const TpmAttest& attest) {
    TpmAttest::Parts parts;
    std::uint32_t at = 0;
    const auto plain = [&](std::uint32_t size) {
        const Part part{at, size};
        at += size;
        return part;
    };
    const auto sized = [&](const Bytes& octets) {
        at += 2;
        return plain(static_cast<std::uint32_t>(octets.size()));
    };
    parts.magic = plain(4);
    parts.type = plain(2);
    parts.qualified_signer = sized(attest.qualified_signer);
    parts.extra_data = sized(attest.extra_data);
    parts.clock_info = plain(17);
    parts.firmware_version = plain(8);
    if (attest.certify) {
        parts.name = sized(attest.certify->name);
        parts.qualified_name = sized(attest.certify->qualified_name);
    }
    return parts;
}

Bytes pad_to(const Bytes& octets, std::size_t size) {
    Bytes out(size > octets.size() ? size - octets.size() : 0, 0);
    append(out, octets);
    return out;
}

Bytes rsa_spki(const RsaPublic& rsa) {
    const std::uint32_t exponent = rsa.exponent == 0 ? kDefaultExponent : rsa.exponent;
    asn1::DerWriter inner;
    inner.sequence([&] { inner.unsigned_integer(rsa.modulus).integer(exponent); });
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.sequence([&] { writer.oid(asn1::oid::kRsaEncryption).null(); });
        writer.bit_string(inner.view());
    });
    return writer.take();
}

Bytes ecc_spki(const EccPublic& ecc) {
    const ByteView curve = ecc.curve == KeyType::ec_p256   ? asn1::oid::kPrime256v1
                           : ecc.curve == KeyType::ec_p384 ? asn1::oid::kSecp384r1
                                                           : asn1::oid::kSecp521r1;
    Bytes point{0x04};
    append(point, pad_to(ecc.x, curve_octets(ecc.curve)));
    append(point, pad_to(ecc.y, curve_octets(ecc.curve)));
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.sequence([&] { writer.oid(asn1::oid::kEcPublicKey).oid(curve); });
        writer.bit_string(point);
    });
    return writer.take();
}

}  // namespace

Result<DigestAlgorithm> tpm_digest(std::uint16_t algorithm) {
    switch (algorithm) {
        case TPM2_ALG_SHA1:
            return DigestAlgorithm::sha1;
        case TPM2_ALG_SHA256:
            return DigestAlgorithm::sha256;
        case TPM2_ALG_SHA384:
            return DigestAlgorithm::sha384;
        case TPM2_ALG_SHA512:
            return DigestAlgorithm::sha512;
        default:
            return unsupported("the hash algorithm " + tpm_algorithm_name(algorithm) + " is not supported");
    }
}

std::uint16_t tpm_digest_id(DigestAlgorithm algorithm) noexcept {
    switch (algorithm) {
        case DigestAlgorithm::sha1:
            return TPM2_ALG_SHA1;
        case DigestAlgorithm::sha256:
            return TPM2_ALG_SHA256;
        case DigestAlgorithm::sha384:
            return TPM2_ALG_SHA384;
        case DigestAlgorithm::sha512:
            return TPM2_ALG_SHA512;
    }
    return kAlgNull;
}

std::string tpm_algorithm_name(std::uint16_t algorithm) {
    switch (algorithm) {
        case kAlgNull:
            return "NULL";
        case kAlgRsassa:
            return "RSASSA";
        case kAlgRsapss:
            return "RSAPSS";
        case kAlgEcdsa:
            return "ECDSA";
        case TPM2_ALG_SHA1:
            return "SHA1";
        case TPM2_ALG_SHA256:
            return "SHA256";
        case TPM2_ALG_SHA384:
            return "SHA384";
        case TPM2_ALG_SHA512:
            return "SHA512";
        default:
            break;
    }
    const std::array<std::uint8_t, 2> octets{static_cast<std::uint8_t>(algorithm >> 8U),
                                             static_cast<std::uint8_t>(algorithm)};
    return "0x" + to_hex(octets);
}

Result<TpmPublic> parse_public(ByteView octets) {
    SEALWRIGHT_TRY(const auto value, unmarshalled<TPMT_PUBLIC>(octets, "TPMT_PUBLIC", Tss2_MU_TPMT_PUBLIC_Unmarshal,
                                                               Tss2_MU_TPMT_PUBLIC_Marshal));
    TpmPublic out;
    SEALWRIGHT_TRY(out.name_alg, tpm_digest(value.nameAlg));
    out.attributes = value.objectAttributes;
    if ((out.attributes & ~kKnownAttributes) != 0) {
        return unsupported("TPMT_PUBLIC: object attributes that are reserved or not known");
    }
    out.auth_policy = octets_of(value.authPolicy);
    // Part 2, 12.2.4: authPolicy is "a policy digest" of nameAlg, or empty.
    if (!out.auth_policy.empty() && out.auth_policy.size() != crypto::digest_size(out.name_alg)) {
        return malformed("TPMT_PUBLIC: authPolicy is no digest of nameAlg");
    }
    if (value.type == TPM2_ALG_RSA) {
        SEALWRIGHT_TRY(read_rsa(value, out));
    } else if (value.type == TPM2_ALG_ECC) {
        SEALWRIGHT_TRY(read_ecc(value, out));
    } else {
        return unsupported("a key of type " + tpm_algorithm_name(value.type) + "; RSA and ECC are supported");
    }
    return out;
}

Result<TpmPublic> parse_sized_public(ByteView octets) {
    if (octets.size() > kMaxTpmStructure) return fail(ErrorCode::too_large, "TPM2B_PUBLIC: more than 4096 octets");
    if (octets.size() < 2) return malformed("TPM2B_PUBLIC: shorter than its own size");
    const std::size_t size = static_cast<std::size_t>(octets[0]) << 8U | octets[1];
    if (size != octets.size() - 2) return malformed("TPM2B_PUBLIC: its size is not that of what follows");
    return parse_public(octets.subspan(2));
}

Bytes encode_public(const TpmPublic& key) {
    TPMT_PUBLIC value;
    std::memset(&value, 0, sizeof value);
    value.nameAlg = tpm_digest_id(key.name_alg);
    value.objectAttributes = key.attributes;
    put(value.authPolicy, value.authPolicy.buffer, key.auth_policy);
    if (const auto* rsa = std::get_if<RsaPublic>(&key.unique)) {
        value.type = TPM2_ALG_RSA;
        put_symmetric(value.parameters.rsaDetail.symmetric, key.symmetric);
        put_scheme(value.parameters.rsaDetail.scheme, key.scheme);
        value.parameters.rsaDetail.keyBits = rsa->bits;
        value.parameters.rsaDetail.exponent = rsa->exponent;
        put(value.unique.rsa, value.unique.rsa.buffer, rsa->modulus);
    } else {
        const auto& ecc = std::get<EccPublic>(key.unique);
        value.type = TPM2_ALG_ECC;
        put_symmetric(value.parameters.eccDetail.symmetric, key.symmetric);
        put_scheme(value.parameters.eccDetail.scheme, key.scheme);
        value.parameters.eccDetail.curveID = curve_id(ecc.curve);
        value.parameters.eccDetail.kdf.scheme = ecc.kdf.algorithm;
        put(value.unique.ecc.x, value.unique.ecc.x.buffer, ecc.x);
        put(value.unique.ecc.y, value.unique.ecc.y.buffer, ecc.y);
    }
    auto out = marshalled(value, Tss2_MU_TPMT_PUBLIC_Marshal);
    if (!out) throw std::invalid_argument{"a TPMT_PUBLIC that has no encoding"};
    return std::move(*out);
}

Bytes encode_sized_public(const TpmPublic& key) { return with_size(encode_public(key)); }

Result<TpmAttest> parse_attest(ByteView octets) {
    SEALWRIGHT_TRY(const auto value, unmarshalled<TPMS_ATTEST>(octets, "TPMS_ATTEST", Tss2_MU_TPMS_ATTEST_Unmarshal,
                                                               Tss2_MU_TPMS_ATTEST_Marshal));
    // Part 2, 9.2: TPMI_YES_NO is 0 or 1; the library reads any octet.
    if (value.clockInfo.safe > 1) return malformed("TPMS_ATTEST: clockInfo.safe is neither YES nor NO");
    TpmAttest out;
    out.magic = value.magic;
    out.type = value.type;
    out.qualified_signer = name_octets(value.qualifiedSigner);
    out.extra_data = octets_of(value.extraData);
    out.clock = value.clockInfo.clock;
    out.reset_count = value.clockInfo.resetCount;
    out.restart_count = value.clockInfo.restartCount;
    out.safe = value.clockInfo.safe == 1;
    out.firmware_version = value.firmwareVersion;
    if (value.type == kAttestCertify) {
        out.certify =
            CertifyInfo{name_octets(value.attested.certify.name), name_octets(value.attested.certify.qualifiedName)};
    }
    out.parts = locate(out);
    return out;
}

Bytes encode_attest(const TpmAttest& attest) {
    if (!attest.certify) throw std::invalid_argument{"a TPMS_ATTEST without what it certifies"};
    TPMS_ATTEST value;
    std::memset(&value, 0, sizeof value);
    value.magic = attest.magic;
    value.type = kAttestCertify;
    put(value.qualifiedSigner, value.qualifiedSigner.name, attest.qualified_signer);
    put(value.extraData, value.extraData.buffer, attest.extra_data);
    value.clockInfo.clock = attest.clock;
    value.clockInfo.resetCount = attest.reset_count;
    value.clockInfo.restartCount = attest.restart_count;
    value.clockInfo.safe = attest.safe ? 1 : 0;
    value.firmwareVersion = attest.firmware_version;
    put(value.attested.certify.name, value.attested.certify.name.name, attest.certify->name);
    put(value.attested.certify.qualifiedName, value.attested.certify.qualifiedName.name,
        attest.certify->qualified_name);
    auto out = marshalled(value, Tss2_MU_TPMS_ATTEST_Marshal);
    if (!out) throw std::invalid_argument{"a TPMS_ATTEST that has no encoding"};
    // The type stands behind the magic; what is not a certification has no other body here.
    (*out)[4] = static_cast<std::uint8_t>(attest.type >> 8U);
    (*out)[5] = static_cast<std::uint8_t>(attest.type);
    return std::move(*out);
}

Result<TpmSignature> parse_signature(ByteView octets) {
    SEALWRIGHT_TRY(const auto value,
                   unmarshalled<TPMT_SIGNATURE>(octets, "TPMT_SIGNATURE", Tss2_MU_TPMT_SIGNATURE_Unmarshal,
                                                Tss2_MU_TPMT_SIGNATURE_Marshal));
    TpmSignature out;
    if (value.sigAlg == kAlgRsassa || value.sigAlg == kAlgRsapss) {
        out.scheme = {value.sigAlg, value.signature.rsassa.hash};
        out.r = octets_of(value.signature.rsassa.sig);
    } else if (value.sigAlg == kAlgEcdsa) {
        out.scheme = {value.sigAlg, value.signature.ecdsa.hash};
        out.r = octets_of(value.signature.ecdsa.signatureR);
        out.s = octets_of(value.signature.ecdsa.signatureS);
    } else {
        return unsupported("a signature of algorithm " + tpm_algorithm_name(value.sigAlg) +
                           "; RSASSA, RSAPSS and ECDSA are supported");
    }
    SEALWRIGHT_TRY(tpm_digest(out.scheme.hash));
    return out;
}

Bytes encode_signature(const TpmSignature& signature) {
    TPMT_SIGNATURE value;
    std::memset(&value, 0, sizeof value);
    value.sigAlg = signature.scheme.algorithm;
    if (signature.scheme.algorithm == kAlgEcdsa) {
        value.signature.ecdsa.hash = signature.scheme.hash;
        put(value.signature.ecdsa.signatureR, value.signature.ecdsa.signatureR.buffer, signature.r);
        put(value.signature.ecdsa.signatureS, value.signature.ecdsa.signatureS.buffer, signature.s);
    } else {
        value.signature.rsassa.hash = signature.scheme.hash;
        put(value.signature.rsassa.sig, value.signature.rsassa.sig.buffer, signature.r);
    }
    auto out = marshalled(value, Tss2_MU_TPMT_SIGNATURE_Marshal);
    if (!out) throw std::invalid_argument{"a TPMT_SIGNATURE that has no encoding"};
    return std::move(*out);
}

Result<crypto::PublicKey> public_key(const TpmPublic& key) {
    if (const auto* rsa = std::get_if<RsaPublic>(&key.unique)) {
        if (rsa->modulus.empty() || rsa->modulus.size() * 8 != rsa->bits || (rsa->modulus[0] & 0x80U) == 0) {
            return malformed("the RSA modulus is not as long as keyBits says");
        }
        return crypto::PublicKey::parse(rsa_spki(*rsa));
    }
    const auto& ecc = std::get<EccPublic>(key.unique);
    if (ecc.x.size() > curve_octets(ecc.curve) || ecc.y.size() > curve_octets(ecc.curve)) {
        return malformed("a coordinate longer than its curve");
    }
    return crypto::PublicKey::parse(ecc_spki(ecc));
}

}  // namespace sealwright::attestation
