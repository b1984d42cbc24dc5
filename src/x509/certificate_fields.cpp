// TBSCertificate, field by field (RFC 5280 4.1).
#include "x509/certificate.hpp"
#include "x509/signed_object.hpp"

namespace sealwright::x509 {
namespace {

using asn1::context;
using asn1::context_constructed;

// RFC 5280 4.1.2.2 allows 20 octets; others have issued longer serial numbers, and one can still read those.
constexpr std::size_t kMaxSerialSize = 64;

Error bad_certificate(std::string what) { return fail(ErrorCode::malformed, "certificate: " + std::move(what)); }

// read_version reads Version, EXPLICIT [0], DEFAULT v1: an encoded v1 is no DER.
Result<unsigned> read_version(asn1::DerReader& reader) {
    if (reader.peek() != context_constructed(0)) return 1U;
    SEALWRIGHT_TRY(auto inner, reader.enter(context_constructed(0)));
    SEALWRIGHT_TRY(const std::uint64_t version, inner.small_integer());
    SEALWRIGHT_TRY(inner.finish());
    if (version == 0) return bad_certificate("the default version is encoded");
    if (version > 2) return fail(ErrorCode::unsupported, "certificate: an unknown version");
    return static_cast<unsigned>(version) + 1;
}

Result<void> read_validity(asn1::DerReader& reader, TbsCertificate& tbs) {
    SEALWRIGHT_TRY(auto inner, reader.enter(asn1::kSequence));
    tbs.not_before_tag = inner.peek();
    SEALWRIGHT_TRY(tbs.not_before, inner.time());
    tbs.not_after_tag = inner.peek();
    SEALWRIGHT_TRY(tbs.not_after, inner.time());
    return inner.finish();
}

Result<Name> read_name(asn1::DerReader& reader, NameDer& der, std::string_view where) {
    SEALWRIGHT_TRY(const ByteView encoding, read_sequence(reader));
    auto name = parse_name(encoding);
    if (!name) return name.error().in(where);
    der = NameDer{bytes_of(encoding)};
    return name;
}

// read_unique_ids reads the two identifiers that only versions 2 and 3 have, and that nobody should use (4.1.2.8).
Result<void> read_unique_ids(asn1::DerReader& reader, TbsCertificate& tbs) {
    for (const unsigned number : {1U, 2U}) {
        if (reader.peek() != context(number)) continue;
        if (tbs.version == 1) return bad_certificate("version 1 with unique identifiers");
        SEALWRIGHT_TRY(reader.bit_string(context(number)));
        tbs.has_unique_ids = true;
    }
    return success();
}

Result<void> read_extensions(asn1::DerReader& reader, TbsCertificate& tbs) {
    if (reader.peek() != context_constructed(3)) return success();
    if (tbs.version != 3)
        return bad_certificate("extensions in a certificate of version " + std::to_string(tbs.version));
    SEALWRIGHT_TRY(const asn1::Element wrapper, reader.expect(context_constructed(3)));
    SEALWRIGHT_TRY(tbs.extensions, parse_extensions(wrapper.content));
    return success();
}

}  // namespace

Result<TbsCertificate> parse_tbs_certificate(ByteView der) {
    if (der.size() > kMaxCertificateSize) return fail(ErrorCode::too_large, "certificate: more than 65536 octets");
    asn1::DerReader outer{der};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    TbsCertificate tbs;
    SEALWRIGHT_TRY(tbs.version, read_version(reader));
    SEALWRIGHT_TRY(const ByteView serial, reader.integer());
    if (serial.size() > kMaxSerialSize)
        return fail(ErrorCode::too_large, "certificate: a serial number of more than 64 octets");
    tbs.serial = bytes_of(serial);
    SEALWRIGHT_TRY(const ByteView algorithm, read_algorithm(reader));
    tbs.signature_algorithm = bytes_of(algorithm);
    SEALWRIGHT_TRY(tbs.issuer, read_name(reader, tbs.issuer_der, "issuer"));
    SEALWRIGHT_TRY(read_validity(reader, tbs));
    SEALWRIGHT_TRY(tbs.subject, read_name(reader, tbs.subject_der, "subject"));
    SEALWRIGHT_TRY(const ByteView spki, read_sequence(reader));
    tbs.spki = SpkiDer{bytes_of(spki)};
    SEALWRIGHT_TRY(read_unique_ids(reader, tbs));
    SEALWRIGHT_TRY(read_extensions(reader, tbs));
    SEALWRIGHT_TRY(reader.finish());
    return tbs;
}

}  // namespace sealwright::x509
