// endpoint.hpp: where a client connects to, read from a URL.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sealwright::http_client {

enum class Transport { tcp, tls, unix_socket };

struct Endpoint {
    Transport transport = Transport::tcp;
    std::string host;         // without brackets; the path for a Unix socket
    std::string port;         // decimal
    std::string host_header;  // as it stands in the Host field
    bool host_is_address = false;
};

// parse_endpoint reads "https://host[:port]", "http://host[:port]" or "unix:/path"; a path, query or user information
// behind it is refused.
Result<Endpoint> parse_endpoint(std::string_view url);

}  // namespace sealwright::http_client
