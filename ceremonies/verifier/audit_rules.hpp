// audit_rules.hpp: what the entries of an audit log must not contradict: intents before certificates, numbers that only
// grow, secrets used once.
//
// A kind that is not known here changes nothing that the rules look at: its entry counts in the order of times and
// epochs alone. What would change the meaning of the known kinds gets another version: clock.accepted, behind which
// times may lie further back, is of version 2. Of versions that are not known here no rule says anything.
#pragma once

#include <map>
#include <set>

#include "base/clock.hpp"
#include "ceremonies/verifier/json.hpp"
#include "ceremonies/verifier/verdict.hpp"

namespace sealwright::verifier {

class AuditRules {
public:
    AuditRules(std::chrono::seconds tolerance, Checks& checks) : tolerance_(tolerance), checks_(checks) {}

    // see takes the entries in order.
    void see(std::uint64_t index, ByteView entry);
    // finish says what is still open and how much was seen.
    void finish();

private:
    struct Entry {
        std::uint64_t index = 0;
        std::string kind, node;
        std::uint64_t epoch = 0;
        UtcTime time{};
        Value fields;
    };
    enum class State : std::uint8_t { intended, issued, abandoned, indeterminate };
    struct Certificate {
        State state = State::intended;
        std::string intent, tbs_sha256;
        std::uint64_t intended_at = 0;
        bool held = false, revoked = false;
    };
    struct Crl {
        std::string number, issuer_key, tbs_sha256;
        std::uint64_t intended_at = 0;
        bool settled = false;
    };

    // read gives nothing for an entry of a newer version.
    Result<std::optional<Entry>> read(std::uint64_t index, ByteView entry) const;
    void wrong(const Entry& entry, std::string_view text);
    void note_unknown();
    void see_time(const Entry& entry);
    void see_epoch(const Entry& entry);
    void see_certificate(const Entry& entry);
    void see_adopted(const Entry& entry);
    void see_status(const Entry& entry);
    void see_crl(const Entry& entry);
    void see_secret(const Entry& entry);
    // What a person set by hand after a theft or a wrong clock (docs/operations/stolen-daemon.md).
    void see_raised(const Entry& entry);
    void see_clock(const Entry& entry);
    // settled checks that an intent is open and is the one that the entry names.
    Certificate* settled(const Entry& entry);

    std::chrono::seconds tolerance_;
    Checks& checks_;
    std::uint64_t count_ = 0, issued_ = 0, adopted_ = 0, crls_ = 0, newer_ = 0;
    std::map<std::string, std::uint64_t> unknown_kinds_;  // how many entries of each
    UtcTime latest_{};
    std::map<std::string, std::uint64_t> epochs_;
    std::map<std::string, Certificate> certificates_;   // by serial
    std::set<std::string> intents_;                     // of certificates and CRLs
    std::map<std::string, Crl> crl_intents_;            // by intent
    std::map<std::string, std::uint64_t> crl_numbers_;  // highest, by issuer
    std::set<std::string> secrets_used_, secrets_revoked_;
};

}  // namespace sealwright::verifier
