// ExtensionSamples for the lints of key identifiers, usages, alternative names and constraints (RFC 5280 4.2.1).
#include "unit/profile/raw_tbs.hpp"

namespace sealwright::profile::testing {
namespace {

using asn1::context;
using asn1::context_constructed;
using asn1::DerWriter;

class ExtensionSamples {
public:
    template <class Change>
    void broken(std::string_view code, RawTbs tbs, Change&& change) {
        change(tbs);
        list_.push_back({std::string{code}, tbs.encode(), tbs.issuer_certificate, {}});
    }
    void with(std::string_view code, RawTbs tbs, ByteView oid, bool critical, Bytes value) {
        broken(code, std::move(tbs), [&](RawTbs& t) { t.set(oid, critical, std::move(value)); });
    }
    std::vector<Sample> take() { return std::move(list_); }

private:
    std::vector<Sample> list_;
};

Bytes empty_sequence() { return {0x30, 0x00}; }

void add_key_identifiers(ExtensionSamples& samples) {
    const Bytes issuer_names = seq([](DerWriter& w) {
        w.primitive(context(0), x509::subject_key_identifier(public_key(kP256).public_bits()));
        w.constructed(context_constructed(1), [&] { w.raw(general_name(0x86, "http://example.org/")); });
    });
    const Bytes without_key = seq([](DerWriter& w) {
        w.constructed(context_constructed(1), [&] { w.raw(general_name(0x86, "http://example.org/")); });
        w.primitive(context(2), Bytes{0x01});
    });
    samples.broken("rfc5280_4_2_1_1_aki_present", good_leaf(), [](RawTbs& t) { t.drop(oid::kAuthorityKeyIdentifier); });
    samples.with("rfc5280_4_2_1_1_aki_syntax", good_leaf(), oid::kAuthorityKeyIdentifier, false,
                 Bytes{0x04, 0x01, 0x00});
    samples.with("rfc5280_4_2_1_1_aki_key_identifier", good_leaf(), oid::kAuthorityKeyIdentifier, false,
                 empty_sequence());
    samples.with("rfc5280_4_2_1_1_aki_key_identifier", good_leaf(), oid::kAuthorityKeyIdentifier, false, without_key);
    samples.with("rfc5280_a_2_aki_issuer_with_serial", good_leaf(), oid::kAuthorityKeyIdentifier, false, issuer_names);
    samples.with("rfc5280_4_2_1_2_aki_is_ski_of_issuer", good_leaf(), oid::kAuthorityKeyIdentifier, false,
                 x509::encode_authority_key_identifier(Bytes(20, 1)));
    samples.with("rfc5280_4_2_1_2_aki_is_ski_of_issuer", good_root(), oid::kAuthorityKeyIdentifier, false,
                 x509::encode_authority_key_identifier(Bytes(20, 1)));
    samples.broken("rfc5280_4_2_1_1_aki_not_critical", good_leaf(),
                   [](RawTbs& t) { t.criticality(oid::kAuthorityKeyIdentifier, true); });
    samples.broken("rfc5280_4_2_1_2_ski_in_ca", good_issuing_ca(),
                   [](RawTbs& t) { t.drop(oid::kSubjectKeyIdentifier); });
    samples.with("rfc5280_4_2_1_2_ski_syntax", good_leaf(), oid::kSubjectKeyIdentifier, false, empty_sequence());
    samples.with("rfc5280_4_2_1_2_ski_syntax", good_leaf(), oid::kSubjectKeyIdentifier, false, Bytes{0x04, 0x00});
    samples.broken("rfc5280_4_2_1_2_ski_not_critical", good_leaf(),
                   [](RawTbs& t) { t.criticality(oid::kSubjectKeyIdentifier, true); });
}

// Any 1312 octets are a public key of ML-DSA-44.
Bytes ml_dsa_spki() {
    return seq([](DerWriter& w) {
        w.sequence([&] { w.oid(oid::kMlDsa44); });
        w.bit_string(Bytes(1312, 0x11));
    });
}

void add_key_usage(ExtensionSamples& samples) {
    using namespace x509;
    const auto usage = [&](std::string_view code, RawTbs tbs, unsigned bits) {
        samples.with(code, std::move(tbs), oid::kKeyUsage, true, encode_key_usage(static_cast<KeyUsage>(bits)));
    };
    samples.broken("rfc5280_4_2_1_3_key_usage_in_ca", good_issuing_ca(), [](RawTbs& t) { t.drop(oid::kKeyUsage); });
    // Trailing zeros, a tenth bit, no BIT STRING.
    for (const auto* value : {"03020080", "0303060040", "0400"})
        samples.with("rfc5280_4_2_1_3_key_usage_syntax", good_leaf(), oid::kKeyUsage, true, hex(value));
    samples.with("rfc5280_4_2_1_3_key_usage_not_empty", good_leaf(), oid::kKeyUsage, true, hex("030100"));
    usage("rfc5280_4_2_1_3_cert_sign_needs_ca", good_leaf(), kDigitalSignature | kKeyCertSign);
    usage("rfc5280_4_2_1_3_only_bits_need_key_agreement", good_leaf(), kDigitalSignature | kEncipherOnly);
    usage("rfc5280_4_2_1_3_only_bits_need_key_agreement", good_leaf(), kDigitalSignature | kDecipherOnly);
    usage("rfc3279_2_3_1_rsa_key_usage", good_leaf(kRsa2048), kDigitalSignature | kKeyAgreement);
    usage("rfc8813_3_ec_key_usage", good_leaf(), kDigitalSignature | kKeyEncipherment);
    usage("rfc8813_3_ec_key_usage", good_leaf(kP384), kDigitalSignature | kDataEncipherment);
    usage("rfc9295_3_eddsa_key_usage", good_leaf(kEd25519), kDigitalSignature | kKeyAgreement);
    RawTbs post_quantum = good_leaf();
    post_quantum.spki = ml_dsa_spki();
    usage("rfc9881_5_ml_dsa_key_usage", post_quantum, kDigitalSignature | kKeyAgreement);
    usage(
        "ca_ca_certificate_has_cert_sign",
        [] {
            auto tbs = good_issuing_ca();
            tbs.set(oid::kBasicConstraints, true, encode_basic_constraints({true, {}}));
            // Under a root whose path length is not limited, the missing pathLenConstraint is no fault of its own.
            tbs.issuer_certificate = nullptr;
            tbs.issuer = tbs.subject;
            tbs.drop(oid::kAuthorityKeyIdentifier);
            return tbs;
        }(),
        kCrlSign);
    samples.broken("rfc5280_4_2_1_9_basic_constraints_present", good_named_leaf(), [](RawTbs& t) {
        t.drop(oid::kBasicConstraints).set(oid::kKeyUsage, true, encode_key_usage(kDigitalSignature | kKeyCertSign));
    });
    samples.broken("rfc5280_4_2_1_9_basic_constraints_critical", good_issuing_ca(),
                   [](RawTbs& t) { t.criticality(oid::kBasicConstraints, false); });
    samples.with("rfc5280_4_2_1_9_path_length_needs_ca", good_leaf(), oid::kBasicConstraints, true, hex("3003020100"));
    usage("rfc5280_4_2_1_9_path_length_needs_cert_sign", good_issuing_ca(), kCrlSign);
    // FALSE encoded, a negative length, something behind.
    for (const auto* value : {"3003010100", "30060101ff0201ff", "30090101ff0201000201ff"}) {
        samples.with("rfc5280_4_2_1_9_basic_constraints_syntax", good_leaf(), oid::kBasicConstraints, true, hex(value));
    }
    samples.with("rfc5280_4_2_1_9_path_length_under_issuer", good_issuing_ca(), oid::kBasicConstraints, true,
                 encode_basic_constraints({true, 1}));
    samples.with("rfc5280_4_2_1_9_path_length_under_issuer", good_issuing_ca(), oid::kBasicConstraints, true,
                 encode_basic_constraints({true, {}}));
    samples.broken("rfc5280_4_2_1_9_path_length_under_issuer", good_issuing_ca(), [](RawTbs& t) {
        t.issuer_certificate = &issuing_ca();
        t.issuer = issuing_ca().fields().subject_der.bytes();
        t.signature_algorithm =
            crypto::algorithm_identifier({crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256});
        t.set(oid::kAuthorityKeyIdentifier, false,
              encode_authority_key_identifier(subject_key_identifier(public_key(kP256).public_bits())));
    });
}

void add_purposes(ExtensionSamples& samples) {
    const auto purposes = [&](std::string_view code, RawTbs tbs, bool critical, std::vector<Bytes> ids) {
        samples.with(code, std::move(tbs), oid::kExtKeyUsage, critical, x509::encode_ext_key_usage(ids));
    };
    for (const auto* value : {"3000", "0500", "30020500"})
        samples.with("rfc5280_4_2_1_12_ext_key_usage_syntax", good_named_leaf(), oid::kExtKeyUsage, false, hex(value));
    purposes("ca_no_any_extended_key_usage", good_leaf(), false,
             {bytes_of(oid::kServerAuth), bytes_of(oid::kAnyExtendedKeyUsage)});
    samples.with("rfc5280_4_2_1_12_purposes_consistent_with_key_usage", good_leaf(), oid::kKeyUsage, true,
                 x509::encode_key_usage(x509::kContentCommitment));
    purposes("rfc3161_2_3_time_stamping_alone_and_critical", good_named_leaf(), false, {bytes_of(oid::kTimeStamping)});
    purposes("rfc3161_2_3_time_stamping_alone_and_critical", good_named_leaf(), true,
             {bytes_of(oid::kTimeStamping), bytes_of(oid::kClientAuth)});
    samples.with("rfc6960_4_2_2_2_1_nocheck_null", good_ocsp_signer(), oid::kOcspNoCheck, false, empty_sequence());
    samples.with("rfc6960_4_2_2_2_1_nocheck_only_for_responder", good_leaf(), oid::kOcspNoCheck, false, null_value());
}

void add_alternative_names(ExtensionSamples& samples) {
    const auto san = [&](std::string_view code, const std::vector<Bytes>& names) {
        samples.with(code, good_named_leaf(), oid::kSubjectAltName, false, names_of(names));
    };
    const Bytes good = general_name(0x82, "www.example.org");
    samples.broken("rfc5280_4_2_1_6_alt_name_critical", good_leaf(),
                   [](RawTbs& t) { t.criticality(oid::kSubjectAltName, false); });
    san("rfc5280_4_2_1_6_alt_name_syntax", {good, Bytes{0x05, 0x00}});
    san("rfc5280_4_2_1_6_alt_name_syntax", {good, general_name(0xA0, Bytes{0x06, 0x01, 0x2A})});
    san("rfc5280_4_2_1_6_alt_name_syntax", {good, general_name(0x88, Bytes{0x80})});
    samples.with("rfc5280_4_2_1_6_alt_name_not_empty", good_named_leaf(), oid::kSubjectAltName, false,
                 empty_sequence());
    san("rfc5280_4_2_1_6_no_empty_names", {good, general_name(0x81, "")});
    san("rfc5280_4_2_1_6_no_empty_names", {good, general_name(0x82, "")});
    san("rfc5280_4_2_1_6_no_empty_names", {good, general_name(0x86, "")});
    san("rfc5280_4_2_1_6_no_empty_names", {good, general_name(0x87, "")});
    san("rfc5280_4_2_1_6_no_empty_names", {good, general_name(0xA4, empty_sequence())});
    san("rfc5280_4_2_1_6_ia5_names", {good, general_name(0x82,
                                                         "b\xC3\xBC"
                                                         "cher.example.org")});
    san("rfc5280_4_2_1_6_ia5_names", {good, general_name(0x81, "\xC3\xBC@example.org")});
    for (const auto* bad :
         {"a_b.example.org", "www.example.org.", " ", "-a.example.org", "example.123", "xx--a.example.org"}) {
        san("rfc5280_4_2_1_6_preferred_name_syntax", {good, general_name(0x82, bad)});
    }
    for (const auto* bad : {"a.*.example.org", "*", "*.org", "w*.example.org", "*.*.example.org"}) {
        san("rfc9525_6_3_wildcard_is_leftmost_label", {good, general_name(0x82, bad)});
    }
    for (const auto* bad : {"alice", "<alice@example.org>", "Alice <alice@example.org>", "alice@", "alice@exa_mple.org",
                            "a b@example.org"}) {
        san("rfc5280_4_2_1_6_mailbox", {good, general_name(0x81, bad)});
    }
    for (const auto* bad :
         {"/relative", "//example.org/x", "example.org", "http:", "http://example.org/a b", "http://example.org/%zz"}) {
        san("rfc5280_4_2_1_6_uri_absolute", {good, general_name(0x86, bad)});
    }
    for (const auto* bad : {"http:///path", "http://exa_mple.org/", "spiffe://a..b/"})
        san("rfc5280_4_2_1_6_uri_host", {good, general_name(0x86, bad)});
    for (const auto* bad : {"c0a80001ff", "01", "000000000000000000000000000000000000"})
        san("rfc5280_4_2_1_6_ip_length", {good, general_name(0x87, hex(bad))});
    san("rfc9525_4_1_server_has_identifier", {general_name(0x81, "alice@example.org")});
    samples.broken("rfc9525_4_1_server_has_identifier", good_named_leaf(),
                   [](RawTbs& t) { t.drop(oid::kSubjectAltName); });
    samples.with("rfc5280_4_2_1_7_issuer_alt_name_syntax", good_leaf(), oid::kIssuerAltName, false, empty_sequence());
    samples.with("rfc5280_4_2_1_7_issuer_alt_name_syntax", good_leaf(), oid::kIssuerAltName, false,
                 names_of({null_value()}));
    for (const auto& bad : {general_name(0x82, "a_b"), general_name(0x81, "x"), general_name(0x86, "/r"),
                            general_name(0x87, "abc"), general_name(0x82, "")}) {
        samples.with("rfc5280_4_2_1_7_issuer_alt_name_as_subject_alt_name", good_leaf(), oid::kIssuerAltName, false,
                     names_of({bad}));
    }
    const Bytes attributes = seq([](DerWriter& w) {
        w.sequence([&] {
            w.oid(oid::kCountryName).constructed(asn1::kSet, [&] {
                w.primitive(asn1::kPrintableString, view_of("DE"));
            });
        });
    });
    samples.with("rfc5280_4_2_1_8_directory_attributes_syntax", good_leaf(), oid::kSubjectDirectoryAttributes, false,
                 empty_sequence());
    samples.with("rfc5280_4_2_1_8_directory_attributes_not_critical", good_leaf(), oid::kSubjectDirectoryAttributes,
                 true, attributes);
}

// constraints is NameConstraints with one permitted subtree: a base and what stands behind it.
Bytes constraints(const Bytes& base, const Bytes& behind = {}) {
    return seq([&](DerWriter& w) {
        w.constructed(context_constructed(0), [&] {
            w.sequence([&] {
                w.raw(base);
                if (!behind.empty()) w.raw(behind);
            });
        });
    });
}

const x509::Certificate& constrained_ca() {
    static const x509::Certificate certificate = [] {
        auto fields = issuing_ca_fields();
        fields.extensions.push_back(
            {bytes_of(oid::kNameConstraints), true, constraints(general_name(0x82, "example.net"))});
        return assembled(fields);
    }();
    return certificate;
}

void add_name_constraints(ExtensionSamples& samples) {
    const Bytes good = constraints(general_name(0x82, "example.org"));
    const auto with = [&](std::string_view code, bool critical, const Bytes& value) {
        samples.with(code, good_issuing_ca(), oid::kNameConstraints, critical, value);
    };
    with("rfc5280_4_2_1_10_name_constraints_syntax", true, Bytes{0x05, 0x00});
    with("rfc5280_4_2_1_10_name_constraints_syntax", true, hex("3002a000"));
    with("rfc5280_4_2_1_10_name_constraints_syntax", true, constraints(null_value()));
    samples.with("rfc5280_4_2_1_10_name_constraints_only_in_ca", good_leaf(), oid::kNameConstraints, true, good);
    with("rfc5280_4_2_1_10_name_constraints_critical", false, good);
    with("rfc5280_4_2_1_10_name_constraints_not_empty", true, empty_sequence());
    with("rfc5280_4_2_1_10_minimum_and_maximum", true,
         constraints(general_name(0x82, "example.org"), Bytes{0x80, 0x01, 0x01}));
    with("rfc5280_4_2_1_10_minimum_and_maximum", true,
         constraints(general_name(0x82, "example.org"), Bytes{0x81, 0x01, 0x05}));
    for (const auto* bad : {"c0000200", "c0000200ff00ff00", "c0000201ffffff00"})
        with("rfc5280_4_2_1_10_ip_range", true, constraints(general_name(0x87, hex(bad))));
    with("rfc5280_4_2_1_10_uri_host", true, constraints(general_name(0x86, "http://example.org/")));
    with("rfc5280_4_2_1_10_dns_name", true, constraints(general_name(0x82, "*.example.org")));
    with("rfc5280_4_2_1_10_dns_name", true, constraints(general_name(0x82, ".example.org")));
    with("rfc5280_4_2_1_10_mailbox", true, constraints(general_name(0x81, "@example.org")));
    samples.broken("rfc5280_4_2_1_10_names_within_issuer", good_leaf(),
                   [](RawTbs& t) { t.issuer_certificate = &constrained_ca(); });
}

}  // namespace

std::vector<Sample> extension_samples() {
    ExtensionSamples samples;
    add_key_identifiers(samples);
    add_key_usage(samples);
    add_purposes(samples);
    add_alternative_names(samples);
    add_name_constraints(samples);
    return samples.take();
}

}  // namespace sealwright::profile::testing
