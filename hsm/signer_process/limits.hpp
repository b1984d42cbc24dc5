// limits.hpp: what each key of the signer may sign. The octets to be signed are parsed here, by the signer itself, and
// held against the key's purposes and limits: what a compromised daemon can make the token sign is what these rules
// leave, and nothing else.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "hsm/decryptor.hpp"
#include "hsm/key_evidence.hpp"
#include "hsm/signer_process/journal_record.hpp"

namespace sealwright::hsm::signer_process {

// A clock of the daemon's machine may be ahead of ours by this much.
inline constexpr std::chrono::minutes kClockSkew{10};

struct CertificateLimits {
    Sha256 issuer;                                  // SHA-256 of the issuer Name's DER
    std::optional<Bytes> authority_key_identifier;  // the TBS must carry this one
    bool ca = false;                                // may certificates with cA TRUE be issued?
    std::optional<std::uint32_t> max_path_length;   // for CA certificates; absent in the certificate is then refused
    std::chrono::seconds max_validity{};
    std::chrono::seconds max_backdate{};  // how far notBefore may lie in the past
    bool ocsp_signing = false;            // may id-kp-OCSPSigning be certified? Such a key speaks for the whole CA
};

struct CrlLimits {
    Sha256 issuer;
    std::optional<Bytes> authority_key_identifier;
    std::chrono::seconds max_validity{};
};

struct OcspLimits {
    std::chrono::seconds max_validity{};  // of each response: nextUpdate minus thisUpdate
    std::chrono::seconds max_backdate{};  // how old producedAt may be
};

struct CheckpointLimits {
    std::string origin;
    std::optional<std::uint64_t> max_step;  // entries between two checkpoints; see journal_rules.hpp
};

// DecryptLimits: how the key may decrypt; nothing is signed under this purpose.
struct DecryptLimits {
    std::vector<DecryptScheme> schemes;
};

// CmsLimits: which eContentTypes (OID content octets) the key signs; empty: none. Of any type would be a TSTInfo
// (RFC 3161) too, which makes the key a time stamping authority.
struct CmsLimits {
    std::vector<Bytes> content_types;
};

// CmpLimits: a CA or RA answers and announces; messages of a client are signed only where requests is set.
struct CmpLimits {
    bool requests = false;
};

struct TlsLimits {};
struct CsrLimits {};

// KeyLimits is one [[key]] of the configuration. A purpose is allowed if and only if its limits are there.
struct KeyLimits {
    KeyId id;
    std::string name;
    std::vector<crypto::SignatureAlgorithm> algorithms;
    std::optional<std::uint32_t> max_per_hour;  // signatures, or what it opens; the journal counts (journal_rules.hpp)
    std::optional<CertificateLimits> certificate;
    std::optional<CrlLimits> crl;
    std::optional<CsrLimits> csr;
    std::optional<OcspLimits> ocsp;
    std::optional<CheckpointLimits> checkpoint;
    std::optional<TlsLimits> tls;
    std::vector<std::string> locations;  // serials of the tokens where it was enrolled; empty: any that holds it
    std::optional<DecryptLimits> decrypt;
    std::optional<CmsLimits> cms;
    std::optional<CmpLimits> cmp;
    // What the key is judged by: one of them suffices, since the original and a restored copy fit different ones.
    std::vector<std::string> evidence_templates{std::string{kNonExtractable}};

    std::vector<Purpose> purposes() const;
    // may_be_in: a key with enrolled locations is served from those tokens alone.
    bool may_be_in(const std::string& token_serial) const;
};

// check_request refuses a purpose or an algorithm that the key does not have (denied), before anything of the TBS is
// read.
Result<void> check_request(const KeyLimits& limits, Purpose purpose, const crypto::SignatureAlgorithm& algorithm);

// check_tbs parses a whole TBS of any purpose and holds it against the limits: malformed, unsupported or denied. It
// gives what the journal remembers of it. key is the signing key itself.
Result<IntentSubject> check_tbs(const KeyLimits& limits, const crypto::PublicKey& key, Purpose purpose,
                                const crypto::SignatureAlgorithm& algorithm, ByteView tbs, UtcTime now);

// check_decrypt holds a request to decrypt against the limits (denied), and its shape against the key (malformed,
// unsupported), before the token sees it.
Result<void> check_decrypt(const KeyLimits& limits, const crypto::PublicKey& key, const DecryptRequest& request);

// One check a purpose.
Result<CertificateSubject> check_certificate(const CertificateLimits& limits,
                                             const crypto::SignatureAlgorithm& algorithm, ByteView tbs, UtcTime now);
Result<void> check_csr(const crypto::PublicKey& key, ByteView info);
Result<void> check_ocsp(const OcspLimits& limits, const crypto::PublicKey& key, ByteView response_data, UtcTime now);
Result<CheckpointSubject> check_checkpoint(const CheckpointLimits& limits, ByteView text);
Result<void> check_tls(ByteView content);
Result<void> check_cms(const CmsLimits& limits, ByteView signed_attributes);
Result<void> check_cmp(const CmpLimits& limits, const crypto::SignatureAlgorithm& algorithm, ByteView protected_part);
// CRLs: see crl_checker.hpp.

}  // namespace sealwright::hsm::signer_process
