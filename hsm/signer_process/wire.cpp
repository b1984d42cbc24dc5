#include "hsm/signer_process/wire.hpp"

#include <algorithm>
#include <array>

#include "base/secret.hpp"
#include "hsm/signer_process/octets.hpp"

namespace sealwright::hsm::signer_process {
namespace {

// Every connection begins with these octets: another program that finds the socket is refused at once.
constexpr std::array<std::uint8_t, 8> kMagic{'S', 'W', 'S', 'I', 'G', 'N', 'E', 'R'};

constexpr std::size_t kHeader = 4 + 1 + 8;

enum Type : std::uint8_t {
    kHello = 1,
    kFence = 2,
    kListKeys = 3,
    kGetPublicKey = 4,
    kLookUp = 5,
    kSign = 6,
    kSignBegin = 7,
    kSignChunk = 8,
    kSignEnd = 9,
    kDecrypt = 10,
    kHelloAnswer = 65,
    kDone = 66,
    kKeyList = 67,
    kPublicKeyAnswer = 68,
    kSignatureAnswer = 69,
    kJournalStateAnswer = 70,
    kSecretAnswer = 71,
    kErrorAnswer = 127,
};

void append_head(Bytes& out, const SignHead& head) {
    append(out, head.key.view());
    out.push_back(static_cast<std::uint8_t>(head.purpose));
    out.push_back(static_cast<std::uint8_t>(head.algorithm.scheme));
    out.push_back(static_cast<std::uint8_t>(head.algorithm.digest));
    append(out, head.intent.view());
    append_number(out, head.deadline_ms);
}

// Writer writes type and payload of each message.
struct Writer {
    Bytes& out;
    std::uint64_t number;

