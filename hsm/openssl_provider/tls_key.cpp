#include "hsm/openssl_provider/tls_key.hpp"

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

// Pending keys wait here between make_tls_key and the import that it causes.
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

bool is_supported(crypto::KeyType type) {
    using crypto::KeyType;
    return type == KeyType::rsa || type == KeyType::ec_p256 || type == KeyType::ec_p384 || type == KeyType::ec_p521;
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

Result<std::shared_ptr<evp_pkey_st>> make_tls_key(Signer& signer, const crypto::PublicKey& key,
                                                  crypto::Random& random) {
    if (!is_supported(key.type())) return fail(ErrorCode::unsupported, "a TLS key is RSA or EC P-256, P-384 or P-521");
    SEALWRIGHT_TRY(OSSL_LIB_CTX * context, provider_context());
    const char* name = key.type() == crypto::KeyType::rsa ? "RSA" : "EC";
    const crypto::EvpPkeyCtxPtr importer{::EVP_PKEY_CTX_new_from_name(context, name, nullptr)};
    std::uint64_t handle = add_pending(TokenKey{key, &signer, &random});
    std::array parameters{::OSSL_PARAM_construct_uint64(kHandleParameter, &handle), ::OSSL_PARAM_construct_end()};
    EVP_PKEY* made = nullptr;
    if (!importer || ::EVP_PKEY_fromdata_init(importer.get()) != 1 ||
        ::EVP_PKEY_fromdata(importer.get(), &made, EVP_PKEY_KEYPAIR, parameters.data()) != 1) {
        (void)claim_pending(handle);
        return fail(ErrorCode::internal, "OpenSSL refuses the token's key", openssl_reason());
    }
    return std::shared_ptr<evp_pkey_st>{made, ::EVP_PKEY_free};
}

}  // namespace sealwright::hsm::openssl_provider
