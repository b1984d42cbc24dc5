// verify.hpp: the verifier: evidence and expectations in, a verdict out. Pure: no I/O, no clock, no globals; the one
// impure input is the random generator of make_challenge. Everything in Evidence is hostile; everything else is the site's.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "attestation/verdict.hpp"
#include "crypto/random.hpp"
#include "x509/certificate.hpp"

namespace sealwright::attestation {

inline constexpr std::size_t kMaxEkCertificate = 8192;   // octets
inline constexpr std::size_t kMaxChain = 8;              // certificates
inline constexpr std::size_t kMaxTpmStructure = 4096;    // octets of one TPM2B or TPMT
inline constexpr std::size_t kNonceSize = 32, kSecretSize = 32;
inline constexpr std::size_t kMaxAnchors = 4096;         // roots and intermediates of a site, each

// TrustAnchors are a site's: the manufacturers' roots, and intermediates that devices need not send. Immutable once made; shared between threads.
struct TrustAnchors {
    std::vector<x509::Certificate> roots, intermediates;
};

// Policy is what a profile asks for. A level that is not accepted is never the level of a verdict.
struct Policy {
    std::set<Level> accepted;
    bool simulators = false;                // EK certificates of simulator vendors count
    bool endorsement_hierarchy = false;     // the AK must provably stand in the endorsement hierarchy
    unsigned min_rsa_bits = 2048;           // of EK, AK and key
    friend bool operator==(const Policy&, const Policy&) = default;
};

// Opening is the first round: who the TPM says it is. One of ek_public and ek_template is given, or both.
struct Opening {
    Bytes ek_certificate;                  // DER; empty: none. NV headers and padding are tolerated
    std::vector<Bytes> ek_chain;           // intermediates that the device has, DER
    Bytes ek_public;                       // TPM2B_PUBLIC; empty: made of the certificate's key by ek_template
    std::string ek_template;               // "L-1", "L-2", "H-1" ... "H-7"
    Bytes ak_public;                       // TPM2B_PUBLIC
    friend bool operator==(const Opening&, const Opening&) = default;
};

// Answer is the second.
struct Answer {
    Bytes activated_secret;                // what TPM2_ActivateCredential gave
    Bytes key_public;                      // TPM2B_PUBLIC
    Bytes certify_info;                    // TPM2B_ATTEST, or the TPMS_ATTEST without its size
    Bytes certify_signature;               // TPMT_SIGNATURE
    friend bool operator==(const Answer&, const Answer&) = default;
};

// Expectation is what the challenge was and what else must agree.
struct Expectation {
    Sha256 secret_digest;                  // SHA-256 of the secret in the credential
    Bytes nonce;                           // kNonceSize octets
    Bytes request_spki;                    // SubjectPublicKeyInfo of the PKCS#10 request, whose signature the caller has verified
    friend bool operator==(const Expectation&, const Expectation&) = default;
};

struct Context {
    const TrustAnchors& anchors;
    const Policy& policy;
    bool ek_is_listed = false;             // the site's list has this EK (ek_of says which to look up)
    UtcTime now{};
};

// ek_of gives the identity of the endorsement key that an opening is about, without judging it; malformed or unsupported where there is none.
Result<KeyId> ek_of(const Opening& opening);

// verify_opening judges all that the first round can show; affirming means that a challenge may be made. Its level is provisional.
Verdict verify_opening(const Opening& opening, const Context& context);

// Challenge is what goes to the device, and what must be remembered to judge its answer.
struct Challenge {
    Bytes credential_blob;                 // TPM2B_ID_OBJECT
    Bytes encrypted_secret;                // TPM2B_ENCRYPTED_SECRET
    Bytes nonce;                           // kNonceSize octets; qualifyingData of TPM2_Certify
    Sha256 secret_digest;
};
// make_challenge draws secret and nonce and makes the credential for the AK's Name under the EK (TPM 2.0 Part 1, 24). The opening must have been
// affirmed: unsupported or malformed otherwise.
Result<Challenge> make_challenge(const Opening& opening, crypto::Random& random);

// verify_attestation judges everything, the first round too. Affirming: the key of request_spki is in the TPM of this EK, cannot leave it, and was there
// after the nonce was made. The caller must still: have verified the request's signature, use the challenge only once, and check what the site knows of
// this EK (another identity, revoked).
Verdict verify_attestation(const Opening& opening, const Answer& answer, const Expectation& expectation,
                           const Context& context);

}  // namespace sealwright::attestation
