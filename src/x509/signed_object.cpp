#include "x509/signed_object.hpp"

#include "asn1/der_writer.hpp"

namespace sealwright::x509 {

Result<ByteView> read_algorithm(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const asn1::Element algorithm, reader.expect(asn1::kSequence));
    asn1::DerReader inner{algorithm.content};
    SEALWRIGHT_TRY(inner.oid());
    if (!inner.at_end()) {
        SEALWRIGHT_TRY(inner.next());
    }
    SEALWRIGHT_TRY(inner.finish());
    return algorithm.encoding;
}

Result<ByteView> read_sequence(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kSequence));
    return element.encoding;
}

Result<SignedObject> read_signed_object(ByteView der) {
    asn1::DerReader outer{der};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    SignedObject object;
    SEALWRIGHT_TRY(object.tbs, reader.expect(asn1::kSequence));
    SEALWRIGHT_TRY(object.algorithm, read_algorithm(reader));
    SEALWRIGHT_TRY(const asn1::BitString signature, reader.bit_string());
    if (signature.unused_bits != 0) return fail(ErrorCode::malformed, "a signature of no whole octets");
    object.signature = signature.octets;
    object.rest = reader;
    return object;
}

Bytes assemble_signed_object(ByteView tbs, const crypto::SignatureAlgorithm& algorithm, ByteView signature,
                             ByteView extra) {
    constexpr std::size_t kOverhead = 256;
    asn1::DerWriter writer;
    writer.reserve(tbs.size() + signature.size() + extra.size() + kOverhead);
    writer.sequence(
        [&] { writer.raw(tbs).raw(crypto::algorithm_identifier(algorithm)).bit_string(signature).raw(extra); });
    return writer.take();
}

}  // namespace sealwright::x509
