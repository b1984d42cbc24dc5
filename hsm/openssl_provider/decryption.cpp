// RSA decryption by a token key: OAEP, and PKCS#1 v1.5 of a content key of known length.
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
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

constexpr std::size_t kMaxLabel = 4096;

struct Decrypting {
    const TokenKey* key = nullptr;
    DecryptScheme scheme = DecryptScheme::rsa_pkcs1;  // as OpenSSL's own RSA keys begin
    DigestAlgorithm digest = DigestAlgorithm::sha1;
    std::optional<DigestAlgorithm> mgf1;  // unset: that of OAEP
    Bytes label;
};

Decrypting& decrypting_of(void* context) { return *static_cast<Decrypting*>(context); }

std::optional<DigestAlgorithm> digest_named(const char* name) {
    struct Row {
        const char *name, *other_name;
        DigestAlgorithm digest;
    };
    constexpr std::array kRows{
        Row{"SHA1", "SHA-1", DigestAlgorithm::sha1}, Row{"SHA256", "SHA2-256", DigestAlgorithm::sha256},
        Row{"SHA384", "SHA2-384", DigestAlgorithm::sha384}, Row{"SHA512", "SHA2-512", DigestAlgorithm::sha512}};
    for (const Row& row : kRows) {
        if (::OPENSSL_strcasecmp(name, row.name) == 0 || ::OPENSSL_strcasecmp(name, row.other_name) == 0)
            return row.digest;
    }
    return std::nullopt;
}

int set_padding(Decrypting& decrypting, const OSSL_PARAM& parameter) {
    int number = 0;
    if (parameter.data_type == OSSL_PARAM_UTF8_STRING) {
        const auto* word = static_cast<const char*>(parameter.data);
        if (std::strcmp(word, OSSL_PKEY_RSA_PAD_MODE_OAEP) == 0) number = RSA_PKCS1_OAEP_PADDING;
        if (std::strcmp(word, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0) number = RSA_PKCS1_PADDING;
    } else if (OSSL_PARAM_get_int(&parameter, &number) != 1) {
        return 0;
    }
    if (number != RSA_PKCS1_OAEP_PADDING && number != RSA_PKCS1_PADDING)
        return raise("only OAEP and PKCS#1 v1.5 are decrypted by a token key");
    decrypting.scheme = number == RSA_PKCS1_PADDING ? DecryptScheme::rsa_pkcs1 : DecryptScheme::rsa_oaep;
    return 1;
}

// set_digest is for both digests of OAEP, which come in any order: that they are the same is looked at once both are
// there.
int set_digest(Decrypting& decrypting, const OSSL_PARAM& parameter, bool mgf1) {
    const char* name = nullptr;
    if (OSSL_PARAM_get_utf8_string_ptr(&parameter, &name) != 1) return 0;
    const auto digest = digest_named(name);
    if (!digest) return raise("OAEP with another digest than SHA-1 and SHA-2");
    if (mgf1) {
        decrypting.mgf1 = digest;
    } else {
        decrypting.digest = *digest;
    }
    return 1;
}

int set_label(Decrypting& decrypting, const OSSL_PARAM& parameter) {
    const void* octets = nullptr;
    std::size_t size = 0;
    if (OSSL_PARAM_get_octet_string_ptr(&parameter, &octets, &size) != 1 || size > kMaxLabel) return 0;
    const auto* begin = static_cast<const std::uint8_t*>(octets);
    decrypting.label.assign(begin, begin + size);
    return 1;
}

Result<Secret> decrypt(const Decrypting& decrypting, ByteView input) {
    DecryptRequest request;
    request.key = decrypting.key->key->id();
    request.scheme = decrypting.scheme;
    request.digest = decrypting.digest;
    request.input = input;
    if (decrypting.scheme == DecryptScheme::rsa_oaep) {
        if (decrypting.mgf1.value_or(decrypting.digest) != decrypting.digest)
            return fail(ErrorCode::unsupported, "MGF1 uses the same digest as OAEP");
        request.label = decrypting.label;
    } else {
        request.secret_size = decrypting.key->content_key_size;
        if (request.secret_size == 0)
            return fail(ErrorCode::denied, "PKCS#1 v1.5 is not decrypted where the content key's length is not known");
    }
    return decrypting.key->decryptor->decrypt(request);
}

extern "C" {

static void* new_context(void*) { return new (std::nothrow) Decrypting; }
static void free_context(void* context) { delete static_cast<Decrypting*>(context); }
static void* duplicate_context(void* context) try {
    return new (std::nothrow) Decrypting{decrypting_of(context)};
} catch (...) {
    threw();
    return nullptr;
}

static int set_parameters(void* context, const OSSL_PARAM parameters[]) try {
    Decrypting& decrypting = decrypting_of(context);
    if (parameters == nullptr) return 1;
    const auto find = [&](const char* name) { return OSSL_PARAM_locate_const(parameters, name); };
    if (const auto* padding = find(OSSL_ASYM_CIPHER_PARAM_PAD_MODE); padding && !set_padding(decrypting, *padding))
        return 0;
    if (const auto* digest = find(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST);
        digest && !set_digest(decrypting, *digest, false))
        return 0;
    if (const auto* mgf1 = find(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST); mgf1 && !set_digest(decrypting, *mgf1, true))
        return 0;
    if (const auto* label = find(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL); label && !set_label(decrypting, *label)) return 0;
    return 1;
} catch (...) {
    return threw();
}

static const OSSL_PARAM* settable_parameters(void*, void*) {
    static const OSSL_PARAM types[] = {OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, nullptr, 0),
                                       OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, nullptr, 0),
                                       OSSL_PARAM_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, nullptr, 0),
                                       OSSL_PARAM_END};
    return types;
}

