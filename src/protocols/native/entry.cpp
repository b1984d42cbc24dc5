#include "protocols/native/entry.hpp"

#include "http_server/problem.hpp"
#include "issuance/authentication.hpp"
#include "protocols/native/credential.hpp"

namespace sealwright::protocols::native {
namespace {

using http_server::Request;
using http_server::Response;
using policy::Principal;

constexpr std::size_t kMaxProfileName = 128;
constexpr std::string_view kTryAgainAfter = "5";  // seconds

struct Authenticate {
    const Ports& ports;
    std::optional<RequestId> request{};

    Result<Principal> operator()(const NoCredential&) const {
        return fail(ErrorCode::unauthenticated,
                    "a one-time secret (Authorization: Bearer) or a client certificate is needed");
    }
    Result<Principal> operator()(const BearerCredential& bearer) const {
        const auto now = ports.clock.now();
        auto found = request ? issuance::authenticate_secret_for(ports.store, *request, bearer.secret, now)
                             : issuance::authenticate_secret(ports.store, bearer.secret, now);
        if (!found) return found.error();
        return Principal{std::move(found).value()};
    }
    Result<Principal> operator()(const CertificateCredential& shown) const {
        auto found = issuance::authenticate_certificate(ports.store, ports.engine.authority(), shown.certificate,
                                                        ports.clock.now());
        if (!found) return found.error();
        return Principal{std::move(found).value()};
    }
};

// A credential is for one profile; a request may name it, and need not.
std::string profile_of_credential(const Principal& principal) {
    if (const auto* secret = std::get_if<policy::SecretPrincipal>(&principal)) return secret->profile;
    if (const auto* certificate = std::get_if<policy::CertificatePrincipal>(&principal)) return certificate->profile;
    return {};
}

}  // namespace

Result<Principal> authenticate(const Ports& ports, const Request& request, std::optional<RequestId> about) {
    SEALWRIGHT_TRY(const auto credential, read_credential(request));
    return std::visit(Authenticate{ports, about}, credential);
}

Result<std::string> profile_for(const std::optional<std::string>& named, const Principal& principal) {
    if (!named) return profile_of_credential(principal);
    if (named->empty() || named->size() > kMaxProfileName)
        return fail(ErrorCode::malformed, "the profile's name is empty or too long");
    return *named;
}

Response problem_for(const Error& error) {
    const unsigned status = http_status(error.code());
    auto response = http_server::problem_of(status, error);
    if (status == 401) response.with("WWW-Authenticate", "Bearer realm=\"sealwright\"");
    if (status == 503) response.with("Retry-After", std::string{kTryAgainAfter});
    return response;
}

Response too_many() {
    return http_server::problem(429, ErrorCode::overloaded, "this credential is used too often; try again later")
        .with("Retry-After", "10");
}

unsigned http_status(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::malformed:
            return 400;
        case ErrorCode::unauthenticated:
            return 401;
        case ErrorCode::denied:
        case ErrorCode::expired:
            return 403;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::already_exists:
        case ErrorCode::conflict:
            return 409;
        case ErrorCode::too_large:
            return 413;
        // Well-formed, understood, and not acceptable whoever asks: the same request will never do.
        case ErrorCode::unsupported:
        case ErrorCode::invalid_signature:
        case ErrorCode::weak_key:
        case ErrorCode::lint:
            return 422;
        case ErrorCode::unavailable:
        case ErrorCode::overloaded:
        case ErrorCode::storage:
        case ErrorCode::token:
        case ErrorCode::clock:
            return 503;
        case ErrorCode::timed_out:
            return 504;
        case ErrorCode::config:
        case ErrorCode::io:
        case ErrorCode::indeterminate:
        case ErrorCode::internal:
            return 500;
    }
    return 500;
}

}  // namespace sealwright::protocols::native
