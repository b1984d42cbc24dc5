#include <limits>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "x509/extensions.hpp"

namespace sealwright::x509 {
namespace {

constexpr std::size_t kMaxPolicies = 64;
constexpr std::size_t kMaxQualifiers = 16;

Error bad_policy(std::string what) { return fail(ErrorCode::malformed, std::move(what)); }

Result<std::uint32_t> read_skip_certs(asn1::DerReader& reader, asn1::Tag tag) {
    SEALWRIGHT_TRY(const std::uint64_t count, reader.small_integer(tag));
    if (count > std::numeric_limits<std::uint32_t>::max())
        return bad_policy("a number of certificates that is too large");
    return static_cast<std::uint32_t>(count);
}

Result<std::vector<PolicyQualifier>> read_qualifiers(asn1::DerReader reader) {
    std::vector<PolicyQualifier> qualifiers;
    while (!reader.at_end()) {
        if (qualifiers.size() == kMaxQualifiers)
            return fail(ErrorCode::too_large, "certificatePolicies: more than 16 qualifiers");
        SEALWRIGHT_TRY(auto pair, reader.enter(asn1::kSequence));
        SEALWRIGHT_TRY(const ByteView id, pair.oid());
        SEALWRIGHT_TRY(const asn1::Element qualifier, pair.next());
        SEALWRIGHT_TRY(pair.finish());
        qualifiers.push_back({bytes_of(id), bytes_of(qualifier.encoding)});
    }
    if (qualifiers.empty()) return bad_policy("certificatePolicies: an empty list of qualifiers");
    return qualifiers;
}

Result<PolicyInformation> read_policy(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto inner, reader.enter(asn1::kSequence));
    PolicyInformation information;
    SEALWRIGHT_TRY(const ByteView policy, inner.oid());
    information.policy = bytes_of(policy);
    SEALWRIGHT_TRY(const auto qualifiers, inner.optional(asn1::kSequence));
    if (qualifiers) {
        SEALWRIGHT_TRY(information.qualifiers, read_qualifiers(asn1::DerReader{qualifiers->content}));
    }
    SEALWRIGHT_TRY(inner.finish());
    return information;
}

bool holds_policy(const std::vector<PolicyInformation>& policies, ByteView policy) {
    return std::any_of(policies.begin(), policies.end(),
                       [&](const PolicyInformation& known) { return equal(known.policy, policy); });
}

}  // namespace

Bytes encode_certificate_policies(const std::vector<PolicyInformation>& value) {
    asn1::DerWriter writer;
    const auto write_qualifiers = [&](const std::vector<PolicyQualifier>& qualifiers) {
        if (qualifiers.empty()) return;
        writer.sequence([&] {
            for (const PolicyQualifier& qualifier : qualifiers) {
                writer.sequence([&] { writer.oid(qualifier.id).raw(qualifier.qualifier_der); });
            }
        });
    };
    writer.sequence([&] {
        for (const PolicyInformation& information : value) {
            writer.sequence([&] {
                writer.oid(information.policy);
                write_qualifiers(information.qualifiers);
            });
        }
    });
    return writer.take();
}

Result<std::vector<PolicyInformation>> parse_certificate_policies(ByteView value) {
    asn1::DerReader outer{value};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    std::vector<PolicyInformation> policies;
    while (!reader.at_end()) {
        if (policies.size() == kMaxPolicies)
            return fail(ErrorCode::too_large, "certificatePolicies: more than 64 policies");
        SEALWRIGHT_TRY(auto information, read_policy(reader));
        // RFC 5280 4.2.1.4: a policy OID MUST NOT appear more than once.
        if (holds_policy(policies, information.policy)) {
            return bad_policy("certificatePolicies: " + asn1::oid_name(information.policy) + " stands there twice");
        }
        policies.push_back(std::move(information));
    }
    if (policies.empty()) return bad_policy("certificatePolicies: an empty list");
    return policies;
}

Bytes encode_policy_constraints(const PolicyConstraints& value) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        if (value.require_explicit_policy) writer.integer(*value.require_explicit_policy, asn1::context(0));
        if (value.inhibit_policy_mapping) writer.integer(*value.inhibit_policy_mapping, asn1::context(1));
    });
    return writer.take();
}

Result<PolicyConstraints> parse_policy_constraints(ByteView value) {
    asn1::DerReader outer{value};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    // RFC 5280 4.2.1.11: conforming CAs MUST NOT issue certificates where policy constraints is an empty sequence.
    if (reader.at_end()) return bad_policy("policyConstraints: an empty sequence");
    PolicyConstraints constraints;
    if (reader.peek() == asn1::context(0)) {
        SEALWRIGHT_TRY(constraints.require_explicit_policy, read_skip_certs(reader, asn1::context(0)));
    }
    if (reader.peek() == asn1::context(1)) {
        SEALWRIGHT_TRY(constraints.inhibit_policy_mapping, read_skip_certs(reader, asn1::context(1)));
    }
    SEALWRIGHT_TRY(reader.finish());
    return constraints;
}

Bytes encode_inhibit_any_policy(std::uint32_t skip) {
    asn1::DerWriter writer;
    writer.integer(skip);
    return writer.take();
}

Result<std::uint32_t> parse_inhibit_any_policy(ByteView value) {
    asn1::DerReader reader{value};
    SEALWRIGHT_TRY(const std::uint32_t skip, read_skip_certs(reader, asn1::kInteger));
    SEALWRIGHT_TRY(reader.finish());
    return skip;
}

}  // namespace sealwright::x509
