// protocol_octets.hpp: what keys for protocols sign, CMS signed attributes and CMP messages, honest or bent.
#pragma once

#include <optional>
#include <vector>

#include "crypto/spki.hpp"

namespace sealwright::test {

// id-data and id-signedData (RFC 5652 4, 5.1), the contents of the object identifiers.
extern const Bytes kDataType, kSignedDataType;

// cms_attribute is SEQUENCE { type, SET OF { value } }, the value an encoding.
Bytes cms_attribute(ByteView type, ByteView value);
Bytes content_type_attribute(ByteView content_type = kDataType);
Bytes message_digest_attribute(std::size_t size = 32);

// attribute_set is a SET OF what it is given, in that order: DER's, if the caller sorted it.
Bytes attribute_set(const std::vector<Bytes>& attributes);

// signed_attributes is what RFC 5652 5.4 has signed: content type and message digest.
Bytes signed_attributes(ByteView content_type = kDataType, std::size_t digest_size = 32);

// ProtectedPart is SEQUENCE { header, body } (RFC 9810 5.1.3); without algorithm its header names none.
struct ProtectedPart {
    std::optional<crypto::SignatureAlgorithm> algorithm;
    std::uint64_t version = 2;
    std::vector<unsigned> bodies{1};  // ip
};
Bytes protected_part(const ProtectedPart& part);

}  // namespace sealwright::test
