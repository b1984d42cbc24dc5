// audit.hpp: verifies an exported audit log: all of it, or one entry with its inclusion proof.
#pragma once

#include <filesystem>
#include <optional>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "ceremonies/verifier/journal_comparison.hpp"
#include "ceremonies/verifier/verdict.hpp"

namespace sealwright::verifier {

struct AuditQuestion {
    std::filesystem::path folder;
    // A vkey, or a file with a vkey or a PEM public key. Empty: log.vkey of the folder, and the verdict is at best
    // incomplete.
    std::string key;
    std::filesystem::path older_checkpoint;  // empty: none; else the log must extend it
    std::optional<std::uint64_t> entry;      // show this one
    std::chrono::seconds tolerance{300};     // how far times may go back: entries of requests that ran side by side
    std::vector<std::filesystem::path> journals{};  // of signers: what they signed is compared with the log
    std::optional<UtcTime> journals_until{};        // what either has from then on is left out of the comparison
    LogEnd end = LogEnd::may_go_on;                 // for what the journals have behind it
};

// ShownEntry is one entry with what proves that it is in the log.
struct ShownEntry {
    std::uint64_t index = 0, size = 0;
    std::string text;
    Sha256 leaf, root;
    std::vector<Sha256> proof;
    std::string human() const;
    std::string json() const;
};

// verify_audit adds everything it finds to checks, and gives the entry that was asked for if it is there and its proof
// holds.
std::optional<ShownEntry> verify_audit(const AuditQuestion& question, Checks& checks);

}  // namespace sealwright::verifier
