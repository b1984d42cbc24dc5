// facts.hpp: what a transcript claims, gathered from its records in one walk that also judges their order.
#pragma once

#include <map>
#include <set>

#include "ceremonies/verifier/inputs_reading.hpp"
#include "ceremonies/verifier/records.hpp"
#include "crypto/spki.hpp"

namespace sealwright::verifier {

// A token was logged into.
struct TokenFact {
    std::string step, role, serial, label;
};

// A key was generated, or one of an earlier ceremony was found.
struct KeyFact {
    std::string id, step, token, label, key_type, evidence_template;
    std::uint64_t bits = 0, at = 0;
    std::optional<crypto::PublicKey> key;
    std::string evidence_sha256, evidence_file;  // of the reading and of the judgement
    bool accepted = false;
    bool found = false;
};

// A token was asked for a signature and gave it.
struct SignatureFact {
    std::string step, key, purpose, algorithm, tbs_sha256, signature_sha256;
    std::uint64_t asked_at = 0;
    bool accounted = false;  // a certificate or CRL of the bundle carries it
};

struct LintFact {
    std::string step, what, tbs_sha256, profile, key, issuer_key;
    std::uint64_t at = 0;
    UtcTime time{};
};

struct ArtefactFact {
    std::string step, file, kind, sha256;
    std::uint64_t size = 0, at = 0;
    const Value* body = nullptr;  // into the transcript
};

struct Facts {
    const Record* header = nullptr;
    const Record* end = nullptr;
    std::vector<std::string> steps_begun, steps_done;
    std::map<std::string, UtcTime> begun_at;  // by step
    std::map<std::string, TokenFact> tokens;  // by the step that opened them
    std::map<std::string, KeyFact> keys;      // by id
    std::vector<SignatureFact> signatures;
    std::vector<LintFact> lints;
    std::vector<ArtefactFact> artefacts;
    std::size_t uses = 0, confirmations = 0, unattended = 0, deviations = 0, paths = 0;
    std::map<std::string, std::size_t> confirmed;  // by step
    bool aborted = false;

    const KeyFact* key_of_step(std::string_view step) const noexcept;
    const ArtefactFact* artefact(std::string_view file) const noexcept;
    bool complete() const noexcept;  // ended as complete
};

// gather walks the records. In areas of checks of its own it judges: that each intent has exactly one result, directly
// behind it; that steps are as in the script, begun and ended in its order; that those who confirmed hold their roles.
// The transcript must outlive the facts.
Facts gather(const Transcript& transcript, const ScriptReading& script, const BindingsReading& bindings,
             Checks& checks);

}  // namespace sealwright::verifier
