// journal_comparison.hpp: what signers' journals and the audit log say of the same signatures. The daemon writes the
// log, the signer the journal, and neither can write the other's: a signature that only a journal has was made without
// a record, by a daemon that somebody took over.
#pragma once

#include <map>
#include <set>

#include "ceremonies/verifier/json.hpp"
#include "ceremonies/verifier/signer_journal.hpp"
#include "ceremonies/verifier/verdict.hpp"

namespace sealwright::verifier {

// Whether more entries may come behind those of the log that is compared.
enum class LogEnd : std::uint8_t { may_go_on, is_final };

class JournalComparison {
public:
    // Of a CA that goes on signing, log and journal are never of one moment: what either has from until on is left out.
    // Where the log's end is final, what was signed behind it has no record and will have none.
    explicit JournalComparison(Checks& checks, std::optional<UtcTime> until = {}, LogEnd end = LogEnd::may_go_on)
        : checks_(checks), until_(until), end_(end) {}

    // see takes the log's entries in order; what it does not know it leaves to AuditRules.
    void see(ByteView entry);
    // compare takes the journals, and the hashes of all entries of the log for the checkpoints' roots.
    void compare(const std::vector<SignerJournal>& journals, const std::vector<Sha256>& leaves);

private:
    enum class State : std::uint8_t { intended, issued, abandoned, indeterminate };
    // Recorded is an intent of the log: a certificate's or a CRL's.
    struct Recorded {
        bool is_crl = false;
        std::string subject, key, tbs_sha256;  // subject: serial, or CRL number
        State state = State::intended;
        UtcTime time{};  // of its intent
        bool is_journaled = false;
    };
    bool is_left_out(UtcTime time) const noexcept { return until_ && time >= *until_; }
    void take(const SignedIntent& intent);
    void take_recorded(const SignedIntent& intent, Recorded& recorded);
    void take_unrecorded(const SignedIntent& intent, const std::string& what);
    void check_checkpoints(const std::vector<SignerJournal>& journals, const std::vector<Sha256>& leaves);
    void check_unjournaled();
    void finish(const std::vector<SignerJournal>& journals);

    Checks& checks_;
    std::optional<UtcTime> until_;
    LogEnd end_;
    std::map<std::string, Recorded> recorded_;  // by intent
    std::map<std::string, UtcTime> latest_;     // of each node's entries
    std::set<std::string> made_;                // intents that a journal says were signed
    std::uint64_t compared_ = 0, given_up_ = 0, later_ = 0, checkpoints_ = 0, others_ = 0;
};

}  // namespace sealwright::verifier
