#include "audit/checkpoint.hpp"

#include <charconv>
#include <stdexcept>

#include "crypto/digest.hpp"

namespace sealwright::audit {
namespace {

constexpr std::size_t kMaxNoteSize = 65536;
constexpr std::size_t kMaxSignatures = 100;
constexpr std::size_t kMaxOriginSize = 255;
constexpr std::string_view kSignaturePrefix = "\xE2\x80\x94 ";  // em dash and space
constexpr std::size_t kKeyIdSize = 4;

// SignatureType is the identifier octet of C2SP signed-note.
enum class SignatureType : std::uint8_t { ed25519 = 0x01, ecdsa = 0x02 };

Result<SignatureType> signature_type(const crypto::PublicKey& key) {
    switch (key.type()) {
        case crypto::KeyType::ed25519:
            return SignatureType::ed25519;
        case crypto::KeyType::ec_p256:
        case crypto::KeyType::ec_p384:
        case crypto::KeyType::ec_p521:
            return SignatureType::ecdsa;
        case crypto::KeyType::rsa:
        case crypto::KeyType::ed448:
        case crypto::KeyType::ml_dsa_44:
        case crypto::KeyType::ml_dsa_65:
        case crypto::KeyType::ml_dsa_87:
            break;
    }
    return fail(ErrorCode::unsupported, "checkpoints are signed with Ed25519 or ECDSA, not with " +
                                            std::string{crypto::key_type_name(key.type())});
}

SignatureType require_signature_type(const crypto::PublicKey& key) {
    const auto type = signature_type(key);
    if (!type) throw std::invalid_argument("a key that cannot sign notes");
    return type.value();
}

// algorithm_of: type 0x02 means SHA-256 for every curve ("ECDSA signatures as implemented by
// github.com/transparency-dev/witness").
crypto::SignatureAlgorithm algorithm_of(SignatureType type) {
    if (type == SignatureType::ed25519) return {crypto::SignatureScheme::ed25519, crypto::DigestAlgorithm::sha512};
    return {crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256};
}

// note_key is the encoding of a public key in key ids and verifier keys.
ByteView note_key(SignatureType type, const crypto::PublicKey& key) {
    return type == SignatureType::ed25519 ? key.public_bits() : key.spki().view();
}

// check_origin is narrower than the specification, which only forbids "Unicode spaces and plus" in key names.
Result<void> check_origin(std::string_view origin) {
    const auto allowed = [](char c) { return c > 0x20 && c < 0x7F && c != '+'; };
    if (origin.empty() || origin.size() > kMaxOriginSize || !std::all_of(origin.begin(), origin.end(), allowed)) {
        return fail(ErrorCode::malformed,
                    "a log's origin is 1 to 255 printable ASCII characters without space and plus");
    }
    return success();
}

Error not_a_note(std::string detail) { return fail(ErrorCode::malformed, "not a signed note", std::move(detail)); }

// take_line gives the next line without its newline; the caller made sure that there is one.
std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

struct NoteSignature {
    std::string_view name;
    Bytes key_id_and_signature;
};

Result<NoteSignature> parse_signature_line(std::string_view line) {
    if (!line.starts_with(kSignaturePrefix)) return not_a_note("a signature line without its dash");
    line.remove_prefix(kSignaturePrefix.size());
    const std::size_t space = line.find(' ');
    if (space == 0 || space == std::string_view::npos) return not_a_note("a signature line without name or signature");
    NoteSignature signature;
    signature.name = line.substr(0, space);
    SEALWRIGHT_TRY(signature.key_id_and_signature, from_base64(line.substr(space + 1)));
    if (signature.key_id_and_signature.size() <= kKeyIdSize) return not_a_note("a signature that is too short");
    return signature;
}

// Note is split at its last empty line: "The note text includes the final newline but not the separating blank line."
struct Note {
    std::string_view text;
    std::vector<NoteSignature> signatures;
};

Result<Note> parse_note(std::string_view note) {
    if (note.size() > kMaxNoteSize) return fail(ErrorCode::too_large, "a checkpoint larger than 65536 octets");
    if (std::any_of(note.begin(), note.end(),
                    [](char c) { return static_cast<std::uint8_t>(c) < 0x20 && c != '\n'; })) {
        return not_a_note("control characters");
    }
    const std::size_t separator = note.rfind("\n\n");
    if (separator == std::string_view::npos || !note.ends_with('\n')) return not_a_note("no text and signatures");
    Note parsed{note.substr(0, separator + 1), {}};
    std::string_view rest = note.substr(separator + 2);
    while (!rest.empty()) {
        if (parsed.signatures.size() == kMaxSignatures)
            return fail(ErrorCode::too_large, "a note with too many signatures");
        SEALWRIGHT_TRY(auto signature, parse_signature_line(take_line(rest)));
        parsed.signatures.push_back(std::move(signature));
    }
    if (parsed.signatures.empty()) return not_a_note("no signature");
    return parsed;
}

Result<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t size = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, size);
    if (error != std::errc{} || stop != end || std::to_string(size) != text)
        return not_a_note("a tree size that is no number");
    return size;
}

