#include "x509/csr.hpp"

#include "asn1/der_reader.hpp"
#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "x509/signed_object.hpp"
#include "x509/string_types.hpp"

namespace sealwright::x509 {
namespace {

constexpr std::size_t kMaxAttributes = 32;
constexpr std::size_t kMaxChallenge = 255;  // RFC 2985 5.4.1: pkcs-9-ub-challengePassword

Error bad_csr(std::string what) { return fail(ErrorCode::malformed, "CSR: " + std::move(what)); }

struct RequestAttributes {
    Extensions requested;
    std::optional<std::string> challenge;
    std::vector<ByteView> types;
};

// the_only_value reads the values of an attribute that has exactly one.
Result<asn1::Element> the_only_value(asn1::DerReader values) {
    SEALWRIGHT_TRY(const asn1::Element value, values.next());
    if (!values.at_end()) return bad_csr("an attribute with two values that has one");
    return value;
}

Result<std::string> read_challenge(const asn1::Element& value) {
    SEALWRIGHT_TRY(auto text, decode_string(value.tag, value.content));
    const auto count = count_characters(text);
    if (!count || *count == 0 || *count > kMaxChallenge)
        return bad_csr("a challengePassword that is empty or too long");
    return text;
}

Result<void> check_values(asn1::DerReader values) {
    if (values.at_end()) return bad_csr("an attribute without a value");
    while (!values.at_end()) {
        SEALWRIGHT_TRY(values.next());
    }
    return success();
}

Result<void> read_attribute(asn1::DerReader& reader, RequestAttributes& attributes) {
    SEALWRIGHT_TRY(auto inner, reader.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const ByteView type, inner.oid());
    SEALWRIGHT_TRY(const auto values, inner.enter(asn1::kSet));
    SEALWRIGHT_TRY(inner.finish());
    SEALWRIGHT_TRY(check_values(values));
    const auto known = [&](ByteView other) { return equal(other, type); };
    if (std::any_of(attributes.types.begin(), attributes.types.end(), known))
        return bad_csr("an attribute type that stands there twice");
    attributes.types.push_back(type);
    if (equal(type, asn1::oid::kExtensionRequest)) {
        SEALWRIGHT_TRY(const asn1::Element value, the_only_value(values));
        SEALWRIGHT_TRY(attributes.requested, parse_extensions(value.encoding));
    } else if (equal(type, asn1::oid::kChallengePassword)) {
        SEALWRIGHT_TRY(const asn1::Element value, the_only_value(values));
        SEALWRIGHT_TRY(attributes.challenge, read_challenge(value));
    }
    return success();
}

// read_attributes reads [0] IMPLICIT Attributes. The order of this SET OF is not judged: several clients do not sort
// it, and nothing is ever encoded from it.
Result<RequestAttributes> read_attributes(asn1::DerReader reader) {
    RequestAttributes attributes;
    while (!reader.at_end()) {
        if (attributes.types.size() == kMaxAttributes)
            return fail(ErrorCode::too_large, "CSR: more than 32 attributes");
        SEALWRIGHT_TRY(read_attribute(reader, attributes));
    }
    return attributes;
}

Result<Name> read_subject(ByteView der) {
    auto name = parse_name(der);
    if (!name) return name.error().in("CSR: subject");
    return name;
}

// without_null gives SEQUENCE { OID } of SEQUENCE { OID, NULL }; nothing of anything else.
Bytes without_null(ByteView identifier) {
    asn1::DerReader outer{identifier};
    auto inside = outer.enter(asn1::kSequence);
    if (!inside || !outer.finish()) return {};
    const auto id = inside.value().oid();
    if (!id || !inside.value().null() || !inside.value().finish()) return {};
    asn1::DerWriter out;
    out.sequence([&] { out.oid(id.value()); });
    return out.take();
}

}  // namespace

Result<CertificateRequest> CertificateRequest::parse(ByteView der) {
    if (der.size() > kMaxCsrSize) return fail(ErrorCode::too_large, "CSR: more than 32768 octets");
    SEALWRIGHT_TRY(auto object, read_signed_object(der));
    SEALWRIGHT_TRY(object.rest.finish());
    asn1::DerReader info{object.tbs.content};
    SEALWRIGHT_TRY(const std::uint64_t version, info.small_integer());
    if (version != 0) return fail(ErrorCode::unsupported, "CSR: an unknown version");
    SEALWRIGHT_TRY(const ByteView subject_der, read_sequence(info));
    SEALWRIGHT_TRY(auto subject, read_subject(subject_der));
    SEALWRIGHT_TRY(const ByteView spki, read_sequence(info));
    SEALWRIGHT_TRY(auto public_key, crypto::PublicKey::parse(spki));
    SEALWRIGHT_TRY(const auto attribute_set, info.enter(asn1::context_constructed(0)));
    SEALWRIGHT_TRY(info.finish());
    SEALWRIGHT_TRY(auto attributes, read_attributes(attribute_set));
    return CertificateRequest{.der = CsrDer{bytes_of(der)},
                              .subject_der = NameDer{bytes_of(subject_der)},
                              .subject = std::move(subject),
                              .public_key = std::move(public_key),
                              .requested_extensions = std::move(attributes.requested),
                              .challenge_password = std::move(attributes.challenge),
                              .signature_algorithm = bytes_of(object.algorithm),
                              .certification_request_info = bytes_of(object.tbs.encoding),
                              .signature = bytes_of(object.signature)};
}

Result<CertificateRequest> CertificateRequest::parse_any(ByteView der_or_pem) {
    // PEM is a third longer, and has its two lines.
    if (der_or_pem.size() > kMaxCsrSize * 3 / 2) return fail(ErrorCode::too_large, "CSR: more than 32768 octets");
    if (!der_or_pem.empty() && der_or_pem[0] == asn1::kSequence) return parse(der_or_pem);
    const std::string_view text = text_of(der_or_pem);
    const bool is_new = text.find("-----BEGIN NEW CERTIFICATE REQUEST-----") != std::string_view::npos;
    SEALWRIGHT_TRY(const auto der, decode_pem(is_new ? "NEW CERTIFICATE REQUEST" : "CERTIFICATE REQUEST", text));
    return parse(der);
}

Result<crypto::SignatureAlgorithm> CertificateRequest::algorithm() const {
    auto strict = crypto::parse_algorithm_identifier(signature_algorithm);
    if (strict) return strict;
    const auto bare = without_null(signature_algorithm);
    const auto tolerant = crypto::parse_algorithm_identifier(bare);
    if (tolerant && tolerant.value().scheme == crypto::SignatureScheme::ecdsa) return tolerant;
    return strict;
}

Result<void> CertificateRequest::verify_possession() const {
    SEALWRIGHT_TRY(const auto its_algorithm, algorithm());
    return public_key.verify(its_algorithm, certification_request_info, signature);
}

}  // namespace sealwright::x509
