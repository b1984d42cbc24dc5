#include "crypto/spki.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <array>
#include <stdexcept>

#include "asn1/der_reader.hpp"
#include "asn1/oid.hpp"
#include "crypto/openssl_error.hpp"
#include "crypto/public_key_state.hpp"

namespace sealwright::crypto {
namespace {

constexpr unsigned kMinRsaBits = 1024;
constexpr unsigned kMaxRsaBits = 8192;
constexpr std::size_t kMaxSpkiSize = 4096;
constexpr std::uint8_t kUncompressedPoint = 0x04;

struct Curve {
    KeyType type;
    unsigned bits;
    const char* group;
    int nid;
};

constexpr std::array<Curve, 3> kCurves{{{KeyType::ec_p256, 256, SN_X9_62_prime256v1, NID_X9_62_prime256v1},
                                        {KeyType::ec_p384, 384, SN_secp384r1, NID_secp384r1},
                                        {KeyType::ec_p521, 521, SN_secp521r1, NID_secp521r1}}};

Error malformed(std::string what) { return fail(ErrorCode::malformed, "public key: " + std::move(what)); }

unsigned bit_length(ByteView big_endian) noexcept {
    if (big_endian.empty()) return 0;
    unsigned bits = static_cast<unsigned>(big_endian.size()) * 8;
    for (unsigned mask = 0x80; mask != 0 && (big_endian[0] & mask) == 0; mask >>= 1U) --bits;
    return bits;
}

// key_from_params makes a public key, or only its domain parameters, by EVP_PKEY_fromdata.
EvpPkeyPtr key_from_params(const char* algorithm, int selection, OSSL_PARAM* params) {
    EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr)};
    require_openssl(context != nullptr, "EVP_PKEY_CTX_new_from_name");
    require_openssl(EVP_PKEY_fromdata_init(context.get()) == 1, "EVP_PKEY_fromdata_init");
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_fromdata(context.get(), &key, selection, params) != 1) return nullptr;
    return EvpPkeyPtr{key};
}

// curve_template is a key without a point, built once for each curve: copying its group costs a hundredth of what
// decoding does.
EVP_PKEY* curve_template(const Curve& curve) {
    using Templates = std::array<EvpPkeyPtr, kCurves.size()>;
    static const auto& templates = *new Templates{[] {
        Templates all;
        for (std::size_t i = 0; i < kCurves.size(); ++i) {
            std::array<OSSL_PARAM, 2> params{
                OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(kCurves[i].group), 0),
                OSSL_PARAM_construct_end()};
            all[i] = key_from_params("EC", EVP_PKEY_KEY_PARAMETERS, params.data());
            require_openssl(all[i] != nullptr, "EVP_PKEY_fromdata for a curve");
        }
        return all;
    }()};
    return templates[static_cast<std::size_t>(&curve - kCurves.data())].get();
}

EvpPkeyPtr make_ec(const Curve& curve, ByteView point) {
    EvpPkeyPtr key{EVP_PKEY_new()};
    require_openssl(key != nullptr, "EVP_PKEY_new");
    require_openssl(EVP_PKEY_copy_parameters(key.get(), curve_template(curve)) == 1, "EVP_PKEY_copy_parameters");
    require_openssl(EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) == 1,
                    "EVP_PKEY_set1_encoded_public_key");
    return key;
}

using EcPointPtr = std::unique_ptr<EC_POINT, Deleter<EC_POINT_free>>;

// is_on_curve: EC_POINT_oct2point refuses coordinates that are not reduced and points that do not satisfy the curve's
// equation.
bool is_on_curve(const Curve& curve, ByteView point) {
    const EC_GROUP* group = curve_group(curve.type);
    const EcPointPtr out{EC_POINT_new(group)};
    require_openssl(out != nullptr, "EC_POINT_new");
    if (EC_POINT_oct2point(group, out.get(), point.data(), point.size(), nullptr) == 1) return true;
    clear_openssl_errors();
    return false;
}

