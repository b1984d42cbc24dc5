#include "tpm/key_blob.hpp"

#include <tss2/tss2_tpm2_types.h>

#include "asn1/der_reader.hpp"
#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "tpm/marshal.hpp"

namespace sealwright::tpm {
namespace {

constexpr std::string_view kBegin = "-----BEGIN TSS2 PRIVATE KEY-----\n", kEnd = "-----END TSS2 PRIVATE KEY-----\n";
constexpr std::size_t kLine = 64;
constexpr std::size_t kMaxPem = 16384;
constexpr std::uint64_t kOwnerHierarchy = TPM2_RH_OWNER;

// id-loadablekey of the TCG's and of "ASN.1 Specification for TPM 2.0 Key Files".
Bytes loadable_key() { return asn1::parse_oid("2.23.133.10.1.3").value(); }

Bytes rsa_spki(const TPM2B_PUBLIC_KEY_RSA& modulus, std::uint32_t exponent) {
    asn1::DerWriter key;
    key.sequence([&] {
        key.unsigned_integer({modulus.buffer, modulus.size});
        key.integer(exponent == 0 ? 65537 : exponent);  // zero is the TPM's word for the default
    });
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] { spki.oid(asn1::oid::kRsaEncryption).null(); });
        spki.bit_string(key.view());
    });
    return spki.take();
}

// append_padded writes a coordinate with the zeros that some TPMs leave out in front.
void append_padded(Bytes& out, const TPM2B_ECC_PARAMETER& value, std::size_t size) {
    out.insert(out.end(), size - value.size, 0);
    append(out, {value.buffer, value.size});
}

Result<Bytes> ecc_spki(const TPMS_ECC_POINT& point, TPM2_ECC_CURVE curve) {
    const std::size_t size = curve == TPM2_ECC_NIST_P384 ? 48 : 32;
    if (curve != TPM2_ECC_NIST_P256 && curve != TPM2_ECC_NIST_P384)
        return fail(ErrorCode::unsupported, "a curve that is neither P-256 nor P-384");
    if (point.x.size > size || point.y.size > size)
        return fail(ErrorCode::malformed, "a point that is larger than its curve");
    Bytes octets{4};
    append_padded(octets, point.x, size);
    append_padded(octets, point.y, size);
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] {
            spki.oid(asn1::oid::kEcPublicKey);
            spki.oid(curve == TPM2_ECC_NIST_P384 ? asn1::oid::kSecp384r1 : asn1::oid::kPrime256v1);
        });
        spki.bit_string(octets);
    });
    return spki.take();
}

Result<Bytes> base64_lines(std::string_view body) {
    std::string text;
    for (const char c : body) {
        if (c != '\n' && c != '\r') text += c;
    }
    return from_base64(text);
}

}  // namespace

Result<crypto::PublicKey> public_key_of(ByteView public_area) {
    SEALWRIGHT_TRY(const auto area, read_public(public_area));
    const TPMT_PUBLIC& key = area.publicArea;
    if (key.type == TPM2_ALG_RSA)
        return crypto::PublicKey::parse(rsa_spki(key.unique.rsa, key.parameters.rsaDetail.exponent));
    if (key.type != TPM2_ALG_ECC) return fail(ErrorCode::unsupported, "a TPM key that is neither RSA nor ECC");
    SEALWRIGHT_TRY(const auto spki, ecc_spki(key.unique.ecc, key.parameters.eccDetail.curveID));
    return crypto::PublicKey::parse(spki);
}

std::string encode_tss2_pem(const KeyBlob& blob) {
    asn1::DerWriter key;
    key.sequence([&] {
        key.oid(loadable_key());
        key.constructed(asn1::context_constructed(0), [&] { key.boolean(true); });  // emptyAuth
        key.integer(kOwnerHierarchy);
        key.octet_string(blob.public_area);
        key.octet_string(blob.private_area);
    });
    const std::string text = to_base64(key.view());
    std::string pem{kBegin};
    for (std::size_t at = 0; at < text.size(); at += kLine) pem += text.substr(at, kLine) + '\n';
    return pem += kEnd;
}

Result<KeyBlob> parse_tss2_pem(std::string_view pem) {
    if (pem.size() > kMaxPem || !pem.starts_with(kBegin) || !pem.ends_with(kEnd) ||
        pem.size() < kBegin.size() + kEnd.size())
        return fail(ErrorCode::malformed, "not a TSS2 PRIVATE KEY");
    SEALWRIGHT_TRY(const auto der, base64_lines(pem.substr(kBegin.size(), pem.size() - kBegin.size() - kEnd.size())));
    asn1::DerReader file{der};
    SEALWRIGHT_TRY(auto key, file.enter(asn1::kSequence));
    SEALWRIGHT_TRY(file.finish());
    SEALWRIGHT_TRY(const auto type, key.oid());
    SEALWRIGHT_TRY(auto empty_auth, key.enter(asn1::context_constructed(0)));
    SEALWRIGHT_TRY(const bool empty, empty_auth.boolean());
    SEALWRIGHT_TRY(empty_auth.finish());
    SEALWRIGHT_TRY(const auto parent, key.small_integer());
    SEALWRIGHT_TRY(const auto public_area, key.octet_string());
    SEALWRIGHT_TRY(const auto private_area, key.octet_string());
    SEALWRIGHT_TRY(key.finish());
    if (!equal(type, loadable_key()) || !empty || parent != kOwnerHierarchy)
        return fail(ErrorCode::unsupported, "a TSS2 key of another kind than this program makes");
    return KeyBlob{bytes_of(public_area), bytes_of(private_area)};
}

}  // namespace sealwright::tpm
