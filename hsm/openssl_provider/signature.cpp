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

// A CertificateVerify has at most 146 octets. Of other messages the signer takes what its limits let through; this
// bounds what OpenSSL may have us collect.
constexpr std::size_t kMaxTlsMessage = 4096;
constexpr std::size_t kMaxMessage = 64U << 20U;

struct Signing {
    const TokenKey* key = nullptr;
    SignatureAlgorithm algorithm;
    Bytes message;
};

Signing& signing_of(void* context) { return *static_cast<Signing*>(context); }

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

// openssl_digest: OpenSSL knows the name as we and RFCs write it.
std::string_view openssl_digest(DigestAlgorithm digest) {
    if (digest == DigestAlgorithm::sha384) return "SHA384";
    return digest == DigestAlgorithm::sha512 ? "SHA512" : "SHA256";
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
    request.purpose = key.purpose;
    request.algorithm = signing.algorithm;
    request.intent = crypto::random_id<IntentId>(*key.random);
    request.tbs = message;
    SEALWRIGHT_TRY(auto signature, key.signer->sign(request));
    SEALWRIGHT_TRY(key.key->verify(signing.algorithm, message, signature));
    return signature;
}

// finish writes the signature, or its greatest length where signature is null.
int finish(const Signing& signing, ByteView message, unsigned char* signature, std::size_t* length, std::size_t room) {
    if (signature == nullptr) {
        *length = greatest_signature(*signing.key->key);
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
static void* duplicate_context(void* context) try {
    return new (std::nothrow) Signing{signing_of(context)};
} catch (...) {
    threw();
    return nullptr;
}

static int set_parameters(void* context, const OSSL_PARAM parameters[]) try {
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
    if (const OSSL_PARAM* mgf1 = OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_MGF1_DIGEST)) {
        const char* name = nullptr;
        if (OSSL_PARAM_get_utf8_string_ptr(mgf1, &name) != 1 || digest_named(name) != signing.algorithm.digest)
            return raise("MGF1 uses the same digest as the signature");
    }
    return 1;
} catch (...) {
    return threw();
}

// The questions about digests and padding are for keys that have them.
static int get_parameters(void* context, OSSL_PARAM parameters[]) try {
    const Signing& signing = signing_of(context);
    const auto text = [&](const char* name, std::string_view value) {
        OSSL_PARAM* parameter = OSSL_PARAM_locate(parameters, name);
        return parameter == nullptr || OSSL_PARAM_set_utf8_string(parameter, std::string{value}.c_str()) == 1;
    };
    // OpenSSL asks for padding and salt as a number or as a word.
    const auto number_or_text = [&](const char* name, int number, const char* word) {
        OSSL_PARAM* parameter = OSSL_PARAM_locate(parameters, name);
        if (parameter == nullptr) return true;
        return parameter->data_type == OSSL_PARAM_UTF8_STRING ? OSSL_PARAM_set_utf8_string(parameter, word) == 1
                                                              : OSSL_PARAM_set_int(parameter, number) == 1;
    };
    if (OSSL_PARAM* identifier = OSSL_PARAM_locate(parameters, OSSL_SIGNATURE_PARAM_ALGORITHM_ID)) {
        const Bytes der = crypto::algorithm_identifier(signing.algorithm);
        if (OSSL_PARAM_set_octet_string(identifier, der.data(), der.size()) != 1) return 0;
    }
    if (crypto::signs_messages(signing.algorithm.scheme)) return 1;
    const std::string_view digest = openssl_digest(signing.algorithm.digest);
    const bool pss = signing.algorithm.scheme == SignatureScheme::rsa_pss;
    return text(OSSL_SIGNATURE_PARAM_DIGEST, digest) && text(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, digest) &&
                   number_or_text(OSSL_SIGNATURE_PARAM_PAD_MODE, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING,
                                  pss ? OSSL_PKEY_RSA_PAD_MODE_PSS : OSSL_PKEY_RSA_PAD_MODE_PKCSV15) &&
                   number_or_text(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, RSA_PSS_SALTLEN_DIGEST,
                                  OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST)
               ? 1
               : 0;
} catch (...) {
    return threw();
}

static const OSSL_PARAM* gettable_parameters(void*, void*) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
                                       OSSL_PARAM_END};
    return types;
}

static const OSSL_PARAM* settable_parameters(void*, void*) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0),
                                       OSSL_PARAM_END};
    return types;
}

static int begin(void* context, const char* digest, void* key, const OSSL_PARAM parameters[]) try {
    Signing& signing = signing_of(context);
    if (key != nullptr) signing.key = static_cast<const TokenKey*>(key);
    if (signing.key == nullptr || !signing.key->key || signing.key->signer == nullptr) return raise("no private key");
    signing.algorithm = crypto::default_algorithm(signing.key->key->type());
    signing.message.clear();
    const bool named = digest != nullptr && *digest != '\0';
    if (crypto::signs_messages(signing.algorithm.scheme)) {
        if (named) return raise("this key signs messages and takes no digest");
    } else {
        const auto algorithm = named ? digest_named(digest) : std::optional{DigestAlgorithm::sha256};
        if (!algorithm) return raise("only SHA-256, SHA-384 and SHA-512 are supported");
        signing.algorithm.digest = *algorithm;
    }
    return set_parameters(context, parameters);
} catch (...) {
    return threw();
}

static int update(void* context, const unsigned char* data, std::size_t size) try {
    Signing& signing = signing_of(context);
    const std::size_t limit = signing.key->purpose == Purpose::tls ? kMaxTlsMessage : kMaxMessage;
    if (size > limit - signing.message.size()) return raise("a message that is too long to be signed here");
    append(signing.message, ByteView{data, size});
    return 1;
} catch (...) {
    return threw();
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
    {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, reinterpret_cast<Function>(get_parameters)},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, reinterpret_cast<Function>(gettable_parameters)},
    {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, reinterpret_cast<Function>(set_parameters)},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, reinterpret_cast<Function>(settable_parameters)},
    {0, nullptr},
};

}  // namespace

const OSSL_ALGORITHM kSignatures[] = {
    {"ECDSA", kProperties, kFunctions, "ECDSA by a token key"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperties, kFunctions, "RSA by a token key"},
    {"ED25519:1.3.101.112", kProperties, kFunctions, "Ed25519 by a token key"},
    {"ED448:1.3.101.113", kProperties, kFunctions, "Ed448 by a token key"},
    {"ML-DSA-44:2.16.840.1.101.3.4.3.17", kProperties, kFunctions, "ML-DSA-44 by a token key"},
    {"ML-DSA-65:2.16.840.1.101.3.4.3.18", kProperties, kFunctions, "ML-DSA-65 by a token key"},
    {"ML-DSA-87:2.16.840.1.101.3.4.3.19", kProperties, kFunctions, "ML-DSA-87 by a token key"},
    {nullptr, nullptr, nullptr, nullptr},
};

std::size_t greatest_signature(const crypto::PublicKey& key) noexcept {
    const std::size_t fixed = crypto::fixed_signature_size(crypto::default_algorithm(key.type()).scheme);
    if (fixed != 0) return fixed;
    const std::size_t size = (key.bits() + 7) / 8;
    return key.type() == KeyType::rsa ? size : 2 * (size + 3) + 3;
}

}  // namespace sealwright::hsm::openssl_provider
