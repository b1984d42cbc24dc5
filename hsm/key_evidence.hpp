// key_evidence.hpp: what a token says of a key (its CKA_* attributes), read back and judged. The module's word, not a
// proof: a vendor's attestation would be one. An attribute that the token does not give is absent, which is neither
// true nor false.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "x509/findings.hpp"

namespace sealwright::hsm {

// EvidenceItem is one attribute of one object, as read.
struct EvidenceItem {
    std::string object;                // "private" or "public"
    std::string attribute;             // "CKA_LOCAL"
    std::optional<std::string> value;  // "true", "false", a number, a CKM_ name or hexadecimal; nullopt: absent
    std::string why_absent;            // the CKR_ name, when absent
};

struct KeyEvidence {
    KeyId key;
    std::string token_serial, token_label, token_model, token_manufacturer, token_firmware;
    std::string label;
    Bytes cka_id;
    std::vector<EvidenceItem> items;

    // find gives the item, or nullptr where it was not even asked for.
    const EvidenceItem* find(std::string_view object, std::string_view attribute) const noexcept;
};

// An evidence template names what a key must look like; the ceremony script and the signer name one.
// - non-extractable-v1: born in the token, never left it, cannot leave it, signs and does nothing else, cannot be
//   changed or copied.
// - non-extractable-decrypt-v1: the same of a key that decrypts (RSA) or agrees (EC) and does nothing else.
// - wrap-backup-v1: born in the token, never readable, signs and does nothing else, but can leave it, wrapped by a key
//   that the token's SO has marked as trusted. It is never called unextractable: a note says that it can leave.
// - wrap-backup-restored-v1: the same, come back from a backup. What it was before this token cannot know: a warning
//   says that its provenance is lost; its SPKI leads to the evidence of the original.
inline constexpr std::string_view kNonExtractable = "non-extractable-v1";
inline constexpr std::string_view kNonExtractableDecrypt = "non-extractable-decrypt-v1";
inline constexpr std::string_view kWrapBackup = "wrap-backup-v1";
inline constexpr std::string_view kWrapBackupRestored = "wrap-backup-restored-v1";

// check_evidence_template refuses (unsupported) a name that is none of them, naming those that are.
Result<void> check_evidence_template(std::string_view name);

// judge_evidence gives every finding; unsupported for an unknown template.
Result<x509::Findings> judge_evidence(const KeyEvidence& evidence, std::string_view evidence_template);

// AnyEvidence is what became of evidence that one of several templates has to fit: the original of a key in one token
// and its restored copy in another are the same key to whoever uses it, and fit different ones.
struct AnyEvidence {
    std::string evidence_template;  // the first that is satisfied, else the first
    x509::Findings findings;        // by that one
    bool is_satisfied = false;
};

// judge_evidence_by_any takes at least one template; unsupported for an unknown one.
Result<AnyEvidence> judge_evidence_by_any(const KeyEvidence& evidence, const std::vector<std::string>& templates);

// evidence_json is the canonical JSON of evidence (keys sorted), as transcripts and `hsm evidence --json` have it.
// Absent attributes are null.
std::string evidence_json(const KeyEvidence& evidence);

}  // namespace sealwright::hsm
