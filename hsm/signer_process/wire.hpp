// wire.hpp: the frames of the signer's Unix socket. Values in, octets out, and back; no sockets here. Both sides use
// it, and the fuzzer.
//
//   frame   = length (4, of what follows) type (1) request number (8) payload
//   numbers are big-endian; a frame is at most kMaxFrame octets; what follows the last field of a payload is an error
//
// The client begins with hello, then fence, then asks. Requests are matched to answers by number; several may be
// outstanding, and answers come in any order. A TBS over kMaxSingleTbs is sent as sign_begin, sign_chunk ..., sign_end
// under one number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hsm/decryptor.hpp"
#include "hsm/signer.hpp"

namespace sealwright::hsm::signer_process {

inline constexpr std::uint16_t kWireVersion = 1;
inline constexpr std::size_t kMaxFrame = 131072;
inline constexpr std::size_t kMaxSingleTbs = 65536;
inline constexpr std::size_t kChunkSize = 65536;
inline constexpr std::uint64_t kMaxStreamedTbs = 256U << 20U;
inline constexpr std::size_t kMaxDetail = 1000;  // octets of an error's public detail
inline constexpr std::size_t kMaxKeys = 256;

// What a client says.
struct Hello {
    std::uint16_t version = kWireVersion;
    friend bool operator==(const Hello&, const Hello&) = default;
};
struct Fence {
    NodeId node;
    BootEpoch epoch;
    friend bool operator==(const Fence&, const Fence&) = default;
};
struct ListKeys {
    friend bool operator==(const ListKeys&, const ListKeys&) = default;
};
struct GetPublicKey {
    KeyId key;
    friend bool operator==(const GetPublicKey&, const GetPublicKey&) = default;
};
struct LookUp {
    IntentId intent;
    BootEpoch epoch;  // of the boot that made it
    friend bool operator==(const LookUp&, const LookUp&) = default;
};

// SignHead is what both forms of a request begin with. deadline_ms is how long the client will wait, from when the
// request is read.
struct SignHead {
    KeyId key;
    Purpose purpose = Purpose::certificate;
    crypto::SignatureAlgorithm algorithm;
    IntentId intent;
    std::uint32_t deadline_ms = 0;
    friend bool operator==(const SignHead&, const SignHead&) = default;
};
// The views of parsed messages lie in the frame that they were parsed from.
struct Sign {
    SignHead head;
    ByteView tbs;
};
struct SignBegin {
    SignHead head;
    std::uint64_t size = 0;
};
struct SignChunk {
    ByteView octets;
};
struct SignEnd {};
// Decrypt: what a key is asked to open. The journal only counts it: no certificate comes of it.
struct Decrypt {
    DecryptRequest request;
    std::uint32_t deadline_ms = 0;
};

using ClientMessage =
    std::variant<Hello, Fence, ListKeys, GetPublicKey, LookUp, Sign, SignBegin, SignChunk, SignEnd, Decrypt>;

// What the signer answers.
struct HelloAnswer {
    std::uint16_t version = kWireVersion;
    std::uint32_t max_outstanding = 0;
};
struct Done {};
struct KeyDescription {
    KeyId id;
    std::vector<Purpose> purposes;
    std::vector<crypto::SignatureAlgorithm> algorithms;
};
struct KeyList {
    std::vector<KeyDescription> keys;
};
struct PublicKeyAnswer {
    ByteView spki;
};
struct SignatureAnswer {
    ByteView signature;
};
struct SecretAnswer {
    ByteView secret;
};
struct JournalStateAnswer {
    JournalState state = JournalState::never_seen;
};
struct ErrorAnswer {
    ErrorCode code = ErrorCode::internal;
    std::string detail;
};

using ServerMessage = std::variant<HelloAnswer, Done, KeyList, PublicKeyAnswer, SignatureAnswer, JournalStateAnswer,
                                   ErrorAnswer, SecretAnswer>;

inline constexpr std::size_t kMaxDecryptInput = 4096;  // an RSA block or a point, and an OAEP label

// append_decrypt_request writes everything of a request but its key, as the wire and the token processes have it;
// parse_decrypt_request reads it to its end (malformed).
void append_decrypt_request(Bytes& out, const DecryptRequest& request);
Result<DecryptRequest> parse_decrypt_request(const KeyId& key, ByteView octets);

// append_message adds one whole frame to out. A server's message leaves no copy of itself, or of what stood there
// before, in memory that out gave back as it grew: that may be what was decrypted. The caller wipes out itself.
void append_message(Bytes& out, std::uint64_t number, const ClientMessage& message);
void append_message(Bytes& out, std::uint64_t number, const ServerMessage& message);

// Frame is one frame without its length: what it says is not parsed yet.
struct Frame {
    std::uint8_t type = 0;
    std::uint64_t number = 0;
    ByteView payload;
};

// next_frame takes the first whole frame off the front of input; nullopt when there is none yet; malformed or too_large
// when there will never be.
Result<std::optional<Frame>> next_frame(ByteView& input);

// parse_ are strict: known type, exact length, values within their sets.
Result<ClientMessage> parse_client_message(const Frame& frame);
Result<ServerMessage> parse_server_message(const Frame& frame);

}  // namespace sealwright::hsm::signer_process
