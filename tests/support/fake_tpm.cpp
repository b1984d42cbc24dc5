#include "tests/support/fake_tpm.hpp"

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>

#include "asn1/der_reader.hpp"
#include "asn1/oid.hpp"
#include "attestation/ek_template.hpp"
#include "attestation/tpm_names.hpp"
#include "tests/support/test_key.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::test {

using namespace attestation;
using crypto::DigestAlgorithm;
using crypto::KeyType;

struct FakeTpmKey::State {
    TestKey key;
};

struct FakeVendor::State {
    TestKey root, intermediate;
};

namespace {

void check(bool ok, const char* what) {
    if (!ok) throw std::runtime_error{std::string{"fake TPM: "} + what};
}

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

char* name_of_digest(DigestAlgorithm algorithm) { return const_cast<char*>(crypto::digest_name(algorithm).data()); }

// derive runs one of OpenSSL's KDFs.
Bytes derive(const char* name, std::vector<OSSL_PARAM> parameters, std::size_t size) {
    const std::unique_ptr<EVP_KDF, Freed<EVP_KDF_free>> kdf{EVP_KDF_fetch(nullptr, name, nullptr)};
    const std::unique_ptr<EVP_KDF_CTX, Freed<EVP_KDF_CTX_free>> context{EVP_KDF_CTX_new(kdf.get())};
    parameters.push_back(OSSL_PARAM_construct_end());
    Bytes out(size);
    check(EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()) == 1, name);
    return out;
}

OSSL_PARAM octets(const char* name, ByteView value) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(value.data()), value.size());
}

// kbkdf is SP 800-108 by OpenSSL, which KDFa is.
Bytes kbkdf(DigestAlgorithm algorithm, ByteView key, std::string_view label, ByteView context, std::size_t size) {
    char hmac[] = "HMAC", counter[] = "counter";
    return derive("KBKDF",
                  {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, hmac, 0),
                   OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, counter, 0),
                   OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name_of_digest(algorithm), 0),
                   octets(OSSL_KDF_PARAM_KEY, key), octets(OSSL_KDF_PARAM_SALT, view_of(label)),
                   octets(OSSL_KDF_PARAM_INFO, context)},
                  size);
}

Bytes sized(ByteView value) {
    Bytes out{static_cast<std::uint8_t>(value.size() >> 8U), static_cast<std::uint8_t>(value.size())};
    append(out, value);
    return out;
}

// take_sized reads a size and so many octets off the front.
Result<ByteView> take_sized(ByteView& rest) {
    if (rest.size() < 2) return fail(ErrorCode::malformed, "TPM_RC_SIZE");
    const std::size_t size = static_cast<std::size_t>(rest[0]) << 8U | rest[1];
    if (size > rest.size() - 2) return fail(ErrorCode::malformed, "TPM_RC_SIZE");
    const ByteView out = rest.subspan(2, size);
    rest = rest.subspan(2 + size);
    return out;
}

Result<Bytes> unwrap_rsa(const FakeTpmKey& ek, ByteView encrypted) {
    const Context context{EVP_PKEY_CTX_new(ek.state().key.handle(), nullptr)};
    static constexpr char kLabel[] = "IDENTITY";  // with its zero
    void* label = OPENSSL_memdup(kLabel, sizeof kLabel);
    const EVP_MD* digest = EVP_get_digestbyname(name_of_digest(ek.area().name_alg));
    check(EVP_PKEY_decrypt_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), digest) == 1 &&
              EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest) == 1 &&
              EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label, sizeof kLabel) == 1,
          "OAEP");
    Bytes seed(1024);
    std::size_t size = seed.size();
    if (EVP_PKEY_decrypt(context.get(), seed.data(), &size, encrypted.data(), encrypted.size()) != 1) {
        return fail(ErrorCode::denied, "TPM_RC_VALUE");
    }
    seed.resize(size);
    return seed;
}

// peer_key makes a key of a point on the EK's curve.
Key peer_key(EVP_PKEY* like, ByteView x, ByteView y) {
    Bytes point{0x04};
    append(point, x);
    append(point, y);
    Key key{EVP_PKEY_new()};
    check(EVP_PKEY_copy_parameters(key.get(), like) == 1, "parameters");
    if (EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) != 1) return nullptr;
    return key;
}

