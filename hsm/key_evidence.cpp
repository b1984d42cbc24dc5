#include "hsm/key_evidence.hpp"

#include <array>
#include <cstdio>
#include <span>

namespace sealwright::hsm {
namespace {

using x509::Finding;
using x509::Findings;
using x509::Severity;

// Rule: this attribute of this object must read so. Contrary and absent are different findings: code, and code +
// "_unknown".
struct Rule {
    std::string_view object, attribute, expected, code;
    Severity if_absent;
    std::string_view meaning;  // what it means when it does not read so
};

// The clauses are those of PKCS#11 3.0 base, 4.9 (private key objects) and 4.7 (key objects).
constexpr std::array kObject{
    Rule{"private", "CKA_CLASS", "CKO_PRIVATE_KEY", "key_not_a_private_key", Severity::error,
         "the object is no private key"},
    Rule{"private", "CKA_TOKEN", "true", "key_not_in_token", Severity::error,
         "the key lives in a session, not in the token"},
    Rule{"private", "CKA_PRIVATE", "true", "key_usable_without_login", Severity::error,
         "the key can be used without login"},
    Rule{"private", "CKA_SENSITIVE", "true", "key_not_sensitive", Severity::error, "the key can be read in plain"},
};
constexpr std::array kBornHere{
    Rule{"private", "CKA_LOCAL", "true", "key_not_born_in_token", Severity::error,
         "the key was not generated in the token"},
    Rule{"private", "CKA_ALWAYS_SENSITIVE", "true", "key_was_not_always_sensitive", Severity::error,
         "the key could be read in plain once"},
};
constexpr std::array kStays{
    Rule{"private", "CKA_EXTRACTABLE", "false", "key_extractable", Severity::error,
         "the key can be wrapped and leave the token"},
    Rule{"private", "CKA_NEVER_EXTRACTABLE", "true", "key_was_extractable", Severity::error,
         "the key could leave the token once"},
};
constexpr std::array kLeavesWrapped{
    Rule{"private", "CKA_EXTRACTABLE", "true", "key_not_extractable", Severity::error, "the key cannot be backed up"},
    Rule{"private", "CKA_WRAP_WITH_TRUSTED", "true", "key_wrapped_by_any_key", Severity::error,
         "any key that wraps carries the key out of the token, not only one that the SO has marked as trusted"},
};
constexpr std::array kSigns{
    Rule{"private", "CKA_SIGN", "true", "key_cannot_sign", Severity::error, "the key may not sign"},
    Rule{"private", "CKA_DECRYPT", "false", "key_can_decrypt", Severity::error, "the key also decrypts"},
    Rule{"private", "CKA_DERIVE", "false", "key_can_derive", Severity::warning, "the key also derives other keys"},
};
constexpr std::array kDecryptsRsa{
    Rule{"private", "CKA_DECRYPT", "true", "key_cannot_decrypt", Severity::error, "the key may not decrypt"},
    Rule{"private", "CKA_SIGN", "false", "key_can_sign", Severity::error, "the key also signs"},
    Rule{"private", "CKA_DERIVE", "false", "key_can_derive", Severity::warning, "the key also derives other keys"},
};
constexpr std::array kAgrees{
    Rule{"private", "CKA_DERIVE", "true", "key_cannot_derive", Severity::error, "the key may not agree"},
    Rule{"private", "CKA_SIGN", "false", "key_can_sign", Severity::error, "the key also signs"},
    Rule{"private", "CKA_DECRYPT", "false", "key_can_decrypt", Severity::error, "the key also decrypts"},
};
constexpr std::array kNothingElse{
    Rule{"private", "CKA_UNWRAP", "false", "key_can_unwrap", Severity::error, "the key also unwraps other keys"},
    Rule{"private", "CKA_SIGN_RECOVER", "false", "key_can_sign_recover", Severity::warning,
         "the key also makes signatures with recovery"},
    Rule{"private", "CKA_MODIFIABLE", "false", "key_modifiable", Severity::warning,
         "the key's attributes can be changed"},
    Rule{"private", "CKA_COPYABLE", "false", "key_copyable", Severity::warning,
         "the key can be copied with other attributes"},
    Rule{"public", "CKA_CLASS", "CKO_PUBLIC_KEY", "public_key_object_wrong", Severity::error,
         "the object is no public key"},
};
constexpr std::array kPublicHalf{
    Rule{"public", "CKA_LOCAL", "true", "public_key_not_born_in_token", Severity::note,
         "the public half was not generated in the token"},
    Rule{"public", "CKA_MODIFIABLE", "false", "public_key_modifiable", Severity::note,
         "the public half's attributes can be changed"},
};

// Mechanisms that a signing key may be allowed; anything else in CKA_ALLOWED_MECHANISMS is a way around its one job.
constexpr std::array<std::string_view, 11> kSigningMechanisms{
    "CKM_ECDSA",
    "CKM_EDDSA",
    "CKM_ML_DSA",
    "CKM_RSA_PKCS",
    "CKM_RSA_PKCS_PSS",
    "CKM_SHA256_RSA_PKCS",
    "CKM_SHA384_RSA_PKCS",
    "CKM_SHA512_RSA_PKCS",
    "CKM_SHA256_RSA_PKCS_PSS",
    "CKM_SHA384_RSA_PKCS_PSS",
    "CKM_SHA512_RSA_PKCS_PSS",
};

constexpr std::array<std::string_view, 2> kRsaDecryption{"CKM_RSA_PKCS", "CKM_RSA_PKCS_OAEP"};
constexpr std::array<std::string_view, 1> kAgreement{"CKM_ECDH1_DERIVE"};

struct Generation {
    std::string_view key_type, mechanism;
};
constexpr std::array kGenerations{
    Generation{"CKK_RSA", "CKM_RSA_PKCS_KEY_PAIR_GEN"},  Generation{"CKK_RSA", "CKM_RSA_X9_31_KEY_PAIR_GEN"},
    Generation{"CKK_EC", "CKM_EC_KEY_PAIR_GEN"},         Generation{"CKK_EC_EDWARDS", "CKM_EC_EDWARDS_KEY_PAIR_GEN"},
    Generation{"CKK_ML_DSA", "CKM_ML_DSA_KEY_PAIR_GEN"},
};

Finding finding(std::string code, Severity severity, std::string detail) {
    return Finding{std::move(code), severity, "PKCS#11 3.0 4.9", std::move(detail)};
}

void judge_rule(const KeyEvidence& evidence, const Rule& rule, Findings& findings) {
    const EvidenceItem* item = evidence.find(rule.object, rule.attribute);
    const std::string where = std::string{rule.object} + " " + std::string{rule.attribute};
    if (item == nullptr || !item->value) {
        const std::string why = item == nullptr ? "it was not read" : item->why_absent;
        findings.push_back(
            finding(std::string{rule.code} + "_unknown", rule.if_absent,
                    where + " is absent (" + why + "): it is not known whether " + std::string{rule.meaning}));
    } else if (*item->value != rule.expected) {
        const Severity severity = rule.if_absent == Severity::note ? Severity::note : Severity::error;
        findings.push_back(finding(std::string{rule.code}, severity,
                                   where + " is " + *item->value + ": " + std::string{rule.meaning}));
    }
}

void judge_generation(const KeyEvidence& evidence, Findings& findings) {
    const EvidenceItem* type = evidence.find("private", "CKA_KEY_TYPE");
    const EvidenceItem* mechanism = evidence.find("private", "CKA_KEY_GEN_MECHANISM");
    if (type == nullptr || !type->value) {
        findings.push_back(finding("key_type_unknown", Severity::error, "private CKA_KEY_TYPE is absent"));
        return;
    }
    if (mechanism == nullptr || !mechanism->value) {
        findings.push_back(
            finding("key_gen_mechanism_unknown", Severity::warning, "private CKA_KEY_GEN_MECHANISM is absent"));
        return;
    }
    for (const Generation& row : kGenerations) {
        if (row.key_type == *type->value && row.mechanism == *mechanism->value) return;
    }
    findings.push_back(finding("key_gen_mechanism_wrong", Severity::error,
                               "a " + *type->value + " key that was made by " + *mechanism->value));
}

void judge_mechanisms(const KeyEvidence& evidence, std::span<const std::string_view> needed, Findings& findings) {
    const EvidenceItem* item = evidence.find("private", "CKA_ALLOWED_MECHANISMS");
    if (item == nullptr || !item->value) {
        findings.push_back(
            finding("key_allowed_mechanisms_unknown", Severity::note,
                    "the token keeps no CKA_ALLOWED_MECHANISMS: it does not bind the key to algorithms"));
        return;
    }
    std::string_view rest = *item->value;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(' '), rest.size());
        const std::string_view name = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (std::find(needed.begin(), needed.end(), name) == needed.end()) {
            findings.push_back(
                finding("key_allowed_other_mechanism", Severity::error,
                        "CKA_ALLOWED_MECHANISMS holds " + std::string{name} + ", which such a key does not need"));
        }
    }
}

