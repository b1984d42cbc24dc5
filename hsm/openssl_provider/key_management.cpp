// Key management for keys that live in a token: OpenSSL may ask what kind of key it is, and whether a
// certificate's key is the same.
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>
#include <bit>
#include <cstring>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "hsm/openssl_provider/provider.hpp"

namespace sealwright::hsm::openssl_provider {
namespace {

using crypto::KeyType;
using crypto::PublicKey;

struct Curve {
    KeyType type;
    const char* name;        // OpenSSL's
    const char* other_name;  // NIST's
    const ByteView* oid;
};

constexpr std::array kCurves{
    Curve{KeyType::ec_p256, "prime256v1", "P-256", &asn1::oid::kPrime256v1},
    Curve{KeyType::ec_p384, "secp384r1", "P-384", &asn1::oid::kSecp384r1},
    Curve{KeyType::ec_p521, "secp521r1", "P-521", &asn1::oid::kSecp521r1},
};

const Curve* curve_of(KeyType type) {
    for (const Curve& curve : kCurves) {
        if (curve.type == type) return &curve;
    }
    return nullptr;
}

const Curve* curve_named(std::string_view name) {
    for (const Curve& curve : kCurves) {
        if (name == curve.name || name == curve.other_name) return &curve;
    }
    return nullptr;
}

// unsigned_parameter gives a BIGNUM parameter big-endian: OSSL_PARAM integers are in native order, which is
// little-endian here.
std::optional<Bytes> unsigned_parameter(const OSSL_PARAM* parameters, const char* name) {
    const OSSL_PARAM* parameter = OSSL_PARAM_locate_const(parameters, name);
    if (parameter == nullptr || parameter->data_type != OSSL_PARAM_UNSIGNED_INTEGER) return std::nullopt;
    const auto* octets = static_cast<const std::uint8_t*>(parameter->data);
    Bytes value(octets, octets + parameter->data_size);
    if constexpr (std::endian::native == std::endian::little) std::reverse(value.begin(), value.end());
    return value;
}

Result<PublicKey> import_rsa(const OSSL_PARAM* parameters) {
    const auto modulus = unsigned_parameter(parameters, OSSL_PKEY_PARAM_RSA_N);
    const auto exponent = unsigned_parameter(parameters, OSSL_PKEY_PARAM_RSA_E);
    if (!modulus || !exponent) return fail(ErrorCode::unsupported, "an RSA key without modulus and exponent");
    asn1::DerWriter numbers;
    numbers.sequence([&] { numbers.unsigned_integer(*modulus).unsigned_integer(*exponent); });
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] { spki.oid(asn1::oid::kRsaEncryption).null(); });
        spki.bit_string(numbers.view());
    });
    return PublicKey::parse(spki.view());
}

Result<PublicKey> ec_key_of(const Curve& curve, ByteView point) {
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] { spki.oid(asn1::oid::kEcPublicKey).oid(*curve.oid); });
        spki.bit_string(point);
    });
    return PublicKey::parse(spki.view());
}

Result<PublicKey> import_ec(const OSSL_PARAM* parameters) {
    const char* group = nullptr;
    const void* point = nullptr;
    std::size_t point_size = 0;
    const OSSL_PARAM* group_parameter = OSSL_PARAM_locate_const(parameters, OSSL_PKEY_PARAM_GROUP_NAME);
    const OSSL_PARAM* point_parameter = OSSL_PARAM_locate_const(parameters, OSSL_PKEY_PARAM_PUB_KEY);
    if (group_parameter == nullptr || OSSL_PARAM_get_utf8_string_ptr(group_parameter, &group) != 1 ||
        point_parameter == nullptr || OSSL_PARAM_get_octet_string_ptr(point_parameter, &point, &point_size) != 1) {
        return fail(ErrorCode::unsupported, "an EC key without group and point");
    }
    const Curve* curve = curve_named(group);
    if (curve == nullptr) return fail(ErrorCode::unsupported, "another curve");
    return ec_key_of(*curve, {static_cast<const std::uint8_t*>(point), point_size});
}

