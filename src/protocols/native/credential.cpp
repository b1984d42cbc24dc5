#include "protocols/native/credential.hpp"

namespace sealwright::protocols::native {
namespace {

constexpr std::size_t kMaxSecret = 256;

// RFC 6750 2.1: "Bearer" 1*SP b64token; the scheme's name is case-insensitive (RFC 9110 11.1).
Result<Credential> read_bearer(std::string_view value) {
    const auto space = value.find(' ');
    if (!http_server::equal_ignoring_case(value.substr(0, space), "Bearer")) {
        return fail(ErrorCode::unauthenticated, "the authentication scheme must be Bearer");
    }
    auto secret = space == std::string_view::npos ? std::string_view{} : value.substr(space);
    while (secret.starts_with(' ')) secret.remove_prefix(1);
    if (secret.empty()) return fail(ErrorCode::malformed, "the Authorization field has no secret");
    if (secret.size() > kMaxSecret) return fail(ErrorCode::malformed, "the Authorization field has more than a secret");
    return Credential{BearerCredential{std::string{secret}}};
}

}  // namespace

Result<Credential> read_credential(const http_server::Request& request) {
    SEALWRIGHT_TRY(const auto authorization, request.sole_header("Authorization"));
    if (authorization) return read_bearer(*authorization);
    if (request.peer.certificate.empty()) return Credential{NoCredential{}};
    auto certificate = x509::Certificate::parse(request.peer.certificate);
    if (!certificate) return certificate.error().in("client certificate");
    return Credential{CertificateCredential{std::move(certificate).value()}};
}

}  // namespace sealwright::protocols::native
