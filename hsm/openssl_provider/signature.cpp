// Signatures by a token key: the message as a whole goes to the Signer port, which hashes and signs it.
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <array>
#include <cstring>
#include <exception>

#include "hsm/openssl_provider/provider.hpp"

namespace sealwright::hsm::openssl_provider {
namespace {

using crypto::DigestAlgorithm;
using crypto::KeyType;
using crypto::SignatureAlgorithm;
using crypto::SignatureScheme;

// CertificateVerify content has at most 146 octets; nothing else is signed here.
constexpr std::size_t kMaxMessage = 4096;

struct Signing {
    const TokenKey* key = nullptr;
    SignatureAlgorithm algorithm;
    Bytes message;
};

Signing& signing_of(void* context) { return *static_cast<Signing*>(context); }

// raise leaves a reason in OpenSSL's error queue, where the caller of the handshake finds it.
int raise(std::string_view what) {
    ERR_raise_data(ERR_LIB_USER, ERR_R_OPERATION_FAIL, "%.*s", static_cast<int>(what.size()), what.data());
    return 0;
}

std::optional<DigestAlgorithm> digest_named(const char* name) {
    struct Row {
        const char *name, *other_name;
        DigestAlgorithm digest;
    };
    constexpr std::array kRows{Row{"SHA256", "SHA2-256", DigestAlgorithm::sha256},
                               Row{"SHA384", "SHA2-384", DigestAlgorithm::sha384},
                               Row{"SHA512", "SHA2-512", DigestAlgorithm::sha512}};
    for (const Row& row : kRows) {
        if (::OPENSSL_strcasecmp(name, row.name) == 0 || ::OPENSSL_strcasecmp(name, row.other_name) == 0)
            return row.digest;
    }
    return std::nullopt;
}

// number_or_name: OpenSSL gives padding mode and salt length as a number or as a word.
bool parameter_is(const OSSL_PARAM& parameter, int number, const char* word) {
    if (parameter.data_type == OSSL_PARAM_UTF8_STRING)
        return std::strcmp(static_cast<const char*>(parameter.data), word) == 0;
    int value = 0;
    return OSSL_PARAM_get_int(&parameter, &value) == 1 && value == number;
}

int set_padding(Signing& signing, const OSSL_PARAM& parameter) {
    if (signing.key->key->type() != KeyType::rsa) return raise("padding is for RSA keys");
    if (parameter_is(parameter, RSA_PKCS1_PSS_PADDING, OSSL_PKEY_RSA_PAD_MODE_PSS)) {
        signing.algorithm.scheme = SignatureScheme::rsa_pss;
    } else if (parameter_is(parameter, RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15)) {
        signing.algorithm.scheme = SignatureScheme::rsa_pkcs1;
    } else {
        return raise("only PKCS#1 v1.5 and PSS padding are supported");
    }
    return 1;
}

Result<Bytes> sign(const Signing& signing, ByteView message) {
    const TokenKey& key = *signing.key;
    SignRequest request;
    request.key = key.key->id();
    request.purpose = Purpose::tls;
    request.algorithm = signing.algorithm;
    request.intent = crypto::random_id<IntentId>(*key.random);
    request.tbs = message;
    SEALWRIGHT_TRY(auto signature, key.signer->sign(request));
    SEALWRIGHT_TRY(key.key->verify(signing.algorithm, message, signature));
    return signature;
}

// finish writes the signature, or its greatest length where signature is null.
int finish(const Signing& signing, ByteView message, unsigned char* signature, std::size_t* length, std::size_t room) {
    const auto size = (signing.key->key->bits() + 7) / 8;
    const std::size_t greatest = signing.key->key->type() == KeyType::rsa ? size : 2 * (size + 3) + 3;
    if (signature == nullptr) {
        *length = greatest;
        return 1;
    }
    try {
        const auto made = sign(signing, message);
        if (!made) return raise(made.error().describe());
        if (made.value().size() > room) return raise("no room for the signature");
        std::copy(made.value().begin(), made.value().end(), signature);
        *length = made.value().size();
        return 1;
    } catch (const std::exception& error) {
        return raise(error.what());
    }
}

extern "C" {

static void* new_context(void*, const char*) { return new (std::nothrow) Signing; }
static void free_context(void* context) { delete static_cast<Signing*>(context); }
static void* duplicate_context(void* context) { return new (std::nothrow) Signing{signing_of(context)}; }

static int set_parameters(void* context, const OSSL_PARAM parameters[]) {
    Signing& signing = signing_of(context);
    if (parameters == nullptr) return 1;
    if (const OSSL_PARAM* padding = OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_PAD_MODE)) {
        if (set_padding(signing, *padding) != 1) return 0;
    }
    if (const OSSL_PARAM* salt = OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_PSS_SALTLEN)) {
        // RFC 8446 4.2.3: the salt is as long as the digest; so it is in every PSS signature of the house.
        if (!parameter_is(*salt, RSA_PSS_SALTLEN_DIGEST, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST))
            return raise("only a salt as long as the digest is supported");
    }
    return 1;
}

static const OSSL_PARAM* settable_parameters(void*, void*) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
                                       OSSL_PARAM_END};
    return types;
}

static int begin(void* context, const char* digest, void* key, const OSSL_PARAM parameters[]) {
    Signing& signing = signing_of(context);
    if (key != nullptr) signing.key = static_cast<const TokenKey*>(key);
    if (signing.key == nullptr || !signing.key->key || signing.key->signer == nullptr) return raise("no private key");
    const auto algorithm = digest == nullptr ? std::optional{DigestAlgorithm::sha256} : digest_named(digest);
    if (!algorithm) return raise("only SHA-256, SHA-384 and SHA-512 are supported");
    signing.algorithm.digest = *algorithm;
    signing.algorithm.scheme =
        signing.key->key->type() == KeyType::rsa ? SignatureScheme::rsa_pkcs1 : SignatureScheme::ecdsa;
    signing.message.clear();
    return set_parameters(context, parameters);
}

static int update(void* context, const unsigned char* data, std::size_t size) {
    Signing& signing = signing_of(context);
    if (size > kMaxMessage - signing.message.size()) return raise("this is no CertificateVerify: too long");
    append(signing.message, ByteView{data, size});
    return 1;
}

static int final(void* context, unsigned char* signature, std::size_t* length, std::size_t room) {
    const Signing& signing = signing_of(context);
    return finish(signing, signing.message, signature, length, room);
}

static int sign_at_once(void* context, unsigned char* signature, std::size_t* length, std::size_t room,
                        const unsigned char* data, std::size_t size) {
    return finish(signing_of(context), ByteView{data, size}, signature, length, room);
}

}  // extern "C"

using Function = void (*)();

const OSSL_DISPATCH kFunctions[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, reinterpret_cast<Function>(new_context)},
    {OSSL_FUNC_SIGNATURE_FREECTX, reinterpret_cast<Function>(free_context)},
    {OSSL_FUNC_SIGNATURE_DUPCTX, reinterpret_cast<Function>(duplicate_context)},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, reinterpret_cast<Function>(begin)},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, reinterpret_cast<Function>(update)},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, reinterpret_cast<Function>(final)},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, reinterpret_cast<Function>(sign_at_once)},
    {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, reinterpret_cast<Function>(set_parameters)},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, reinterpret_cast<Function>(settable_parameters)},
    {0, nullptr},
};

}  // namespace

const OSSL_ALGORITHM kSignatures[] = {
    {"ECDSA", kProperties, kFunctions, "ECDSA by a token key"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperties, kFunctions, "RSA by a token key"},
    {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace sealwright::hsm::openssl_provider
