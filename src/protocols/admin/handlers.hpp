// handlers.hpp: the handlers behind the routes of the admin API. Each gets a request whose principal is known and whose
// role was checked (where the use case does not do that itself), and gives a response or the error for the table.
#pragma once

#include <algorithm>

#include "http_server/json_body.hpp"
#include "protocols/admin/ports.hpp"

namespace sealwright::protocols::admin {

namespace json = boost::json;
using http_server::Body;
using http_server::json_response;
using http_server::QueryReader;
using http_server::text_or_null;
using http_server::time_or_null;
using http_server::time_value;

// Call is one request with who made it.
struct Call {
    const Ports& ports;
    const http_server::Request& request;
    const policy::Principal& principal;
};
using Answer = Result<http_server::Response>;

inline constexpr std::uint64_t kMaxPage = 1000;  // rows or entries at once

// page_size reads how many rows of a list are wanted, 100 where nothing is said: ?limit=
inline Result<std::size_t> page_size(const QueryReader& query) {
    constexpr std::uint64_t default_page = 100;
    SEALWRIGHT_TRY(const auto limit, query.number("limit", kMaxPage));
    return static_cast<std::size_t>(std::max<std::uint64_t>(limit.value_or(default_page), 1));
}

// site.cpp
Answer show_status(const Call& call);
Answer list_profiles(const Call& call);
Answer show_profile(const Call& call);
Answer publish_crl(const Call& call);

// certificates.cpp
Answer issue_certificate(const Call& call);
Answer list_certificates(const Call& call);
Answer show_certificate(const Call& call);
Answer revoke_certificate(const Call& call);
Answer hold_certificate(const Call& call);
Answer release_certificate(const Call& call);

// requests.cpp
Answer list_requests(const Call& call);
Answer show_request(const Call& call);
Answer approve_request(const Call& call);
Answer deny_request(const Call& call);
Answer resume_request(const Call& call);

// secrets.cpp
Answer create_secret(const Call& call);
Answer list_secrets(const Call& call);
Answer revoke_secret(const Call& call);

// devices.cpp
Answer list_eks(const Call& call);
Answer import_eks(const Call& call);
Answer remove_ek(const Call& call);
Answer list_devices(const Call& call);
Answer show_device(const Call& call);
Answer revoke_device(const Call& call);
Answer retire_device(const Call& call);
Answer show_attestation(const Call& call);

// audit_log.cpp
Answer show_head(const Call& call);
Answer list_entries(const Call& call);
Answer sign_checkpoint(const Call& call);

// outcome_response is the answer to whoever asked for a certificate, at once or by resuming.
http_server::Response outcome_response(const Ports& ports, const issuance::IssueOutcome& outcome);

}  // namespace sealwright::protocols::admin
