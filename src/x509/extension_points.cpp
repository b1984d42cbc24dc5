// The extensions that point elsewhere or fence names in: authority and subject information access, CRL distribution
// points, the issuing distribution point and name constraints.
#include "asn1/der_writer.hpp"
#include "x509/extensions.hpp"
#include "x509/general_name_codec.hpp"

namespace sealwright::x509 {
namespace {

using asn1::context;
using asn1::context_constructed;

constexpr std::size_t kMaxPoints = 64;

Error bad_point(std::string what) { return fail(ErrorCode::malformed, std::move(what)); }

// write_full_name writes DistributionPointName's fullName under [0]: a CHOICE, whose tag is therefore explicit.
void write_full_name(asn1::DerWriter& writer, const GeneralNames& names) {
    writer.constructed(context_constructed(0), [&] {
        writer.constructed(context_constructed(0), [&] {
            for (const GeneralName& name : names) write_general_name(writer, name);
        });
    });
}

Result<GeneralNames> read_full_name(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto choice, reader.enter(context_constructed(0)));
    if (choice.peek() == context_constructed(1)) {
        return fail(ErrorCode::unsupported, "distribution point: nameRelativeToCRLIssuer is not supported");
    }
    SEALWRIGHT_TRY(auto names, choice.enter(context_constructed(0)));
    SEALWRIGHT_TRY(choice.finish());
    return read_general_names(names);
}

Result<DistributionPoint> read_distribution_point(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto inner, reader.enter(asn1::kSequence));
    DistributionPoint point;
    if (inner.peek() == context_constructed(0)) {
        SEALWRIGHT_TRY(point.full_name, read_full_name(inner));
    }
    if (inner.peek() == context(1) || inner.peek() == context_constructed(2)) {
        return fail(ErrorCode::unsupported, "cRLDistributionPoints: reasons and cRLIssuer are not supported");
    }
    SEALWRIGHT_TRY(inner.finish());
    if (point.full_name.empty()) return bad_point("cRLDistributionPoints: a point without a name");
    return point;
}

void write_subtrees(asn1::DerWriter& writer, unsigned number, const GeneralNames& bases) {
    if (bases.empty()) return;
    writer.constructed(context_constructed(number), [&] {
        for (const GeneralName& base : bases) writer.sequence([&] { write_general_name(writer, base); });
    });
}

Result<GeneralNames> read_subtrees(asn1::DerReader reader) {
    GeneralNames bases;
    while (!reader.at_end()) {
        if (bases.size() == kMaxGeneralNames)
            return fail(ErrorCode::too_large, "nameConstraints: more than 1000 subtrees");
        SEALWRIGHT_TRY(auto subtree, reader.enter(asn1::kSequence));
        SEALWRIGHT_TRY(auto base, read_general_name(subtree, GeneralNameUse::constraint));
        // RFC 5280 4.2.1.10: minimum MUST be zero, which DER does not encode, and maximum MUST be absent.
        if (!subtree.at_end())
            return fail(ErrorCode::unsupported, "nameConstraints: minimum and maximum are not supported");
        bases.push_back(std::move(base));
    }
    if (bases.empty()) return bad_point("nameConstraints: an empty list of subtrees");
    return bases;
}

Result<bool> read_flag(asn1::DerReader& reader, unsigned number) {
    if (reader.peek() != context(number)) return false;
    SEALWRIGHT_TRY(const bool value, reader.boolean(context(number)));
    if (!value) return bad_point("issuingDistributionPoint: a default value is encoded");
    return value;
}

}  // namespace

Bytes encode_access_descriptions(const std::vector<AccessDescription>& value) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        for (const AccessDescription& description : value) {
            writer.sequence([&] {
                writer.oid(description.method);
                write_general_name(writer, description.location);
            });
        }
    });
    return writer.take();
}

