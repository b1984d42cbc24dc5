#include "hsm/openssl_provider/evp_key.hpp"

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <array>
#include <map>
#include <mutex>

#include "crypto/openssl_ptr.hpp"
#include "hsm/openssl_provider/provider.hpp"

namespace sealwright::hsm::openssl_provider {
namespace {

// Pending keys wait here between make_key and the import that it causes.
struct Pending {
    std::mutex mutex;
    std::uint64_t next = 1;
    std::map<std::uint64_t, TokenKey> keys;
};

Pending& pending() {
    static auto* keys = new Pending;
    return *keys;
}

extern "C" {

static const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
    *no_cache = 0;
    if (operation == OSSL_OP_KEYMGMT) return kKeyManagement;
    if (operation == OSSL_OP_SIGNATURE) return kSignatures;
    if (operation == OSSL_OP_ASYM_CIPHER) return kDecryption;
    if (operation == OSSL_OP_KEYEXCH) return kAgreement;
    return nullptr;
}

static int initialise(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** out, void** context) {
    static const OSSL_DISPATCH functions[] = {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<void (*)()>(query)},
                                              {0, nullptr}};
    *out = functions;
    *context = &pending();  // must not be null; nothing reads it
    return 1;
}

}  // extern "C"

std::string openssl_reason() {
    std::array<char, 256> text{};
    const unsigned long code = ::ERR_get_error();
    ::ERR_error_string_n(code, text.data(), text.size());
    ::ERR_clear_error();
    return text.data();
}

// provider_context is a library context of our own, made once and never freed: in the default one every search for "EC"
// could find us.
Result<OSSL_LIB_CTX*> provider_context() {
    static std::mutex mutex;
    static OSSL_LIB_CTX* context = nullptr;
    const std::scoped_lock lock{mutex};
    if (context != nullptr) return context;
    OSSL_LIB_CTX* fresh = ::OSSL_LIB_CTX_new();
    if (fresh == nullptr || ::OSSL_PROVIDER_add_builtin(fresh, "sealwright", initialise) != 1 ||
        ::OSSL_PROVIDER_load(fresh, "sealwright") == nullptr) {
        ::OSSL_LIB_CTX_free(fresh);
        return fail(ErrorCode::internal, "OpenSSL refuses the key provider", openssl_reason());
    }
    context = fresh;
    return context;
}

// make_key hands a key to our key management, which takes it out of the pending ones.
Result<std::shared_ptr<evp_pkey_st>> make_key(TokenKey key) {
    SEALWRIGHT_TRY(OSSL_LIB_CTX * context, provider_context());
    const char* name = openssl_name(key.key->type());
    const crypto::EvpPkeyCtxPtr importer{::EVP_PKEY_CTX_new_from_name(context, name, nullptr)};
    std::uint64_t handle = add_pending(std::move(key));
    std::array parameters{::OSSL_PARAM_construct_uint64(kHandleParameter, &handle), ::OSSL_PARAM_construct_end()};
    EVP_PKEY* made = nullptr;
    if (!importer || ::EVP_PKEY_fromdata_init(importer.get()) != 1 ||
        ::EVP_PKEY_fromdata(importer.get(), &made, EVP_PKEY_KEYPAIR, parameters.data()) != 1) {
        (void)claim_pending(handle);
        return fail(ErrorCode::internal, "OpenSSL refuses the token's key", openssl_reason());
    }
    return std::shared_ptr<evp_pkey_st>{made, ::EVP_PKEY_free};
}

}  // namespace

std::uint64_t add_pending(TokenKey key) {
    const std::scoped_lock lock{pending().mutex};
    const std::uint64_t handle = pending().next++;
    pending().keys.emplace(handle, std::move(key));
    return handle;
}

std::optional<TokenKey> claim_pending(std::uint64_t handle) {
    const std::scoped_lock lock{pending().mutex};
    auto node = pending().keys.extract(handle);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
}

const char* openssl_name(crypto::KeyType type) noexcept {
    using enum crypto::KeyType;
    switch (type) {
        case rsa:
            return "RSA";
        case ec_p256:
        case ec_p384:
        case ec_p521:
            return "EC";
        case ed25519:
            return "ED25519";
        case ed448:
            return "ED448";
        case ml_dsa_44:
            return "ML-DSA-44";
        case ml_dsa_65:
            return "ML-DSA-65";
        case ml_dsa_87:
            return "ML-DSA-87";
    }
    return "";
}

int raise(std::string_view what) {
    ERR_raise_data(ERR_LIB_USER, ERR_R_OPERATION_FAIL, "%.*s", static_cast<int>(what.size()), what.data());
    return 0;
}

int threw() noexcept {
    try {
        throw;
    } catch (const std::exception& error) {
        return raise(error.what());
    } catch (...) {
        return raise("an unknown exception");
    }
}

Result<std::shared_ptr<evp_pkey_st>> make_evp_key(Signer& signer, const crypto::PublicKey& key, Purpose purpose,
                                                  crypto::Random& random) {
    if (purpose == Purpose::decrypt) return fail(ErrorCode::unsupported, "nothing is signed under the purpose decrypt");
    return make_key(TokenKey{key, {}, &signer, &random, purpose, nullptr, 0});
}

Result<std::shared_ptr<evp_pkey_st>> make_decryption_key(Decryptor& decryptor, const crypto::PublicKey& key,
                                                         std::size_t content_key_size) {
    using enum crypto::KeyType;
    const auto type = key.type();
    if (type != rsa && type != ec_p256 && type != ec_p384 && type != ec_p521)
        return fail(ErrorCode::unsupported, "only RSA and EC keys decrypt or agree");
    if (content_key_size > kMaxContentKey) return fail(ErrorCode::unsupported, "a content key of more than 64 octets");
    return make_key(TokenKey{key, {}, nullptr, nullptr, Purpose::decrypt, &decryptor, content_key_size});
}

}  // namespace sealwright::hsm::openssl_provider
