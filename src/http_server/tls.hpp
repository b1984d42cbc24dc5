// tls.hpp: the server's side of TLS: version 1.3 and nothing older, a key that is given from outside, client
// certificates taken but not judged.
//
// Why OpenSSL does not judge client certificates: whether a certificate of ours may act is a question to our database
// (issued by this CA, which profile, revoked this minute), not to a trust store, and the answer belongs into the audit
// log together with what was asked for. So the handshake asks for a certificate and proves that the client holds its
// key (CertificateVerify), accepts any or none, and hands the DER to the handler, which must authenticate it before it
// means anything (issuance::authenticate_certificate).
//
// Why there is no session resumption: a ticket would carry a client's certificate past its revocation, and ticket keys
// are secrets that the daemon does not want to keep. A full handshake costs one signature of the token; clients keep
// their connections open instead. 0-RTT data, which can be replayed, is never accepted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"

struct evp_pkey_st;  // EVP_PKEY
struct ssl_ctx_st;   // SSL_CTX

namespace sealwright::http_server {

struct TlsOptions {
    std::string certificate_chain_pem{};  // leaf first, without the root
    evp_pkey_st* key = nullptr;           // the leaf's key; its reference count is raised, the caller keeps its own
    bool ask_client_certificate = false;
    std::vector<Bytes>
        acceptable_issuers{};  // DER Names that the CertificateRequest hints at, for clients with several certificates
};

// TlsContext is shared by all connections of a listener. Immutable, thread-safe.
class TlsContext {
public:
    // make: config where chain and key cannot be used or do not belong together.
    static Result<std::shared_ptr<const TlsContext>> make(const TlsOptions& options);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    ssl_ctx_st* native() const noexcept { return context_; }

private:
    explicit TlsContext(ssl_ctx_st* context) noexcept : context_(context) {}
    ssl_ctx_st* context_;
};

}  // namespace sealwright::http_server
