// token_wire.hpp: the packets between the signer's server and a token process, over a SOCK_SEQPACKET pair. Both ends
// are the same program, but a token process holds a vendor's module: what comes from it is parsed like anything from
// outside.
//
//   packet = version (1) type (1) ...; numbers are big-endian; nothing follows the last field
//   jobs    (server)  count (1) of: slot (2) ticket (8) key (32) scheme (1) digest (1) form (1) length (4) octets
//   key     (token)   key (32) signs digests (1) length (2) SPKI
//   ready   (token)   serial, label, manufacturer, model, module: each length (2) text; SHA-256 of the module (32)
//   refusal (token)   outlook (1) error code (2) public detail, private detail: each length (2) text
//   results (token)   microseconds of the whole packet (4) count (1) of: slot (2) ticket (8) error code (2; 0: signed)
//   then
//                     length (4) signature, or public and private detail as above
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hsm/signer.hpp"

namespace sealwright::hsm::signer_process {

inline constexpr std::uint8_t kTokenWireVersion = 1;
inline constexpr std::size_t kMaxPacket = 160U << 10U;
inline constexpr std::size_t kMaxJobsInPacket = 16;
inline constexpr std::size_t kMaxInlineOctets = 65536;    // longer messages come in a memory file of their own
inline constexpr std::size_t kMaxSignatureOctets = 8192;  // ML-DSA-87 has 4627

// Job is one signature to make. slot and ticket are the server's; the answer repeats them.
struct TokenJob {
    // What octets are: the message; its digest; the message's length as a number of 8 octets, the message itself being
    // in the descriptor that came with the packet (such a packet holds one job); or a request to decrypt (wire.hpp).
    enum class Form : std::uint8_t { message = 1, digest = 2, attached = 3, decrypt = 4 };
    std::uint16_t slot = 0;
    std::uint64_t ticket = 0;
    KeyId key;
    crypto::SignatureAlgorithm algorithm;
    Form form = Form::message;
    ByteView octets;
};
struct TokenJobs {
    std::vector<TokenJob> jobs;
};

struct TokenKeyNotice {
    KeyId key;
    bool signs_digests = false;
    ByteView spki;
};
struct TokenReady {
    std::string serial, label, manufacturer, model, module;
    Sha256 module_sha256;
};
// Outlook is what may become of a token that does not come up: it may heal by waiting (the device is away, its service
// has not started), or a person has to change something first.
enum class Outlook : std::uint8_t { may_heal = 1, needs_a_person = 2 };
// outlook_of judges by the code of an error alone.
Outlook outlook_of(ErrorCode code) noexcept;

// TokenRefusal: the token process ends; denied means that the PIN was refused and must not be tried again.
struct TokenRefusal {
    Error why{ErrorCode::internal};
    Outlook outlook = Outlook::needs_a_person;
};
struct TokenResult {
    std::uint16_t slot = 0;
    std::uint64_t ticket = 0;
    std::optional<Error> error;
    ByteView signature;
};
struct TokenResults {
    std::uint32_t microseconds = 0;
    std::vector<TokenResult> results;
};

using TokenMessage = std::variant<TokenKeyNotice, TokenReady, TokenRefusal, TokenResults>;

Bytes encode_packet(const TokenJobs& jobs);
Bytes encode_packet(const TokenMessage& message);

// The parsers are strict: malformed or unsupported. Views lie in the packet.
Result<TokenJobs> parse_token_jobs(ByteView packet);
Result<TokenMessage> parse_token_message(ByteView packet);

}  // namespace sealwright::hsm::signer_process
