#include "protocol_octets.hpp"

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"

namespace sealwright::test {
namespace {

constexpr asn1::Tag kSetOf = 0x31;
constexpr unsigned kDirectoryName = 4;  // GeneralName (RFC 5280 4.2.1.6)

}  // namespace

const Bytes kDataType = from_hex("2a864886f70d010701").value();
const Bytes kSignedDataType = from_hex("2a864886f70d010702").value();

Bytes cms_attribute(ByteView type, ByteView value) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.oid(type).constructed(kSetOf, [&] { writer.raw(value); }); });
    return writer.take();
}

Bytes content_type_attribute(ByteView content_type) {
    asn1::DerWriter value;
    value.oid(content_type);
    return cms_attribute(asn1::oid::kContentType, value.view());
}

Bytes message_digest_attribute(std::size_t size) {
    asn1::DerWriter value;
    value.octet_string(Bytes(size, 7));
    return cms_attribute(asn1::oid::kMessageDigest, value.view());
}

Bytes attribute_set(const std::vector<Bytes>& attributes) {
    asn1::DerWriter writer;
    writer.constructed(kSetOf, [&] {
        for (const Bytes& attribute : attributes) writer.raw(attribute);
    });
    return writer.take();
}

// The shorter one first is DER's order here.
Bytes signed_attributes(ByteView content_type, std::size_t digest_size) {
    return attribute_set({content_type_attribute(content_type), message_digest_attribute(digest_size)});
}

Bytes protected_part(const ProtectedPart& part) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.sequence([&] {
            writer.integer(part.version);
            for (int i = 0; i < 2; ++i)  // sender and recipient: the empty Name
                writer.constructed(asn1::context_constructed(kDirectoryName), [&] { writer.sequence([] {}); });
            if (part.algorithm)
                writer.constructed(asn1::context_constructed(1),
                                   [&] { writer.raw(crypto::algorithm_identifier(*part.algorithm)); });
            writer.constructed(asn1::context_constructed(4), [&] { writer.octet_string(Bytes(16, 1)); });
        });
        for (const unsigned body : part.bodies)
            writer.constructed(asn1::context_constructed(body), [&] { writer.sequence([] {}); });
    });
    return writer.take();
}

}  // namespace sealwright::test