// The token was asked for the length of the secret itself; any answer but a refusal shows that CKA_SENSITIVE means
// nothing there.
void judge_disclosure(const KeyEvidence& evidence, Findings& findings) {
    for (const std::string_view attribute : {"CKA_VALUE", "CKA_PRIVATE_EXPONENT"}) {
        const EvidenceItem* item = evidence.find("private", attribute);
        if (item != nullptr && item->value) {
            findings.push_back(finding("key_disclosed", Severity::error,
                                       "the token would give away " + std::string{attribute} + " of the private key"));
        }
    }
}

template <std::size_t N>
void judge_rules(const KeyEvidence& evidence, const std::array<Rule, N>& rules, Findings& findings) {
    for (const Rule& rule : rules) judge_rule(evidence, rule, findings);
}

// judge_work: what the key does, and that it does nothing else.
void judge_work(const KeyEvidence& evidence, bool decrypts, Findings& findings) {
    if (!decrypts) {
        judge_rules(evidence, kSigns, findings);
        judge_mechanisms(evidence, kSigningMechanisms, findings);
        return;
    }
    const EvidenceItem* type = evidence.find("private", "CKA_KEY_TYPE");
    if (type != nullptr && type->value == "CKK_EC") {
        judge_rules(evidence, kAgrees, findings);
        judge_mechanisms(evidence, kAgreement, findings);
    } else if (type != nullptr && type->value == "CKK_RSA") {
        judge_rules(evidence, kDecryptsRsa, findings);
        judge_mechanisms(evidence, kRsaDecryption, findings);
    } else {
        findings.push_back(
            finding("key_type_cannot_decrypt", Severity::error, "only RSA and EC keys decrypt or agree"));
    }
}

