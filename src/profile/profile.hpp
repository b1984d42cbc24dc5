// profile.hpp: a certificate profile: what a certificate of this kind may say. Read from TOML, validated whole, immutable, versioned by its digest.
//
// The request proposes, the profile disposes: the template engine copies nothing from a request that a rule here does not name.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "base/clock.hpp"
#include "crypto/spki.hpp"
#include "profile/attestation_rule.hpp"
#include "x509/extensions.hpp"
#include "x509/findings.hpp"

namespace sealwright::profile {

inline constexpr unsigned kProfileFormat = 1;

// Where a value of the subject or the SAN comes from.
enum class ValueSource : std::uint8_t {
    fixed,       // the profile's own text
    request,     // proposed by the request, must match the rule's pattern
    principal,   // the authenticated requester's name or authorised names
};

// Pattern is an anchored matcher with '*' (any run of characters without a dot, also none) and '**' (any run); matching is case-insensitive for DNS and
// exact else. A pattern of more than kMaxPatternSize octets matches nothing.
inline constexpr std::size_t kMaxPatternSize = 255;
struct Pattern {
    std::string text;
    bool matches(std::string_view value, bool ignore_case) const noexcept;
};

struct SubjectRule {
    Bytes attribute;               // OID content
    ValueSource source = ValueSource::fixed;
    std::string value;             // for fixed
    std::vector<Pattern> allow;    // for request: at least one must match
    std::size_t max_length = 64;
    bool required = true;
};

enum class SanKind : std::uint8_t { dns, ip, uri, email };
std::string_view san_kind_name(SanKind kind) noexcept;

struct SanRule {
    SanKind kind = SanKind::dns;
    ValueSource source = ValueSource::request;
    std::vector<Pattern> allow;          // ip: CIDR prefixes as text ("192.0.2.0/24"); for request: at least one must match; for principal: all, if any
    std::vector<x509::GeneralName> fixed;  // for fixed: the names themselves
    std::size_t min_count = 0, max_count = 10;
    bool wildcard = false;               // dns: a leftmost "*" label may be asked for
};

struct KeyRule { crypto::KeyType type; unsigned min_bits = 0, max_bits = 0; };

// FixedExtension is one that the profile writes itself, whole.
struct FixedExtension { x509::Extension extension; };

enum class SubjectKind : std::uint8_t { end_entity, ca };

// Validity: RFC 5280 4.1.2.5 counts both ends, so notAfter is notBefore + length - 1 s.
struct Validity {
    std::chrono::seconds length{};
    std::chrono::seconds backdate{};                 // notBefore = now - backdate
    std::optional<std::chrono::seconds> granularity;  // round notBefore down
    bool may_shorten = false;                        // a request may ask for less
    bool clip_to_issuer = false;                     // end with the issuer instead of refusing what would outlive it
};

// WhoMay: principal kinds and names that may use the profile (policy::rules evaluates it; the profile only carries the text).
struct WhoMay {
    std::vector<std::string> principals;   // "secret", "renewal", "admin", "uid:0", "role:officer"
    unsigned approvals = 0;                // how many officers must approve before issuance
    bool bound_names = false;              // a secret must say which names its holder may have certified
};

// Placeholders are the values of @name@ in a profile's texts (names: a-z, 0-9, _), so that one file serves every site.
using Placeholders = std::map<std::string, std::string>;

// Profile is a value: immutable once parsed, shared between threads.
class Profile {
public:
    // parse reads one profile. Unknown keys, missing keys, contradictions (CA without keyCertSign, EKU missing on an end entity, anyExtendedKeyUsage,
    // a rule that can never match) are config errors that name key and line. All problems are reported at once in the detail.
    static Result<Profile> parse(std::string_view toml, std::string_view source_name);
    // This one also knows the values of placeholders; one that is named in the text and not here is an error.
    static Result<Profile> parse(std::string_view toml, std::string_view source_name, const Placeholders& placeholders);

    std::string name, description;
    unsigned version = 1;
    // Of the TOML text: the version that audit entries name. Where placeholders were used, of the text, then "name=value\n" for each in order of name.
    Sha256 digest;
    SubjectKind kind = SubjectKind::end_entity;
    std::optional<std::uint32_t> path_length;
    std::vector<SubjectRule> subject;   // in the order of the DN, most significant first
    bool empty_subject_allowed = false;
    std::vector<SanRule> san;
    std::vector<KeyRule> keys;
    std::vector<std::string> request_signature_algorithms;  // empty: every one that we verify
    std::set<std::string> tolerated_request_extensions;     // dotted OIDs a request may carry though they are ignored; SAN, KU, EKU, BC are judged by their own rules
    x509::KeyUsage key_usage = 0, key_usage_rsa = 0;        // key_usage_rsa replaces it for RSA keys when not 0
    bool key_usage_critical = true;
    std::vector<Bytes> ext_key_usage;
    bool ext_key_usage_critical = false;
    std::vector<x509::PolicyInformation> policies;
    std::optional<x509::NameConstraints> name_constraints;
    bool ocsp_nocheck = false;
    std::vector<FixedExtension> extra_extensions;
    Validity validity;
    std::vector<x509::AccessDescription> authority_info_access;
    std::vector<x509::DistributionPoint> crl_distribution_points;
    std::optional<crypto::SignatureAlgorithm> signature_algorithm;  // else the issuer key's default
    WhoMay who;
    std::optional<AttestationRule> attestation;   // the key must be proven to be in a TPM
    bool renewal_allowed = false;
    std::chrono::seconds renewal_window{};  // a renewal is accepted this long before notAfter
    bool same_key_renewal = true;
};

// load_profiles reads every NAME.toml of a folder; the profile inside must have that NAME. The problems of all files are reported together (config).
Result<std::map<std::string, std::shared_ptr<const Profile>>> load_profiles(const std::filesystem::path& folder, const Placeholders& placeholders);

// key_usage_of is what a certificate for a key of this type gets.
x509::KeyUsage key_usage_of(const Profile& profile, crypto::KeyType type) noexcept;

// static_extensions are those that depend on the profile and the level alone, in the order of docs/profiles.md. They are encoded anew for each certificate: that costs
// 0.3 us, and a profile that carried its encodings along could disagree with itself.
// attested is the level that the key's TPM reached; its policy joins the profile's own.
x509::Extensions static_extensions(const Profile& profile, attestation::Level attested = attestation::Level::none);

}  // namespace sealwright::profile
