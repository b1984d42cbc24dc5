// signed_object.hpp: the shape that certificates, requests, CRLs and OCSP responses share: SEQUENCE { what is signed,
// AlgorithmIdentifier, BIT STRING, ... }. Internal to this room.
#pragma once

#include "asn1/der_reader.hpp"
#include "crypto/signature_algorithm.hpp"

namespace sealwright::x509 {

// read_algorithm reads an AlgorithmIdentifier: SEQUENCE { OID, at most one element }. It gives the whole encoding.
Result<ByteView> read_algorithm(asn1::DerReader& reader);

// read_sequence reads a SEQUENCE and gives its encoding, for a name or a key that another parser reads.
Result<ByteView> read_sequence(asn1::DerReader& reader);

// SignedObject views one signed object; rest stands behind the signature (only OCSP has anything there).
struct SignedObject {
    asn1::Element tbs;
    ByteView algorithm;
    ByteView signature;
    asn1::DerReader rest{{}};
};

// read_signed_object reads der as exactly one such SEQUENCE; the caller finishes rest.
Result<SignedObject> read_signed_object(ByteView der);

// assemble_signed_object is the inverse; extra is what stands behind the signature, already DER.
Bytes assemble_signed_object(ByteView tbs, const crypto::SignatureAlgorithm& algorithm, ByteView signature,
                             ByteView extra = {});

}  // namespace sealwright::x509