// load_ec checks the point; a point on one of these curves has their prime order.
Result<void> load_ec(PublicKey::State& state, const Curve& curve) {
    const ByteView point = state.public_bits;
    const std::size_t coordinate = (curve.bits + 7) / 8;
    if (point.empty() || point[0] != kUncompressedPoint) return malformed("the EC point is not in uncompressed form");
    if (point.size() != 1 + 2 * coordinate) return malformed("the EC point has the wrong length for its curve");
    if (!is_on_curve(curve, point)) return malformed("the EC point is not on its curve");
    state.type = curve.type;
    state.bits = curve.bits;
    return success();
}

Result<void> load_edwards(PublicKey::State& state, KeyType type) {
    const bool is_25519 = type == KeyType::ed25519;
    if (state.public_bits.size() != (is_25519 ? 32U : 57U)) return malformed("an EdDSA key of the wrong length");
    state.type = type;
    state.bits = is_25519 ? 255 : 448;
    return success();
}

EvpPkeyPtr make_edwards(KeyType type, ByteView octets) {
    EvpPkeyPtr key{EVP_PKEY_new_raw_public_key(type == KeyType::ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448, nullptr,
                                               octets.data(), octets.size())};
    require_openssl(key != nullptr, "EVP_PKEY_new_raw_public_key");
    return key;
}

struct MlDsa {
    KeyType type;
    const char* name;        // OpenSSL's, and ours in listings
    std::size_t public_key;  // octets (FIPS 204 table 2)
    const ByteView* oid;
};

constexpr std::array<MlDsa, 3> kMlDsa{{{KeyType::ml_dsa_44, "ML-DSA-44", 1312, &asn1::oid::kMlDsa44},
                                       {KeyType::ml_dsa_65, "ML-DSA-65", 1952, &asn1::oid::kMlDsa65},
                                       {KeyType::ml_dsa_87, "ML-DSA-87", 2592, &asn1::oid::kMlDsa87}}};

const MlDsa* ml_dsa(KeyType type) noexcept {
    for (const MlDsa& row : kMlDsa) {
        if (row.type == type) return &row;
    }
    return nullptr;
}

// load_ml_dsa: any octets of the right length are a public key (FIPS 204 algorithm 23 has no failure).
Result<void> load_ml_dsa(PublicKey::State& state, const MlDsa& row) {
    if (state.public_bits.size() != row.public_key) return malformed("an ML-DSA key of the wrong length");
    state.type = row.type;
    state.bits = static_cast<unsigned>(row.public_key * 8);
    return success();
}

// make_ml_dsa gives null where the libcrypto knows no ML-DSA: before OpenSSL 3.5.
EvpPkeyPtr make_ml_dsa(const MlDsa& row, ByteView octets) {
    EvpPkeyPtr key{EVP_PKEY_new_raw_public_key_ex(nullptr, row.name, nullptr, octets.data(), octets.size())};
    if (key == nullptr) clear_openssl_errors();
    return key;
}

// native_bignum turns big-endian octets into the form in which OSSL_PARAM wants an integer.
Bytes native_bignum(ByteView big_endian) {
    Bytes out = bytes_of(big_endian);
    if constexpr (std::endian::native == std::endian::little) std::reverse(out.begin(), out.end());
    return out;
}