Result<Bytes> unwrap_ecc(const FakeTpmKey& ek, ByteView encrypted) {
    SEALWRIGHT_TRY(const ByteView x, take_sized(encrypted));
    SEALWRIGHT_TRY(const ByteView y, take_sized(encrypted));
    const Key peer = peer_key(ek.state().key.handle(), x, y);
    if (!peer) return fail(ErrorCode::denied, "TPM_RC_ECC_POINT");
    const Context context{EVP_PKEY_CTX_new(ek.state().key.handle(), nullptr)};
    std::size_t size = 0;
    check(EVP_PKEY_derive_init(context.get()) == 1 && EVP_PKEY_derive_set_peer(context.get(), peer.get()) == 1 &&
              EVP_PKEY_derive(context.get(), nullptr, &size) == 1,
          "ECDH");
    Bytes shared(size);
    check(EVP_PKEY_derive(context.get(), shared.data(), &size) == 1, "ECDH");
    Bytes info = bytes_of(view_of("IDENTITY"));
    info.push_back(0);
    append(info, x);
    append(info, std::get<EccPublic>(ek.area().unique).x);
    const DigestAlgorithm digest = ek.area().name_alg;
    return derive("SSKDF",
                  {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name_of_digest(digest), 0),
                   octets(OSSL_KDF_PARAM_SECRET, shared), octets(OSSL_KDF_PARAM_INFO, info)},
                  crypto::digest_size(digest));
}

Bytes cfb_decrypt(ByteView key, ByteView data) {
    const std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>> context{EVP_CIPHER_CTX_new()};
    const EVP_CIPHER* cipher = key.size() == 16 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128();
    constexpr std::array<std::uint8_t, 16> kZeros{};
    Bytes out(data.size());
    int written = 0;
    check(EVP_DecryptInit_ex(context.get(), cipher, nullptr, key.data(), kZeros.data()) == 1 &&
              EVP_DecryptUpdate(context.get(), out.data(), &written, data.data(), static_cast<int>(data.size())) == 1,
          "AES");
    return out;
}

KeyType type_of_template(std::string_view name) {
    if (name == "L-2" || name == "H-2") return KeyType::ec_p256;
    if (name == "H-3") return KeyType::ec_p384;
    if (name == "H-4") return KeyType::ec_p521;
    return KeyType::rsa;
}

// area_of gives a key's numbers a signing key's public area.
TpmPublic area_of(const crypto::PublicKey& key, std::uint32_t attributes, Scheme scheme) {
    TpmPublic area;
    area.attributes = attributes;
    area.scheme = scheme;
    if (key.type() == KeyType::rsa) {
        area.unique = RsaPublic{static_cast<std::uint16_t>(key.bits()), 0, bytes_of(key.rsa_modulus())};
    } else {
        const ByteView point = key.public_bits().subspan(1);
        area.unique =
            EccPublic{key.type(), {}, bytes_of(point.first(point.size() / 2)), bytes_of(point.last(point.size() / 2))};
    }
    return area;
}

constexpr std::uint32_t kLeafAttributes = kFixedTpm | kFixedParent | kSensitiveDataOrigin | kUserWithAuth | kSign;

FakeTpmKey make_signing_key(KeyType type, std::uint32_t attributes, Scheme scheme) {
    auto state = std::make_shared<FakeTpmKey::State>(FakeTpmKey::State{TestKey::generate(type)});
    TpmPublic area = area_of(state->key.public_key(), attributes, scheme);
    return FakeTpmKey{std::move(area), std::move(state)};
}

// raw_integers takes an ECDSA signature in DER apart.
TpmSignature raw_integers(ByteView der, Scheme scheme) {
    asn1::DerReader outer{der};
    auto inner = outer.enter(asn1::kSequence).value();
    const Bytes r = bytes_of(inner.unsigned_integer().value()), s = bytes_of(inner.unsigned_integer().value());
    return {scheme, r, s};
}

constexpr std::chrono::days kYear{365};

NameDer name(const std::string& text) { return x509::encode_name(x509::parse_name_text(text).value()).value(); }

Bytes octets_of_oid(std::string_view dotted) { return asn1::parse_oid(dotted).value(); }

}  // namespace

crypto::PublicKey FakeTpmKey::public_key() const { return state_->key.public_key(); }

Bytes FakeTpmKey::sign(const crypto::SignatureAlgorithm& algorithm, ByteView message) const {
    return state_->key.sign(algorithm, message);
}

Bytes FakeTpmKey::sign_as_tpm(ByteView message) const {
    const Scheme scheme = area_.scheme;
    const DigestAlgorithm digest = tpm_digest(scheme.hash).value();
    if (scheme.algorithm == kAlgEcdsa) {
        const Bytes der = sign({crypto::SignatureScheme::ecdsa, digest}, message);
        return encode_signature(raw_integers(der, scheme));
    }
    const auto kind =
        scheme.algorithm == kAlgRsapss ? crypto::SignatureScheme::rsa_pss : crypto::SignatureScheme::rsa_pkcs1;
    return encode_signature({scheme, sign({kind, digest}, message), {}});
}

