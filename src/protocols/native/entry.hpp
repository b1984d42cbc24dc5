// entry.hpp: what every request of the native protocol goes through first: who asks, for which profile, how often; and
// how an error is told.
#pragma once

#include "http_server/message.hpp"
#include "protocols/native/native_protocol.hpp"

namespace sealwright::protocols::native {

inline constexpr std::string_view kRequests = "/native/v1/requests/";
inline constexpr std::string_view kAttestations = "/native/v1/attestations";

// authenticate gives the principal of a new request, or, where about is given, that of somebody who goes on with that
// one.
Result<policy::Principal> authenticate(const Ports& ports, const http_server::Request& request,
                                       std::optional<RequestId> about);

// profile_for is the profile that a request is about: the named one, else that of the credential. malformed for a name
// that is none.
Result<std::string> profile_for(const std::optional<std::string>& named, const policy::Principal& principal);

// problem_for is the answer to an error, with the header fields that its status wants.
http_server::Response problem_for(const Error& error);
// too_many is not recorded: what is recorded of each request is what the bound is for.
http_server::Response too_many();

}  // namespace sealwright::protocols::native
