#include "x509/name.hpp"

#include <array>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "x509/name_codec.hpp"
#include "x509/string_types.hpp"

namespace sealwright::x509 {
namespace {

namespace oid = asn1::oid;

constexpr std::size_t kMaxRdns = 32;
constexpr std::size_t kMaxAttributes = 8;

Error bad_name(std::string what) { return fail(ErrorCode::malformed, "name: " + std::move(what)); }

struct Bounds {
    ByteView type;
    std::size_t least;
    std::size_t most;
};

// RFC 5280 appendix A.1: ub-name, ub-common-name, ...; X.520 for street address and postal code.
const std::vector<Bounds>& bounds() {
    static const auto& all = *new std::vector<Bounds>{
        {oid::kCommonName, 1, 64},
        {oid::kSurname, 1, 32768},
        {oid::kGivenName, 1, 32768},
        {oid::kInitials, 1, 32768},
        {oid::kGenerationQualifier, 1, 32768},
        {oid::kLocalityName, 1, 128},
        {oid::kStateOrProvinceName, 1, 128},
        {oid::kOrganizationName, 1, 64},
        {oid::kOrganizationalUnitName, 1, 64},
        {oid::kTitle, 1, 64},
        {oid::kCountryName, 2, 2},
        {oid::kSerialNumber, 1, 64},
        {oid::kPseudonym, 1, 128},
        {oid::kEmailAddress, 1, 255},
        {oid::kStreetAddress, 1, 128},
        {oid::kPostalCode, 1, 40},
    };
    return all;
}

Result<Attribute> parse_attribute(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto pair, reader.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const ByteView type, pair.oid());
    SEALWRIGHT_TRY(const asn1::Element value, pair.next());
    SEALWRIGHT_TRY(pair.finish());
    SEALWRIGHT_TRY(auto text, decode_string(value.tag, value.content));
    if (text.empty()) return bad_name("an empty value for " + asn1::oid_name(type));
    return Attribute{bytes_of(type), std::move(text), value.tag};
}

bool has_type(const std::vector<Attribute>& rdn, ByteView type) {
    return std::any_of(rdn.begin(), rdn.end(), [&](const Attribute& attribute) { return equal(attribute.type, type); });
}

Result<std::vector<Attribute>> parse_rdn(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto set, reader.enter(asn1::kSet));
    std::vector<Attribute> rdn;
    ByteView previous;
    while (!set.at_end()) {
        if (rdn.size() == kMaxAttributes) return fail(ErrorCode::too_large, "name: more than 8 attributes in one RDN");
        asn1::DerReader ahead = set;
        SEALWRIGHT_TRY(const asn1::Element element, ahead.next());
        // X.690 11.6: the elements of a SET OF stand in ascending order of their encodings.
        if (!std::lexicographical_compare(previous.begin(), previous.end(), element.encoding.begin(),
                                          element.encoding.end())) {
            return bad_name("an RDN that is not in DER order");
        }
        previous = element.encoding;
        SEALWRIGHT_TRY(auto attribute, parse_attribute(set));
        if (has_type(rdn, attribute.type)) return bad_name("an RDN with two values of one attribute type");
        rdn.push_back(std::move(attribute));
    }
    if (rdn.empty()) return bad_name("an RDN without attributes");
    return rdn;
}

Result<Bytes> encode_attribute(const Attribute& attribute) {
    const asn1::Tag tag = attribute.tag != 0 ? attribute.tag : default_string_tag(attribute.type);
    if (attribute.type.empty()) return bad_name("an attribute without a type");
    if (attribute.value.empty()) return bad_name("an empty value for " + asn1::oid_name(attribute.type));
    auto content = encode_string(tag, attribute.value);
    if (!content) return content.error().in("name: " + asn1::oid_name(attribute.type));
    asn1::DerWriter writer;
    writer.sequence([&] { writer.oid(attribute.type).primitive(tag, content.value()); });
    return writer.take();
}

Result<std::vector<Bytes>> encode_rdn(const std::vector<Attribute>& rdn) {
    if (rdn.empty()) return bad_name("an RDN without attributes");
    if (rdn.size() > kMaxAttributes) return fail(ErrorCode::too_large, "name: more than 8 attributes in one RDN");
    std::vector<Bytes> encodings;
    for (std::size_t i = 0; i < rdn.size(); ++i) {
        if (has_type({rdn.begin(), rdn.begin() + static_cast<std::ptrdiff_t>(i)}, rdn[i].type)) {
            return bad_name("an RDN with two values of one attribute type");
        }
        SEALWRIGHT_TRY(auto encoding, encode_attribute(rdn[i]));
        encodings.push_back(std::move(encoding));
    }
    return encodings;
}

}  // namespace

std::uint8_t default_string_tag(ByteView type) noexcept {
    if (equal(type, oid::kCountryName) || equal(type, oid::kSerialNumber) || equal(type, oid::kDnQualifier)) {
        return asn1::kPrintableString;
    }
    if (equal(type, oid::kDomainComponent) || equal(type, oid::kEmailAddress)) return asn1::kIa5String;
    return asn1::kUtf8String;
}

Result<void> check_upper_bound(const Attribute& attribute) {
    for (const Bounds& bound : bounds()) {
        if (!equal(bound.type, attribute.type)) continue;
        const auto count = count_characters(attribute.value);
        if (!count) return bad_name("invalid UTF-8");
        if (*count >= bound.least && *count <= bound.most) return success();
        const std::string allowed = bound.least == bound.most
                                        ? std::to_string(bound.most)
                                        : std::to_string(bound.least) + " to " + std::to_string(bound.most);
        return bad_name(asn1::oid_name(attribute.type) + " has " + std::to_string(*count) +
                        " characters; it must have " + allowed);
    }
    return success();
}

Result<Name> parse_name(ByteView der) {
    if (der.size() > kMaxNameSize) return fail(ErrorCode::too_large, "name: more than 8192 octets");
    SEALWRIGHT_TRY(const asn1::Element sequence, asn1::the_only(der, asn1::kSequence));
    asn1::DerReader reader{sequence.content};
    Name name;
    while (!reader.at_end()) {
        if (name.rdns.size() == kMaxRdns) return fail(ErrorCode::too_large, "name: more than 32 RDNs");
        SEALWRIGHT_TRY(auto rdn, parse_rdn(reader));
        name.rdns.push_back(std::move(rdn));
    }
    return name;
}

Result<Bytes> encode_name_as_is(const Name& name) {
    if (name.rdns.size() > kMaxRdns) return fail(ErrorCode::too_large, "name: more than 32 RDNs");
    asn1::DerWriter body;
    for (const auto& rdn : name.rdns) {
        SEALWRIGHT_TRY(auto encodings, encode_rdn(rdn));
        body.set_of(std::move(encodings));
    }
    asn1::DerWriter writer;
    writer.primitive(asn1::kSequence, body.view());
    if (writer.size() > kMaxNameSize) return fail(ErrorCode::too_large, "name: more than 8192 octets");
    return writer.take();
}

Result<NameDer> encode_name(const Name& name) {
    for (const auto& rdn : name.rdns) {
        for (const Attribute& attribute : rdn) {
            SEALWRIGHT_TRY(check_upper_bound(attribute));
        }
    }
    SEALWRIGHT_TRY(auto der, encode_name_as_is(name));
    return NameDer{std::move(der)};
}

}  // namespace sealwright::x509
