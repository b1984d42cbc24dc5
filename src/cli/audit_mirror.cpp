#include "cli/audit_mirror.hpp"

#include <algorithm>
#include <array>

#include "audit/checkpoint.hpp"
#include "audit/event.hpp"
#include "base/file.hpp"
#include "x509/certificate.hpp"

namespace sealwright::cli {
namespace {

constexpr std::uint64_t kPage = 256;
constexpr std::uint8_t kEd25519NoteType = 0x01;
constexpr std::uint8_t kEcdsaNoteType = 0x02;

Result<Bytes> spki_of_note_key(ByteView typed_key) {
    if (typed_key.empty()) return fail(ErrorCode::malformed, "the log's key is empty");
    const ByteView key = typed_key.subspan(1);
    if (typed_key[0] == kEcdsaNoteType) return bytes_of(key);
    if (typed_key[0] != kEd25519NoteType || key.size() != 32)
        return fail(ErrorCode::unsupported, "the log's key is of a kind that is not known here");
    // SubjectPublicKeyInfo of RFC 8410: SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING }
    constexpr std::array<std::uint8_t, 12> header{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                  0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    Bytes spki(header.begin(), header.end());
    append(spki, key);
    return spki;
}

bool can_sign_notes(crypto::KeyType type) noexcept {
    return type == crypto::KeyType::ed25519 || type == crypto::KeyType::ec_p256 || type == crypto::KeyType::ec_p384 ||
           type == crypto::KeyType::ec_p521;
}

Result<std::vector<Bytes>> fetch_page(AdminClient& client, std::uint64_t first, std::uint64_t last) {
    SEALWRIGHT_TRY(
        const auto answer,
        client.get(
            Target{"v1", "audit", "entries"}.with("first", std::to_string(first)).with("last", std::to_string(last))));
    Fields fields{answer, "the page of audit entries"};
    std::vector<Bytes> entries;
    for (const auto& text : fields.texts_if("entries")) {
        SEALWRIGHT_TRY(auto entry, from_base64(text));
        if (entry.size() > audit::kMaxLeafSize)
            return fail(ErrorCode::too_large, "an audit entry is larger than the log allows");
        entries.push_back(std::move(entry));
    }
    SEALWRIGHT_TRY(fields.check());
    if (entries.empty() || entries.size() > last - first)
        return fail(ErrorCode::malformed, "the daemon gave " + std::to_string(entries.size()) +
                                              " audit entries where up to " + std::to_string(last - first) +
                                              " were asked for");
    return entries;
}

}  // namespace

Result<NamedKey> parse_vkey(std::string_view vkey) {
    const auto bad = [] { return fail(ErrorCode::malformed, "the log's verifier key is not NAME+ID+KEY"); };
    const auto first = vkey.find('+');
    const auto second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
    if (second == std::string_view::npos) return bad();
    const std::string name{vkey.substr(0, first)};
    SEALWRIGHT_TRY(const auto typed_key, from_base64(vkey.substr(second + 1)));
    SEALWRIGHT_TRY(const auto spki, spki_of_note_key(typed_key));
    SEALWRIGHT_TRY(auto key, crypto::PublicKey::parse(spki));
    if (!can_sign_notes(key.type()) || audit::vkey(name, key) != vkey) return bad();
    return NamedKey{name, std::move(key)};
}

Result<crypto::PublicKey> read_audit_key(const std::string& path) {
    constexpr std::size_t limit = 16384;
    SEALWRIGHT_TRY(const auto text, read_text_file(path, limit));
    auto der = x509::decode_pem("PUBLIC KEY", text);
    if (!der) return der.error().in(path);
    auto key = crypto::PublicKey::parse(der.value());
    if (!key) return key.error().in(path);
    return key;
}

Result<SignedHead> fetch_signed_head(AdminClient& client, const std::optional<crypto::PublicKey>& key) {
    SEALWRIGHT_TRY(const auto answer, client.get(Target{"v1", "audit", "checkpoint"}));
    Fields fields{answer, "the checkpoint"};
    SignedHead signed_head{fields.text("note"), fields.text("vkey"), fields.text("origin"), {}, key.has_value()};
    SEALWRIGHT_TRY(fields.check());
    if (key) {
        SEALWRIGHT_TRY(signed_head.head, audit::verify_checkpoint(signed_head.note, signed_head.origin, *key));
        signed_head.vkey = audit::vkey(signed_head.origin, *key);
        return signed_head;
    }
    SEALWRIGHT_TRY(const auto named, parse_vkey(signed_head.vkey));
    if (named.name != signed_head.origin)
        return fail(ErrorCode::malformed, "the log's key is named for another origin");
    SEALWRIGHT_TRY(signed_head.head, audit::verify_checkpoint(signed_head.note, signed_head.origin, named.key));
    return signed_head;
}

Result<audit::TreeHead> verify_saved_checkpoint(std::string_view note, const SignedHead& head,
                                                const crypto::PublicKey& key) {
    return audit::verify_checkpoint(note, head.origin, key);
}

Result<std::vector<Bytes>> fetch_entries(AdminClient& client, std::uint64_t first, std::uint64_t last) {
    std::vector<Bytes> entries;
    while (first < last) {
        SEALWRIGHT_TRY(auto page, fetch_page(client, first, std::min(last, first + kPage)));
        first += page.size();
        std::move(page.begin(), page.end(), std::back_inserter(entries));
    }
    return entries;
}

Result<void> AuditMirror::grow(AdminClient& client, std::uint64_t size, const Progress& progress) {
    const auto keep = [this](unsigned level, std::uint64_t, const Sha256& hash) {
        if (levels_.size() <= level) levels_.resize(level + 1);
        levels_[level].push_back(hash);
    };
    while (range_.size() < size) {
        SEALWRIGHT_TRY(const auto entries, fetch_entries(client, range_.size(), std::min(size, range_.size() + kPage)));
        for (const auto& entry : entries) range_.append(audit::leaf_hash(entry), keep);
        progress(range_.size(), size);
    }
    return success();
}

Result<audit::TreeHead> AuditMirror::head_at(std::uint64_t size) const {
    std::vector<Sha256> edge;
    std::uint64_t begin = 0;
    for (unsigned level = 64; level-- > 0;) {
        if (((size >> level) & 1U) == 0) continue;
        SEALWRIGHT_TRY(const auto hash, node(level, begin >> level));
        edge.push_back(hash);
        begin += std::uint64_t{1} << level;
    }
    SEALWRIGHT_TRY(const auto range, audit::CompactRange::from(size, std::move(edge)));
    return range.head();
}

Result<Sha256> AuditMirror::node(unsigned level, std::uint64_t index) const {
    if (level >= levels_.size() || index >= levels_[level].size())
        return fail(ErrorCode::internal, "a node of the audit tree was asked for that is not complete");
    return levels_[level][index];
}

}  // namespace sealwright::cli
