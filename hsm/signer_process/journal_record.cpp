#include "hsm/signer_process/journal_record.hpp"

#include <array>

#include "crypto/digest.hpp"
#include "hsm/signer_process/octets.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::string_view kMagic = "SWJOURNL";

constexpr std::uint8_t kDecrypts = 128;  // and the DecryptScheme, where a proof has the scheme of its signature

enum Type : std::uint8_t { kIntent = 1, kResult = 2, kFence = 3, kProof = 4, kClock = 5, kOpened = 6 };

struct SubjectWriter {
    Bytes& out;
    void operator()(const NoSubject&) const {}
    void operator()(const CertificateSubject& subject) const { append(out, subject.serial); }
    void operator()(const CrlSubject& subject) const {
        append(out, subject.issuer.view());
        append_number(out, subject.number);
    }
    void operator()(const CheckpointSubject& subject) const {
        append(out, subject.origin.view());
        append_number(out, subject.size);
        append(out, subject.root.view());
    }
};

struct BodyWriter {
    Bytes& out;
    const JournalRecord& record;

    void begin(Type type) const {
        out.push_back(type);
        append_number(out, record.sequence);
        append_number(out, record.durable);
        append_number(out, static_cast<std::uint64_t>(record.time.time_since_epoch().count()));
    }
    void operator()(const IntentRecord& intent) const {
        begin(kIntent);
        append(out, intent.node.view());
        append_number(out, intent.epoch.value());
        append(out, intent.key.view());
        out.push_back(static_cast<std::uint8_t>(intent.purpose));
        out.push_back(static_cast<std::uint8_t>(intent.algorithm.scheme));
        out.push_back(static_cast<std::uint8_t>(intent.algorithm.digest));
        append(out, intent.intent.view());
        append(out, intent.tbs.view());
        std::visit(SubjectWriter{out}, intent.subject);
    }
    void operator()(const ResultRecord& result) const {
        begin(kResult);
        append_number(out, result.intent_sequence);
        append(out, result.intent.view());
        out.push_back(static_cast<std::uint8_t>(result.outcome));
        append_number(out, static_cast<std::uint16_t>(result.error));
        append(out, result.signature.view());
    }
    void operator()(const FenceRecord& fence) const {
        begin(kFence);
        append(out, fence.node.view());
        append_number(out, fence.epoch.value());
    }
    void operator()(const ClockRecord& clock) const {
        begin(kClock);
        append_number(out, static_cast<std::uint64_t>(clock.given_up.time_since_epoch().count()));
    }
    void operator()(const OpenedRecord& opened) const {
        begin(kOpened);
        append(out, opened.key.view());
        append_number(out, opened.count);
    }
    void operator()(const ProofRecord& proof) const {
        begin(kProof);
        append(out, proof.key.view());
        if (const auto* way = std::get_if<DecryptionWay>(&proof.how)) {
            out.push_back(static_cast<std::uint8_t>(kDecrypts + static_cast<std::uint8_t>(way->scheme)));
            out.push_back(static_cast<std::uint8_t>(way->digest));
        } else {
            const auto& algorithm = std::get<crypto::SignatureAlgorithm>(proof.how);
            out.push_back(static_cast<std::uint8_t>(algorithm.scheme));
            out.push_back(static_cast<std::uint8_t>(algorithm.digest));
        }
        append(out, proof.challenge.view());
        append(out, proof.token_serial.view());
    }
};

Error broken(std::string_view what) { return fail(ErrorCode::malformed, "journal: " + std::string{what}); }

IntentSubject read_subject(Purpose purpose, FieldReader& fields) {
    if (purpose == Purpose::certificate) return CertificateSubject{bytes_of(fields.rest())};
    if (purpose == Purpose::crl) {
        const auto issuer = fields.id<Sha256>();
        return CrlSubject{issuer, fields.number<std::uint64_t>()};
    }
    if (purpose == Purpose::checkpoint) {
        const auto origin = fields.id<Sha256>();
        const auto size = fields.number<std::uint64_t>();
        return CheckpointSubject{origin, size, fields.id<Sha256>()};
    }
    return NoSubject{};
}

Result<IntentRecord> read_intent(FieldReader& fields) {
    IntentRecord intent;
    intent.node = fields.id<NodeId>();
    intent.epoch = BootEpoch{fields.number<std::uint64_t>()};
    intent.key = fields.id<KeyId>();
    intent.purpose = static_cast<Purpose>(fields.number<std::uint8_t>());
    intent.algorithm.scheme = static_cast<crypto::SignatureScheme>(fields.number<std::uint8_t>());
    intent.algorithm.digest = static_cast<crypto::DigestAlgorithm>(fields.number<std::uint8_t>());
    intent.intent = fields.id<IntentId>();
    intent.tbs = fields.id<Sha256>();
    if (fields.failed() || purpose_name(intent.purpose) == "unknown") return broken("an intent that cannot be read");
    intent.subject = read_subject(intent.purpose, fields);
    return intent;
}