// import_raw reads a key whose SubjectPublicKeyInfo is its octets behind an AlgorithmIdentifier alone (RFC 8410, 9881).
Result<PublicKey> import_raw(const OSSL_PARAM* parameters, KeyType type) {
    const void* octets = nullptr;
    std::size_t size = 0;
    const OSSL_PARAM* parameter = OSSL_PARAM_locate_const(parameters, OSSL_PKEY_PARAM_PUB_KEY);
    if (parameter == nullptr || OSSL_PARAM_get_octet_string_ptr(parameter, &octets, &size) != 1)
        return fail(ErrorCode::unsupported, "a key without its octets");
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.raw(crypto::algorithm_identifier(crypto::default_algorithm(type)));
        spki.bit_string(ByteView{static_cast<const std::uint8_t*>(octets), size});
    });
    return PublicKey::parse(spki.view());
}

Result<PublicKey> import_public(const OSSL_PARAM* parameters, KeyType type) {
    if (type == KeyType::rsa) return import_rsa(parameters);
    return curve_of(type) != nullptr ? import_ec(parameters) : import_raw(parameters, type);
}

TokenKey& key_of(void* data) { return *static_cast<TokenKey*>(data); }
const TokenKey& key_of(const void* data) { return *static_cast<const TokenKey*>(data); }

std::optional<KeyType> curve_type(const TokenKey& key) {
    if (key.key && curve_of(key.key->type()) != nullptr) return key.key->type();
    return key.curve;
}

extern "C" {

static void* new_key(void*) { return new (std::nothrow) TokenKey; }

static void free_key(void* data) { delete static_cast<TokenKey*>(data); }

static int has(const void* data, int selection) {
    if (data == nullptr) return 0;  // OpenSSL asks of keys that it has just begun
    const TokenKey& key = key_of(data);
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0 && key.curve) return 1;
    if (!key.key) return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0)
        return key.signer != nullptr || key.decryptor != nullptr ? 1 : 0;
    return 1;
}

// duplicate copies the key, or its parameters alone: to these CMS adds the sender's ephemeral point.
static void* duplicate(const void* data, int selection) try {
    const TokenKey& key = key_of(data);
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0) return new (std::nothrow) TokenKey{key};
    auto* parameters = new (std::nothrow) TokenKey;
    if (parameters != nullptr) parameters->curve = curve_type(key);
    return parameters;
} catch (...) {
    threw();
    return nullptr;
}

static int set_parameters(void* data, const OSSL_PARAM parameters[]) try {
    TokenKey& key = key_of(data);
    const OSSL_PARAM* point = OSSL_PARAM_locate_const(parameters, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
    if (point == nullptr) return 1;
    const void* octets = nullptr;
    std::size_t size = 0;
    // The key of a token is what it is.
    if (key.signer != nullptr || key.decryptor != nullptr || !curve_type(key) ||
        OSSL_PARAM_get_octet_string_ptr(point, &octets, &size) != 1)
        return 0;
    auto parsed = ec_key_of(*curve_of(*curve_type(key)), {static_cast<const std::uint8_t*>(octets), size});
    if (!parsed) return 0;
    key.key = std::move(parsed).value();
    return 1;
} catch (...) {
    return threw();
}

static const OSSL_PARAM* settable_parameters(void*) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0),
                                       OSSL_PARAM_END};
    return types;
}

static int match(const void* a, const void* b, int selection) try {
    const TokenKey& one = key_of(a);
    const TokenKey& other = key_of(b);
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0 && curve_type(one) && curve_type(other))
        return curve_type(one) == curve_type(other) ? 1 : 0;
    if (!one.key || !other.key) return 0;
    if ((selection & (OSSL_KEYMGMT_SELECT_KEYPAIR | OSSL_KEYMGMT_SELECT_ALL_PARAMETERS)) == 0) return 1;
    return one.key->id() == other.key->id() ? 1 : 0;
} catch (...) {
    return threw();
}

