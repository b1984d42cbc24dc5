// Key management for RSA and EC keys that live in a token: OpenSSL may ask what kind of key it is, and whether a
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
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] { spki.oid(asn1::oid::kEcPublicKey).oid(*curve->oid); });
        spki.bit_string(ByteView{static_cast<const std::uint8_t*>(point), point_size});
    });
    return PublicKey::parse(spki.view());
}

TokenKey& key_of(void* data) { return *static_cast<TokenKey*>(data); }
const TokenKey& key_of(const void* data) { return *static_cast<const TokenKey*>(data); }

extern "C" {

static void* new_key(void*) { return new (std::nothrow) TokenKey; }

static void free_key(void* data) { delete static_cast<TokenKey*>(data); }

static int has(const void* data, int selection) {
    const TokenKey& key = key_of(data);
    if (!key.key) return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return key.signer != nullptr ? 1 : 0;
    return 1;
}

static int match(const void* a, const void* b, int selection) {
    const TokenKey& one = key_of(a);
    const TokenKey& other = key_of(b);
    if (!one.key || !other.key) return 0;
    if ((selection & (OSSL_KEYMGMT_SELECT_KEYPAIR | OSSL_KEYMGMT_SELECT_ALL_PARAMETERS)) == 0) return 1;
    return one.key->id() == other.key->id() ? 1 : 0;
}

// import_any takes our own handle, or the public half of another provider's key, to be compared.
static int import_any(void* data, const OSSL_PARAM* parameters, bool is_rsa) {
    TokenKey& key = key_of(data);
    if (const OSSL_PARAM* handle = OSSL_PARAM_locate_const(parameters, kHandleParameter)) {
        std::uint64_t number = 0;
        if (OSSL_PARAM_get_uint64(handle, &number) != 1) return 0;
        auto pending = claim_pending(number);
        if (!pending) return 0;
        key = std::move(*pending);
        return 1;
    }
    auto imported = is_rsa ? import_rsa(parameters) : import_ec(parameters);
    if (!imported) return 0;
    key.key = std::move(imported).value();
    return 1;
}

static int import_rsa_key(void* data, int, const OSSL_PARAM* parameters) { return import_any(data, parameters, true); }
static int import_ec_key(void* data, int, const OSSL_PARAM* parameters) { return import_any(data, parameters, false); }

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
    if (key.type() != KeyType::rsa) return static_cast<int>(key.bits() / 2);
    if (key.bits() >= 15360) return 256;
    if (key.bits() >= 7680) return 192;
    if (key.bits() >= 3072) return 128;
    return key.bits() >= 2048 ? 112 : 80;
}

// An Ecdsa-Sig-Value: two INTEGERs that may each need a leading zero, with their headers.
static int max_signature(const PublicKey& key) {
    const auto size = static_cast<int>((key.bits() + 7) / 8);
    return key.type() == KeyType::rsa ? size : 2 * (size + 1 + 2) + 3;
}

static int get_parameters(void* data, OSSL_PARAM parameters[]) {
    const TokenKey& key = key_of(data);
    if (!key.key) return 0;
    const auto set = [&](const char* name, int value) {
        OSSL_PARAM* parameter = OSSL_PARAM_locate(parameters, name);
        return parameter == nullptr || OSSL_PARAM_set_int(parameter, value) == 1;
    };
    if (!set(OSSL_PKEY_PARAM_BITS, static_cast<int>(key.key->bits())) ||
        !set(OSSL_PKEY_PARAM_SECURITY_BITS, security_bits(*key.key)) ||
        !set(OSSL_PKEY_PARAM_MAX_SIZE, max_signature(*key.key))) {
        return 0;
    }
    const Curve* curve = curve_of(key.key->type());
    OSSL_PARAM* group = OSSL_PARAM_locate(parameters, OSSL_PKEY_PARAM_GROUP_NAME);
    if (group != nullptr && curve != nullptr && OSSL_PARAM_set_utf8_string(group, curve->name) != 1) return 0;
    OSSL_PARAM* digest = OSSL_PARAM_locate(parameters, OSSL_PKEY_PARAM_DEFAULT_DIGEST);
    return digest == nullptr || OSSL_PARAM_set_utf8_string(digest, "SHA256") == 1 ? 1 : 0;
}

static const OSSL_PARAM* gettable_parameters(void*) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
                                       OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
                                       OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
                                       OSSL_PARAM_END};
    return types;
}

static const char* ec_operation_name(int operation) { return operation == OSSL_OP_SIGNATURE ? "ECDSA" : nullptr; }
static const char* rsa_operation_name(int operation) { return operation == OSSL_OP_SIGNATURE ? "RSA" : nullptr; }

}  // extern "C"

using Function = void (*)();

// There is no export: OpenSSL cannot take the key elsewhere, and signs where the key is.
const OSSL_DISPATCH kRsaFunctions[] = {
    {OSSL_FUNC_KEYMGMT_NEW, reinterpret_cast<Function>(new_key)},
    {OSSL_FUNC_KEYMGMT_FREE, reinterpret_cast<Function>(free_key)},
    {OSSL_FUNC_KEYMGMT_HAS, reinterpret_cast<Function>(has)},
    {OSSL_FUNC_KEYMGMT_MATCH, reinterpret_cast<Function>(match)},
    {OSSL_FUNC_KEYMGMT_IMPORT, reinterpret_cast<Function>(import_rsa_key)},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, reinterpret_cast<Function>(rsa_import_types)},
    {OSSL_FUNC_KEYMGMT_GET_PARAMS, reinterpret_cast<Function>(get_parameters)},
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, reinterpret_cast<Function>(gettable_parameters)},
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, reinterpret_cast<Function>(rsa_operation_name)},
    {0, nullptr},
};
const OSSL_DISPATCH kEcFunctions[] = {
    {OSSL_FUNC_KEYMGMT_NEW, reinterpret_cast<Function>(new_key)},
    {OSSL_FUNC_KEYMGMT_FREE, reinterpret_cast<Function>(free_key)},
    {OSSL_FUNC_KEYMGMT_HAS, reinterpret_cast<Function>(has)},
    {OSSL_FUNC_KEYMGMT_MATCH, reinterpret_cast<Function>(match)},
    {OSSL_FUNC_KEYMGMT_IMPORT, reinterpret_cast<Function>(import_ec_key)},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, reinterpret_cast<Function>(ec_import_types)},
    {OSSL_FUNC_KEYMGMT_GET_PARAMS, reinterpret_cast<Function>(get_parameters)},
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, reinterpret_cast<Function>(gettable_parameters)},
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, reinterpret_cast<Function>(ec_operation_name)},
    {0, nullptr},
};

}  // namespace

const OSSL_ALGORITHM kKeyManagement[] = {
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", kProperties, kEcFunctions, "EC keys in a token"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperties, kRsaFunctions, "RSA keys in a token"},
    {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace sealwright::hsm::openssl_provider
