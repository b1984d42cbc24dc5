#include "ceremonies/verifier/signer_journal.hpp"

#include <unordered_map>

#include "crypto/digest.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::size_t kHeader = 64, kDigest = 32, kMaxBody = 1024;
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kFence = 16 + 8, kProof = 32 + 2 + 32 + 32, kClock = 8, kOpened = 32 + 4;
constexpr std::size_t kPlace = 25;  // type, sequence, durable, time: what every body begins with

Error broken(const std::string& what) { return fail(ErrorCode::malformed, what); }

// Fields takes big-endian fields off the front; one that is not there fails all that follow.
class Fields {
public:
    explicit Fields(ByteView octets) : rest_(octets) {}
    ByteView take(std::size_t count) {
        if (count > rest_.size()) failed_ = true;
        if (failed_) return {};
        const ByteView taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }
    std::uint64_t number(std::size_t octets) {
        std::uint64_t value = 0;
        for (const std::uint8_t octet : take(octets)) value = value << 8U | octet;
        return value;
    }
    std::string hex(std::size_t octets) { return to_hex(take(octets)); }
    ByteView rest() { return take(rest_.size()); }
    bool whole() const { return !failed_ && rest_.empty(); }

private:
    ByteView rest_;
    bool failed_ = false;
};

struct Record {
    std::uint8_t type = 0;
    std::uint64_t sequence = 0, durable = 0;
    UtcTime time{};
    ByteView rest;     // of the body
    ByteView chained;  // length and body
    ByteView digest;
    std::size_t size() const { return chained.size() + digest.size(); }
};

// frame_at takes a record apart by its length alone; nothing where it is not whole.
std::optional<Record> frame_at(ByteView octets) {
    Fields fields{octets};
    const auto length = fields.number(4);
    if (length < kPlace || length > kMaxBody || octets.size() < 4 + length + kDigest) return {};
    Record record;
    record.chained = octets.first(4 + length);
    record.digest = octets.subspan(4 + length, kDigest);
    Fields body{record.chained.subspan(4)};
    record.type = static_cast<std::uint8_t>(body.number(1));
    record.sequence = body.number(8);
    record.durable = body.number(8);
    record.time = UtcTime{std::chrono::seconds{static_cast<std::int64_t>(body.number(8))}};
    record.rest = body.rest();
    return record;
}

Bytes digest_of(ByteView previous, ByteView chained) {
    crypto::Hasher hasher{crypto::DigestAlgorithm::sha256};
    return hasher.update(previous).update(chained).finish();
}

// is_damage looks behind what cannot be read for a record that is chained to what stands right before it and calls the
// missing one durable: then that one was on the disk once, and was no torn write.
bool is_damage(ByteView octets, std::uint64_t missing, ByteView previous) {
    if (const auto frame = frame_at(octets)) {
        // Perhaps only the digest of the broken one is what is broken.
        const auto next = frame_at(octets.subspan(frame->size()));
        if (next && next->durable >= missing &&
            equal(digest_of(digest_of(previous, frame->chained), next->chained), next->digest))
            return true;
    }
    for (std::size_t at = kDigest; at + kPlace < octets.size(); ++at) {
        const auto frame = frame_at(octets.subspan(at));
        if (frame && frame->sequence > missing && frame->durable >= missing &&
            equal(digest_of(octets.subspan(at - kDigest, kDigest), frame->chained), frame->digest))
            return true;
    }
    return false;
}

// serial_text is the INTEGER's content as the audit log writes serials.
std::string serial_text(ByteView content) {
    std::string text = to_hex(content);
    text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
    return text.size() < 32 ? std::string(32 - text.size(), '0') + text : text;
}

Result<SignedIntent> read_intent(const Record& record) {
    Fields fields{record.rest};
    SignedIntent intent;
    intent.sequence = record.sequence;
    intent.time = record.time;
    intent.node = fields.hex(16);
    intent.epoch = fields.number(8);
    intent.key = fields.hex(32);
    const auto purpose = fields.number(1);
    fields.take(2);  // scheme and digest
    intent.intent = fields.hex(16);
    intent.tbs_sha256 = fields.hex(32);
    if (purpose < 1 || purpose > 9) return broken("an intent of an unknown purpose");
    intent.purpose = static_cast<JournalPurpose>(purpose);
    if (intent.purpose == JournalPurpose::certificate) {
        intent.serial = serial_text(fields.rest());
    } else if (intent.purpose == JournalPurpose::crl) {
        fields.take(32);  // digest of the issuer's name
        intent.number = fields.number(8);
    } else if (intent.purpose == JournalPurpose::checkpoint) {
        fields.take(32);  // digest of the origin
        intent.number = fields.number(8);
        const auto root = Sha256::from(fields.take(32));
        if (root) intent.root = root.value();
    }
    if (!fields.whole()) return broken("an intent of the wrong length");
    return intent;
}