static int begin(void* context, void* key, const OSSL_PARAM parameters[]) try {
    Decrypting& decrypting = decrypting_of(context);
    decrypting.key = static_cast<const TokenKey*>(key);
    if (key == nullptr || !decrypting.key->key || decrypting.key->decryptor == nullptr)
        return raise("no key that decrypts");
    return set_parameters(context, parameters);
} catch (...) {
    return threw();
}

static int decrypt_block(void* context, unsigned char* out, std::size_t* length, std::size_t room,
                         const unsigned char* in, std::size_t size) {
    const Decrypting& decrypting = decrypting_of(context);
    if (out == nullptr) {
        *length = decrypting.key->key->rsa_modulus().size();
        return 1;
    }
    try {
        const auto plain = decrypt(decrypting, ByteView{in, size});
        // What the token answered to a block that does not decrypt is not for whoever reads OpenSSL's errors.
        if (!plain) return raise(plain.error().public_detail());
        const ByteView octets = plain.value().reveal();
        if (octets.size() > room) return raise("no room for what was decrypted");
        std::copy(octets.begin(), octets.end(), out);
        *length = octets.size();
        return 1;
    } catch (const std::exception& error) {
        return raise(error.what());
    }
}

}  // extern "C"

using Function = void (*)();

const OSSL_DISPATCH kFunctions[] = {
    {OSSL_FUNC_ASYM_CIPHER_NEWCTX, reinterpret_cast<Function>(new_context)},
    {OSSL_FUNC_ASYM_CIPHER_FREECTX, reinterpret_cast<Function>(free_context)},
    {OSSL_FUNC_ASYM_CIPHER_DUPCTX, reinterpret_cast<Function>(duplicate_context)},
    {OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, reinterpret_cast<Function>(begin)},
    {OSSL_FUNC_ASYM_CIPHER_DECRYPT, reinterpret_cast<Function>(decrypt_block)},
    {OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, reinterpret_cast<Function>(set_parameters)},
    {OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, reinterpret_cast<Function>(settable_parameters)},
    {0, nullptr},
};

}  // namespace

const OSSL_ALGORITHM kDecryption[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperties, kFunctions, "RSA decryption by a token key"},
    {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace sealwright::hsm::openssl_provider
