// credential.hpp: what a native request shows of who asks: a one-time secret in the Authorization field, or the client
// certificate of its TLS connection.
#pragma once

#include <variant>

#include "http_server/message.hpp"
#include "x509/certificate.hpp"

namespace sealwright::protocols::native {

struct BearerCredential {
    std::string secret;
};
struct CertificateCredential {
    x509::Certificate certificate;
};
struct NoCredential {};
using Credential = std::variant<NoCredential, BearerCredential, CertificateCredential>;

// read_credential: where both are shown the secret counts, since it was put there on purpose. malformed where a
// credential cannot be read; unauthenticated for an authentication scheme other than Bearer.
Result<Credential> read_credential(const http_server::Request& request);

}  // namespace sealwright::protocols::native