using Intents = std::unordered_map<std::uint64_t, std::size_t>;  // sequence to index

Result<void> take_result(const Record& record, SignerJournal& journal, const Intents& known) {
    Fields fields{record.rest};
    const auto sequence = fields.number(8);
    const auto name = fields.hex(16);
    const auto outcome = fields.number(1);
    fields.take(2 + 32);  // error, digest of the signature
    if (!fields.whole() || outcome < 1 || outcome > 3) return broken("a result that cannot be read");
    const auto found = known.find(sequence);
    if (found == known.end() || journal.intents[found->second].intent != name)
        return broken("a result of an intent that is not there");
    SignedIntent& intent = journal.intents[found->second];
    if (intent.made || intent.failed) return broken("a second result of one intent");
    intent.made = outcome == 1;
    intent.failed = outcome == 2;
    return success();
}

// take_proof: the scheme is that of a signature, or 128 and one of three ways to decrypt.
Result<void> take_proof(const Record& record, SignerJournal& journal) {
    constexpr std::uint64_t kDecrypts = 128, kWays = 3;
    Fields fields{record.rest};
    fields.take(32);  // the key
    const auto scheme = fields.number(1);
    if (scheme == kDecrypts || scheme > kDecrypts + kWays) return broken("a proof that cannot be read");
    ++(scheme < kDecrypts ? journal.proofs : journal.decryptions);
    return success();
}

Result<void> take_clock(const Record& record, SignerJournal& journal) {
    Fields fields{record.rest};
    const UtcTime from{std::chrono::seconds{static_cast<std::int64_t>(fields.number(8))}};
    if (from <= record.time) return broken("a clock that was not set back");
    journal.clocks.push_back({record.sequence, from, record.time});
    return success();
}

Result<void> take_record(const Record& record, SignerJournal& journal, Intents& known) {
    if (record.type == 1) {
        SEALWRIGHT_TRY(auto intent, read_intent(record));
        known[intent.sequence] = journal.intents.size();
        journal.intents.push_back(std::move(intent));
        return success();
    }
    if (record.type == 2) return take_result(record, journal, known);
    if (record.type == 3 && record.rest.size() == kFence) return success();
    if (record.type == 4 && record.rest.size() == kProof) return take_proof(record, journal);
    if (record.type == 5 && record.rest.size() == kClock) return take_clock(record, journal);
    if (record.type == 6 && record.rest.size() == kOpened) {
        Fields fields{record.rest};
        const std::string key = fields.hex(32);
        journal.opened[key] += fields.number(4);
        return success();
    }
    if (record.type == 0 || record.type > 6)
        return fail(ErrorCode::unsupported, "a record of the type " + std::to_string(record.type) +
                                                ", which this program does not know: a newer signer wrote it");
    return broken("a record of the wrong length");
}

}  // namespace

Result<SignerJournal> read_signer_journal(ByteView octets) {
    if (octets.size() < kHeader || text_of(octets.first(8)) != "SWJOURNL") return broken("this is no signer's journal");
    Fields header{octets.subspan(8, kHeader - 8)};
    if (header.number(2) != kVersion)
        return fail(ErrorCode::unsupported, "the journal is of a version that this program does not read");
    SignerJournal journal;
    header.take(6);
    journal.created = UtcTime{std::chrono::seconds{static_cast<std::int64_t>(header.number(8))}};
    journal.id = header.hex(16);
    Bytes digest = bytes_of(crypto::sha256(octets.first(kHeader)).view());
    Intents known;
    for (ByteView rest = octets.subspan(kHeader); !rest.empty();) {
        const std::string place = "record " + std::to_string(journal.records + 1) + " (octet " +
                                  std::to_string(octets.size() - rest.size()) + ")";
        const auto record = frame_at(rest);
        const Bytes expected = record ? digest_of(digest, record->chained) : Bytes{};
        if (!record || !equal(record->digest, expected)) {
            if (is_damage(rest, journal.records + 1, digest))
                return broken(place + " was changed, or is not chained to the one before");
            journal.torn = rest.size();
            return journal;
        }
        if (record->sequence != journal.records + 1) return broken(place + " has another number than its place");
        if (record->durable >= record->sequence) return broken(place + " calls itself durable before it was written");
        if (auto taken = take_record(*record, journal, known); !taken) return taken.error().in(place);
        ++journal.records;
        journal.digests.push_back(Sha256::from(expected).value());
        digest = expected;
        rest = rest.subspan(record->size());
    }
    return journal;
}

}  // namespace sealwright::verifier
