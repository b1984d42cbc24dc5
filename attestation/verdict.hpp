// verdict.hpp: what an attestation proves: every finding with the octets and the clause behind it, the facts that follow,
// and one decision. A value; equal inputs give equal octets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace sealwright::attestation {

// Check is one thing that was looked at. check_code is its stable name, as it stands in records, in the answers to
// devices and in docs/attestation.md; numbers are stable too and never used again.
enum class Check : std::uint16_t {
    // The endorsement key.
    ek_public_parses = 100,
    ek_template_known,           // one of the L or H templates of the TCG EK Credential Profile
    ek_attributes,               // a restricted decryption key that cannot leave its TPM
    ek_strength,                 // RSA 2048 and more, no ROCA modulus
    ek_certificate_present,
    ek_certificate_parses,
    ek_certificate_quirk,        // a deviation from RFC 5280 that this kind of certificate is known for, and that is tolerated
    ek_certificate_key,          // the certificate is for this EK
    ek_certificate_purpose,      // not a CA, key usage, EKU tcg-kp-EKCertificate
    ek_certificate_dates,
    ek_certificate_extensions,   // no critical extension that is not understood
    ek_certificate_tpm,          // TPM manufacturer, model and version in the SAN; TPMSpecification
    ek_certificate_chain,        // to one of the site's manufacturer roots
    ek_certificate_revocation,
    ek_simulator,                // the vendor makes simulators
    ek_on_list,                  // on the site's list of approved EKs
    ek_level,                    // the level that was reached is one that the profile accepts
    // The attestation key.
    ak_public_parses = 200,
    ak_attributes,               // fixedTPM, fixedParent, sensitiveDataOrigin, sign, not decrypt
    ak_restricted,               // the whole proof: a restricted key signs nothing that the TPM did not make
    ak_scheme,                   // a signing scheme with a digest of 256 bits or more; NULL is none
    ak_strength,
    ak_differs_from_ek,
    ak_hierarchy,                // qualifiedSigner says where the AK stands
    // The activation of a credential: EK and AK are in one TPM.
    activation_secret = 300,
    // The key that is to be certified.
    key_public_parses = 400,
    key_attributes,              // fixedTPM, fixedParent, sensitiveDataOrigin; no encryptedDuplication
    key_signs,                   // sign, and not restricted: it must sign requests and handshakes
    key_strength,
    key_matches_request,         // the key of the PKCS#10 request
    key_differs_from_ak,
    // TPM2_Certify.
    certify_parses = 500,
    certify_signature_parses,
    certify_magic,               // TPM_GENERATED_VALUE
    certify_type,                // TPM_ST_ATTEST_CERTIFY
    certify_nonce,               // extraData is the challenge's nonce
    certify_name,                // the Name of the key
    certify_qualified_name,
    certify_signature_scheme,    // of the AK
    certify_signature,
};
std::string_view check_code(Check check) noexcept;  // "ek_public_parses"
std::optional<Check> parse_check_code(std::string_view code) noexcept;
// check_clause is the clause that the check comes from: "TPM 2.0 Part 1, 31.2". Never empty.
std::string_view check_clause(Check check) noexcept;

enum class Outcome : std::uint8_t {
    proven = 1,   // holds, and cannot be otherwise as long as the cryptography and the trust anchors hold
    claimed,      // somebody says so, nothing proves it, and nothing that was decided rests on it
    not_reached,  // does not hold, and nothing that the policy accepts depends on it
    skipped,      // was not looked at; a refusal where the check is mandatory
    failed,       // does not hold: a refusal
};
std::string_view outcome_name(Outcome outcome) noexcept;  // "proven", "not-reached"
std::optional<Outcome> parse_outcome_name(std::string_view name) noexcept;

// Source says which octets a finding is about: the input's name ("ek_certificate"), its SHA-256, and the part of it.
struct Source {
    std::string input;
    Sha256 digest;
    std::uint32_t offset = 0, size = 0;
    friend bool operator==(const Source&, const Source&) = default;
};

struct Finding {
    Check check{};
    Outcome outcome = Outcome::failed;
    Source source;
    std::string text;  // for an operator: what was seen, and what to do about it; safe to print
    friend bool operator==(const Finding&, const Finding&) = default;
};

// Level is how the EK came to be trusted, as AD CS has it. The numbers are those of the record's format; a higher one proves more.
enum class Level : std::uint8_t {
    none = 0,
    requester = 1,       // the EK is taken on the word of an authenticated requester
    ek_certificate = 2,  // a certificate from one of the site's manufacturer roots
    ek_list = 3,         // on the site's list of approved EKs
};
std::string_view level_name(Level level) noexcept;  // "none", "requester", "ek-certificate", "ek-list"
std::optional<Level> parse_level_name(std::string_view name) noexcept;

// Facts are what the evidence says of the device. What is not proven is empty or zero.
struct Facts {
    KeyId ek;                            // SHA-256 of the EK's SubjectPublicKeyInfo; names the device
    std::string ek_template;             // "L-1" ... "H-7", empty for others
    Bytes ak_name, key_name;             // TPM2B_NAME's octets: algorithm and digest
    std::optional<KeyId> key;            // of the certified key
    std::string manufacturer, model, firmware;  // of the EK certificate's SAN: "id:00001014"
    std::string hierarchy;               // of the AK: "endorsement", "owner", ...; empty where it cannot be told
    // TPMS_ATTEST's, which the TPM obfuscates unless the AK is in the endorsement or platform hierarchy (TPM 2.0 Part 1, 36.7): only differences mean
    // anything else.
    bool counters_are_clear = false;
    std::uint64_t firmware_version = 0, clock = 0;
    std::uint32_t reset_count = 0, restart_count = 0;
    bool clock_is_safe = false;
    friend bool operator==(const Facts&, const Facts&) = default;
};

enum class Decision : std::uint8_t { affirming = 1, refused = 2 };

// Verdict is made by the verifier alone (verify.hpp) or read back from a record. Immutable.
class Verdict {
public:
    Decision decision() const noexcept { return decision_; }
    bool affirming() const noexcept { return decision_ == Decision::affirming; }
    Level level() const noexcept { return level_; }  // none unless affirming
    const std::vector<Finding>& findings() const noexcept { return findings_; }
    const Facts& facts() const noexcept { return facts_; }
    // refusals are the findings that refuse: failed, and skipped where the check is mandatory.
    std::vector<Finding> refusals() const;
    // summary is for the peer and for listings: "ak_restricted, certify_nonce", or "affirming, ek-list".
    std::string summary() const;

    // encode is DER (record.hpp has the ASN.1); the same findings give the same octets. digest is its SHA-256.
    Bytes encode() const;
    Sha256 digest() const;
    static Result<Verdict> parse(ByteView der);

    friend bool operator==(const Verdict&, const Verdict&) = default;

private:
    friend class VerdictBuilder;
    Verdict() = default;
    Decision decision_ = Decision::refused;
    Level level_ = Level::none;
    std::vector<Finding> findings_;
    std::vector<Check> mandatory_;
    Facts facts_;
};

}  // namespace sealwright::attestation
