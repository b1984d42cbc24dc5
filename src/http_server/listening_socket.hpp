// listening_socket.hpp: a bound, listening descriptor for an address. Private to this room.
#pragma once

#include "http_server/server.hpp"

namespace sealwright::http_server {

struct ListeningSocket {
    int fd = -1;  // the caller closes it
    std::uint16_t port = 0;
    bool ipv6 = false;
};

Result<ListeningSocket> listen_tcp(const TcpAddress& address);

// listen_unix gives the socket its mode before anybody can connect. A socket file that nobody answers on is replaced;
// anything else at the path, or a living listener, is already_exists.
Result<ListeningSocket> listen_unix(const UnixAddress& address);

}  // namespace sealwright::http_server
