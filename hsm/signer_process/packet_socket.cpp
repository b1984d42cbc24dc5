#include "hsm/signer_process/packet_socket.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/secret.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::size_t kMaxDescriptors = 4;
constexpr int kBuffer = 1 << 20;

struct Ancillary {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxDescriptors)> space{};
};

msghdr header_of(iovec& vector) {
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    return header;
}

void attach(msghdr& header, Ancillary& ancillary, const std::vector<int>& descriptors) {
    header.msg_control = ancillary.space.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    std::memcpy(CMSG_DATA(part), descriptors.data(), sizeof(int) * descriptors.size());
}

std::vector<Descriptor> detach(msghdr& header) {
    std::vector<Descriptor> descriptors;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
            descriptors.emplace_back(fd);
        }
    }
    return descriptors;
}

}  // namespace

Result<PacketPair> make_packet_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return fail(ErrorCode::io, "no socket pair", std::strerror(errno));
    for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kBuffer, sizeof(kBuffer));
    return PacketPair{Descriptor{ends[0]}, Descriptor{ends[1]}};
}

Result<void> send_packet(int socket, ByteView packet, Waiting waiting, const std::vector<int>& descriptors) {
    iovec vector{const_cast<std::uint8_t*>(packet.data()), packet.size()};
    msghdr header = header_of(vector);
    Ancillary ancillary;
    if (!descriptors.empty()) attach(header, ancillary, descriptors);
    const int flags = MSG_NOSIGNAL | (waiting == Waiting::no ? MSG_DONTWAIT : 0);
    ssize_t sent = -1;
    do {
        sent = ::sendmsg(socket, &header, flags);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return success();
    if (errno == EAGAIN) return fail(ErrorCode::overloaded, "the other process does not read");
    return fail(ErrorCode::unavailable, "the other process is gone", std::strerror(errno));
}

void PacketReceiver::wipe() noexcept {
    zeroise(buffer_.data(), used_);
    used_ = 0;
}

Result<Packet> PacketReceiver::receive(int socket) {
    wipe();
    iovec vector{buffer_.data(), buffer_.size()};
    msghdr header = header_of(vector);
    Ancillary ancillary;
    header.msg_control = ancillary.space.data();
    header.msg_controllen = ancillary.space.size();
    ssize_t count = -1;
    do {
        count = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return fail(ErrorCode::unavailable, "the other process is gone", std::strerror(errno));
    used_ = static_cast<std::size_t>(count);
    Packet packet{ByteView{buffer_}.first(static_cast<std::size_t>(count)), detach(header)};
    if (count == 0) return fail(ErrorCode::unavailable, "the other process is gone");
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        return fail(ErrorCode::too_large, "a packet that is too large");
    return packet;
}

}  // namespace sealwright::hsm::signer_process
