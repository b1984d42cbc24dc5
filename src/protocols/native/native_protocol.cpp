#include "protocols/native/native_protocol.hpp"

#include "http_server/problem.hpp"
#include "issuance/authentication.hpp"
#include "protocols/native/credential.hpp"

namespace sealwright::protocols::native {
namespace {

using http_server::Request;
using http_server::Response;
using policy::Principal;

constexpr std::string_view kRequests = "/native/v1/requests/";
constexpr std::string_view kChainType = "application/pem-certificate-chain";
constexpr std::size_t kMaxProfileName = 128;
constexpr std::string_view kPollAfter = "30";  // seconds, while officers make up their minds
constexpr std::string_view kTryAgainAfter = "5";

// authenticate gives the principal of a new request; authenticate_for that of somebody who asks after one.
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

Result<Principal> authenticate(const Ports& ports, const Request& request, std::optional<RequestId> about) {
    SEALWRIGHT_TRY(const auto credential, read_credential(request));
    return std::visit(Authenticate{ports, about}, credential);
}

// A credential is for one profile; a request may name it, and need not.
std::string profile_of_credential(const Principal& principal) {
    if (const auto* secret = std::get_if<policy::SecretPrincipal>(&principal)) return secret->profile;
    if (const auto* certificate = std::get_if<policy::CertificatePrincipal>(&principal)) return certificate->profile;
    return {};
}

Result<std::string> read_profile(const Request& request, const Principal& principal) {
    SEALWRIGHT_TRY(const auto named, request.target.query_value("profile"));
    if (!named) return profile_of_credential(principal);
    if (named->empty() || named->size() > kMaxProfileName)
        return fail(ErrorCode::malformed, "the profile's name is empty or too long");
    return *named;
}

Result<x509::CertificateRequest> read_csr(const Request& request) {
    SEALWRIGHT_TRY(const auto field, request.sole_header("Content-Type"));
    const auto type = http_server::media_type(field.value_or(""));
    if (type == "application/pkcs10") return x509::CertificateRequest::parse(view_of(request.body));
    if (type == "application/x-pem-file" || type == "text/plain") {
        SEALWRIGHT_TRY(auto csr, x509::CertificateRequest::parse_any(view_of(request.body)));
        return csr;
    }
    return fail(ErrorCode::unsupported,
                "the request must come as application/pkcs10 (DER), application/x-pem-file or text/plain (PEM)");
}

Response problem_for(const Error& error) {
    const unsigned status = http_status(error.code());
    auto response = http_server::problem_of(status, error);
    if (status == 401) response.with("WWW-Authenticate", "Bearer realm=\"sealwright\"");
    if (status == 503) response.with("Retry-After", std::string{kTryAgainAfter});
    return response;
}

// Not recorded: what is recorded of each request is what the bound is for.
Response too_many() {
    return http_server::problem(429, ErrorCode::overloaded, "this credential is used too often; try again later")
        .with("Retry-After", "10");
}

}  // namespace

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

NativeProtocol::NativeProtocol(Ports ports) : ports_(std::move(ports)) {
    const auto& chain = ports_.engine.authority().chain;
    // The root is what a client trusts by other means or not at all (RFC 5246 7.4.2 and RFC 8555 9.1 leave it out as
    // well).
    const std::size_t count = chain.size() > 1 ? chain.size() - 1 : chain.size();
    for (std::size_t i = 0; i < count; ++i) chain_pem_ += x509::encode_pem("CERTIFICATE", chain[i].der().view());
}

Response NativeProtocol::refuse(const Request& request, const Principal& principal, std::string_view profile,
                                const Error& why) const {
    const bool unknown_peer = std::holds_alternative<policy::AnonymousPrincipal>(principal);
    if (!unknown_peer || ports_.may_record()) {
        ports_.engine.refuse_input(principal, policy::Channel::https, request.peer.address, profile,
                                   view_of(request.body), why);
    }
    return problem_for(why);
}

Response NativeProtocol::answer(const issuance::IssueOutcome& outcome) const {
    if (const auto* pending = std::get_if<issuance::Pending>(&outcome)) {
        std::string body = "{\"state\":\"awaiting_approval\",\"request\":\"" + pending->request.hex() +
                           "\",\"approvals_needed\":" + std::to_string(pending->approvals_needed) + "}\n";
        return http_server::response_of(202, "application/json", std::move(body))
            .with("Location", std::string{kRequests} + pending->request.hex())
            .with("Retry-After", std::string{kPollAfter});
    }
    const auto& issued = std::get<issuance::Issued>(outcome);
    return http_server::response_of(201, kChainType,
                                    x509::encode_pem("CERTIFICATE", issued.certificate.view()) + chain_pem_)
        .with("Location", std::string{kRequests} + issued.request.hex())
        .with("X-Sealwright-Serial", issued.serial.hex());
}

Response NativeProtocol::enrol(const Request& request) const {
    if (auto may = ports_.may_serve(); !may) return problem_for(may.error());
    const std::string named = request.target.query_value("profile").has_value()
                                  ? request.target.query_value("profile").value().value_or("")
                                  : "";
    auto principal = authenticate(ports_, request, {});
    if (!principal) return refuse(request, policy::AnonymousPrincipal{}, named, principal.error());
    if (!ports_.may_ask(policy::describe(principal.value()))) return too_many();
    auto profile = read_profile(request, principal.value());
    if (!profile) return refuse(request, principal.value(), named, profile.error());
    auto csr = read_csr(request);
    if (!csr) return refuse(request, principal.value(), profile.value(), csr.error());
    auto requested = profile::requested_content(csr.value());
    if (!requested) return refuse(request, principal.value(), profile.value(), requested.error());

    auto outcome = ports_.engine.issue({.principal = std::move(principal).value(),
                                        .channel = policy::Channel::https,
                                        .peer = request.peer.address,
                                        .profile = std::move(profile).value(),
                                        .requested = std::move(requested).value(),
                                        .proof = issuance::CsrProof{std::move(csr).value()}});
    return outcome ? answer(outcome.value()) : problem_for(outcome.error());
}

Response NativeProtocol::poll(const Request& request) const {
    if (auto may = ports_.may_serve(); !may) return problem_for(may.error());
    const auto id = RequestId::from_hex_text(request.parameter("id"));
    if (!id) return problem_for(fail(ErrorCode::not_found, "no request has this identifier"));
    auto principal = authenticate(ports_, request, id.value());
    if (!principal) return refuse(request, policy::AnonymousPrincipal{}, {}, principal.error());
    if (!ports_.may_ask(policy::describe(principal.value()))) return too_many();
    auto outcome = ports_.engine.resume(id.value(), principal.value());
    if (!outcome) return problem_for(outcome.error());
    auto response = answer(outcome.value());
    if (response.status == 201) response.status = 200;
    return response;
}

void add_routes(http_server::Router& router, const NativeProtocol& protocol) {
    using http_server::BodyRule;
    // A PEM is a third larger than its DER, and may have text around it that is then refused by name.
    const http_server::RouteOptions enrolment{
        .body = BodyRule::required, .max_body = 2 * x509::kMaxCsrSize, .names_boundary = true};
    router.add("POST", "/native/v1/certificates", enrolment,
               [&protocol](const Request& request) { return protocol.enrol(request); });
    router.add("GET", "/native/v1/requests/{id}", {.names_boundary = true},
               [&protocol](const Request& request) { return protocol.poll(request); });
}

}  // namespace sealwright::protocols::native
