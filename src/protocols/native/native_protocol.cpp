#include "protocols/native/native_protocol.hpp"

#include "http_server/json_body.hpp"
#include "http_server/problem.hpp"
#include "protocols/native/attestation_messages.hpp"
#include "protocols/native/entry.hpp"

namespace sealwright::protocols::native {
namespace {

using http_server::Request;
using http_server::Response;
using policy::Principal;

constexpr std::string_view kChainType = "application/pem-certificate-chain";
constexpr std::string_view kPollAfter = "30";  // seconds, while officers make up their minds

Result<std::string> read_profile(const Request& request, const Principal& principal) {
    SEALWRIGHT_TRY(const auto named, request.target.query_value("profile"));
    return profile_for(named, principal);
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

}  // namespace

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

Response NativeProtocol::open_attestation(const Request& request) const {
    if (auto may = ports_.may_serve(); !may) return problem_for(may.error());
    auto principal = authenticate(ports_, request, {});
    if (!principal) return refuse(request, policy::AnonymousPrincipal{}, {}, principal.error());
    if (!ports_.may_ask(policy::describe(principal.value()))) return too_many();
    auto message = read_opening(request);
    if (!message) return refuse(request, principal.value(), {}, message.error());
    const auto named = message.value().profile.empty() ? std::nullopt : std::optional{message.value().profile};
    auto profile = profile_for(named, principal.value());
    if (!profile) return refuse(request, principal.value(), {}, profile.error());

    const auto result = ports_.engine.challenge({.principal = std::move(principal).value(),
                                                 .channel = policy::Channel::https,
                                                 .peer = request.peer.address,
                                                 .profile = std::move(profile).value(),
                                                 .evidence = std::move(message.value().opening)});
    if (!result.outcome) return refuse_attestation(result.outcome.error(), result.request, result.findings);
    return challenge_response(result.outcome.value(), std::string{kAttestations} + "/" + result.request.hex());
}

Response NativeProtocol::answer_challenge(const Request& request) const {
    if (auto may = ports_.may_serve(); !may) return problem_for(may.error());
    const auto id = RequestId::from_hex_text(request.parameter("id"));
    if (!id) return problem_for(fail(ErrorCode::not_found, "no request has this identifier"));
    auto principal = authenticate(ports_, request, id.value());
    if (!principal) return refuse(request, policy::AnonymousPrincipal{}, {}, principal.error());
    if (!ports_.may_ask(policy::describe(principal.value()))) return too_many();
    auto message = read_answer(request);
    if (!message) return refuse(request, principal.value(), {}, message.error());
    const auto result = ports_.engine.answer(id.value(), principal.value(), std::move(message).value());
    if (!result.outcome) return refuse_attestation(result.outcome.error(), result.request, result.findings);
    return answer(result.outcome.value());
}

Response NativeProtocol::refuse_attestation(const Error& error, const RequestId& request,
                                            const std::vector<attestation::Finding>& findings) {
    if (findings.empty()) return problem_for(error);
    return refused_attestation(http_status(error.code()), error, request, findings);
}

Response NativeProtocol::poll(const Request& request) const {
    if (auto may = ports_.may_serve(); !may) return problem_for(may.error());
    const auto id = RequestId::from_hex_text(request.parameter("id"));
    if (!id) return problem_for(fail(ErrorCode::not_found, "no request has this identifier"));
    auto principal = authenticate(ports_, request, id.value());
    if (!principal) return refuse(request, policy::AnonymousPrincipal{}, {}, principal.error());
    if (!ports_.may_ask(policy::describe(principal.value()))) return too_many();
    auto outcome = ports_.engine.resume(id.value(), principal.value());
    if (!outcome) return tell_end(id.value(), principal.value(), problem_for(outcome.error()));
    auto response = answer(outcome.value());
    if (response.status == 201) response.status = 200;
    return response;
}

// tell_end says to the requester that nothing will come of a request any more: its error alone could be one that
// passes.
Response NativeProtocol::tell_end(const RequestId& id, const Principal& principal, Response problem) const {
    using issuance::RequestState;
    const auto record = ports_.store.request(id);
    if (!record || policy::describe(principal) != record.value().principal) return problem;
    const auto state = record.value().state;
    if (state != RequestState::refused && state != RequestState::indeterminate) return problem;
    const std::string name{issuance::request_state_name(state)};
    http_server::add_members(problem, {{"request", id.hex()}, {"state", name}});
    return problem;
}

void add_routes(http_server::Router& router, const NativeProtocol& protocol) {
    using http_server::BodyRule;
    // A PEM is a third larger than its DER, and may have text around it that is then refused by name.
    const http_server::RouteOptions enrolment{
        .body = BodyRule::required, .max_body = 2 * x509::kMaxCsrSize, .names_boundary = true};
    router.add("POST", "/native/v1/certificates", enrolment,
               [&protocol](const Request& request) { return protocol.enrol(request); });
    router.add("POST", kAttestations, {.body = BodyRule::required, .max_body = kMaxOpeningBody, .names_boundary = true},
               [&protocol](const Request& request) { return protocol.open_attestation(request); });
    router.add("POST", std::string{kAttestations} + "/{id}",
               {.body = BodyRule::required, .max_body = kMaxAnswerBody, .names_boundary = true},
               [&protocol](const Request& request) { return protocol.answer_challenge(request); });
    router.add("GET", "/native/v1/requests/{id}", {.names_boundary = true},
               [&protocol](const Request& request) { return protocol.poll(request); });
}

}  // namespace sealwright::protocols::native
