#include "x509/tbs_builder.hpp"

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "x509/signed_object.hpp"

namespace sealwright::x509 {

using asn1::context_constructed;

TbsCertificateDer build_tbs_certificate(const TbsCertificateFields& fields) {
    constexpr std::uint64_t kVersion3 = 2;
    constexpr std::size_t kUsualSize = 1024;
    asn1::DerWriter writer;
    writer.reserve(kUsualSize);
    writer.sequence([&] {
        writer.constructed(context_constructed(0), [&] { writer.integer(kVersion3); });
        writer.unsigned_integer(fields.serial.view());
        writer.raw(crypto::algorithm_identifier(fields.signature_algorithm));
        writer.raw(fields.issuer.view());
        writer.sequence([&] { writer.time(fields.not_before).time(fields.not_after); });
        writer.raw(fields.subject.view());
        writer.raw(fields.spki.view());
        if (!fields.extensions.empty()) {
            writer.constructed(context_constructed(3), [&] { writer.raw(encode_extensions(fields.extensions)); });
        }
    });
    return TbsCertificateDer{writer.take()};
}

Bytes build_certification_request_info(const NameDer& subject, const SpkiDer& spki, const Extensions& requested) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.integer(0).raw(subject.view()).raw(spki.view());
        writer.constructed(context_constructed(0), [&] {
            if (requested.empty()) return;
            writer.sequence([&] { writer.oid(asn1::oid::kExtensionRequest).set_of({encode_extensions(requested)}); });
        });
    });
    return writer.take();
}

CsrDer assemble_csr(ByteView info, const crypto::SignatureAlgorithm& algorithm, ByteView signature) {
    return CsrDer{assemble_signed_object(info, algorithm, signature)};
}

}  // namespace sealwright::x509
