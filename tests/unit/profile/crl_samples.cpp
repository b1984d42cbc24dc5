// CrlSamples for the lints of RFC 5280 section 5.
#include "unit/profile/raw_tbs.hpp"

namespace sealwright::profile::testing {
namespace {

using asn1::context;
using asn1::context_constructed;
using asn1::DerWriter;

class CrlSamples {
public:
    template <class Change>
    void broken(std::string_view code, RawCrl crl, Change&& change) {
        change(crl);
        list_.push_back({std::string{code}, crl.encode(), crl.issuer_certificate, crl.previous_number});
    }
    void with(std::string_view code, RawCrl crl, ByteView oid, bool critical, Bytes value) {
        broken(code, std::move(crl), [&](RawCrl& c) { c.set(oid, critical, std::move(value)); });
    }
    std::vector<Sample> take() { return std::move(list_); }

private:
    std::vector<Sample> list_;
};

Bytes empty_sequence() { return {0x30, 0x00}; }
Bytes algorithm(ByteView id, const Bytes& parameters = {}) {
    return seq([&](DerWriter& w) {
        w.oid(id);
        if (!parameters.empty()) w.raw(parameters);
    });
}

const x509::Certificate& ca_without_crl_sign() {
    static const x509::Certificate certificate = [] {
        auto fields = issuing_ca_fields();
        for (auto& extension : fields.extensions) {
            if (equal(extension.oid, oid::kKeyUsage)) extension.value = x509::encode_key_usage(x509::kKeyCertSign);
        }
        return assembled(fields);
    }();
    return certificate;
}

void add_fields(CrlSamples& samples) {
    samples.broken("rfc5280_5_1_2_1_version_2", good_crl(), [](RawCrl& c) { c.version.reset(); });
    samples.broken("rfc5280_5_1_2_1_version_2", good_crl(), [](RawCrl& c) { c.version = 2; });
    samples.broken("ca_crl_signature_algorithm_known", good_crl(),
                   [](RawCrl& c) { c.signature_algorithm = algorithm(hex("2a8648ce3d040301")); });
    samples.broken("ca_crl_signature_digest_not_broken", good_crl(),
                   [](RawCrl& c) { c.signature_algorithm = algorithm(oid::kSha1WithRsa, null_value()); });
    samples.broken("rfc5280_5_1_2_2_crl_signature_parameters", good_crl(),
                   [](RawCrl& c) { c.signature_algorithm = algorithm(oid::kEcdsaWithSha256, null_value()); });
    samples.broken("rfc5280_6_3_3_crl_signature_fits_issuer_key", good_crl(),
                   [](RawCrl& c) { c.signature_algorithm = algorithm(oid::kSha256WithRsa, null_value()); });
    samples.broken("rfc5280_5_1_2_3_issuer_not_empty", good_crl(), [](RawCrl& c) { c.issuer = name_of({}); });
    samples.broken("rfc5280_5_1_2_3_issuer_is_subject_of_issuer", good_crl(),
                   [](RawCrl& c) { c.issuer = name_der("CN=Another CA").bytes(); });
    samples.broken("rfc5280_4_2_1_3_crl_issuer_has_crl_sign", good_crl(),
                   [](RawCrl& c) { c.issuer_certificate = &ca_without_crl_sign(); });
    samples.broken("rfc5280_5_1_2_4_this_update_form", good_crl(),
                   [](RawCrl& c) { c.this_update = generalized_time("20261122120000Z"); });
    samples.broken("ca_crl_this_update_within_issuer", good_crl(),
                   [](RawCrl& c) { c.this_update = utc_time("260101000000Z"); });
    samples.broken("ca_crl_this_update_within_issuer", good_crl(), [](RawCrl& c) {
        c.this_update = utc_time("321231000000Z"), c.next_update = utc_time("330101000000Z");
    });
    samples.broken("rfc5280_5_1_2_5_next_update_present", good_crl(), [](RawCrl& c) { c.next_update.reset(); });
    samples.broken("rfc5280_5_1_2_5_next_update_form", good_crl(),
                   [](RawCrl& c) { c.next_update = generalized_time("20261123120000Z"); });
    samples.broken("rfc5280_5_1_2_5_update_order", good_crl(), [](RawCrl& c) { c.next_update = c.this_update; });
    samples.broken("rfc5280_5_1_2_6_revoked_list_not_empty", good_crl(), [](RawCrl& c) { c.entries.emplace(); });
}

void add_entries(CrlSamples& samples) {
    const auto entry = [&](std::string_view code, auto&& change) {
        samples.broken(code, good_crl_with_entries(), [&](RawCrl& c) { change(c.entries->at(1)); });
    };
    const auto with_extension = [&](std::string_view code, ByteView oid, bool critical, Bytes value) {
        entry(code, [&](RawEntry& e) { e.extensions = {{bytes_of(oid), critical, std::move(value)}}; });
    };
    entry("rfc5280_5_1_2_6_revocation_date_form",
          [](RawEntry& e) { e.revoked_at = generalized_time("20261121000000Z"); });
    entry("ca_crl_revocation_date_not_ahead", [](RawEntry& e) { e.revoked_at = utc_time("261122120001Z"); });
    entry("rfc5280_5_1_2_6_revoked_serial", [](RawEntry& e) { e.serial = {0x00}; });
    entry("rfc5280_5_1_2_6_revoked_serial", [](RawEntry& e) { e.serial = {0xFF, 0x01}; });
    entry("rfc5280_5_1_2_6_revoked_serial", [](RawEntry& e) { e.serial = Bytes(21, 0x22); });
    entry("rfc5280_5_1_2_6_revoked_once", [](RawEntry& e) { e.serial = Bytes(16, 0x11); });
    entry("rfc5280_5_1_2_6_revoked_once", [](RawEntry& e) { e.serial = Bytes(16, 0x33); });
    entry("rfc5280_5_1_entry_extensions_not_empty", [](RawEntry& e) { e.extensions.emplace(); });
    for (const auto* bad : {"0a0107", "0a010b", "020101", "0a020001"})
        with_extension("rfc5280_5_3_1_reason_known", oid::kReasonCode, false, hex(bad));
    with_extension("rfc5280_5_3_1_unspecified_is_absent", oid::kReasonCode, false, hex("0a0100"));
    with_extension("rfc5280_5_3_1_remove_only_in_delta", oid::kReasonCode, false, hex("0a0108"));
    with_extension("rfc5280_5_3_1_reason_not_critical", oid::kReasonCode, true, hex("0a0101"));
    with_extension("rfc5280_5_3_2_invalidity_date_form", oid::kInvalidityDate, false, utc_time("261101000000Z"));
    with_extension("rfc5280_5_3_2_invalidity_date_form", oid::kInvalidityDate, false,
                   generalized_time("202611010000Z"));
    with_extension("rfc5280_5_3_2_invalidity_date_not_critical", oid::kInvalidityDate, true,
                   generalized_time("20261101000000Z"));
    const Bytes issuer_names =
        seq([](DerWriter& w) { w.constructed(context_constructed(4), [&] { w.raw(name_der("CN=Other").view()); }); });
    with_extension("rfc5280_5_3_3_certificate_issuer_only_in_indirect", oid::kCertificateIssuer, true, issuer_names);
}

void add_key_identifier_and_number(CrlSamples& samples) {
    samples.broken("rfc5280_5_2_1_aki_present", good_crl(), [](RawCrl& c) { c.drop(oid::kAuthorityKeyIdentifier); });
    samples.with("rfc5280_5_2_1_crl_aki_syntax", good_crl(), oid::kAuthorityKeyIdentifier, false, null_value());
    samples.with("rfc5280_5_2_1_crl_aki_key_identifier", good_crl(), oid::kAuthorityKeyIdentifier, false,
                 empty_sequence());
    samples.with("rfc5280_5_2_1_crl_aki_is_ski_of_issuer", good_crl(), oid::kAuthorityKeyIdentifier, false,
                 x509::encode_authority_key_identifier(Bytes(20, 1)));
    samples.broken("rfc5280_5_2_1_crl_aki_not_critical", good_crl(),
                   [](RawCrl& c) { c.criticality(oid::kAuthorityKeyIdentifier, true); });
    samples.with("rfc5280_5_2_2_crl_issuer_alt_name", good_crl(), oid::kIssuerAltName, false, empty_sequence());
    samples.broken("rfc5280_5_2_3_crl_number_present", good_crl(), [](RawCrl& c) { c.drop(oid::kCrlNumber); });
    samples.broken("rfc5280_5_2_3_crl_number_not_critical", good_crl(),
                   [](RawCrl& c) { c.criticality(oid::kCrlNumber, true); });
    samples.with("rfc5280_5_2_3_crl_number_syntax", good_crl(), oid::kCrlNumber, false, hex("0201ff"));
    samples.with("rfc5280_5_2_3_crl_number_at_most_20_octets", good_crl(), oid::kCrlNumber, false,
                 der([](DerWriter& w) { w.primitive(asn1::kInteger, Bytes(21, 0x01)); }));
    samples.broken("rfc5280_5_2_3_crl_number_grows", good_crl(), [](RawCrl& c) { c.previous_number = 7; });
    samples.broken("rfc5280_5_2_3_crl_number_grows", good_crl(), [](RawCrl& c) { c.previous_number = 8; });
}

void add_scope(CrlSamples& samples) {
    const auto number = [](std::uint64_t value) { return der([&](DerWriter& w) { w.integer(value); }); };
    const auto idp = [&](std::string_view code, bool critical, const Bytes& value) {
        samples.with(code, good_crl(), oid::kIssuingDistributionPoint, critical, value);
    };
    samples.with("rfc5280_5_2_4_delta_indicator_critical", good_crl(), oid::kDeltaCrlIndicator, false, number(6));
    samples.with("rfc5280_5_2_4_delta_follows_base", good_crl(), oid::kDeltaCrlIndicator, true, number(7));
    samples.with("rfc5280_5_2_4_delta_follows_base", good_crl(), oid::kDeltaCrlIndicator, true, null_value());
    idp("rfc5280_5_2_5_issuing_point_syntax", true, hex("3003810100"));
    idp("rfc5280_5_2_5_issuing_point_syntax", true, hex("30020500"));
    idp("rfc5280_5_2_5_issuing_point_critical", false, hex("30038101ff"));
    idp("rfc5280_5_2_5_issuing_point_not_empty", true, empty_sequence());
    idp("rfc5280_5_2_5_issuing_point_one_kind", true, hex("30068101ff8201ff"));
    idp("rfc5280_5_2_5_no_attribute_certificates", true, hex("30038501ff"));
    idp("rfc5280_5_2_5_not_indirect", true, hex("30038401ff"));
    const Bytes relative = x509::encode_issuing_distribution_point({.full_name = {x509::UriName{"ca.crl"}}});
    idp("rfc5280_5_2_5_issuing_point_names", true, relative);
}

void add_pointers(CrlSamples& samples) {
    const auto point = [](std::string_view url, const Bytes& behind) {
        return seq([&](DerWriter& w) {
            w.sequence([&] {
                w.constructed(context_constructed(0),
                              [&] { w.constructed(context_constructed(0), [&] { w.raw(general_name(0x86, url)); }); });
                if (!behind.empty()) w.raw(behind);
            });
        });
    };
    const auto access = [](ByteView method, std::string_view url) {
        return seq([&](DerWriter& w) { w.sequence([&] { w.oid(method).raw(general_name(0x86, url)); }); });
    };
    const Bytes good = point("http://pki.example.org/delta.crl", {});
    samples.with("rfc5280_5_2_6_freshest_crl_not_critical", good_crl(), oid::kFreshestCrl, true, good);
    samples.broken("rfc5280_5_2_6_freshest_crl_not_in_delta", good_crl(), [&](RawCrl& c) {
        c.set(oid::kFreshestCrl, false, good).set(oid::kDeltaCrlIndicator, true, der([](DerWriter& w) {
                                                      w.integer(6);
                                                  }));
    });
    samples.with("rfc5280_5_2_6_freshest_crl_points", good_crl(), oid::kFreshestCrl, false,
                 point("http://pki.example.org/delta.crl", hex("81020640")));
    samples.with("rfc5280_5_2_6_freshest_crl_points", good_crl(), oid::kFreshestCrl, false, point("delta.crl", {}));
    samples.with("rfc5280_5_2_6_freshest_crl_points", good_crl(), oid::kFreshestCrl, false, empty_sequence());
    samples.with("rfc5280_5_2_7_crl_authority_access_not_critical", good_crl(), oid::kAuthorityInfoAccess, true,
                 access(oid::kAdCaIssuers, "http://pki.example.org/ca.crt"));
    samples.with("rfc5280_5_2_7_only_ca_issuers", good_crl(), oid::kAuthorityInfoAccess, false,
                 access(oid::kAdOcsp, "http://pki.example.org/ocsp"));
    samples.with("rfc5280_5_2_7_crl_authority_access_locations", good_crl(), oid::kAuthorityInfoAccess, false,
                 access(oid::kAdCaIssuers, "ca.crt"));
    samples.with("rfc5280_5_2_7_crl_authority_access_locations", good_crl(), oid::kAuthorityInfoAccess, false,
                 empty_sequence());
}

}  // namespace

std::vector<Sample> crl_samples() {
    CrlSamples samples;
    add_fields(samples);
    add_entries(samples);
    add_key_identifier_and_number(samples);
    add_scope(samples);
    add_pointers(samples);
    return samples.take();
}

}  // namespace sealwright::profile::testing
