// csr.hpp: PKCS#10 requests (RFC 2986), parsed strictly. A request is a wish: nothing in it reaches a certificate
// unless a profile says so.
#pragma once

#include <optional>
#include <string>

#include "x509/certificate.hpp"

namespace sealwright::x509 {

inline constexpr std::size_t kMaxCsrSize = 32768;

struct CertificateRequest {
    CsrDer der;
    NameDer subject_der;
    Name subject;  // may be empty
    crypto::PublicKey public_key;
    Extensions requested_extensions;  // from the extensionRequest attribute (one, with one value), else empty
    std::optional<std::string> challenge_password;
    Bytes signature_algorithm;         // AlgorithmIdentifier DER
    Bytes certification_request_info;  // what is signed
    Bytes signature;

    // parse reads exactly one CertificationRequest of at most kMaxCsrSize octets, version 0, attributes each at most
    // once, at most 32 of them. It does not verify the signature and does not judge the key.
    static Result<CertificateRequest> parse(ByteView der);
    // parse_any accepts DER, or PEM labelled CERTIFICATE REQUEST or NEW CERTIFICATE REQUEST (RFC 7468 section 7).
    static Result<CertificateRequest> parse_any(ByteView der_or_pem);

    // algorithm is that of the request's own signature; unsupported. RFC 5758 3.2 wants no parameters for ECDSA; a NULL
    // in their place is taken too, since tpm2-openssl writes it and nothing of a request's AlgorithmIdentifier reaches
    // a certificate.
    Result<crypto::SignatureAlgorithm> algorithm() const;

    // verify_possession checks the request's own signature (invalid_signature). SHA-1 and unknown algorithms are
    // unsupported.
    Result<void> verify_possession() const;
};

}  // namespace sealwright::x509