Result<std::vector<AccessDescription>> parse_access_descriptions(ByteView value) {
    asn1::DerReader outer{value};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    std::vector<AccessDescription> descriptions;
    while (!reader.at_end()) {
        if (descriptions.size() == kMaxPoints) return fail(ErrorCode::too_large, "access descriptions: more than 64");
        SEALWRIGHT_TRY(auto inner, reader.enter(asn1::kSequence));
        SEALWRIGHT_TRY(const ByteView method, inner.oid());
        SEALWRIGHT_TRY(auto location, read_general_name(inner, GeneralNameUse::name));
        SEALWRIGHT_TRY(inner.finish());
        descriptions.push_back({bytes_of(method), std::move(location)});
    }
    if (descriptions.empty()) return bad_point("access descriptions: an empty list");
    return descriptions;
}

Bytes encode_crl_distribution_points(const std::vector<DistributionPoint>& value) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        for (const DistributionPoint& point : value) writer.sequence([&] { write_full_name(writer, point.full_name); });
    });
    return writer.take();
}

Result<std::vector<DistributionPoint>> parse_crl_distribution_points(ByteView value) {
    asn1::DerReader outer{value};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    std::vector<DistributionPoint> points;
    while (!reader.at_end()) {
        if (points.size() == kMaxPoints)
            return fail(ErrorCode::too_large, "cRLDistributionPoints: more than 64 points");
        SEALWRIGHT_TRY(auto point, read_distribution_point(reader));
        points.push_back(std::move(point));
    }
    if (points.empty()) return bad_point("cRLDistributionPoints: an empty list");
    return points;
}

Bytes encode_name_constraints(const NameConstraints& value) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        write_subtrees(writer, 0, value.permitted);
        write_subtrees(writer, 1, value.excluded);
    });
    return writer.take();
}

Result<NameConstraints> parse_name_constraints(ByteView value) {
    asn1::DerReader outer{value};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    // RFC 5280 4.2.1.10: conforming CAs MUST NOT issue certificates where name constraints is an empty sequence.
    if (reader.at_end()) return bad_point("nameConstraints: an empty sequence");
    NameConstraints constraints;
    SEALWRIGHT_TRY(const auto permitted, reader.optional(context_constructed(0)));
    if (permitted) {
        SEALWRIGHT_TRY(constraints.permitted, read_subtrees(asn1::DerReader{permitted->content}));
    }
    SEALWRIGHT_TRY(const auto excluded, reader.optional(context_constructed(1)));
    if (excluded) {
        SEALWRIGHT_TRY(constraints.excluded, read_subtrees(asn1::DerReader{excluded->content}));
    }
    SEALWRIGHT_TRY(reader.finish());
    return constraints;
}

Bytes encode_issuing_distribution_point(const IssuingDistributionPoint& value) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        if (!value.full_name.empty()) write_full_name(writer, value.full_name);
        if (value.only_user_certs) writer.boolean(true, context(1));
        if (value.only_ca_certs) writer.boolean(true, context(2));
        if (value.indirect) writer.boolean(true, context(4));
        if (value.only_attribute_certs) writer.boolean(true, context(5));
    });
    return writer.take();
}

Result<IssuingDistributionPoint> parse_issuing_distribution_point(ByteView value) {
    asn1::DerReader outer{value};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    // RFC 5280 5.2.5: conforming CRL issuers MUST NOT issue CRLs where the DER encoding of the extension is an empty
    // sequence.
    if (reader.at_end()) return bad_point("issuingDistributionPoint: an empty sequence");
    IssuingDistributionPoint point;
    if (reader.peek() == context_constructed(0)) {
        SEALWRIGHT_TRY(point.full_name, read_full_name(reader));
    }
    SEALWRIGHT_TRY(point.only_user_certs, read_flag(reader, 1));
    SEALWRIGHT_TRY(point.only_ca_certs, read_flag(reader, 2));
    if (reader.peek() == context(3))
        return fail(ErrorCode::unsupported, "issuingDistributionPoint: onlySomeReasons is not supported");
    SEALWRIGHT_TRY(point.indirect, read_flag(reader, 4));
    SEALWRIGHT_TRY(point.only_attribute_certs, read_flag(reader, 5));
    SEALWRIGHT_TRY(reader.finish());
    // RFC 5280 5.2.5: at most one of the three MUST be set to TRUE.
    if (point.only_user_certs + point.only_ca_certs + point.only_attribute_certs > 1) {
        return bad_point("issuingDistributionPoint: more than one restriction of the kind of certificates");
    }
    return point;
}

}  // namespace sealwright::x509
