// ocsp.hpp: the OCSP messages of RFC 6960 and its profile RFC 5019: requests parsed, response data built, responses
// assembled and parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "x509/crl.hpp"

namespace sealwright::x509 {

inline constexpr std::size_t kMaxOcspRequestSize = 8192;
inline constexpr std::size_t kMaxOcspSingleRequests = 20;

// OcspCertId as asked: the hashes are matched against our issuers by value. encoding is the CertID DER, which the
// response repeats.
struct OcspCertId {
    crypto::DigestAlgorithm hash = crypto::DigestAlgorithm::sha1;
    Bytes issuer_name_hash, issuer_key_hash, serial;  // serial: INTEGER content
    Bytes encoding;
};

struct OcspRequest {
    std::vector<OcspCertId> cert_ids;  // 1 to kMaxOcspSingleRequests
    std::optional<Bytes>
        nonce;  // 1 to 128 octets (RFC 9654); the extnValue content of id-pkix-ocsp-nonce without its OCTET STRING
    // parse reads exactly one OCSPRequest; signed requests are read, their signature ignored (RFC 6960 4.1.2 lets a
    // responder).
    static Result<OcspRequest> parse(ByteView der);
};

enum class OcspResponseStatus : std::uint8_t {
    successful = 0,
    malformed_request = 1,
    internal_error = 2,
    try_later = 3,
    sig_required = 5,
    unauthorized = 6
};

struct OcspGood {};
struct OcspUnknown {};
struct OcspRevoked {
    UtcTime at{};
    RevocationReason reason = RevocationReason::unspecified;
};
using OcspCertStatus = std::variant<OcspGood, OcspRevoked, OcspUnknown>;

struct OcspSingleResponse {
    Bytes cert_id_der;
    OcspCertStatus status;
    UtcTime this_update{};
    std::optional<UtcTime> next_update = std::nullopt;
};

struct OcspResponseFields {
    Bytes responder_key_hash;  // byKey: SHA-1 of the responder's public key BIT STRING octets
    UtcTime produced_at{};
    std::vector<OcspSingleResponse> responses;
    std::optional<Bytes> nonce = std::nullopt;
};

// build_response_data is the TBS; assemble_ocsp_response wraps it, the signature and the delegated signer's
// certificate.
Bytes build_response_data(const OcspResponseFields& fields);
Bytes assemble_ocsp_response(ByteView response_data, const crypto::SignatureAlgorithm& algorithm, ByteView signature,
                             const CertificateDer& signer);
// ocsp_error_response is the five octets of an unsigned error.
Bytes ocsp_error_response(OcspResponseStatus status);

// ParsedOcspResponse is for self-checks and tests: the whole of a basic response.
struct ParsedOcspResponse {
    OcspResponseStatus status = OcspResponseStatus::internal_error;
    Bytes response_data;
    OcspResponseFields fields;
    Bytes signature_algorithm, signature;
    std::vector<Certificate> certificates;
    static Result<ParsedOcspResponse> parse(ByteView der);
};

}  // namespace sealwright::x509
