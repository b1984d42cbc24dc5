// unix_socket.hpp: the few socket calls that signer and client share: a descriptor that closes itself, peer
// credentials, sending all of a buffer.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "base/bytes.hpp"

namespace sealwright::hsm::signer_process {

// Descriptor owns a file descriptor.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    void reset() noexcept;

private:
    int fd_ = -1;
};

struct PeerCredentials {
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
};

Result<Descriptor> connect_unix(const std::string& path);
// bind_unix binds a socket with these permission bits, on which nobody is heard before the caller listens; a socket
// file that nobody listens on is replaced, a living one is a conflict.
Result<Descriptor> bind_unix(const std::string& path, unsigned mode);
Result<PeerCredentials> peer_credentials(int fd);

// send_all sends everything or fails; a peer that has not taken it all within patience is a failure. sent tells how
// much the kernel took.
Result<void> send_all(int fd, ByteView octets, std::chrono::milliseconds patience, std::size_t& sent);

// ReceiveBuffer holds what has come and is not taken yet, in one piece of memory that neither moves nor is cleared for
// each receive.
class ReceiveBuffer {
public:
    // capacity must hold the largest frame.
    explicit ReceiveBuffer(std::size_t capacity) : storage_(capacity) {}
    ReceiveBuffer(const ReceiveBuffer&) = delete;
    ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;
    ~ReceiveBuffer() { keep(0); }
    ByteView view() const noexcept { return ByteView{storage_}.subspan(begin_, end_ - begin_); }
    // keep drops all but the last octets of view().
    // What is dropped is wiped: it may have been a secret.
    void keep(std::size_t count) noexcept;
    // receive adds at least one octet; 0 at the end of the stream. It waits as long as the socket's timeout says.
    Result<std::size_t> receive(int fd);

private:
    Bytes storage_;
    std::size_t begin_ = 0, end_ = 0;
};

// set_receive_timeout bounds every following receive; zero means without bound.
void set_receive_timeout(int fd, std::chrono::milliseconds timeout) noexcept;

}  // namespace sealwright::hsm::signer_process
