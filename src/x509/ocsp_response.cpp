#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "x509/ocsp.hpp"
#include "x509/ocsp_codec.hpp"
#include "x509/signed_object.hpp"

namespace sealwright::x509 {
namespace {

using asn1::context;
using asn1::context_constructed;

constexpr std::size_t kMaxResponseSize = 65536;
constexpr std::size_t kMaxCertificates = 8;
constexpr std::size_t kKeyHashSize = 20;

Error bad_response(std::string what) { return fail(ErrorCode::malformed, "OCSP: " + std::move(what)); }

void write_status(asn1::DerWriter& writer, const OcspCertStatus& status) {
    if (std::holds_alternative<OcspGood>(status)) {
        writer.primitive(context(0), {});
    } else if (const auto* revoked = std::get_if<OcspRevoked>(&status)) {
        writer.constructed(context_constructed(1), [&] {
            writer.generalized_time(revoked->at);
            if (revoked->reason == RevocationReason::unspecified) return;
            const auto reason = static_cast<std::uint8_t>(revoked->reason);
            writer.constructed(context_constructed(0), [&] { writer.primitive(asn1::kEnumerated, {&reason, 1}); });
        });
    } else {
        writer.primitive(context(2), {});
    }
}

void write_single_response(asn1::DerWriter& writer, const OcspSingleResponse& response) {
    writer.sequence([&] {
        writer.raw(response.cert_id_der);
        write_status(writer, response.status);
        writer.generalized_time(response.this_update);
        if (response.next_update) {
            writer.constructed(context_constructed(0), [&] { writer.generalized_time(*response.next_update); });
        }
    });
}

Bytes encode_nonce(ByteView nonce) {
    asn1::DerWriter writer;
    writer.octet_string(nonce);
    return writer.take();
}

void write_status_value(asn1::DerWriter& writer, OcspResponseStatus status) {
    const auto value = static_cast<std::uint8_t>(status);
    writer.primitive(asn1::kEnumerated, {&value, 1});
}

Result<std::uint8_t> read_enumerated(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kEnumerated));
    if (element.content.size() != 1 || element.content[0] > 0x7F) return bad_response("an ENUMERATED out of its range");
    return element.content[0];
}

// read_generalized_time: all times of OCSP are GeneralizedTime (RFC 6960 4.2.1).
Result<UtcTime> read_generalized_time(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const asn1::Element element, reader.expect(asn1::kGeneralizedTime));
    return asn1::parse_time(element);
}

Result<OcspRevoked> read_revoked(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto inner, reader.enter(context_constructed(1)));
    OcspRevoked revoked;
    SEALWRIGHT_TRY(revoked.at, read_generalized_time(inner));
    if (!inner.at_end()) {
        SEALWRIGHT_TRY(auto wrapper, inner.enter(context_constructed(0)));
        SEALWRIGHT_TRY(const std::uint8_t reason, read_enumerated(wrapper));
        SEALWRIGHT_TRY(wrapper.finish());
        revoked.reason = static_cast<RevocationReason>(reason);
        if (reason_name(revoked.reason) == "unknown") return bad_response("an unknown reason code");
    }
    SEALWRIGHT_TRY(inner.finish());
    return revoked;
}

Result<OcspCertStatus> read_status(asn1::DerReader& reader) {
    if (reader.peek() == context_constructed(1)) {
        SEALWRIGHT_TRY(const auto revoked, read_revoked(reader));
        return OcspCertStatus{revoked};
    }
    if (reader.peek() == context(2)) {
        SEALWRIGHT_TRY(reader.null(context(2)));
        return OcspCertStatus{OcspUnknown{}};
    }
    SEALWRIGHT_TRY(reader.null(context(0)));
    return OcspCertStatus{OcspGood{}};
}

Result<OcspSingleResponse> read_single_response(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto inner, reader.enter(asn1::kSequence));
    OcspSingleResponse response;
    SEALWRIGHT_TRY(auto id, read_cert_id(inner));
    response.cert_id_der = std::move(id.encoding);
    SEALWRIGHT_TRY(response.status, read_status(inner));
    SEALWRIGHT_TRY(response.this_update, read_generalized_time(inner));
    if (inner.peek() == context_constructed(0)) {
        SEALWRIGHT_TRY(auto wrapper, inner.enter(context_constructed(0)));
        SEALWRIGHT_TRY(response.next_update, read_generalized_time(wrapper));
        SEALWRIGHT_TRY(wrapper.finish());
    }
    SEALWRIGHT_TRY(const auto extensions, inner.optional(context_constructed(1)));
    if (extensions) {
        SEALWRIGHT_TRY(parse_extensions(extensions->content));
    }
    SEALWRIGHT_TRY(inner.finish());
    return response;
}

Result<Bytes> read_responder_key_hash(asn1::DerReader& reader) {
    if (reader.peek() == context_constructed(1)) {
        return fail(ErrorCode::unsupported, "OCSP: a responder that is named by its subject is not supported");
    }
    SEALWRIGHT_TRY(auto wrapper, reader.enter(context_constructed(2)));
    SEALWRIGHT_TRY(const ByteView hash, wrapper.octet_string());
    SEALWRIGHT_TRY(wrapper.finish());
    if (hash.size() != kKeyHashSize) return bad_response("a responder key hash that is no SHA-1 value");
    return bytes_of(hash);
}

