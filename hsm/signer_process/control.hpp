// control.hpp: the packets between the signer's supervisor, which makes processes and has the PINs, and its server,
// which decides when. One packet a message; nothing in them comes from outside.
#pragma once

#include <variant>

#include "hsm/signer_process/packet_socket.hpp"

namespace sealwright::hsm::signer_process {

inline constexpr std::size_t kMaxControlPacket = 8192;

// The server asks.
struct StartToken {
    std::uint8_t token = 0;
};
struct KillToken {
    std::uint8_t token = 0;
};
struct ServerReady {};  // it listens
using ControlRequest = std::variant<StartToken, KillToken, ServerReady>;

// The supervisor tells. TokenStarted comes with the packet socket and the marks.
struct TokenStarted {
    std::uint8_t token = 0;
    std::uint32_t pid = 0;
};
struct TokenNotStarted {
    std::uint8_t token = 0;
    Error why{ErrorCode::internal};
    bool is_pin_refused = false;  // the PIN is not tried any more; else none could be had
};
struct TokenEnded {
    std::uint8_t token = 0;
    std::uint32_t pid = 0;
    bool by_signal = false;
    std::uint8_t status = 0;        // exit status or signal number
    bool is_login_unclear = false;  // its last login had no clear answer: it may have spent a try of the PIN
};
using ControlNotice = std::variant<TokenStarted, TokenNotStarted, TokenEnded>;

Bytes encode_control(const ControlRequest& request);
Bytes encode_control(const ControlNotice& notice);
Result<ControlRequest> parse_control_request(ByteView packet);
Result<ControlNotice> parse_control_notice(ByteView packet);

}  // namespace sealwright::hsm::signer_process
