// certificate.hpp: certificates parsed strictly (syntax of RFC 5280 4.1), with views of what others judge; and
// assembled from TBS and signature.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/spki.hpp"
#include "x509/extensions.hpp"

namespace sealwright::x509 {

inline constexpr std::size_t kMaxCertificateSize = 65536;

// TbsCertificate is the parsed content of a TBSCertificate. It owns copies: it outlives the input.
struct TbsCertificate {
    unsigned version = 3;  // 1, 2 or 3
    Bytes serial;          // INTEGER content octets as encoded (may be negative or long in other CAs' certificates)
    Bytes signature_algorithm;  // AlgorithmIdentifier DER, as encoded
    NameDer issuer_der;
    Name issuer;
    UtcTime not_before{}, not_after{};
    NameDer subject_der;
    Name subject;
    SpkiDer spki;  // not yet parsed: see crypto::PublicKey::parse
    bool has_unique_ids = false;
    Extensions extensions;  // empty when absent
    // The encodings of the two times, for lints that judge form: tag of each.
    std::uint8_t not_before_tag = 0, not_after_tag = 0;
};

// parse_tbs_certificate reads exactly one TBSCertificate.
Result<TbsCertificate> parse_tbs_certificate(ByteView der);

// Certificate: parsed, signature not verified. Immutable, cheap to copy, thread-safe.
class Certificate {
public:
    static Result<Certificate> parse(ByteView der);  // DER of exactly one certificate
    static Result<std::vector<Certificate>> parse_pem(std::string_view pem,
                                                      std::size_t max_count = 16);  // strict RFC 7468, CERTIFICATE only

    const CertificateDer& der() const noexcept;
    ByteView tbs() const noexcept;  // the TBSCertificate's encoding inside der()
    const TbsCertificate& fields() const noexcept;
    const Bytes& signature_algorithm()
        const noexcept;                   // the outer AlgorithmIdentifier; equals the inner (parse checked it)
    ByteView signature() const noexcept;  // octets of signatureValue
    Sha256 fingerprint() const noexcept;  // SHA-256 of der()
    bool is_ca() const noexcept;          // basicConstraints present with cA TRUE

    // key is the subject's key, parsed when it is first asked for.
    const Result<crypto::PublicKey>& key() const;

    // verify_signature checks with the issuer's key; it says nothing about names, dates or purposes (path_validator
    // does). That a key has verified it is remembered: neither the octets nor a key can change.
    Result<void> verify_signature(const crypto::PublicKey& issuer) const;

    struct State;
    explicit Certificate(std::shared_ptr<const State> state) : state_(std::move(state)) {}

private:
    std::shared_ptr<const State> state_;
};

// assemble puts TBS, algorithm and signature octets together; it checks nothing.
CertificateDer assemble_certificate(ByteView tbs, const crypto::SignatureAlgorithm& algorithm, ByteView signature);

// PEM of RFC 7468: label without dashes ("CERTIFICATE", "X509 CRL", "CERTIFICATE REQUEST"). decode_pem wants exactly
// one block of this label with nothing but white space around it.
std::string encode_pem(std::string_view label, ByteView der);
Result<Bytes> decode_pem(std::string_view label, std::string_view pem);

}  // namespace sealwright::x509