Result<ResultRecord> read_result(FieldReader& fields) {
    ResultRecord result;
    result.intent_sequence = fields.number<std::uint64_t>();
    result.intent = fields.id<IntentId>();
    const auto outcome = fields.number<std::uint8_t>();
    result.error = static_cast<ErrorCode>(fields.number<std::uint16_t>());
    result.signature = fields.id<Sha256>();
    if (outcome < 1 || outcome > 3) return broken("a result that cannot be read");
    result.outcome = static_cast<Outcome>(outcome);
    return result;
}

Result<ProofRecord> read_proof(FieldReader& fields) {
    ProofRecord proof;
    proof.key = fields.id<KeyId>();
    const auto scheme = fields.number<std::uint8_t>();
    const auto digest = static_cast<crypto::DigestAlgorithm>(fields.number<std::uint8_t>());
    if (scheme < kDecrypts) {
        proof.how = crypto::SignatureAlgorithm{static_cast<crypto::SignatureScheme>(scheme), digest};
    } else {
        const DecryptionWay way{static_cast<DecryptScheme>(scheme - kDecrypts), digest};
        if (decrypt_scheme_name(way.scheme) == "unknown") return broken("a proof that cannot be read");
        proof.how = way;
    }
    proof.challenge = fields.id<Sha256>();
    proof.token_serial = fields.id<Sha256>();
    return proof;
}

Result<JournalRecord> read_body(ByteView body) {
    FieldReader fields{body};
    JournalRecord record;
    const auto type = fields.number<std::uint8_t>();
    record.sequence = fields.number<std::uint64_t>();
    record.durable = fields.number<std::uint64_t>();
    record.time = UtcTime{std::chrono::seconds{static_cast<std::int64_t>(fields.number<std::uint64_t>())}};
    switch (type) {
        case kIntent: {
            SEALWRIGHT_TRY(record.what, read_intent(fields));
            break;
        }
        case kResult: {
            SEALWRIGHT_TRY(record.what, read_result(fields));
            break;
        }
        case kFence: {
            const auto node = fields.id<NodeId>();
            record.what = FenceRecord{node, BootEpoch{fields.number<std::uint64_t>()}};
            break;
        }
        case kProof: {
            SEALWRIGHT_TRY(record.what, read_proof(fields));
            break;
        }
        case kClock: {
            const UtcTime given_up{std::chrono::seconds{static_cast<std::int64_t>(fields.number<std::uint64_t>())}};
            if (given_up <= record.time) return broken("a clock that was not set back");
            record.what = ClockRecord{given_up};
            break;
        }
        case kOpened: {
            const auto key = fields.id<KeyId>();
            record.what = OpenedRecord{key, fields.number<std::uint32_t>()};
            break;
        }
        default:
            return fail(ErrorCode::unsupported, "journal: a record of the type " + std::to_string(type) +
                                                    ", which this version does not know; a newer signer wrote it");
    }
    if (!fields.finished()) return broken("a record of the wrong length");
    return record;
}

}  // namespace

Sha256 record_digest(const Sha256& previous, ByteView length_and_body) {
    // One digest over both without a copy; the hasher is kept per thread, since making one costs more than hashing.
    thread_local crypto::Hasher hasher{crypto::DigestAlgorithm::sha256};
    const Bytes digest = hasher.update(previous.view()).update(length_and_body).finish();
    return Sha256::from(digest).value();
}

Sha256 append_record(Bytes& out, const JournalRecord& record, const Sha256& previous) {
    const std::size_t begin = out.size();
    out.resize(begin + 4);
    std::visit(BodyWriter{out, record}, record.what);
    const auto length = static_cast<std::uint32_t>(out.size() - begin - 4);
    for (std::size_t i = 0; i < 4; ++i) out[begin + i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
    const Sha256 digest = record_digest(previous, ByteView{out}.subspan(begin));
    append(out, digest.view());
    return digest;
}

Bytes make_journal_header(UtcTime created, const std::array<std::uint8_t, 16>& id) {
    Bytes header = bytes_of(view_of(kMagic));
    append_number(header, kJournalVersion);
    header.resize(16);
    append_number(header, static_cast<std::uint64_t>(created.time_since_epoch().count()));
    append(header, id);
    header.resize(kJournalHeader);
    return header;
}

Result<void> check_journal_header(ByteView header) {
    if (header.size() < kJournalHeader || text_of(header.first(8)) != kMagic)
        return broken("this file is no signer journal");
    FieldReader fields{header.subspan(8)};
    if (fields.number<std::uint16_t>() != kJournalVersion)
        return fail(ErrorCode::unsupported, "journal: written by another version of the signer");
    return success();
}

Result<RecordAt> read_record(ByteView octets, const Sha256& previous) {
    FieldReader fields{octets};
    const auto length = fields.number<std::uint32_t>();
    if (fields.failed() || length == 0 || length > kMaxJournalBody) return broken("no record begins here");
    const ByteView body = fields.octets(length);
    const ByteView digest = fields.octets(kJournalDigest);
    if (fields.failed()) return broken("a record ends too early");
    const Sha256 expected = record_digest(previous, octets.first(4 + length));
    if (!equal(digest, expected.view())) return broken("a record is not chained to the one before");
    SEALWRIGHT_TRY(auto record, read_body(body));
    return RecordAt{std::move(record), 4 + length + kJournalDigest, expected};
}

}  // namespace sealwright::hsm::signer_process