FakeTpmKey FakeTpmKey::with_area(TpmPublic area) const { return FakeTpmKey{std::move(area), state_}; }

FakeTpmKey make_ek(std::string_view ek_template) {
    const unsigned bits = ek_template == "H-6" ? 3072 : ek_template == "H-7" ? 4096 : 2048;
    auto state =
        std::make_shared<FakeTpmKey::State>(FakeTpmKey::State{TestKey::generate(type_of_template(ek_template), bits)});
    TpmPublic area = ek_from_template(state->key.public_key(), ek_template).value();
    return FakeTpmKey{std::move(area), std::move(state)};
}

FakeTpmKey make_ak(KeyType type, std::uint16_t scheme, DigestAlgorithm digest) {
    if (scheme == 0) scheme = type == KeyType::rsa ? kAlgRsassa : kAlgEcdsa;
    return make_signing_key(type, kLeafAttributes | kRestricted, {scheme, tpm_digest_id(digest)});
}

FakeTpmKey make_leaf(KeyType type) { return make_signing_key(type, kLeafAttributes, {}); }

x509::Extensions ek_extensions(const EkCertificateSpec& spec, bool is_rsa) {
    x509::Name tpm;
    tpm.rdns.push_back({{octets_of_oid("2.23.133.2.1"), spec.manufacturer}});
    tpm.rdns.push_back({{octets_of_oid("2.23.133.2.2"), spec.model}});
    tpm.rdns.push_back({{octets_of_oid("2.23.133.2.3"), spec.version}});
    const auto make = [](ByteView oid, bool critical, Bytes value) {
        return x509::Extension{bytes_of(oid), critical, std::move(value)};
    };
    return {
        make(asn1::oid::kSubjectAltName, true, x509::encode_general_names({x509::DirectoryName{tpm}})),
        make(asn1::oid::kBasicConstraints, true, x509::encode_basic_constraints({})),
        make(asn1::oid::kKeyUsage, true, x509::encode_key_usage(is_rsa ? x509::kKeyEncipherment : x509::kKeyAgreement)),
        make(asn1::oid::kExtKeyUsage, false, x509::encode_ext_key_usage({octets_of_oid("2.23.133.8.1")}))};
}

FakeVendor::FakeVendor(UtcTime now, const std::string& vendor, const VendorKeys& keys)
    : state_(std::make_shared<State>(State{TestKey::generate(keys.root), TestKey::generate(keys.intermediate)})),
      now_(now) {
    const auto ca = [&](const TestKey& key, const std::string& subject, const TestKey& issuer,
                        const std::string& issuer_name, std::uint8_t serial) {
        std::array<std::uint8_t, 16> octets{};
        octets.fill(serial);
        const x509::TbsCertificateFields fields{
            .serial = SerialNumber{octets},
            .signature_algorithm = issuer.algorithm(),
            .issuer = name(issuer_name),
            .not_before = now - kYear,
            .not_after = now + 10 * kYear,
            .subject = name(subject),
            .spki = key.spki(),
            .extensions = {{bytes_of(asn1::oid::kBasicConstraints), true, x509::encode_basic_constraints({.ca = true})},
                           {bytes_of(asn1::oid::kKeyUsage), true, x509::encode_key_usage(x509::kKeyCertSign)}}};
        const auto tbs = x509::build_tbs_certificate(fields);
        const auto der = x509::assemble_certificate(tbs.view(), issuer.algorithm(), issuer.sign(tbs.view()));
        return x509::Certificate::parse(der.view()).value();
    };
    root_ = ca(state_->root, "CN=" + vendor + " Root", state_->root, "CN=" + vendor + " Root", 1);
    intermediate_ = ca(state_->intermediate, "CN=" + vendor + " EK CA", state_->root, "CN=" + vendor + " Root", 2);
}

Bytes FakeVendor::sign_tbs(ByteView tbs) const {
    const TestKey& key = state_->intermediate;
    return x509::assemble_certificate(tbs, key.algorithm(), key.sign(tbs)).bytes();
}