// judge_provenance: a token forgets where an unwrapped key was born (PKCS#11 3.0, 4.7: CKA_LOCAL is false, 4.9: so are
// CKA_ALWAYS_SENSITIVE and CKA_NEVER_EXTRACTABLE). One that claims otherwise was not restored, or the token is wrong.
void judge_provenance(const KeyEvidence& evidence, Findings& findings) {
    for (const std::string_view attribute : {"CKA_LOCAL", "CKA_ALWAYS_SENSITIVE", "CKA_NEVER_EXTRACTABLE"}) {
        const EvidenceItem* item = evidence.find("private", attribute);
        if (item != nullptr && item->value == "true") {
            findings.push_back(finding(
                "key_not_restored", Severity::error,
                "private " + std::string{attribute} + " is true, which no key that came back from a backup can be"));
        }
    }
    findings.push_back(finding("key_provenance_lost", Severity::warning,
                               "the key was restored: that it was born in a token and could never be read is shown by "
                               "the evidence of the original alone, to which its SPKI leads"));
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char character : text) {
        const auto octet = static_cast<unsigned char>(character);
        if (character == '"' || character == '\\') {
            out += '\\';
            out += character;
        } else if (octet < 0x20 || octet >= 0x7f) {
            // Tokens give octets, not UTF-8: each stands for itself (ISO 8859-1), so that the JSON is valid whatever
            // they say.
            std::array<char, 8> escaped{};
            const int length = std::snprintf(escaped.data(), escaped.size(), "\\u%04x", octet);
            out.append(escaped.data(), static_cast<std::size_t>(length));
        } else {
            out += character;
        }
    }
    out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
}

