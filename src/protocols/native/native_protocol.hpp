// native_protocol.hpp: enrolment by plain HTTPS (docs/protocols/native.md): a PKCS#10 request and a credential in, a
// certificate chain or a place to ask again out.
#pragma once

#include <functional>

#include "base/clock.hpp"
#include "http_server/router.hpp"
#include "issuance/engine.hpp"

namespace sealwright::protocols::native {

struct Ports {
    issuance::Engine& engine;
    issuance::CaStore& store;
    const Clock& clock;
    // may_serve is success when requests may reach the engine now; else the reason (unavailable).
    std::function<Result<void>()> may_serve;
    // may_record is false when refusals of peers without a valid credential come faster than they should fill the
    // database; such a refusal is then only logged.
    std::function<bool()> may_record;
    // may_ask is false when one credential is shown more often than anybody needs to; by policy::describe.
    std::function<bool(const std::string&)> may_ask;
};

// http_status is this protocol's one table of errors.
unsigned http_status(ErrorCode code) noexcept;

// NativeProtocol is stateless but for its ports; thread-safe; its handlers block.
class NativeProtocol {
public:
    explicit NativeProtocol(Ports ports);
    // enrol answers POST /native/v1/certificates, poll GET /native/v1/requests/{id}.
    http_server::Response enrol(const http_server::Request& request) const;
    http_server::Response poll(const http_server::Request& request) const;
    // The two rounds of an attestation: POST /native/v1/attestations and POST /native/v1/attestations/{id}.
    http_server::Response open_attestation(const http_server::Request& request) const;
    http_server::Response answer_challenge(const http_server::Request& request) const;

private:
    http_server::Response refuse(const http_server::Request& request, const policy::Principal& principal,
                                 std::string_view profile, const Error& why) const;
    static http_server::Response refuse_attestation(const Error& error, const RequestId& request,
                                                    const std::vector<attestation::Finding>& findings);
    http_server::Response tell_end(const RequestId& id, const policy::Principal& principal,
                                   http_server::Response problem) const;
    http_server::Response answer(const issuance::IssueOutcome& outcome) const;

    Ports ports_;
    std::string chain_pem_;  // below the leaf: the issuing CA and what is above it, without the root
};

// add_routes adds both; the protocol must outlive the router.
void add_routes(http_server::Router& router, const NativeProtocol& protocol);

}  // namespace sealwright::protocols::native
