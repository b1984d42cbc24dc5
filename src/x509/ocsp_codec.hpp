// ocsp_codec.hpp: what OCSP requests and responses have in common. Internal to this room.
#pragma once

#include "asn1/der_reader.hpp"
#include "x509/ocsp.hpp"

namespace sealwright::x509 {

// read_cert_id reads a CertID whose hash algorithm is one of ours and whose two hashes have its length.
Result<OcspCertId> read_cert_id(asn1::DerReader& reader);

// read_nonce reads the value of id-pkix-ocsp-nonce: an OCTET STRING of 1 to 128 octets (RFC 9654 2.1).
Result<Bytes> read_nonce(ByteView value);

}  // namespace sealwright::x509
