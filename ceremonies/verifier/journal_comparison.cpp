#include "ceremonies/verifier/journal_comparison.hpp"

#include "ceremonies/verifier/merkle.hpp"

namespace sealwright::verifier {
namespace {

std::string name_of(const SignedIntent& intent) {
    switch (intent.purpose) {
        case JournalPurpose::certificate:
            return "certificate " + intent.serial;
        case JournalPurpose::crl:
            return "CRL number " + std::to_string(intent.number);
        default:
            return "checkpoint of " + std::to_string(intent.number) + " entries";
    }
}

std::string with_key(const SignedIntent& intent) {
    return name_of(intent) + ", journal record " + std::to_string(intent.sequence) + " of " + to_rfc3339(intent.time) +
           ", key " + intent.key.substr(0, 16);
}

// Roots gives the roots of growing prefixes in one walk: the perfect subtrees at the right edge, largest first (RFC
// 6962 2.1).
class Roots {
public:
    explicit Roots(const std::vector<Sha256>& leaves) : leaves_(leaves) {}
    // of wants sizes that do not shrink, from 1 to the number of leaves.
    Sha256 of(std::uint64_t size) {
        while (count_ < size) {
            edge_.push_back(leaves_[count_]);
            ++count_;
            for (std::uint64_t bits = count_; (bits & 1U) == 0; bits >>= 1U) {
                const Sha256 right = edge_.back();
                edge_.pop_back();
                edge_.back() = hash_of_node(edge_.back(), right);
            }
        }
        Sha256 root = edge_.back();
        for (std::size_t i = edge_.size() - 1; i-- > 0;) root = hash_of_node(edge_[i], root);
        return root;
    }

private:
    const std::vector<Sha256>& leaves_;
    std::vector<Sha256> edge_;
    std::uint64_t count_ = 0;
};

}  // namespace

void JournalComparison::see(ByteView octets) {
    const auto entry = parse_canonical_json(text_of(octets), 65535);
    if (!entry || entry.value().member("fields") == nullptr) return;
    const std::string kind = entry.value().text("kind");
    const bool is_clock = kind == "clock.accepted";
    if (entry.value().number("v") != (is_clock ? 2U : 1U)) return;
    const Value& fields = *entry.value().member("fields");
    const auto time = from_rfc3339(entry.value().text("time"));
    if (!time) return;
    UtcTime& latest = latest_[entry.value().text("node")];
    // Behind an accepted clock it is by the time from there on that the log is younger than a signature, or not.
    latest = is_clock ? time.value() : std::max(latest, time.value());
    const bool is_crl = kind.starts_with("crl.");
    if (!is_crl && !kind.starts_with("certificate.")) return;
    const std::string intent = fields.text("intent");
    if (intent.empty()) return;
    if (kind == "certificate.intended" || kind == "crl.intended") {
        recorded_.try_emplace(intent,
                              Recorded{is_crl, fields.text(is_crl ? "number" : "serial"), fields.text("issuer_key"),
                                       fields.text("tbs_sha256"), State::intended, time.value()});
        return;
    }
    const auto found = recorded_.find(intent);
    if (found == recorded_.end()) return;
    if (kind.ends_with(".issued")) found->second.state = State::issued;
    if (kind.ends_with(".abandoned")) found->second.state = State::abandoned;
    if (kind.ends_with(".indeterminate")) found->second.state = State::indeterminate;
}

void JournalComparison::compare(const std::vector<SignerJournal>& journals, const std::vector<Sha256>& leaves) {
    for (const SignerJournal& journal : journals) {
        for (const SignedIntent& intent : journal.intents) take(intent);
    }
    check_checkpoints(journals, leaves);
    check_unjournaled();
    finish(journals);
}

void JournalComparison::take(const SignedIntent& intent) {
    if (intent.purpose == JournalPurpose::checkpoint) return;
    if (intent.purpose != JournalPurpose::certificate && intent.purpose != JournalPurpose::crl) {
        ++others_;
        return;
    }
    if (intent.made && !made_.insert(intent.intent).second)
        checks_.invalid("signed twice: " + with_key(intent) + ", intent " + intent.intent);
    const auto found = recorded_.find(intent.intent);
    if (found != recorded_.end()) return take_recorded(intent, found->second);
    if (!intent.failed && !is_left_out(intent.time)) take_unrecorded(intent, intent.made ? "signed" : "perhaps signed");
}

void JournalComparison::take_recorded(const SignedIntent& intent, Recorded& recorded) {
    const bool is_crl = intent.purpose == JournalPurpose::crl;
    const std::string subject = is_crl ? std::to_string(intent.number) : intent.serial;
    if (recorded.is_crl != is_crl || recorded.subject != subject || recorded.tbs_sha256 != intent.tbs_sha256 ||
        recorded.key != intent.key) {
        checks_.invalid("signed as something else than was recorded: " + with_key(intent) + "; the log has the " +
                        (recorded.is_crl ? "CRL number " : "certificate ") + recorded.subject + " under the intent " +
                        intent.intent + (recorded.tbs_sha256 != intent.tbs_sha256 ? ", with another TBS" : "") +
                        (recorded.key != intent.key ? ", by another key" : ""));
        return;
    }
    if (!intent.failed && recorded.state == State::abandoned) {
        // A list that was signed and is given up (the signature did not hold, or the daemon ended behind it) was never
        // published; the next number takes its place.
        if (is_crl) {
            recorded.is_journaled = true;
            ++given_up_;
            return;
        }
        checks_.invalid((intent.made ? "signed" : "perhaps signed") +
                        std::string{", though the log says that it never was: "} + with_key(intent));
        return;
    }
    if (intent.failed && recorded.state == State::issued)
        checks_.invalid("issued, though the journal says that it was not signed: " + with_key(intent));
    if (intent.failed) return;
    recorded.is_journaled = true;
    ++compared_;
}

// take_unrecorded: an intent is committed to the log before the signer is asked. Where the log goes on behind the
// signature and does not have it, it never had; where it ends before, it may have been exported too early, unless it
// goes on no further.
void JournalComparison::take_unrecorded(const SignedIntent& intent, const std::string& what) {
    const auto latest = latest_.find(intent.node);
    if (latest != latest_.end() && latest->second <= intent.time) {
        if (end_ == LogEnd::is_final) return checks_.invalid(what + " behind the end of the log: " + with_key(intent));
        ++later_;
        return;
    }
    checks_.invalid(what + " without a record: " + with_key(intent) +
                    (latest == latest_.end() ? ", of a node that the log does not know" : ""));
}

void JournalComparison::check_checkpoints(const std::vector<SignerJournal>& journals,
                                          const std::vector<Sha256>& leaves) {
    std::multimap<std::uint64_t, const SignedIntent*> by_size;
    for (const SignerJournal& journal : journals) {
        for (const SignedIntent& intent : journal.intents) {
            if (intent.purpose == JournalPurpose::checkpoint && !intent.failed && !is_left_out(intent.time))
                by_size.emplace(intent.number, &intent);
        }
    }
    Roots roots{leaves};
    std::uint64_t beyond = 0;
    for (const auto& [size, intent] : by_size) {
        if (size > leaves.size()) {
            ++beyond;
            if (end_ == LogEnd::is_final)
                checks_.invalid("signed a head with more entries than this log has: " + with_key(*intent));
            continue;
        }
        ++checkpoints_;
        if ((size == 0 ? tree_root({}) : roots.of(size)) != intent->root)
            checks_.invalid("signed the head of another log: " + with_key(*intent) + ", root " + intent->root.hex());
    }
    if (beyond != 0 && end_ == LogEnd::may_go_on)
        checks_.missing(std::to_string(beyond) +
                        " signed checkpoints count more entries than this log has: export the log again and compare");
}

// check_unjournaled: what was issued, and no journal has.
void JournalComparison::check_unjournaled() {
    std::map<std::string, std::pair<std::uint64_t, std::string>> by_key;  // how many, and one of them
    for (const auto& [intent, recorded] : recorded_) {
        if (recorded.state != State::issued || recorded.is_journaled || is_left_out(recorded.time)) continue;
        auto& [count, example] = by_key[recorded.key];
        if (count++ == 0) example = (recorded.is_crl ? "CRL number " : "certificate ") + recorded.subject;
    }
    for (const auto& [key, found] : by_key)
        checks_.missing(std::to_string(found.first) + " issued under the key " + key.substr(0, 16) +
                        " stand in no journal that was given (" + found.second +
                        "): a journal was lost or cut, or another signer's is wanted");
}

void JournalComparison::finish(const std::vector<SignerJournal>& journals) {
    if (given_up_ != 0)
        checks_.note(std::to_string(given_up_) +
                     " CRLs were signed, or perhaps, and given up before they were published");
    if (later_ != 0)
        checks_.missing(
            std::to_string(later_) +
            " signatures are not older than the last entry of their node: export the log again and compare");
    std::uint64_t records = 0, proofs = 0, decryptions = 0;
    for (const SignerJournal& journal : journals) {
        records += journal.records;
        proofs += journal.proofs;
        decryptions += journal.decryptions;
        if (journal.torn != 0)
            checks_.note("journal " + journal.id + " ends with " + std::to_string(journal.torn) +
                         " octets that are no record: a write that was interrupted or is under way; nothing was signed "
                         "from it");
    }
    for (const SignerJournal& journal : journals) {
        for (const auto& clock : journal.clocks)
            checks_.deviation("a person set the clock of journal " + journal.id + " back: record " +
                              std::to_string(clock.sequence) + " is of " + to_rfc3339(clock.to) +
                              ", what stands before it of up to " + to_rfc3339(clock.from));
        for (const auto& [key, count] : journal.opened)
            checks_.note("the key " + key.substr(0, 16) + " was asked " + std::to_string(count) +
                         " times to decrypt, as journal " + journal.id + " counts");
    }
    if (until_) checks_.note("what is of " + to_rfc3339(*until_) + " and later was left out");
    if (proofs != 0)
        checks_.note(std::to_string(proofs) + " challenges were signed to show that a token holds its keys");
    if (decryptions != 0)
        checks_.note(std::to_string(decryptions) + " challenges were decrypted to show that a token holds its keys");
    if (others_ != 0)
        checks_.note(
            std::to_string(others_) +
            " signatures of OCSP responses, TLS handshakes and requests are journaled; the log has none of these");
    checks_.end(std::to_string(journals.size()) + (journals.size() == 1 ? " journal" : " journals") + " of " +
                std::to_string(records) + " records, each chained: " + std::to_string(compared_) +
                " certificates and CRLs stand in the log as they were signed, " + std::to_string(checkpoints_) +
                " checkpoints are heads of it");
}

}  // namespace sealwright::verifier