// load_rsa reads RSAPublicKey (RFC 8017 A.1.1): SEQUENCE { modulus, publicExponent }.
Result<void> load_rsa(PublicKey::State& state) {
    asn1::DerReader outer{state.public_bits};
    SEALWRIGHT_TRY(auto inner, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(state.modulus, inner.unsigned_integer());
    SEALWRIGHT_TRY(state.exponent, inner.unsigned_integer());
    SEALWRIGHT_TRY(inner.finish());
    SEALWRIGHT_TRY(outer.finish());
    state.type = KeyType::rsa;
    state.bits = bit_length(state.modulus);
    if (state.bits < kMinRsaBits || state.bits > kMaxRsaBits) {
        return malformed("an RSA modulus of " + std::to_string(state.bits) + " bits; from 1024 to 8192 are read");
    }
    if ((state.modulus.back() & 1U) == 0) return malformed("an even RSA modulus");
    if ((state.exponent.back() & 1U) == 0) return malformed("an even RSA exponent");
    if (bit_length(state.exponent) < 2) return malformed("an RSA exponent of one");
    if (bit_length(state.exponent) >= state.bits) return malformed("an RSA exponent as large as its modulus");
    return success();
}

EvpPkeyPtr make_rsa(ByteView modulus_octets, ByteView exponent_octets) {
    Bytes modulus = native_bignum(modulus_octets);
    Bytes exponent = native_bignum(exponent_octets);
    std::array<OSSL_PARAM, 3> params{OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus.data(), modulus.size()),
                                     OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent.data(), exponent.size()),
                                     OSSL_PARAM_construct_end()};
    EvpPkeyPtr key = key_from_params("RSA", EVP_PKEY_PUBLIC_KEY, params.data());
    require_openssl(key != nullptr, "EVP_PKEY_fromdata for an RSA key");
    return key;
}

EvpPkeyPtr make_key(const PublicKey::State& state) {
    switch (state.type) {
        case KeyType::rsa:
            return make_rsa(state.modulus, state.exponent);
        case KeyType::ec_p256:
            return make_ec(kCurves[0], state.public_bits);
        case KeyType::ec_p384:
            return make_ec(kCurves[1], state.public_bits);
        case KeyType::ec_p521:
            return make_ec(kCurves[2], state.public_bits);
        case KeyType::ed25519:
        case KeyType::ed448:
            return make_edwards(state.type, state.public_bits);
        case KeyType::ml_dsa_44:
        case KeyType::ml_dsa_65:
        case KeyType::ml_dsa_87:
            return make_ml_dsa(*ml_dsa(state.type), state.public_bits);
    }
    throw std::logic_error{"a public key of no type"};
}

Result<void> load_named_curve(PublicKey::State& state, asn1::DerReader& parameters) {
    // RFC 5480 2.1.1: implicitCurve and specifiedCurve MUST NOT be used.
    if (parameters.peek() != asn1::kOid) {
        return fail(ErrorCode::unsupported, "public key: an EC key without a named curve");
    }
    SEALWRIGHT_TRY(const ByteView curve, parameters.oid());
    SEALWRIGHT_TRY(parameters.finish());
    if (equal(curve, asn1::oid::kPrime256v1)) return load_ec(state, kCurves[0]);
    if (equal(curve, asn1::oid::kSecp384r1)) return load_ec(state, kCurves[1]);
    if (equal(curve, asn1::oid::kSecp521r1)) return load_ec(state, kCurves[2]);
    return fail(ErrorCode::unsupported, "public key: the curve " + asn1::oid_name(curve) + " is not supported");
}

// load_key reads what its algorithm prescribes; parameters stands behind the algorithm's identifier.
Result<void> load_key(PublicKey::State& state, ByteView algorithm, asn1::DerReader& parameters) {
    if (equal(algorithm, asn1::oid::kEcPublicKey)) return load_named_curve(state, parameters);
    if (equal(algorithm, asn1::oid::kRsaEncryption)) {
        SEALWRIGHT_TRY(parameters.null());  // RFC 3279 2.3.1: the parameters field MUST be NULL
        SEALWRIGHT_TRY(parameters.finish());
        return load_rsa(state);
    }
    if (equal(algorithm, asn1::oid::kEd25519) || equal(algorithm, asn1::oid::kEd448)) {
        SEALWRIGHT_TRY(parameters.finish());  // RFC 8410 section 3: the parameters MUST be absent
        return load_edwards(state, equal(algorithm, asn1::oid::kEd25519) ? KeyType::ed25519 : KeyType::ed448);
    }
    for (const MlDsa& row : kMlDsa) {
        if (!equal(algorithm, *row.oid)) continue;
        SEALWRIGHT_TRY(parameters.finish());  // RFC 9881 section 2: the parameters component MUST be absent
        return load_ml_dsa(state, row);
    }
    return fail(ErrorCode::unsupported, "public key: the algorithm " + asn1::oid_name(algorithm) + " is not supported");
}