Result<OcspResponseFields> read_response_data(asn1::DerReader reader) {
    OcspResponseFields fields;
    SEALWRIGHT_TRY(fields.responder_key_hash, read_responder_key_hash(reader));
    SEALWRIGHT_TRY(fields.produced_at, read_generalized_time(reader));
    SEALWRIGHT_TRY(auto list, reader.enter(asn1::kSequence));
    while (!list.at_end()) {
        if (fields.responses.size() == kMaxOcspSingleRequests)
            return fail(ErrorCode::too_large, "OCSP: more than 20 responses");
        SEALWRIGHT_TRY(auto response, read_single_response(list));
        fields.responses.push_back(std::move(response));
    }
    SEALWRIGHT_TRY(const auto wrapper, reader.optional(context_constructed(1)));
    SEALWRIGHT_TRY(reader.finish());
    if (wrapper) {
        SEALWRIGHT_TRY(const auto extensions, parse_extensions(wrapper->content));
        if (const Extension* nonce = find_extension(extensions, asn1::oid::kOcspNonce)) {
            SEALWRIGHT_TRY(fields.nonce, read_nonce(nonce->value));
        }
    }
    return fields;
}

Result<std::vector<Certificate>> read_certificates(asn1::DerReader& reader) {
    std::vector<Certificate> certificates;
    if (reader.at_end()) return certificates;
    SEALWRIGHT_TRY(auto wrapper, reader.enter(context_constructed(0)));
    SEALWRIGHT_TRY(auto list, wrapper.enter(asn1::kSequence));
    SEALWRIGHT_TRY(wrapper.finish());
    while (!list.at_end()) {
        if (certificates.size() == kMaxCertificates)
            return fail(ErrorCode::too_large, "OCSP: more than 8 certificates");
        SEALWRIGHT_TRY(const ByteView encoding, read_sequence(list));
        SEALWRIGHT_TRY(auto certificate, Certificate::parse(encoding));
        certificates.push_back(std::move(certificate));
    }
    return certificates;
}

Result<void> read_basic_response(ByteView der, ParsedOcspResponse& response) {
    SEALWRIGHT_TRY(auto object, read_signed_object(der));
    SEALWRIGHT_TRY(response.fields, read_response_data(asn1::DerReader{object.tbs.content}));
    SEALWRIGHT_TRY(response.certificates, read_certificates(object.rest));
    SEALWRIGHT_TRY(object.rest.finish());
    response.response_data = bytes_of(object.tbs.encoding);
    response.signature_algorithm = bytes_of(object.algorithm);
    response.signature = bytes_of(object.signature);
    return success();
}

Result<OcspResponseStatus> read_response_status(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const std::uint8_t value, read_enumerated(reader));
    if (value > 6 || value == 4) return bad_response("an unknown response status");
    return static_cast<OcspResponseStatus>(value);
}

}  // namespace

Bytes build_response_data(const OcspResponseFields& fields) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.constructed(context_constructed(2), [&] { writer.octet_string(fields.responder_key_hash); });
        writer.generalized_time(fields.produced_at);
        writer.sequence([&] {
            for (const OcspSingleResponse& response : fields.responses) write_single_response(writer, response);
        });
        if (fields.nonce) {
            const Extensions extensions{{bytes_of(asn1::oid::kOcspNonce), false, encode_nonce(*fields.nonce)}};
            writer.constructed(context_constructed(1), [&] { writer.raw(encode_extensions(extensions)); });
        }
    });
    return writer.take();
}

Bytes assemble_ocsp_response(ByteView response_data, const crypto::SignatureAlgorithm& algorithm, ByteView signature,
                             const CertificateDer& signer) {
    asn1::DerWriter certificates;
    certificates.constructed(context_constructed(0),
                             [&] { certificates.sequence([&] { certificates.raw(signer.view()); }); });
    const Bytes basic =
        assemble_signed_object(response_data, algorithm, signature, signer.empty() ? ByteView{} : certificates.view());
    asn1::DerWriter writer;
    writer.reserve(basic.size() + 64);
    writer.sequence([&] {
        write_status_value(writer, OcspResponseStatus::successful);
        writer.constructed(context_constructed(0),
                           [&] { writer.sequence([&] { writer.oid(asn1::oid::kOcspBasic).octet_string(basic); }); });
    });
    return writer.take();
}

Bytes ocsp_error_response(OcspResponseStatus status) {
    asn1::DerWriter writer;
    writer.sequence([&] { write_status_value(writer, status); });
    return writer.take();
}

Result<ParsedOcspResponse> ParsedOcspResponse::parse(ByteView der) {
    if (der.size() > kMaxResponseSize) return fail(ErrorCode::too_large, "OCSP: a response of more than 65536 octets");
    asn1::DerReader outer{der};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    ParsedOcspResponse response;
    SEALWRIGHT_TRY(response.status, read_response_status(reader));
    if (response.status != OcspResponseStatus::successful) {
        SEALWRIGHT_TRY(reader.finish());
        return response;
    }
    SEALWRIGHT_TRY(auto wrapper, reader.enter(context_constructed(0)));
    SEALWRIGHT_TRY(reader.finish());
    SEALWRIGHT_TRY(auto typed, wrapper.enter(asn1::kSequence));
    SEALWRIGHT_TRY(wrapper.finish());
    SEALWRIGHT_TRY(const ByteView type, typed.oid());
    if (!equal(type, asn1::oid::kOcspBasic))
        return fail(ErrorCode::unsupported, "OCSP: another response type than basic");
    SEALWRIGHT_TRY(const ByteView basic, typed.octet_string());
    SEALWRIGHT_TRY(typed.finish());
    SEALWRIGHT_TRY(read_basic_response(basic, response));
    return response;
}

}  // namespace sealwright::x509
