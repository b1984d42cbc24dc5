// PolicySamples for the lints of policies and of pointers: distribution points and access descriptions (RFC 5280 4.2.1
// and 4.2.2).
#include "unit/profile/raw_tbs.hpp"

namespace sealwright::profile::testing {
namespace {

using asn1::context;
using asn1::context_constructed;
using asn1::DerWriter;

class PolicySamples {
public:
    void with(std::string_view code, RawTbs tbs, ByteView oid, bool critical, Bytes value) {
        tbs.set(oid, critical, std::move(value));
        list_.push_back({std::string{code}, tbs.encode(), tbs.issuer_certificate, {}});
    }
    std::vector<Sample> take() { return std::move(list_); }

private:
    std::vector<Sample> list_;
};

Bytes sequence_of_nothing() { return {0x30, 0x00}; }

struct Qualifier {
    ByteView id;
    Bytes value;
};

Bytes policy(ByteView id, const std::vector<Qualifier>& qualifiers = {}) {
    return seq([&](DerWriter& w) {
        w.oid(id);
        if (qualifiers.empty()) return;
        w.sequence([&] {
            for (const auto& qualifier : qualifiers) w.sequence([&] { w.oid(qualifier.id).raw(qualifier.value); });
        });
    });
}

Bytes text(asn1::Tag tag, std::string_view content) {
    return der([&](DerWriter& w) { w.primitive(tag, view_of(content)); });
}
Bytes notice(asn1::Tag tag, std::string_view content) {
    return seq([&](DerWriter& w) { w.raw(text(tag, content)); });
}

void add_policies(PolicySamples& samples) {
    const Bytes id = asn1::parse_oid("1.3.6.1.4.1.99999.1").value(), foreign = asn1::parse_oid("1.2.3.4").value();
    const auto with = [&](std::string_view code, const std::vector<Bytes>& policies) {
        samples.with(code, good_leaf(), oid::kCertificatePolicies, false, names_of(policies));
    };
    with("rfc5280_4_2_1_4_policies_syntax", {});
    with("rfc5280_4_2_1_4_policies_syntax", {null_value()});
    with("rfc5280_4_2_1_4_policies_syntax", {seq([&](DerWriter& w) { w.oid(id).raw(sequence_of_nothing()); })});
    with("rfc5280_4_2_1_4_policies_syntax", {policy(id, {{oid::kUserNoticeQualifier, null_value()}})});
    with("rfc5280_4_2_1_4_policy_once", {policy(id), policy(foreign), policy(id)});
    with("rfc5280_4_2_1_4_any_policy_qualifiers", {policy(oid::kAnyPolicy, {{foreign, null_value()}})});
    with("rfc5280_4_2_1_4_cps_uri",
         {policy(id, {{oid::kCpsQualifier, text(asn1::kUtf8String, "http://example.org/cps")}})});
    with("rfc5280_4_2_1_4_cps_uri", {policy(id, {{oid::kCpsQualifier, text(asn1::kIa5String, "cps.html")}})});
    with("rfc5280_4_2_1_4_explicit_text_form",
         {policy(id, {{oid::kUserNoticeQualifier, notice(asn1::kVisibleString, "text")}})});
    with("rfc5280_4_2_1_4_explicit_text_form",
         {policy(id, {{oid::kUserNoticeQualifier, notice(asn1::kBmpString, std::string_view{"\0t", 2})}})});
    with("rfc5280_4_2_1_4_explicit_text_length",
         {policy(id, {{oid::kUserNoticeQualifier, notice(asn1::kUtf8String, std::string(201, 't'))}})});
    with("rfc5280_4_2_1_4_explicit_text_length",
         {policy(id, {{oid::kUserNoticeQualifier, notice(asn1::kUtf8String, "")}})});

    const auto mapping = [](ByteView from, ByteView to) {
        return seq([&](DerWriter& w) { w.sequence([&] { w.oid(from).oid(to); }); });
    };
    samples.with("rfc5280_4_2_1_5_mappings_syntax", good_issuing_ca(), oid::kPolicyMappings, true,
                 sequence_of_nothing());
    samples.with("rfc5280_4_2_1_5_mappings_syntax", good_issuing_ca(), oid::kPolicyMappings, true,
                 seq([&](DerWriter& w) { w.sequence([&] { w.oid(id); }); }));
    samples.with("rfc5280_4_2_1_5_no_mapping_of_any_policy", good_issuing_ca(), oid::kPolicyMappings, true,
                 mapping(oid::kAnyPolicy, id));
    samples.with("rfc5280_4_2_1_5_no_mapping_of_any_policy", good_issuing_ca(), oid::kPolicyMappings, true,
                 mapping(id, oid::kAnyPolicy));
    samples.with("rfc5280_4_2_1_5_mappings_only_in_ca", good_leaf(), oid::kPolicyMappings, true, mapping(id, foreign));

    const Bytes explicit_policy =
        x509::encode_policy_constraints({.require_explicit_policy = 0, .inhibit_policy_mapping = {}});
    samples.with("rfc5280_4_2_1_11_policy_constraints_syntax", good_issuing_ca(), oid::kPolicyConstraints, true,
                 hex("30038001ff"));
    samples.with("rfc5280_4_2_1_11_policy_constraints_critical", good_issuing_ca(), oid::kPolicyConstraints, false,
                 explicit_policy);
    samples.with("rfc5280_4_2_1_11_policy_constraints_not_empty", good_issuing_ca(), oid::kPolicyConstraints, true,
                 sequence_of_nothing());
    samples.with("rfc5280_4_2_1_11_policy_constraints_only_in_ca", good_leaf(), oid::kPolicyConstraints, true,
                 explicit_policy);
    samples.with("rfc5280_4_2_1_14_inhibit_any_policy_syntax", good_issuing_ca(), oid::kInhibitAnyPolicy, true,
                 hex("0201ff"));
    samples.with("rfc5280_4_2_1_14_inhibit_any_policy_critical", good_issuing_ca(), oid::kInhibitAnyPolicy, false,
                 hex("020100"));
    samples.with("rfc5280_4_2_1_14_inhibit_any_policy_only_in_ca", good_leaf(), oid::kInhibitAnyPolicy, true,
                 hex("020100"));
}

// point is a DistributionPoint: its names, and what stands behind them.
Bytes point(const std::vector<Bytes>& names, const Bytes& behind = {}) {
    return seq([&](DerWriter& w) {
        if (!names.empty()) {
            w.constructed(context_constructed(0), [&] {
                w.constructed(context_constructed(0), [&] {
                    for (const auto& general : names) w.raw(general);
                });
            });
        }
        if (!behind.empty()) w.raw(behind);
    });
}

void add_points(PolicySamples& samples) {
    const Bytes url = general_name(0x86, "http://pki.example.org/ca.crl");
    const Bytes reasons{0x81, 0x02, 0x06, 0x40};
    const Bytes crl_issuer = der([](DerWriter& w) {
        w.constructed(context_constructed(2),
                      [&] { w.constructed(context_constructed(4), [&] { w.raw(name_der("CN=CRL issuer").view()); }); });
    });
    const auto with = [&](std::string_view code, const std::vector<Bytes>& points) {
        samples.with(code, good_leaf(), oid::kCrlDistributionPoints, false, names_of(points));
    };
    with("rfc5280_4_2_1_13_distribution_points_syntax", {});
    with("rfc5280_4_2_1_13_distribution_points_syntax", {null_value()});
    with("rfc5280_4_2_1_13_distribution_points_syntax", {seq([](DerWriter& w) { w.raw(hex("a002a000")); })});
    with("rfc5280_4_2_1_13_point_not_only_reasons", {point({url}), point({}, reasons)});
    with("rfc5280_4_2_1_13_point_not_only_reasons", {point({url}), point({})});
    with("rfc5280_4_2_1_13_crl_issuer_omitted", {point({url}, crl_issuer)});
    with("rfc5280_4_2_1_13_point_for_all_reasons", {point({url}, reasons)});
    for (const auto* bad :
         {"ca.crl", "http:///ca.crl", "ldap://ldap.example.org/", "ldap://ldap.example.org/cn=CA", "ldap:///cn=CA"}) {
        with("rfc5280_4_2_1_13_pointers", {point({general_name(0x86, bad)})});
    }
    samples.with("rfc5280_4_2_1_15_freshest_crl_syntax", good_leaf(), oid::kFreshestCrl, false, sequence_of_nothing());
    samples.with("rfc5280_4_2_1_15_freshest_crl_not_critical", good_leaf(), oid::kFreshestCrl, true,
                 names_of({point({url})}));
    samples.with("rfc5280_4_2_1_15_freshest_crl_conventions", good_leaf(), oid::kFreshestCrl, false,
                 names_of({point({url}, crl_issuer)}));
    samples.with("rfc5280_4_2_1_15_freshest_crl_conventions", good_leaf(), oid::kFreshestCrl, false,
                 names_of({point({general_name(0x86, "delta.crl")})}));
}

Bytes access(ByteView method, const Bytes& location) {
    return seq([&](DerWriter& w) { w.oid(method).raw(location); });
}

void add_accesses(PolicySamples& samples) {
    const Bytes url = general_name(0x86, "http://pki.example.org/x"), relative = general_name(0x86, "/x");
    const Bytes repository = hex("2b06010505073005");
    const auto aia = [&](std::string_view code, bool critical, const std::vector<Bytes>& accesses) {
        samples.with(code, good_leaf(), oid::kAuthorityInfoAccess, critical, names_of(accesses));
    };
    aia("rfc5280_4_2_2_1_authority_access_syntax", false, {});
    aia("rfc5280_4_2_2_1_authority_access_syntax", false, {access(oid::kAdOcsp, null_value())});
    aia("rfc5280_4_2_2_1_authority_access_not_critical", true, {access(oid::kAdOcsp, url)});
    aia("rfc5280_4_2_2_1_ca_issuers_location", false,
        {access(oid::kAdCaIssuers, general_name(0x82, "pki.example.org"))});
    aia("rfc6960_3_1_ocsp_location", false, {access(oid::kAdOcsp, general_name(0x82, "ocsp.example.org"))});
    aia("rfc5280_4_2_2_1_pointers", false, {access(oid::kAdCaIssuers, relative)});
    aia("rfc5280_4_2_2_1_pointers", false, {access(oid::kAdOcsp, general_name(0x86, "ldap://ldap.example.org"))});
    const auto sia = [&](std::string_view code, RawTbs tbs, bool critical, const std::vector<Bytes>& accesses) {
        samples.with(code, std::move(tbs), oid::kSubjectInfoAccess, critical, names_of(accesses));
    };
    sia("rfc5280_4_2_2_2_subject_access_syntax", good_issuing_ca(), false, {});
    sia("rfc5280_4_2_2_2_subject_access_not_critical", good_issuing_ca(), true, {access(repository, url)});
    sia("rfc5280_4_2_2_2_repository_only_in_ca", good_leaf(), false, {access(repository, url)});
    sia("rfc5280_4_2_2_2_time_stamping_location", good_leaf(), false,
        {access(hex("2b06010505073003"), general_name(0x88, hex("2a03")))});
    sia("rfc5280_4_2_2_2_pointers", good_issuing_ca(), false, {access(repository, relative)});
}

}  // namespace

std::vector<Sample> policy_and_pointer_samples() {
    PolicySamples samples;
    add_policies(samples);
    add_points(samples);
    add_accesses(samples);
    return samples.take();
}

}  // namespace sealwright::profile::testing
