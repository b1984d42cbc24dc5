// journal_record.hpp: the records of the signer's journal as values, and their octets.
//
//   file    = header (64) record ...
//   header  = "SWJOURNL" version (2) zero (6) created (8) journal id (16) zero (24)
//   record  = length (4) body digest (32)
//   digest  = SHA-256( digest of the record before || length || body ); before the first record: SHA-256 of the header
//   body    = type (1) sequence (8) durable (8) time (8) ...
//   intent  = node (16) epoch (8) key (32) purpose (1) scheme (1) digest (1) intent (16) SHA-256 of the TBS (32)
//             subject ...
//   result  = sequence of the intent (8) intent (16) outcome (1) error code (2) SHA-256 of the signature (32)
//   fence   = node (16) epoch (8)
//   clock   = time of the last record (8): what a person gave up; the record's own time is the clock's, and earlier
//   opened  = key (32) how often (4)
//   proof   = key (32) scheme (1) digest (1) SHA-256 of the challenge (32) SHA-256 of the token's serial number (32)
//
// A clock record is the only one whose time may be before that of the record before it. opened says how often a key was
// used to decrypt since its last such record: one a minute where it was. Signers before 0.2 know neither and do not
// start on a journal that goes on behind one.
//
// The scheme of a proof is that of the signature, or 128 and the way to decrypt (decryptor.hpp), which who reads
// journals of keys that only sign may read as well.
//
// Numbers are big-endian, times are seconds since 1970 (two's complement). durable is the highest sequence number that
// was known to be on the disk when the record was written: what a later record calls durable and cannot be read has
// been damaged, and is no torn tail. The subject of an intent is what its purpose must not repeat: a certificate's
// serial; a CRL's issuer digest (32) and number (8); a checkpoint's origin digest (32), tree size (8) and root (32);
// nothing else.
#pragma once

#include <variant>

#include "base/clock.hpp"
#include "hsm/decryption_proof.hpp"
#include "hsm/signer.hpp"

namespace sealwright::hsm::signer_process {

inline constexpr std::uint16_t kJournalVersion = 1;
inline constexpr std::size_t kJournalHeader = 64;
inline constexpr std::size_t kMaxJournalBody = 1024;
inline constexpr std::size_t kJournalDigest = 32;

struct CertificateSubject {
    Bytes serial;
    friend bool operator==(const CertificateSubject&, const CertificateSubject&) = default;
};
struct CrlSubject {
    Sha256 issuer;
    std::uint64_t number = 0;
    friend bool operator==(const CrlSubject&, const CrlSubject&) = default;
};
struct CheckpointSubject {
    Sha256 origin;
    std::uint64_t size = 0;
    Sha256 root;
    friend bool operator==(const CheckpointSubject&, const CheckpointSubject&) = default;
};
struct NoSubject {
    friend bool operator==(const NoSubject&, const NoSubject&) = default;
};
using IntentSubject = std::variant<NoSubject, CertificateSubject, CrlSubject, CheckpointSubject>;

struct IntentRecord {
    NodeId node;
    BootEpoch epoch;
    KeyId key;
    Purpose purpose = Purpose::certificate;
    crypto::SignatureAlgorithm algorithm;
    IntentId intent;
    Sha256 tbs;
    IntentSubject subject;
    friend bool operator==(const IntentRecord&, const IntentRecord&) = default;
};

// Outcome of an intent: failed is "the token surely did not sign".
enum class Outcome : std::uint8_t { signed_ = 1, failed = 2, unknown = 3 };

struct ResultRecord {
    std::uint64_t intent_sequence = 0;
    IntentId intent;
    Outcome outcome = Outcome::unknown;
    ErrorCode error = ErrorCode::internal;  // meaningless when signed
    Sha256 signature;                       // zero unless signed
    friend bool operator==(const ResultRecord&, const ResultRecord&) = default;
};

struct FenceRecord {
    NodeId node;
    BootEpoch epoch;
    friend bool operator==(const FenceRecord&, const FenceRecord&) = default;
};

// ProofRecord: a key of a token that came up was asked to sign or to decrypt a challenge of ours, which shows that the
// token holds it. No node asked, and no result follows: what was signed is of no use to anyone.
struct ProofRecord {
    KeyId key;
    std::variant<crypto::SignatureAlgorithm, DecryptionWay> how;
    Sha256 challenge;     // digest of what was signed, or of the request to decrypt as token processes have it
    Sha256 token_serial;  // digest of the token's serial number
    friend bool operator==(const ProofRecord&, const ProofRecord&) = default;
};

// ClockRecord: a person has settled a clock that ran ahead. given_up is the latest time that the journal had.
struct ClockRecord {
    UtcTime given_up{};
    friend bool operator==(const ClockRecord&, const ClockRecord&) = default;
};

// OpenedRecord: a key was asked count times to decrypt since the last record of this kind. What it opened certifies
// nothing, so that this comes behind the deed; it is what says afterwards how much was read.
struct OpenedRecord {
    KeyId key;
    std::uint32_t count = 0;
    friend bool operator==(const OpenedRecord&, const OpenedRecord&) = default;
};

struct JournalRecord {
    std::uint64_t sequence = 0;  // from 1, without gaps
    std::uint64_t durable = 0;
    UtcTime time{};
    std::variant<IntentRecord, ResultRecord, FenceRecord, ProofRecord, ClockRecord, OpenedRecord> what;
};

// append_record writes a record and gives its digest, which the next one is chained to.
Sha256 append_record(Bytes& out, const JournalRecord& record, const Sha256& previous);

// record_digest is the digest of a record of which this is length and body.
Sha256 record_digest(const Sha256& previous, ByteView length_and_body);

// make_journal_header and its check; the digest of the header is what the first record is chained to.
Bytes make_journal_header(UtcTime created, const std::array<std::uint8_t, 16>& id);
Result<void> check_journal_header(ByteView header);

// RecordAt is one record found in the octets of a journal.
struct RecordAt {
    JournalRecord record;
    std::size_t size = 0;  // octets that it takes
    Sha256 digest;
};

// read_record reads the record at the front; malformed when it is not whole, not chained to previous or not a record,
// unsupported when it is chained and of a type that is not known here.
Result<RecordAt> read_record(ByteView octets, const Sha256& previous);

}  // namespace sealwright::hsm::signer_process
