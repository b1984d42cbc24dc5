// record.hpp: the record of an attestation: all that its verdict was made of, and the verdict, so that anybody can make it
// again years later (sealwright-verify attestation).
//
//   AttestationRecord ::= SEQUENCE {
//     version        INTEGER (1),
//     request        OCTET STRING (SIZE(16)),
//     time           GeneralizedTime,              -- at which it was judged
//     profile        UTF8String,
//     policy         SEQUENCE { levels SEQUENCE OF INTEGER, simulators BOOLEAN, endorsementHierarchy BOOLEAN, minRsaBits INTEGER },
//     ekIsListed     BOOLEAN,
//     opening        SEQUENCE { ekCertificate OCTET STRING, ekChain SEQUENCE OF OCTET STRING, ekPublic OCTET STRING, ekTemplate UTF8String,
//                               akPublic OCTET STRING },
//     answer         SEQUENCE { activatedSecret OCTET STRING, keyPublic OCTET STRING, certifyInfo OCTET STRING, certifySignature OCTET STRING } ,
//     expectation    SEQUENCE { secretDigest OCTET STRING, nonce OCTET STRING, requestSpki OCTET STRING },
//     anchors        SEQUENCE { rootsDigest OCTET STRING, used SEQUENCE OF OCTET STRING },
//                    -- the certificates (DER) of the path that the EK certificate was validated by, issuer of it first, root last; empty if none
//     verdict        Verdict }
//   Verdict ::= SEQUENCE { decision INTEGER, level INTEGER, findings SEQUENCE OF Finding, mandatory SEQUENCE OF INTEGER, facts Facts }
//   Finding ::= SEQUENCE { check INTEGER, outcome INTEGER,
//     source SEQUENCE { input UTF8String, digest OCTET STRING, offset INTEGER, size INTEGER }, text UTF8String }
//   Facts ::= SEQUENCE { ek OCTET STRING, ekTemplate UTF8String, akName OCTET STRING, keyName OCTET STRING, key [0] IMPLICIT OCTET STRING OPTIONAL,
//     manufacturer UTF8String, model UTF8String, firmware UTF8String, hierarchy UTF8String, countersAreClear BOOLEAN,
//     firmwareVersion INTEGER, clock INTEGER, resetCount INTEGER, restartCount INTEGER, clockIsSafe BOOLEAN }
// Texts are visible ASCII. The path of an EK certificate that reaches a root and is not valid is kept too: the refusal must be replayable.
// An opening that was refused has an answer and an expectation of empty strings (secretDigest of zeros).
#pragma once

#include "attestation/verify.hpp"

namespace sealwright::attestation {

inline constexpr std::size_t kMaxRecord = 262144;
inline constexpr std::string_view kRecordLabel = "SEALWRIGHT ATTESTATION RECORD";  // of its PEM form

struct Record {
    RequestId request;
    UtcTime time{};
    std::string profile;
    Policy policy;
    bool ek_is_listed = false;
    Opening opening;
    std::optional<Answer> answer;            // none: the opening was refused
    Expectation expectation;
    Sha256 roots_digest;                     // of the site's roots at that time (roots_digest)
    std::vector<Bytes> path;                 // of the EK certificate
    Verdict verdict;
};

// roots_digest is SHA-256 over the sorted SHA-256 fingerprints of the roots.
Sha256 roots_digest(const TrustAnchors& anchors);

// attest is verify_opening (no answer) or verify_attestation, with everything kept.
Record attest(RequestId request, std::string profile, Opening opening, std::optional<Answer> answer,
              Expectation expectation, const Context& context);

Bytes encode_record(const Record& record);
// parse_record reads DER of exactly one record (or its PEM form); malformed, too_large, or unsupported for another version. It judges nothing.
Result<Record> parse_record(ByteView bytes);

// replay judges the record's evidence again, at its time, with its policy and its path: the verdict must be equal to the recorded one. Trusting the
// path's root is the reader's business: is_anchored says whether it is among the given roots.
Verdict replay(const Record& record);
bool is_anchored(const Record& record, const std::vector<x509::Certificate>& roots);

}  // namespace sealwright::attestation
