// tbs_builder.hpp: builds TBSCertificate and certification requests. Builds what it is told; the profile decides and
// the linter judges.
#pragma once

#include "x509/certificate.hpp"

namespace sealwright::x509 {

struct TbsCertificateFields {
    SerialNumber serial;
    crypto::SignatureAlgorithm signature_algorithm;
    NameDer issuer;
    UtcTime not_before{}, not_after{};
    NameDer subject;
    SpkiDer spki;
    Extensions extensions;  // in the order given
};

// build_tbs_certificate always writes version 3 (RFC 5280 4.1.2.1: extensions are always present in what we issue).
TbsCertificateDer build_tbs_certificate(const TbsCertificateFields& fields);

// build_certification_request_info writes what a PKCS#10 request signs; assemble_csr adds algorithm and signature.
Bytes build_certification_request_info(const NameDer& subject, const SpkiDer& spki, const Extensions& requested);
CsrDer assemble_csr(ByteView info, const crypto::SignatureAlgorithm& algorithm, ByteView signature);

}  // namespace sealwright::x509