// import_any takes our own handle, or the public half of another provider's key, to be compared or agreed with. Of EC
// keys any curve's type stands for all.
static int import_any(void* data, const OSSL_PARAM* parameters, KeyType type) try {
    TokenKey& key = key_of(data);
    if (const OSSL_PARAM* handle = OSSL_PARAM_locate_const(parameters, kHandleParameter)) {
        std::uint64_t number = 0;
        if (OSSL_PARAM_get_uint64(handle, &number) != 1) return 0;
        auto pending = claim_pending(number);
        if (!pending) return 0;
        key = std::move(*pending);
        return 1;
    }
    auto imported = import_public(parameters, type);
    if (!imported) return 0;
    key.key = std::move(imported).value();
    return 1;
} catch (...) {
    return threw();
}

static const OSSL_PARAM* raw_import_types(int) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_uint64(kHandleParameter, nullptr),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0), OSSL_PARAM_END};
    return types;
}

static const OSSL_PARAM* rsa_import_types(int) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_uint64(kHandleParameter, nullptr),
                                       OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
                                       OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0), OSSL_PARAM_END};
    return types;
}

static const OSSL_PARAM* ec_import_types(int) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_uint64(kHandleParameter, nullptr),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0), OSSL_PARAM_END};
    return types;
}

// The strength by NIST SP 800-57 part 1, table 2, as OpenSSL gives it for keys of its own.
static int security_bits(const PublicKey& key) {
    switch (key.type()) {
        case KeyType::ed448:
            return 224;
        case KeyType::ml_dsa_44:  // FIPS 204, table 1: categories 2, 3 and 5
            return 128;
        case KeyType::ml_dsa_65:
            return 192;
        case KeyType::ml_dsa_87:
            return 256;
        case KeyType::rsa:
            break;
        default:
            return static_cast<int>((key.bits() + 1) / 2);
    }
    if (key.bits() >= 15360) return 256;
    if (key.bits() >= 7680) return 192;
    if (key.bits() >= 3072) return 128;
    return key.bits() >= 2048 ? 112 : 80;
}

static int get_parameters(void* data, OSSL_PARAM parameters[]) try {
    const TokenKey& key = key_of(data);
    if (!key.key) return 0;
    const auto set = [&](const char* name, int value) {
        OSSL_PARAM* parameter = OSSL_PARAM_locate(parameters, name);
        return parameter == nullptr || OSSL_PARAM_set_int(parameter, value) == 1;
    };
    if (!set(OSSL_PKEY_PARAM_BITS, static_cast<int>(key.key->bits())) ||
        !set(OSSL_PKEY_PARAM_SECURITY_BITS, security_bits(*key.key)) ||
        !set(OSSL_PKEY_PARAM_MAX_SIZE, static_cast<int>(greatest_signature(*key.key)))) {
        return 0;
    }
    const Curve* curve = curve_of(key.key->type());
    OSSL_PARAM* group = OSSL_PARAM_locate(parameters, OSSL_PKEY_PARAM_GROUP_NAME);
    if (group != nullptr && curve != nullptr && OSSL_PARAM_set_utf8_string(group, curve->name) != 1) return 0;
    // Keys that sign messages must have no digest, which OpenSSL is told by an empty mandatory one.
    const bool whole = crypto::signs_messages(crypto::default_algorithm(key.key->type()).scheme);
    OSSL_PARAM* digest = OSSL_PARAM_locate(parameters, OSSL_PKEY_PARAM_DEFAULT_DIGEST);
    if (digest != nullptr && !whole && OSSL_PARAM_set_utf8_string(digest, "SHA256") != 1) return 0;
    OSSL_PARAM* mandatory = OSSL_PARAM_locate(parameters, OSSL_PKEY_PARAM_MANDATORY_DIGEST);
    return mandatory == nullptr || !whole || OSSL_PARAM_set_utf8_string(mandatory, "") == 1 ? 1 : 0;
} catch (...) {
    return threw();
}

