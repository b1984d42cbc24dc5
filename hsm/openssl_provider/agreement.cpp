// ECDH by a token key, and behind it the X9.63 KDF of CMS (RFC 5753 7.2), which OpenSSL asks of the key exchange
// itself.
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
#include <cstring>
#include <exception>

#include "crypto/key_transport.hpp"
#include "hsm/openssl_provider/provider.hpp"

namespace sealwright::hsm::openssl_provider {
namespace {

constexpr std::size_t kMaxDerived = 1024;
constexpr std::size_t kMaxUkm = 4096;

struct Agreeing {
    const TokenKey* key = nullptr;
    Bytes peer;  // the point
    bool x963 = false;
    std::string digest;
    Bytes ukm;
    std::size_t length = 0;
};

Agreeing& agreeing_of(void* context) { return *static_cast<Agreeing*>(context); }

// set_kdf takes none, or X9.63. What OpenSSL calls the UKM of the exchange is the SharedInfo of the KDF.
int set_kdf(Agreeing& agreeing, const char* name) {
    if (*name == '\0') {
        agreeing.x963 = false;
        return 1;
    }
    if (std::strcmp(name, OSSL_KDF_NAME_X963KDF) != 0) return raise("only the X9.63 KDF follows an agreement here");
    agreeing.x963 = true;
    return 1;
}

Result<Secret> agree(const Agreeing& agreeing) {
    DecryptRequest request;
    request.key = agreeing.key->key->id();
    request.scheme = DecryptScheme::ecdh;
    request.input = agreeing.peer;
    return agreeing.key->decryptor->decrypt(request);
}

int derive_x963(const Agreeing& agreeing, ByteView secret, unsigned char* out) {
    EVP_KDF* kdf = ::EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_X963KDF, nullptr);
    EVP_KDF_CTX* context = kdf == nullptr ? nullptr : ::EVP_KDF_CTX_new(kdf);
    ::EVP_KDF_free(kdf);
    // The prototypes lack the const; the octets are read.
    const auto octets = [](const char* name, ByteView value) {
        return ::OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(value.data()), value.size());
    };
    std::array parameters{
        ::OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(agreeing.digest.c_str()), 0),
        octets(OSSL_KDF_PARAM_KEY, secret), octets(OSSL_KDF_PARAM_INFO, agreeing.ukm), ::OSSL_PARAM_construct_end()};
    if (agreeing.ukm.empty()) parameters[2] = ::OSSL_PARAM_construct_end();
    const int derived = context == nullptr ? 0 : ::EVP_KDF_derive(context, out, agreeing.length, parameters.data());
    ::EVP_KDF_CTX_free(context);
    return derived == 1 ? 1 : raise("the X9.63 KDF failed");
}

extern "C" {

static void* new_context(void*) { return new (std::nothrow) Agreeing; }
static void free_context(void* context) { delete static_cast<Agreeing*>(context); }
static void* duplicate_context(void* context) try {
    return new (std::nothrow) Agreeing{agreeing_of(context)};
} catch (...) {
    threw();
    return nullptr;
}

static int set_parameters(void* context, const OSSL_PARAM parameters[]) try {
    Agreeing& agreeing = agreeing_of(context);
    if (parameters == nullptr) return 1;
    const auto find = [&](const char* name) { return OSSL_PARAM_locate_const(parameters, name); };
    const char* text = nullptr;
    if (const auto* kdf = find(OSSL_EXCHANGE_PARAM_KDF_TYPE)) {
        if (OSSL_PARAM_get_utf8_string_ptr(kdf, &text) != 1 || set_kdf(agreeing, text) != 1) return 0;
    }
    if (const auto* digest = find(OSSL_EXCHANGE_PARAM_KDF_DIGEST)) {
        if (OSSL_PARAM_get_utf8_string_ptr(digest, &text) != 1) return 0;
        agreeing.digest = text;
    }
    if (const auto* length = find(OSSL_EXCHANGE_PARAM_KDF_OUTLEN)) {
        if (OSSL_PARAM_get_size_t(length, &agreeing.length) != 1 || agreeing.length > kMaxDerived) return 0;
    }
    if (const auto* ukm = find(OSSL_EXCHANGE_PARAM_KDF_UKM)) {
        const void* octets = nullptr;
        std::size_t size = 0;
        if (OSSL_PARAM_get_octet_string_ptr(ukm, &octets, &size) != 1 || size > kMaxUkm) return 0;
        const auto* begin = static_cast<const std::uint8_t*>(octets);
        agreeing.ukm.assign(begin, begin + size);
    }
    if (const auto* cofactor = find(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE)) {
        // The cofactor of our curves is one: both modes are the same.
        int mode = 0;
        if (OSSL_PARAM_get_int(cofactor, &mode) != 1 || mode < -1 || mode > 1) return 0;
    }
    return 1;
} catch (...) {
    return threw();
}

static const OSSL_PARAM* settable_parameters(void*, void*) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, nullptr),
                                       OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, nullptr, 0),
                                       OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, nullptr),
                                       OSSL_PARAM_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, nullptr, 0),
                                       OSSL_PARAM_END};
    return types;
}