Result<void> load(PublicKey::State& state) {
    asn1::DerReader outer{state.spki.view()};
    SEALWRIGHT_TRY(auto sequence, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    SEALWRIGHT_TRY(auto algorithm, sequence.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const asn1::BitString bits, sequence.bit_string());
    SEALWRIGHT_TRY(sequence.finish());
    SEALWRIGHT_TRY(const ByteView type, algorithm.oid());
    if (bits.unused_bits != 0) return malformed("a BIT STRING of no whole octets");
    state.public_bits = bits.octets;
    return load_key(state, type, algorithm);
}

}  // namespace

std::string_view key_type_name(KeyType type) noexcept {
    switch (type) {
        case KeyType::rsa:
            return "RSA";
        case KeyType::ec_p256:
            return "EC P-256";
        case KeyType::ec_p384:
            return "EC P-384";
        case KeyType::ec_p521:
            return "EC P-521";
        case KeyType::ed25519:
            return "Ed25519";
        case KeyType::ed448:
            return "Ed448";
        case KeyType::ml_dsa_44:
        case KeyType::ml_dsa_65:
        case KeyType::ml_dsa_87:
            return ml_dsa(type)->name;
    }
    return "unknown";
}

bool library_verifies(KeyType type) {
    const MlDsa* row = ml_dsa(type);
    if (row == nullptr) return true;
    const EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_name(nullptr, row->name, nullptr)};
    if (context == nullptr) clear_openssl_errors();
    return context != nullptr;
}

const EC_GROUP* curve_group(KeyType type) {
    using EcGroupPtr = std::unique_ptr<EC_GROUP, Deleter<EC_GROUP_free>>;
    using Groups = std::array<EcGroupPtr, kCurves.size()>;
    static const auto& groups = *new Groups{[] {
        Groups all;
        for (std::size_t i = 0; i < kCurves.size(); ++i) {
            all[i].reset(EC_GROUP_new_by_curve_name(kCurves[i].nid));
            require_openssl(all[i] != nullptr, "EC_GROUP_new_by_curve_name");
        }
        return all;
    }()};
    for (std::size_t i = 0; i < kCurves.size(); ++i) {
        if (kCurves[i].type == type) return groups[i].get();
    }
    return nullptr;
}

EVP_PKEY* PublicKey::State::evp() const {
    std::call_once(once_, [this] { key_ = make_key(*this); });
    return key_.get();
}

Result<PublicKey> PublicKey::parse(ByteView spki) {
    if (spki.size() > kMaxSpkiSize) return fail(ErrorCode::too_large, "public key: longer than 4096 octets");
    auto state = std::make_shared<State>();
    state->spki = SpkiDer{bytes_of(spki)};
    SEALWRIGHT_TRY(load(*state));
    state->id = key_id(state->spki);
    return PublicKey{std::move(state)};
}

KeyType PublicKey::type() const noexcept { return state_->type; }
unsigned PublicKey::bits() const noexcept { return state_->bits; }
const SpkiDer& PublicKey::spki() const noexcept { return state_->spki; }
KeyId PublicKey::id() const noexcept { return state_->id; }
ByteView PublicKey::public_bits() const noexcept { return state_->public_bits; }
ByteView PublicKey::rsa_modulus() const noexcept { return state_->modulus; }
ByteView PublicKey::rsa_exponent() const noexcept { return state_->exponent; }

}  // namespace sealwright::crypto