// parse_text reads the body: origin, size, root; further lines are "opaque and OPTIONAL", but not empty.
Result<TreeHead> parse_text(std::string_view text, std::string_view origin) {
    if (std::count(text.begin(), text.end(), '\n') < 3) return not_a_note("fewer than three lines");
    if (take_line(text) != origin) return fail(ErrorCode::denied, "the checkpoint is of another log");
    TreeHead head;
    SEALWRIGHT_TRY(head.size, parse_size(take_line(text)));
    SEALWRIGHT_TRY(const auto root, from_base64(take_line(text)));
    SEALWRIGHT_TRY(head.root, Sha256::from(root));
    while (!text.empty()) {
        if (take_line(text).empty()) return not_a_note("an empty line in the text");
    }
    if (head.size == 0 && head.root != empty_root()) return not_a_note("an empty log with another root");
    return head;
}

}  // namespace

std::array<std::uint8_t, 4> note_key_id(std::string_view name, const crypto::PublicKey& key) {
    Bytes hashed;
    const SignatureType type = require_signature_type(key);
    if (type == SignatureType::ed25519) {
        append(hashed, view_of(name));
        hashed.push_back('\n');
        hashed.push_back(static_cast<std::uint8_t>(type));
    }
    append(hashed, note_key(type, key));
    const Sha256 hash = crypto::sha256(hashed);
    std::array<std::uint8_t, kKeyIdSize> id{};
    std::copy_n(hash.octets().begin(), id.size(), id.begin());
    return id;
}

std::string vkey(std::string_view name, const crypto::PublicKey& key) {
    const SignatureType type = require_signature_type(key);
    Bytes encoded{static_cast<std::uint8_t>(type)};
    append(encoded, note_key(type, key));
    return std::string{name} + "+" + to_hex(note_key_id(name, key)) + "+" + to_base64(encoded);
}

std::string checkpoint_text(std::string_view origin, const TreeHead& head) {
    return std::string{origin} + "\n" + std::to_string(head.size) + "\n" + to_base64(head.root.view()) + "\n";
}

Result<std::string> sign_checkpoint(std::string_view origin, const TreeHead& head, const crypto::PublicKey& key,
                                    hsm::Signer& signer, const IntentId& intent) {
    SEALWRIGHT_TRY(check_origin(origin));
    SEALWRIGHT_TRY(const auto type, signature_type(key));
    const std::string text = checkpoint_text(origin, head);
    const crypto::SignatureAlgorithm algorithm = algorithm_of(type);
    SEALWRIGHT_TRY(const auto signature,
                   signer.sign({key.id(), hsm::Purpose::checkpoint, algorithm, intent, view_of(text)}));
    SEALWRIGHT_TRY(key.verify(algorithm, view_of(text), signature));

    const auto id = note_key_id(origin, key);
    Bytes line{id.begin(), id.end()};
    append(line, signature);
    return text + "\n" + std::string{kSignaturePrefix} + std::string{origin} + " " + to_base64(line) + "\n";
}

Result<TreeHead> verify_checkpoint(std::string_view note, std::string_view origin, const crypto::PublicKey& key) {
    SEALWRIGHT_TRY(check_origin(origin));
    SEALWRIGHT_TRY(const auto type, signature_type(key));
    SEALWRIGHT_TRY(const auto parsed, parse_note(note));
    const auto id = note_key_id(origin, key);
    bool verified = false;
    for (const NoteSignature& signature : parsed.signatures) {
        const ByteView octets = signature.key_id_and_signature;
        // "Verifiers MUST ignore signatures from unknown keys, even if they share a name or ID (but not both) with a
        // known key."
        if (signature.name != origin || !equal(octets.first(kKeyIdSize), id)) continue;
        SEALWRIGHT_TRY(key.verify(algorithm_of(type), view_of(parsed.text), octets.subspan(kKeyIdSize)));
        verified = true;
    }
    if (!verified) return fail(ErrorCode::invalid_signature, "the checkpoint carries no signature by the log's key");
    return parse_text(parsed.text, origin);
}

}  // namespace sealwright::audit
