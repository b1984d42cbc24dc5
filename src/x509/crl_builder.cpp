#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "x509/crl.hpp"
#include "x509/signed_object.hpp"

namespace sealwright::x509 {
namespace {

namespace oid = asn1::oid;

Bytes encode_crl_number(std::uint64_t number) {
    asn1::DerWriter writer;
    writer.integer(number);
    return writer.take();
}

Extensions crl_extensions(const CrlFields& fields) {
    Extensions extensions;
    const auto add = [&](ByteView type, bool critical, Bytes value) {
        extensions.push_back({bytes_of(type), critical, std::move(value)});
    };
    add(oid::kAuthorityKeyIdentifier, false, encode_authority_key_identifier(fields.authority_key_identifier));
    add(oid::kCrlNumber, false, encode_crl_number(fields.number));
    // RFC 5280 5.2.5: the issuing distribution point is a critical CRL extension.
    if (fields.distribution_point)
        add(oid::kIssuingDistributionPoint, true, encode_issuing_distribution_point(*fields.distribution_point));
    return extensions;
}

// write_entry_extension writes an Extension whose value is one primitive element; none of the entry extensions that we
// use is critical.
void write_entry_extension(asn1::DerWriter& writer, ByteView type, asn1::Tag tag, ByteView content) {
    writer.sequence([&] { writer.oid(type).constructed(asn1::kOctetString, [&] { writer.primitive(tag, content); }); });
}

void write_entry_extensions(asn1::DerWriter& writer, const CrlEntry& entry) {
    const bool has_reason = entry.reason != RevocationReason::unspecified;
    if (!has_reason && !entry.invalidity_date) return;
    writer.sequence([&] {
        if (has_reason) {
            const auto reason = static_cast<std::uint8_t>(entry.reason);
            write_entry_extension(writer, oid::kReasonCode, asn1::kEnumerated, {&reason, 1});
        }
        if (entry.invalidity_date) {
            writer.sequence([&] {
                writer.oid(oid::kInvalidityDate);
                writer.constructed(asn1::kOctetString, [&] { writer.generalized_time(*entry.invalidity_date); });
            });
        }
    });
}

}  // namespace

void CrlBuilder::add(const CrlEntry& entry) {
    asn1::DerWriter writer;
    writer.reserve(64);
    writer.sequence([&] {
        writer.unsigned_integer(entry.serial.view()).time(entry.revoked_at);
        write_entry_extensions(writer, entry);
    });
    append(entries_, writer.view());
    ++count_;
}

TbsCertListDer CrlBuilder::build(const CrlFields& fields) {
    constexpr std::uint64_t kVersion2 = 1;
    constexpr std::size_t kFieldsSize = 4096;
    asn1::DerWriter writer;
    writer.reserve(entries_.size() + fields.issuer.view().size() + kFieldsSize);
    writer.sequence([&] {
        writer.integer(kVersion2)
            .raw(crypto::algorithm_identifier(fields.signature_algorithm))
            .raw(fields.issuer.view());
        writer.time(fields.this_update).time(fields.next_update);
        if (count_ > 0) writer.primitive(asn1::kSequence, entries_);
        entries_ = Bytes{};
        count_ = 0;
        writer.constructed(asn1::context_constructed(0),
                           [&] { writer.raw(encode_extensions(crl_extensions(fields))); });
    });
    return TbsCertListDer{writer.take()};
}

CrlDer assemble_crl(ByteView tbs, const crypto::SignatureAlgorithm& algorithm, ByteView signature) {
    return CrlDer{assemble_signed_object(tbs, algorithm, signature)};
}

}  // namespace sealwright::x509
