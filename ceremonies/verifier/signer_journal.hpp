// signer_journal.hpp: the verifier's own reading of a signer's journal (docs/operations/signer.md): a chain of records
// by SHA-256, intents and what became of them.
#pragma once

#include <map>
#include <optional>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace sealwright::verifier {

inline constexpr std::size_t kMaxJournal = std::size_t{1} << 30U;  // octets: about three million signatures

enum class JournalPurpose : std::uint8_t {
    certificate = 1,
    crl = 2,
    csr = 3,
    ocsp = 4,
    checkpoint = 5,
    tls = 6,
    decrypt = 7,
    cms = 8,
    cmp = 9,
};

// SignedIntent is one intent of the journal. made, failed: what its result says; neither: no result, or one that does
// not know.
struct SignedIntent {
    std::uint64_t sequence = 0;
    UtcTime time{};
    std::string node;  // hexadecimal, as all below
    std::uint64_t epoch = 0;
    std::string key, intent, tbs_sha256;
    JournalPurpose purpose{};
    std::string serial;        // certificate: 32 digits, as the audit log writes it
    std::uint64_t number = 0;  // CRL number; checkpoint: tree size
    Sha256 root;               // checkpoint
    bool made = false, failed = false;
};

struct SignerJournal {
    std::string id;  // of the file, drawn when it was begun
    UtcTime created{};
    std::uint64_t records = 0;
    std::vector<Sha256> digests;  // of each record
    std::vector<SignedIntent> intents;
    std::uint64_t proofs = 0;                     // challenges that keys signed when their token came up
    std::uint64_t decryptions = 0;                // and that keys which do not sign decrypted
    std::map<std::string, std::uint64_t> opened;  // how often a key was asked to decrypt
    // ClockSetBack: a person told the signer that the times before were wrong.
    struct ClockSetBack {
        std::uint64_t sequence = 0;
        UtcTime from{}, to{};
    };
    std::vector<ClockSetBack> clocks;
    std::uint64_t torn = 0;  // octets behind the last whole record: a write that was interrupted, or is under way
};

// read_signer_journal reads all of it. malformed where a record is damaged or not chained to the one before: records
// that cannot be read are a torn tail only where no later one calls them durable. unsupported for another version or
// a type of record that is not known here.
Result<SignerJournal> read_signer_journal(ByteView octets);

}  // namespace sealwright::verifier
