#include "ceremonies/verifier/note.hpp"

#include <charconv>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/digest.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::string_view kEmDash = "\xE2\x80\x94 ";
constexpr std::uint8_t kEd25519 = 0x01, kEcdsa = 0x02;
constexpr std::size_t kMaxNote = 1U << 16U;

Error wrong(std::string text) { return fail(ErrorCode::malformed, std::move(text)); }

Result<std::uint8_t> type_of(const crypto::PublicKey& key) {
    switch (key.type()) {
        case crypto::KeyType::ed25519:
            return kEd25519;
        case crypto::KeyType::ec_p256:
        case crypto::KeyType::ec_p384:
        case crypto::KeyType::ec_p521:
            return kEcdsa;
        default:
            return fail(ErrorCode::unsupported, "notes are signed with Ed25519 or ECDSA");
    }
}

Bytes material_of(const crypto::PublicKey& key) {
    return bytes_of(key.type() == crypto::KeyType::ed25519 ? key.public_bits() : key.spki().view());
}

// ed25519_spki wraps the 32 octets as RFC 8410 section 4 does.
Bytes ed25519_spki(ByteView octets) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.sequence([&] { writer.oid(asn1::oid::kEd25519); });
        writer.bit_string(octets);
    });
    return writer.take();
}

bool is_note_name(std::string_view name) {
    return !name.empty() && name.size() <= 255 &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7F && c != '+'; });
}

std::string_view next_line(std::string_view& rest) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

Result<std::uint64_t> parse_decimal(std::string_view text) {
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || std::to_string(value) != text)
        return wrong("the checkpoint's size is not a number");
    return value;
}

}  // namespace

Result<NoteKey> make_note_key(const std::string& name, const crypto::PublicKey& key) {
    if (!is_note_name(name)) return wrong("a log's name is printable ASCII without spaces and '+'");
    SEALWRIGHT_TRY(const auto type, type_of(key));
    // C2SP signed-note: for Ed25519 SHA-256(name || LF || 0x01 || key), for ECDSA SHA-256 of the SubjectPublicKeyInfo;
    // the first four octets.
    Bytes hashed;
    if (type == kEd25519) {
        append(hashed, view_of(name));
        hashed.push_back('\n');
        hashed.push_back(type);
    }
    append(hashed, material_of(key));
    const auto digest = crypto::sha256(hashed);
    NoteKey out{name, {}, key};
    std::copy_n(digest.octets().begin(), out.id.size(), out.id.begin());
    return out;
}

std::string vkey_text(const NoteKey& key) {
    Bytes encoded{key.key.type() == crypto::KeyType::ed25519 ? kEd25519 : kEcdsa};
    append(encoded, material_of(key.key));
    return key.name + "+" + to_hex(key.id) + "+" + to_base64(encoded);
}

Result<NoteKey> parse_vkey(std::string_view text) {
    const auto first = text.find('+');
    const auto second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos || text.size() > 4096) return wrong("a verifier key is name+id+key");
    SEALWRIGHT_TRY(const auto encoded, from_base64(text.substr(second + 1)));
    if (encoded.empty()) return wrong("the verifier key is empty");
    const ByteView material = ByteView{encoded}.subspan(1);
    if (encoded[0] == kEd25519 && material.size() != 32) return wrong("an Ed25519 verifier key has 32 octets");
    if (encoded[0] != kEd25519 && encoded[0] != kEcdsa) return wrong("the verifier key is of an unknown type");
    SEALWRIGHT_TRY(const auto key,
                   crypto::PublicKey::parse(encoded[0] == kEd25519 ? ed25519_spki(material) : bytes_of(material)));
    SEALWRIGHT_TRY(auto made, make_note_key(std::string{text.substr(0, first)}, key));
    if (vkey_text(made) != text) return wrong("the verifier key's id is not that of its name and key");
    return made;
}

Result<Checkpoint> parse_checkpoint(std::string_view note) {
    if (note.size() > kMaxNote) return fail(ErrorCode::too_large, "the checkpoint has more than 65536 octets");
    // "The note text includes the final newline but not the separating blank line" (C2SP signed-note).
    const auto blank = note.rfind("\n\n");
    if (blank == std::string_view::npos || note.find("\n\n") != blank || note.back() != '\n')
        return wrong("the checkpoint is no note");
    Checkpoint checkpoint;
    checkpoint.text = note.substr(0, blank + 1);
    std::string_view rest = checkpoint.text;
    checkpoint.origin = next_line(rest);
    if (!is_note_name(checkpoint.origin))
        return wrong("the checkpoint's origin is not printable ASCII without spaces and '+'");
    SEALWRIGHT_TRY(checkpoint.size, parse_decimal(next_line(rest)));
    SEALWRIGHT_TRY(const auto root, from_base64(next_line(rest)));
    SEALWRIGHT_TRY(checkpoint.root, Sha256::from(root));
    if (!rest.empty()) return wrong("the checkpoint has lines behind its root that this program does not know");
    rest = note.substr(blank + 2);
    while (!rest.empty()) {
        auto line = next_line(rest);
        if (!line.starts_with(kEmDash)) return wrong("a signature line does not begin with an em dash");
        line.remove_prefix(kEmDash.size());
        const auto space = line.find(' ');
        if (space == std::string_view::npos) return wrong("a signature line has no signature");
        SEALWRIGHT_TRY(auto octets, from_base64(line.substr(space + 1)));
        if (octets.size() <= 4) return wrong("a signature is too short");
        checkpoint.signatures.push_back({std::string{line.substr(0, space)}, std::move(octets)});
    }
    return checkpoint;
}

Result<void> verify_note(const Checkpoint& checkpoint, const NoteKey& key) {
    if (checkpoint.origin != key.name)
        return fail(ErrorCode::denied,
                    "the checkpoint is of the log '" + checkpoint.origin + "', the key of '" + key.name + "'");
    const bool eddsa = key.key.type() == crypto::KeyType::ed25519;
    const crypto::SignatureAlgorithm algorithm{
        eddsa ? crypto::SignatureScheme::ed25519 : crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256};
    for (const auto& signature : checkpoint.signatures) {
        const ByteView octets{signature.id_and_signature};
        if (signature.name != key.name || !equal(octets.first(4), key.id)) continue;
        return key.key.verify(algorithm, view_of(checkpoint.text), octets.subspan(4));
    }
    return fail(ErrorCode::invalid_signature, "the checkpoint has no signature by the key");
}

}  // namespace sealwright::verifier