    void begin(Type type) const {
        out.push_back(type);
        append_number(out, number);
    }
    void operator()(const Hello& message) const {
        begin(kHello);
        append(out, kMagic);
        append_number(out, message.version);
    }
    void operator()(const Fence& message) const {
        begin(kFence);
        append(out, message.node.view());
        append_number(out, message.epoch.value());
    }
    void operator()(const ListKeys&) const { begin(kListKeys); }
    void operator()(const GetPublicKey& message) const {
        begin(kGetPublicKey);
        append(out, message.key.view());
    }
    void operator()(const LookUp& message) const {
        begin(kLookUp);
        append(out, message.intent.view());
        append_number(out, message.epoch.value());
    }
    void operator()(const Sign& message) const {
        begin(kSign);
        append_head(out, message.head);
        append(out, message.tbs);
    }
    void operator()(const SignBegin& message) const {
        begin(kSignBegin);
        append_head(out, message.head);
        append_number(out, message.size);
    }
    void operator()(const SignChunk& message) const {
        begin(kSignChunk);
        append(out, message.octets);
    }
    void operator()(const SignEnd&) const { begin(kSignEnd); }
    void operator()(const Decrypt& message) const {
        begin(kDecrypt);
        append(out, message.request.key.view());
        append_number(out, message.deadline_ms);
        append_decrypt_request(out, message.request);
    }
    void operator()(const SecretAnswer& message) const {
        begin(kSecretAnswer);
        append(out, message.secret);
    }
    void operator()(const HelloAnswer& message) const {
        begin(kHelloAnswer);
        append_number(out, message.version);
        append_number(out, message.max_outstanding);
    }
    void operator()(const Done&) const { begin(kDone); }
    void operator()(const KeyList& message) const {
        begin(kKeyList);
        append_number(out, static_cast<std::uint16_t>(message.keys.size()));
        for (const KeyDescription& key : message.keys) {
            append(out, key.id.view());
            out.push_back(static_cast<std::uint8_t>(key.purposes.size()));
            for (const Purpose purpose : key.purposes) out.push_back(static_cast<std::uint8_t>(purpose));
            out.push_back(static_cast<std::uint8_t>(key.algorithms.size()));
            for (const auto& algorithm : key.algorithms) {
                out.push_back(static_cast<std::uint8_t>(algorithm.scheme));
                out.push_back(static_cast<std::uint8_t>(algorithm.digest));
            }
        }
    }
    void operator()(const PublicKeyAnswer& message) const {
        begin(kPublicKeyAnswer);
        append(out, message.spki);
    }
    void operator()(const SignatureAnswer& message) const {
        begin(kSignatureAnswer);
        append(out, message.signature);
    }
    void operator()(const JournalStateAnswer& message) const {
        begin(kJournalStateAnswer);
        out.push_back(static_cast<std::uint8_t>(message.state));
    }
    void operator()(const ErrorAnswer& message) const {
        begin(kErrorAnswer);
        append_number(out, static_cast<std::uint16_t>(message.code));
        append(out, view_of(std::string_view{message.detail}.substr(0, kMaxDetail)));
    }
};

// PayloadSize is at least what Writer writes behind the header.
struct PayloadSize {
    std::size_t operator()(const HelloAnswer&) const { return 6; }
    std::size_t operator()(const Done&) const { return 0; }
    std::size_t operator()(const KeyList& message) const {
        std::size_t size = 2;
        for (const KeyDescription& key : message.keys)
            size += KeyId::kSize + 2 + key.purposes.size() + 2 * key.algorithms.size();
        return size;
    }
    std::size_t operator()(const PublicKeyAnswer& message) const { return message.spki.size(); }
    std::size_t operator()(const SignatureAnswer& message) const { return message.signature.size(); }
    std::size_t operator()(const JournalStateAnswer&) const { return 1; }
    std::size_t operator()(const ErrorAnswer& message) const { return 2 + std::min(message.detail.size(), kMaxDetail); }
    std::size_t operator()(const SecretAnswer& message) const { return message.secret.size(); }
};

// make_room lets out grow by so many octets without leaving a copy of what is in it behind: it may hold a secret.
void make_room(Bytes& out, std::size_t more) {
    if (out.capacity() - out.size() >= more) return;
    Bytes larger;
    larger.reserve(std::max(2 * out.capacity(), out.size() + more));
    append(larger, out);
    zeroise(out.data(), out.size());
    out.swap(larger);
}

template <class Message>
void append_any(Bytes& out, std::uint64_t number, const Message& message) {
    const std::size_t begin = out.size();
    out.resize(begin + 4);
    std::visit(Writer{out, number}, message);
    const auto length = static_cast<std::uint32_t>(out.size() - begin - 4);
    for (std::size_t i = 0; i < 4; ++i) out[begin + i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
}

Error broken(std::string_view what) { return fail(ErrorCode::malformed, "signer protocol: " + std::string{what}); }

Result<Purpose> purpose_of(std::uint8_t value) {
    const auto purpose = static_cast<Purpose>(value);
    if (purpose_name(purpose) == "unknown") return broken("unknown purpose");
    return purpose;
}

Result<crypto::SignatureAlgorithm> algorithm_of(std::uint8_t scheme, std::uint8_t digest) {
    if (scheme < 1 || scheme > static_cast<std::uint8_t>(crypto::SignatureScheme::ml_dsa_87))
        return broken("unknown signature scheme");
    if (digest < 1 || digest > 4) return broken("unknown digest");
    return crypto::SignatureAlgorithm{static_cast<crypto::SignatureScheme>(scheme),
                                      static_cast<crypto::DigestAlgorithm>(digest)};
}

Result<SignHead> read_head(FieldReader& fields) {
    SignHead head;
    head.key = fields.id<KeyId>();
    const auto purpose = fields.number<std::uint8_t>();
    const auto scheme = fields.number<std::uint8_t>();
    const auto digest = fields.number<std::uint8_t>();
    head.intent = fields.id<IntentId>();
    head.deadline_ms = fields.number<std::uint32_t>();
    if (fields.failed()) return broken("truncated request");
    SEALWRIGHT_TRY(head.purpose, purpose_of(purpose));
    SEALWRIGHT_TRY(head.algorithm, algorithm_of(scheme, digest));
    return head;
}

Result<ClientMessage> read_hello(FieldReader& fields) {
    const ByteView magic = fields.octets(kMagic.size());
    if (!equal(magic, kMagic)) return broken("this is no client of the signer");
    return ClientMessage{Hello{fields.number<std::uint16_t>()}};
}

Result<ClientMessage> read_sign(FieldReader& fields) {
    SEALWRIGHT_TRY(const auto head, read_head(fields));
    const ByteView tbs = fields.rest();
    if (tbs.empty() || tbs.size() > kMaxSingleTbs) return broken("a single TBS has 1 to 65536 octets");
    return ClientMessage{Sign{head, tbs}};
}

Result<ClientMessage> read_sign_begin(FieldReader& fields) {
    SEALWRIGHT_TRY(const auto head, read_head(fields));
    const auto size = fields.number<std::uint64_t>();
    if (size == 0 || size > kMaxStreamedTbs)
        return fail(ErrorCode::too_large, "a streamed TBS has 1 to 268435456 octets");
    return ClientMessage{SignBegin{head, size}};
}

Result<ClientMessage> read_decrypt(FieldReader& fields) {
    Decrypt message;
    const auto key = fields.id<KeyId>();
    message.deadline_ms = fields.number<std::uint32_t>();
    SEALWRIGHT_TRY(message.request, parse_decrypt_request(key, fields.rest()));
    return ClientMessage{message};
}

Result<KeyList> read_key_list(FieldReader& fields) {
    const auto count = fields.number<std::uint16_t>();
    if (count > kMaxKeys) return broken("too many keys");
    KeyList list;
    for (unsigned i = 0; i < count && !fields.failed(); ++i) {
        KeyDescription key;
        key.id = fields.id<KeyId>();
        for (unsigned left = fields.number<std::uint8_t>(); left > 0; --left) {
            SEALWRIGHT_TRY(const auto purpose, purpose_of(fields.number<std::uint8_t>()));
            key.purposes.push_back(purpose);
        }
        for (unsigned left = fields.number<std::uint8_t>(); left > 0; --left) {
            const auto scheme = fields.number<std::uint8_t>();
            const auto digest = fields.number<std::uint8_t>();
            SEALWRIGHT_TRY(const auto algorithm, algorithm_of(scheme, digest));
            key.algorithms.push_back(algorithm);
        }
        list.keys.push_back(std::move(key));
    }
    return list;
}

Result<ServerMessage> read_journal_state(FieldReader& fields) {
    const auto state = fields.number<std::uint8_t>();
    if (state < 1 || state > 4) return broken("unknown journal state");
    return ServerMessage{JournalStateAnswer{static_cast<JournalState>(state)}};
}

Result<ServerMessage> read_error(FieldReader& fields) {
    const auto code = fields.number<std::uint16_t>();
    if (code < static_cast<std::uint16_t>(ErrorCode::malformed) ||
        code > static_cast<std::uint16_t>(ErrorCode::internal))
        return broken("unknown error code");
    const ByteView detail = fields.rest();
    if (detail.size() > kMaxDetail) return broken("an error that is too long");
    return ServerMessage{ErrorAnswer{static_cast<ErrorCode>(code), std::string{text_of(detail)}}};
}

Result<ClientMessage> read_client(std::uint8_t type, FieldReader& fields) {
    switch (type) {
        case kHello:
            return read_hello(fields);
        case kFence: {
            const auto node = fields.id<NodeId>();
            return ClientMessage{Fence{node, BootEpoch{fields.number<std::uint64_t>()}}};
        }
        case kListKeys:
            return ClientMessage{ListKeys{}};
        case kGetPublicKey:
            return ClientMessage{GetPublicKey{fields.id<KeyId>()}};
        case kLookUp: {
            const auto intent = fields.id<IntentId>();
            return ClientMessage{LookUp{intent, BootEpoch{fields.number<std::uint64_t>()}}};
        }
        case kSign:
            return read_sign(fields);
        case kSignBegin:
            return read_sign_begin(fields);
        case kSignChunk: {
            const ByteView octets = fields.rest();
            if (octets.empty() || octets.size() > kChunkSize) return broken("a chunk has 1 to 65536 octets");
            return ClientMessage{SignChunk{octets}};
        }
        case kSignEnd:
            return ClientMessage{SignEnd{}};
        case kDecrypt:
            return read_decrypt(fields);
        default:
            return broken("unknown message");
    }
}

Result<ServerMessage> read_server(std::uint8_t type, FieldReader& fields) {
    switch (type) {
        case kHelloAnswer: {
            const auto version = fields.number<std::uint16_t>();
            return ServerMessage{HelloAnswer{version, fields.number<std::uint32_t>()}};
        }
        case kDone:
            return ServerMessage{Done{}};
        case kKeyList: {
            SEALWRIGHT_TRY(auto list, read_key_list(fields));
            return ServerMessage{std::move(list)};
        }
        case kPublicKeyAnswer:
            return ServerMessage{PublicKeyAnswer{fields.rest()}};
        case kSignatureAnswer:
            return ServerMessage{SignatureAnswer{fields.rest()}};
        case kJournalStateAnswer:
            return read_journal_state(fields);
        case kSecretAnswer:
            return ServerMessage{SecretAnswer{fields.rest()}};
        case kErrorAnswer:
            return read_error(fields);
        default:
            return broken("unknown message");
    }
}

}  // namespace

void append_decrypt_request(Bytes& out, const DecryptRequest& request) {
    out.push_back(static_cast<std::uint8_t>(request.scheme));
    out.push_back(static_cast<std::uint8_t>(request.digest));
    append_number(out, static_cast<std::uint16_t>(request.secret_size));
    append_number(out, static_cast<std::uint16_t>(request.label.size()));
    append(out, request.label);
    append(out, request.input);
}

Result<DecryptRequest> parse_decrypt_request(const KeyId& key, ByteView octets) {
    FieldReader fields{octets};
    DecryptRequest request;
    request.key = key;
    request.scheme = static_cast<DecryptScheme>(fields.number<std::uint8_t>());
    const auto digest = fields.number<std::uint8_t>();
    request.digest = static_cast<crypto::DigestAlgorithm>(digest);
    request.secret_size = fields.number<std::uint16_t>();
    request.label = fields.octets(fields.number<std::uint16_t>());
    request.input = fields.rest();
    if (fields.failed() || octets.size() > kMaxDecryptInput || request.input.empty())
        return broken("a request to decrypt that cannot be read");
    if (decrypt_scheme_name(request.scheme) == "unknown" || digest < 1 || digest > 4)
        return broken("unknown decryption scheme");
    return request;
}

void append_message(Bytes& out, std::uint64_t number, const ClientMessage& message) {
    append_any(out, number, message);
}
void append_message(Bytes& out, std::uint64_t number, const ServerMessage& message) {
    make_room(out, kHeader + std::visit(PayloadSize{}, message));
    append_any(out, number, message);
}

Result<std::optional<Frame>> next_frame(ByteView& input) {
    if (input.size() < 4) return std::optional<Frame>{};
    FieldReader fields{input};
    const auto length = fields.number<std::uint32_t>();
    if (length < kHeader - 4) return broken("a frame without a header");
    if (length > kMaxFrame) return fail(ErrorCode::too_large, "signer protocol: a frame of more than 131072 octets");
    if (input.size() - 4 < length) return std::optional<Frame>{};
    Frame frame;
    frame.type = fields.number<std::uint8_t>();
    frame.number = fields.number<std::uint64_t>();
    frame.payload = input.subspan(kHeader, length - (kHeader - 4));
    input = input.subspan(4 + length);
    return std::optional{frame};
}

Result<ClientMessage> parse_client_message(const Frame& frame) {
    FieldReader fields{frame.payload};
    SEALWRIGHT_TRY(auto message, read_client(frame.type, fields));
    if (!fields.finished()) return broken("a message of the wrong length");
    return message;
}

Result<ServerMessage> parse_server_message(const Frame& frame) {
    FieldReader fields{frame.payload};
    SEALWRIGHT_TRY(auto message, read_server(frame.type, fields));
    if (!fields.finished()) return broken("a message of the wrong length");
    return message;
}

}  // namespace sealwright::hsm::signer_process