Bytes FakeVendor::certify_ek(const crypto::PublicKey& ek, const EkCertificateSpec& spec) const {
    std::array<std::uint8_t, 16> serial{};
    const KeyId id = ek.id();
    std::copy_n(id.octets().begin(), serial.size(), serial.begin());
    serial[0] = static_cast<std::uint8_t>((serial[0] & 0x3FU) | 0x40U);
    const x509::TbsCertificateFields fields{
        .serial = SerialNumber{serial},
        .signature_algorithm = state_->intermediate.algorithm(),
        .issuer = spec.issuer ? name(*spec.issuer) : intermediate().fields().subject_der,
        .not_before = spec.not_before.value_or(now_ - kYear),
        .not_after = spec.not_after.value_or(now_ + 5 * kYear),
        .subject = name("CN=EK"),
        .spki = ek.spki(),
        .extensions = spec.extensions.value_or(ek_extensions(spec, ek.type() == KeyType::rsa))};
    return sign_tbs(x509::build_tbs_certificate(fields).view());
}

Opening FakeTpm::opening(Bytes ek_certificate) const {
    return {.ek_certificate = std::move(ek_certificate),
            .ek_chain = {},
            .ek_public = encode_sized_public(ek_.area()),
            .ek_template = {},
            .ak_public = encode_sized_public(ak_.area())};
}

Result<Bytes> FakeTpm::activate(ByteView credential_blob, ByteView encrypted_secret) const {
    SEALWRIGHT_TRY(const ByteView encrypted, take_sized(encrypted_secret));
    const bool is_rsa = std::holds_alternative<RsaPublic>(ek_.area().unique);
    SEALWRIGHT_TRY(const Bytes seed, is_rsa ? unwrap_rsa(ek_, encrypted) : unwrap_ecc(ek_, encrypted));
    SEALWRIGHT_TRY(ByteView object, take_sized(credential_blob));
    SEALWRIGHT_TRY(const ByteView integrity, take_sized(object));
    const DigestAlgorithm digest = ek_.area().name_alg;
    const Bytes ak_name = name_of(ak_.area());
    const Bytes integrity_key = kbkdf(digest, seed, "INTEGRITY", {}, crypto::digest_size(digest));
    Bytes covered = bytes_of(object);
    append(covered, ak_name);
    std::array<std::uint8_t, 64> mac{};
    unsigned size = 0;
    check(HMAC(EVP_get_digestbyname(name_of_digest(digest)), integrity_key.data(),
               static_cast<int>(integrity_key.size()), covered.data(), covered.size(), mac.data(), &size) != nullptr,
          "HMAC");
    if (!equal(ByteView{mac}.first(size), integrity)) return fail(ErrorCode::denied, "TPM_RC_INTEGRITY");
    const Bytes key = kbkdf(digest, seed, "STORAGE", ak_name, ek_.area().symmetric.key_bits / 8U);
    const Bytes plain = cfb_decrypt(key, object);
    ByteView rest = plain;
    SEALWRIGHT_TRY(const ByteView secret, take_sized(rest));
    return bytes_of(secret);
}

TpmAttest FakeTpm::attest(const FakeTpmKey& key, ByteView nonce) const {
    const auto standing = [&](const TpmPublic& area) {
        switch (place_) {
            case AkPlace::endorsement:
                return primary_qualified_name(area, Hierarchy::endorsement);
            case AkPlace::owner:
                return primary_qualified_name(area, Hierarchy::owner);
            case AkPlace::platform:
                return primary_qualified_name(area, Hierarchy::platform);
            case AkPlace::null:
                return primary_qualified_name(area, Hierarchy::null);
            case AkPlace::below_ek:
                return child_qualified_name(area, primary_qualified_name(ek_.area(), Hierarchy::endorsement));
            case AkPlace::below_storage_key:
                break;
        }
        return child_qualified_name(area, view_of("the Qualified Name of a storage key"));
    };
    TpmAttest out;
    out.qualified_signer = standing(ak_.area());
    out.extra_data = bytes_of(nonce);
    out.clock = 1234567;
    out.reset_count = 7;
    out.restart_count = 1;
    out.safe = true;
    out.firmware_version = 0x0001000200030004;
    out.certify = CertifyInfo{name_of(key.area()),
                              child_qualified_name(key.area(), view_of("the Qualified Name of a storage key"))};
    return out;
}

Answer FakeTpm::answer(const Challenge& challenge, const FakeTpmKey& key) const {
    auto secret = activate(challenge.credential_blob, challenge.encrypted_secret);
    const Bytes info = encode_attest(attest(key, challenge.nonce));
    return {.activated_secret = secret ? std::move(secret).value() : Bytes(kSecretSize),
            .key_public = encode_sized_public(key.area()),
            .certify_info = sized(info),
            .certify_signature = ak_.sign_as_tpm(info)};
}

}  // namespace sealwright::test