static int get_parameters(void* context, OSSL_PARAM parameters[]) {
    const Agreeing& agreeing = agreeing_of(context);
    OSSL_PARAM* kdf = OSSL_PARAM_locate(parameters, OSSL_EXCHANGE_PARAM_KDF_TYPE);
    OSSL_PARAM* digest = OSSL_PARAM_locate(parameters, OSSL_EXCHANGE_PARAM_KDF_DIGEST);
    OSSL_PARAM* length = OSSL_PARAM_locate(parameters, OSSL_EXCHANGE_PARAM_KDF_OUTLEN);
    if (kdf != nullptr && OSSL_PARAM_set_utf8_string(kdf, agreeing.x963 ? OSSL_KDF_NAME_X963KDF : "") != 1) return 0;
    if (digest != nullptr && OSSL_PARAM_set_utf8_string(digest, agreeing.digest.c_str()) != 1) return 0;
    return length == nullptr || OSSL_PARAM_set_size_t(length, agreeing.length) == 1 ? 1 : 0;
}

static const OSSL_PARAM* gettable_parameters(void*, void*) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, nullptr, 0),
                                       OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, nullptr), OSSL_PARAM_END};
    return types;
}

static int begin(void* context, void* key, const OSSL_PARAM parameters[]) try {
    Agreeing& agreeing = agreeing_of(context);
    agreeing.key = static_cast<const TokenKey*>(key);
    if (key == nullptr || !agreeing.key->key || agreeing.key->decryptor == nullptr) return raise("no key that agrees");
    return set_parameters(context, parameters);
} catch (...) {
    return threw();
}

static int set_peer(void* context, void* key) try {
    Agreeing& agreeing = agreeing_of(context);
    const auto* peer = static_cast<const TokenKey*>(key);
    if (peer == nullptr || !peer->key || peer->key->type() != agreeing.key->key->type())
        return raise("the peer's key is on another curve");
    agreeing.peer = bytes_of(peer->key->public_bits());
    return 1;
} catch (...) {
    return threw();
}

static int derive(void* context, unsigned char* out, std::size_t* length, std::size_t room) {
    const Agreeing& agreeing = agreeing_of(context);
    const std::size_t wanted = agreeing.x963 ? agreeing.length : crypto::coordinate_size(*agreeing.key->key);
    if (out == nullptr) {
        *length = wanted;
        return 1;
    }
    if (wanted > room || agreeing.peer.empty()) return raise("no room for the secret, or no peer");
    try {
        const auto secret = agree(agreeing);
        if (!secret) return raise(secret.error().describe());
        const ByteView octets = secret.value().reveal();
        *length = wanted;
        if (agreeing.x963) return derive_x963(agreeing, octets, out);
        std::copy(octets.begin(), octets.end(), out);
        return 1;
    } catch (const std::exception& error) {
        return raise(error.what());
    }
}

}  // extern "C"

using Function = void (*)();

const OSSL_DISPATCH kFunctions[] = {
    {OSSL_FUNC_KEYEXCH_NEWCTX, reinterpret_cast<Function>(new_context)},
    {OSSL_FUNC_KEYEXCH_FREECTX, reinterpret_cast<Function>(free_context)},
    {OSSL_FUNC_KEYEXCH_DUPCTX, reinterpret_cast<Function>(duplicate_context)},
    {OSSL_FUNC_KEYEXCH_INIT, reinterpret_cast<Function>(begin)},
    {OSSL_FUNC_KEYEXCH_SET_PEER, reinterpret_cast<Function>(set_peer)},
    {OSSL_FUNC_KEYEXCH_DERIVE, reinterpret_cast<Function>(derive)},
    {OSSL_FUNC_KEYEXCH_SET_CTX_PARAMS, reinterpret_cast<Function>(set_parameters)},
    {OSSL_FUNC_KEYEXCH_SETTABLE_CTX_PARAMS, reinterpret_cast<Function>(settable_parameters)},
    {OSSL_FUNC_KEYEXCH_GET_CTX_PARAMS, reinterpret_cast<Function>(get_parameters)},
    {OSSL_FUNC_KEYEXCH_GETTABLE_CTX_PARAMS, reinterpret_cast<Function>(gettable_parameters)},
    {0, nullptr},
};

}  // namespace

const OSSL_ALGORITHM kAgreement[] = {
    {"ECDH", kProperties, kFunctions, "ECDH by a token key"},
    {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace sealwright::hsm::openssl_provider
