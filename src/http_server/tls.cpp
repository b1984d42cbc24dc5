#include "http_server/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>

namespace sealwright::http_server {
namespace {

constexpr long kMaxClientCertificates = 16384;  // octets of the client's Certificate message

struct Free {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(X509_NAME* name) const noexcept { X509_NAME_free(name); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string errors() {
    std::string text;
    while (const unsigned long code = ERR_get_error()) {
        std::array<char, 256> line{};
        ERR_error_string_n(code, line.data(), line.size());
        if (!text.empty()) text += "; ";
        text += line.data();
    }
    return text;
}

// See tls.hpp: any certificate is taken here; the handler authenticates it.
int accept_any(X509_STORE_CTX*, void*) { return 1; }

Result<std::vector<Owned<X509>>> read_chain(const std::string& pem) {
    const Owned<BIO> bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    std::vector<Owned<X509>> chain;
    while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) chain.emplace_back(certificate);
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (chain.empty() || !at_end)
        return fail(ErrorCode::config, "the TLS certificate chain is no PEM of certificates", errors());
    ERR_clear_error();
    return chain;
}

Result<void> use_chain(SSL_CTX* context, const TlsOptions& options) {
    SEALWRIGHT_TRY(const auto chain, read_chain(options.certificate_chain_pem));
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1)
        return fail(ErrorCode::config, "the TLS certificate cannot be used", errors());
    for (std::size_t i = 1; i < chain.size(); ++i) {
        if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1)
            return fail(ErrorCode::config, "the TLS certificate chain cannot be used", errors());
    }
    if (SSL_CTX_use_PrivateKey(context, options.key) != 1)
        return fail(ErrorCode::config, "the TLS key does not belong to its certificate", errors());
    return success();
}

Result<void> ask_client(SSL_CTX* context, const TlsOptions& options) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, accept_any, nullptr);
    SSL_CTX_set_max_cert_list(context, kMaxClientCertificates);
    for (const auto& der : options.acceptable_issuers) {
        const std::uint8_t* at = der.data();
        Owned<X509_NAME> name{d2i_X509_NAME(nullptr, &at, static_cast<long>(der.size()))};
        if (!name) return fail(ErrorCode::config, "an acceptable issuer is no Name", errors());
        STACK_OF(X509_NAME)* names = SSL_CTX_get_client_CA_list(context) != nullptr
                                         ? SSL_dup_CA_list(SSL_CTX_get_client_CA_list(context))
                                         : sk_X509_NAME_new_null();
        sk_X509_NAME_push(names, name.release());
        SSL_CTX_set_client_CA_list(context, names);
    }
    return success();
}

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const TlsOptions& options) {
    ERR_clear_error();
    Owned<SSL_CTX> context{SSL_CTX_new(TLS_server_method())};
    if (!context) return fail(ErrorCode::internal, "cannot make a TLS context", errors());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 0);
    SSL_CTX_set_max_early_data(context.get(), 0);
    // Idle connections give their 32 KiB of record buffers back.
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SEALWRIGHT_TRY(use_chain(context.get(), options));
    if (options.ask_client_certificate) {
        SEALWRIGHT_TRY(ask_client(context.get(), options));
    }
    return std::shared_ptr<const TlsContext>{new TlsContext{context.release()}};
}

}  // namespace sealwright::http_server