static const OSSL_PARAM* gettable_parameters(void*) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
                                       OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
                                       OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, nullptr, 0),
                                       OSSL_PARAM_END};
    return types;
}

static const char* ec_operation_name(int operation) {
    if (operation == OSSL_OP_SIGNATURE) return "ECDSA";
    return operation == OSSL_OP_KEYEXCH ? "ECDH" : nullptr;
}

}  // extern "C"

template <KeyType type>
int import_key(void* data, int, const OSSL_PARAM* parameters) {
    return import_any(data, parameters, type);
}

template <KeyType type>
const char* operation_name(int operation) {
    if (curve_of(type) != nullptr) return ec_operation_name(operation);
    return operation == OSSL_OP_SIGNATURE || type == KeyType::rsa ? openssl_name(type) : nullptr;
}

template <KeyType type>
const OSSL_PARAM* import_types(int selection) {
    if (type == KeyType::rsa) return rsa_import_types(selection);
    return curve_of(type) != nullptr ? ec_import_types(selection) : raw_import_types(selection);
}

using Function = void (*)();

// kTable is the dispatch table of one kind of key. There is no export: OpenSSL cannot take the key elsewhere, and works
// where the key is.
template <KeyType type>
const OSSL_DISPATCH kTable[] = {
    {OSSL_FUNC_KEYMGMT_NEW, reinterpret_cast<Function>(new_key)},
    {OSSL_FUNC_KEYMGMT_FREE, reinterpret_cast<Function>(free_key)},
    {OSSL_FUNC_KEYMGMT_HAS, reinterpret_cast<Function>(has)},
    {OSSL_FUNC_KEYMGMT_MATCH, reinterpret_cast<Function>(match)},
    {OSSL_FUNC_KEYMGMT_DUP, reinterpret_cast<Function>(duplicate)},
    {OSSL_FUNC_KEYMGMT_SET_PARAMS, reinterpret_cast<Function>(set_parameters)},
    {OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, reinterpret_cast<Function>(settable_parameters)},
    {OSSL_FUNC_KEYMGMT_IMPORT, reinterpret_cast<Function>(import_key<type>)},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, reinterpret_cast<Function>(import_types<type>)},
    {OSSL_FUNC_KEYMGMT_GET_PARAMS, reinterpret_cast<Function>(get_parameters)},
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, reinterpret_cast<Function>(gettable_parameters)},
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, reinterpret_cast<Function>(operation_name<type>)},
    {0, nullptr},
};

}  // namespace

const OSSL_ALGORITHM kKeyManagement[] = {
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", kProperties, kTable<KeyType::ec_p256>, "EC keys in a token"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperties, kTable<KeyType::rsa>, "RSA keys in a token"},
    {"ED25519:1.3.101.112", kProperties, kTable<KeyType::ed25519>, "Ed25519 keys in a token"},
    {"ED448:1.3.101.113", kProperties, kTable<KeyType::ed448>, "Ed448 keys in a token"},
    {"ML-DSA-44:2.16.840.1.101.3.4.3.17", kProperties, kTable<KeyType::ml_dsa_44>, "ML-DSA-44 keys in a token"},
    {"ML-DSA-65:2.16.840.1.101.3.4.3.18", kProperties, kTable<KeyType::ml_dsa_65>, "ML-DSA-65 keys in a token"},
    {"ML-DSA-87:2.16.840.1.101.3.4.3.19", kProperties, kTable<KeyType::ml_dsa_87>, "ML-DSA-87 keys in a token"},
    {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace sealwright::hsm::openssl_provider
