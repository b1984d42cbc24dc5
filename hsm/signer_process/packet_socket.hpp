// packet_socket.hpp: SOCK_SEQPACKET pairs between the signer's own processes: whole packets, each with at most a few
// descriptors.
#pragma once

#include <array>
#include <vector>

#include "hsm/signer_process/unix_socket.hpp"

namespace sealwright::hsm::signer_process {

struct PacketPair {
    Descriptor ours, theirs;
};
Result<PacketPair> make_packet_pair();

// send_packet sends all or nothing; overloaded when the peer has not made room and wait is false, unavailable when it
// is gone.
enum class Waiting { no, yes };
Result<void> send_packet(int socket, ByteView packet, Waiting waiting, const std::vector<int>& descriptors = {});

// Packet is one that was received; its octets lie in the receiver's buffer.
struct Packet {
    ByteView octets;
    std::vector<Descriptor> descriptors;
};

// PacketReceiver keeps a buffer for one thread's packets.
class PacketReceiver {
public:
    explicit PacketReceiver(std::size_t capacity) : buffer_(capacity) {}
    PacketReceiver(const PacketReceiver&) = delete;
    PacketReceiver& operator=(const PacketReceiver&) = delete;
    ~PacketReceiver() { wipe(); }
    // receive waits for a packet; unavailable at the end of the stream, too_large for one that does not fit.
    // Descriptors beyond four are closed.
    Result<Packet> receive(int socket);
    // wipe forgets the last packet, which may have been a secret; the next receive does so too.
    void wipe() noexcept;

private:
    Bytes buffer_;
    std::size_t used_ = 0;  // by the last packet
};

}  // namespace sealwright::hsm::signer_process
