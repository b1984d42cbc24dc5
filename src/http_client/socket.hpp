// socket.hpp: one non-blocking connection that is waited on with a deadline. Private to this room.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "http_client/endpoint.hpp"

namespace sealwright::http_client {

using Deadline = std::chrono::steady_clock::time_point;

// Socket owns a connected, non-blocking descriptor. Move-only.
class Socket {
public:
    // connect tries each address of the endpoint in turn until one answers or the deadline has passed. Resolving a name
    // blocks for as long as the system's resolver allows itself.
    static Result<Socket> connect(const Endpoint& endpoint, Deadline deadline);

    Socket() = default;
    explicit Socket(int fd) noexcept : fd_(fd) {}
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&& other) noexcept;
    ~Socket();

    int fd() const noexcept { return fd_; }
    // wait blocks until the descriptor can be read (or written); timed_out at the deadline.
    Result<void> wait(bool for_writing, Deadline deadline) const;
    // is_stale says that an idle connection has something to read: the server closed it, or sent what nobody asked for.
    bool is_stale() const noexcept;

private:
    int fd_ = -1;
};

}  // namespace sealwright::http_client