// item_json has its keys sorted: attribute, object, value, why_absent.
std::string item_json(const EvidenceItem& item) {
    std::string out = "{";
    append_member(out, "attribute", item.attribute);
    out += ',';
    append_member(out, "object", item.object);
    out += ",\"value\":";
    if (item.value) {
        append_json_string(out, *item.value);
    } else {
        out += "null,";
        append_member(out, "why_absent", item.why_absent);
    }
    return out + "}";
}

}  // namespace

const EvidenceItem* KeyEvidence::find(std::string_view object, std::string_view attribute) const noexcept {
    for (const EvidenceItem& item : items) {
        if (item.object == object && item.attribute == attribute) return &item;
    }
    return nullptr;
}

Result<void> check_evidence_template(std::string_view name) {
    std::string known;
    for (const std::string_view one : {kNonExtractable, kNonExtractableDecrypt, kWrapBackup, kWrapBackupRestored}) {
        if (name == one) return success();
        known += (known.empty() ? "" : ", ") + std::string{one};
    }
    return fail(ErrorCode::unsupported, "unknown evidence template; known are " + known, std::string{name});
}

Result<Findings> judge_evidence(const KeyEvidence& evidence, std::string_view evidence_template) {
    SEALWRIGHT_TRY(check_evidence_template(evidence_template));
    const bool restored = evidence_template == kWrapBackupRestored;
    const bool leaves = restored || evidence_template == kWrapBackup;
    Findings findings;
    judge_rules(evidence, kObject, findings);
    if (!restored) judge_rules(evidence, kBornHere, findings);
    if (leaves) {
        judge_rules(evidence, kLeavesWrapped, findings);
    } else {
        judge_rules(evidence, kStays, findings);
    }
    judge_work(evidence, evidence_template == kNonExtractableDecrypt, findings);
    judge_rules(evidence, kNothingElse, findings);
    if (!restored) judge_rules(evidence, kPublicHalf, findings);
    if (!restored) judge_generation(evidence, findings);
    judge_disclosure(evidence, findings);
    if (leaves) {
        findings.push_back(finding("key_can_leave_wrapped", Severity::note,
                                   "the key can leave the token, wrapped by a key that the SO has marked as trusted"));
    }
    if (restored) judge_provenance(evidence, findings);
    return findings;
}

Result<AnyEvidence> judge_evidence_by_any(const KeyEvidence& evidence, const std::vector<std::string>& templates) {
    std::optional<AnyEvidence> first;
    for (const std::string& name : templates) {
        SEALWRIGHT_TRY(auto findings, judge_evidence(evidence, name));
        const bool is_satisfied = !x509::has_error(findings);
        if (first && !is_satisfied) continue;
        first = AnyEvidence{name, std::move(findings), is_satisfied};
        if (is_satisfied) break;
    }
    if (!first) return fail(ErrorCode::internal, "evidence that is judged by no template");
    return std::move(*first);
}

std::string evidence_json(const KeyEvidence& evidence) {
    std::string out = "{";
    append_member(out, "cka_id", to_hex(evidence.cka_id));
    out += ",\"items\":[";
    for (std::size_t i = 0; i < evidence.items.size(); ++i) {
        if (i > 0) out += ',';
        out += item_json(evidence.items[i]);
    }
    out += "],";
    append_member(out, "key", evidence.key.hex());
    out += ',';
    append_member(out, "label", evidence.label);
    out += ",\"token\":{";
    append_member(out, "firmware", evidence.token_firmware);
    out += ',';
    append_member(out, "label", evidence.token_label);
    out += ',';
    append_member(out, "manufacturer", evidence.token_manufacturer);
    out += ',';
    append_member(out, "model", evidence.token_model);
    out += ',';
    append_member(out, "serial", evidence.token_serial);
    return out + "}}";
}

}  // namespace sealwright::hsm
