// FieldSamples for the lints of RFC 5280 4.1 and of the algorithms: each is one good certificate with one thing wrong.
#include "unit/profile/raw_tbs.hpp"

namespace sealwright::profile::testing {
namespace {

using asn1::DerWriter;

class FieldSamples {
public:
    void add(std::string_view code, const RawTbs& tbs) {
        list_.push_back({std::string{code}, tbs.encode(), tbs.issuer_certificate, {}});
    }
    // broken is a good certificate after one change.
    template <class Change>
    void broken(std::string_view code, RawTbs tbs, Change&& change) {
        change(tbs);
        add(code, tbs);
    }
    std::vector<Sample> take() { return std::move(list_); }

private:
    std::vector<Sample> list_;
};

// algorithm is an AlgorithmIdentifier with an OID and whatever stands behind it.
Bytes algorithm(ByteView id, const Bytes& parameters = {}) {
    return seq([&](DerWriter& w) {
        w.oid(id);
        if (!parameters.empty()) w.raw(parameters);
    });
}

Bytes key(const Bytes& algorithm_identifier, ByteView bits, unsigned unused = 0) {
    return seq([&](DerWriter& w) { w.raw(algorithm_identifier).bit_string(bits, unused); });
}

Bytes rsa_key(ByteView modulus, std::uint64_t exponent) {
    const Bytes inner = seq([&](DerWriter& w) { w.unsigned_integer(modulus).integer(exponent); });
    return key(algorithm(oid::kRsaEncryption, null_value()), inner);
}

Bytes odd_modulus(std::size_t octets) {
    Bytes modulus(octets, 0xA5);
    return modulus;
}

// An issuer with an RSA key, for the signature algorithms of RSA.
const x509::Certificate& rsa_ca() {
    static const x509::Certificate certificate = [] {
        Request request{installed("root-ca"), kRsa3072};
        request.requested.subject = name("CN=RSA Root");
        request.issuer = {};
        request.issuer.self_signed = true;
        request.issuer.signature_algorithm = {crypto::SignatureScheme::rsa_pkcs1, crypto::DigestAlgorithm::sha256};
        request.now = at("2026-01-01T00:00:00Z");
        return assembled(request.build().value());
    }();
    return certificate;
}

const x509::Certificate& ed_ca() {
    static const x509::Certificate certificate = [] {
        Request request{installed("root-ca"), kEd25519};
        request.requested.subject = name("CN=Ed Root");
        request.issuer = {};
        request.issuer.self_signed = true;
        request.issuer.signature_algorithm = {crypto::SignatureScheme::ed25519, crypto::DigestAlgorithm::sha256};
        request.now = at("2026-01-01T00:00:00Z");
        return assembled(request.build().value());
    }();
    return certificate;
}

RawTbs leaf_under(const x509::Certificate& issuer) {
    auto request = host_request();
    request.issuer =
        issuer_context(issuer, crypto::parse_algorithm_identifier(issuer.fields().signature_algorithm).value()).value();
    return raw(request.build().value(), &issuer);
}

void add_version_and_serial(FieldSamples& samples) {
    samples.broken("rfc5280_4_1_2_1_version_3", good_self_signed_leaf(),
                   [](RawTbs& t) { t.version = 1, t.extensions.clear(); });
    samples.broken("rfc5280_4_1_2_2_serial_positive", good_leaf(), [](RawTbs& t) { t.serial[0] = 0x80; });
    samples.broken("rfc5280_4_1_2_2_serial_positive", good_leaf(), [](RawTbs& t) { t.serial = {0x00}; });
    samples.broken("rfc5280_4_1_2_2_serial_at_most_20_octets", good_leaf(),
                   [](RawTbs& t) { t.serial = Bytes(21, 0x5A); });
    // 2^159 fits 20 octets of magnitude but takes 21 in DER.
    samples.broken("rfc5280_4_1_2_2_serial_at_most_20_octets", good_leaf(),
                   [](RawTbs& t) { t.serial = Bytes(21, 0x00), t.serial[1] = 0x80; });
    samples.broken("ca_serial_entropy", good_leaf(), [](RawTbs& t) { t.serial = Bytes(8, 0x7F); });
    samples.broken("ca_serial_entropy", good_leaf(), [](RawTbs& t) { t.serial = {0x01}; });
    samples.broken("rfc5280_4_1_2_8_no_unique_identifiers", good_leaf(), [](RawTbs& t) {
        t.unique_ids = {0x81, 0x02, 0x00, 0xFF};
    });
    samples.broken("rfc5280_4_1_2_8_no_unique_identifiers", good_leaf(), [](RawTbs& t) {
        t.unique_ids = {0x82, 0x02, 0x00, 0xFF};
    });
}

void add_signatures(FieldSamples& samples) {
    const auto sha1_rsa = algorithm(oid::kSha1WithRsa, null_value());
    const auto default_pss = algorithm(oid::kRsaPss, seq([](DerWriter&) {}));
    const auto loose_pss =
        algorithm(oid::kRsaPss, seq([](DerWriter& w) {
                      w.constructed(asn1::context_constructed(0), [&] { w.raw(algorithm(oid::kSha256)); });
                  }));
    samples.broken("ca_signature_algorithm_known", good_leaf(),
                   [](RawTbs& t) { t.signature_algorithm = algorithm(hex("2a8648ce3d040301")); });  // SHA-224
    samples.broken("ca_signature_digest_not_broken", leaf_under(rsa_ca()),
                   [&](RawTbs& t) { t.signature_algorithm = sha1_rsa; });
    samples.broken("ca_signature_digest_not_broken", leaf_under(rsa_ca()),
                   [&](RawTbs& t) { t.signature_algorithm = default_pss; });
    samples.broken("ca_signature_digest_not_broken", good_leaf(),
                   [](RawTbs& t) { t.signature_algorithm = algorithm(hex("2a8648ce3d0401")); });
    samples.broken("rfc4055_5_rsa_signature_parameters", leaf_under(rsa_ca()),
                   [](RawTbs& t) { t.signature_algorithm = algorithm(oid::kSha256WithRsa); });
    samples.broken("rfc4055_3_1_pss_signature_parameters", leaf_under(rsa_ca()),
                   [&](RawTbs& t) { t.signature_algorithm = loose_pss; });
    samples.broken("rfc5758_3_2_ecdsa_signature_parameters", good_leaf(),
                   [](RawTbs& t) { t.signature_algorithm = algorithm(oid::kEcdsaWithSha256, null_value()); });
    samples.broken("rfc8410_3_eddsa_signature_parameters", leaf_under(ed_ca()),
                   [](RawTbs& t) { t.signature_algorithm = algorithm(oid::kEd25519, null_value()); });
    samples.broken("rfc9881_2_ml_dsa_signature_parameters", good_root(), [](RawTbs& t) {
        t.spki = key(algorithm(oid::kMlDsa65), Bytes(1952, 0x11));
        t.signature_algorithm = algorithm(oid::kMlDsa65, null_value());
    });
    samples.broken("rfc5280_6_1_3_signature_fits_issuer_key", good_root(), [](RawTbs& t) {
        t.spki = key(algorithm(oid::kMlDsa65), Bytes(1952, 0x11));
        t.signature_algorithm = algorithm(oid::kMlDsa44);
    });
    samples.broken("rfc5280_6_1_3_signature_fits_issuer_key", good_leaf(),
                   [](RawTbs& t) { t.signature_algorithm = algorithm(oid::kSha256WithRsa, null_value()); });
    samples.broken("rfc5280_6_1_3_signature_fits_issuer_key", leaf_under(ed_ca()),
                   [](RawTbs& t) { t.signature_algorithm = algorithm(oid::kEd448); });
    samples.broken("rfc5280_6_1_3_signature_fits_issuer_key", good_root(),
                   [](RawTbs& t) { t.signature_algorithm = algorithm(oid::kEd25519); });
}

void add_names_and_times(FieldSamples& samples) {
    samples.broken("rfc5280_4_1_2_4_issuer_not_empty", good_leaf(), [](RawTbs& t) { t.issuer = name_of({}); });
    samples.broken("rfc5280_4_1_2_4_issuer_is_subject_of_issuer", good_leaf(),
                   [](RawTbs& t) { t.issuer = name_der("CN=Another CA").bytes(); });
    samples.broken("rfc5280_4_1_2_4_issuer_is_subject_of_issuer", good_root(),
                   [](RawTbs& t) { t.issuer = name_der("CN=Another CA").bytes(); });
    // The same characters in another string type.
    samples.broken("rfc5280_4_1_2_4_issuer_is_subject_of_issuer", good_leaf(), [](RawTbs& t) {
        t.issuer = name_of({attribute(oid::kCountryName, asn1::kPrintableString, "DE"),
                            attribute(oid::kOrganizationName, asn1::kPrintableString, "Example"),
                            attribute(oid::kCommonName, asn1::kUtf8String, "Example Issuing CA")});
    });
    samples.broken("rfc5280_4_1_2_5_not_before_form", good_leaf(),
                   [](RawTbs& t) { t.not_before = generalized_time("20261122115500Z"); });
    samples.broken("rfc5280_4_1_2_5_not_after_form", good_leaf(),
                   [](RawTbs& t) { t.not_after = generalized_time("20270220115459Z"); });
    samples.broken("rfc5280_4_1_2_5_not_after_form", good_root(),
                   [](RawTbs& t) { t.not_after = generalized_time("20491231235959Z"); });
    samples.broken("rfc5280_4_1_2_5_validity_order", good_leaf(),
                   [](RawTbs& t) { t.not_after = utc_time("261122115459Z"); });
    samples.broken("ca_validity_within_issuer", good_leaf(),
                   [](RawTbs& t) { t.not_before = utc_time("260101235959Z"); });
    samples.broken("ca_validity_within_issuer", good_leaf(),
                   [](RawTbs& t) { t.not_after = utc_time("310101000000Z"); });
    samples.broken("rfc5280_4_1_2_6_ca_subject_not_empty", good_issuing_ca(),
                   [](RawTbs& t) { t.subject = name_of({}); });
    samples.broken("rfc5280_4_1_2_6_crl_issuer_subject_not_empty", good_leaf(), [](RawTbs& t) {
        t.set(oid::kKeyUsage, true, x509::encode_key_usage(x509::kDigitalSignature | x509::kCrlSign))
            .drop(oid::kSubjectAltName)
            .drop(oid::kExtKeyUsage);
        t.subject = name_of({});
    });
    samples.broken("rfc5280_4_1_2_6_subject_or_alt_name", good_leaf(), [](RawTbs& t) { t.drop(oid::kSubjectAltName); });
}

void add_attributes(FieldSamples& samples) {
    const auto with_subject = [&](std::string_view code, const Bytes& rdn) {
        samples.broken(code, good_named_leaf(), [&](RawTbs& t) { t.subject = name_of({rdn}); });
    };
    const std::string long_name(65, 'a'), long_place(129, 'a');
    with_subject("rfc5280_4_1_2_6_directory_string", attribute(oid::kCommonName, asn1::kTeletexString, "www"));
    with_subject("rfc5280_4_1_2_6_directory_string",
                 attribute(oid::kOrganizationName, asn1::kBmpString, std::string_view{"\0w", 2}));
    with_subject("rfc5280_4_1_2_6_directory_string", attribute(oid::kCommonName, asn1::kIa5String, "www"));
    with_subject("rfc5280_4_1_2_6_directory_string", attribute(oid::kCountryName, asn1::kTeletexString, "DE"));
    with_subject("rfc5280_a_1_country_name", attribute(oid::kCountryName, asn1::kUtf8String, "DE"));
    with_subject("rfc5280_a_1_country_name", attribute(oid::kCountryName, asn1::kPrintableString, "DEU"));
    with_subject("rfc5280_a_1_country_name", attribute(oid::kCountryName, asn1::kPrintableString, "de"));
    with_subject("rfc5280_a_1_printable_attributes", attribute(oid::kSerialNumber, asn1::kUtf8String, "4711"));
    with_subject("rfc5280_a_1_printable_attributes", attribute(oid::kDnQualifier, asn1::kIa5String, "x"));
    with_subject("rfc5280_a_1_ia5_attributes", attribute(oid::kDomainComponent, asn1::kUtf8String, "example"));
    with_subject("rfc5280_a_1_upper_bounds", attribute(oid::kCommonName, asn1::kUtf8String, long_name));
    with_subject("rfc5280_a_1_upper_bounds", attribute(oid::kLocalityName, asn1::kPrintableString, long_place));
    with_subject("rfc5280_4_1_2_6_email_in_alt_name",
                 attribute(oid::kEmailAddress, asn1::kIa5String, "alice@example.org"));
    with_subject("ca_subject_no_control_characters", attribute(oid::kCommonName, asn1::kUtf8String, "a\nb"));
    with_subject("ca_subject_no_control_characters", attribute(oid::kCommonName, asn1::kUtf8String, "a\x7F"));
}

void add_keys(FieldSamples& samples) {
    const auto with_key = [&](std::string_view code, const Bytes& spki) {
        samples.broken(code, good_leaf(), [&](RawTbs& t) { t.spki = spki; });
    };
    const Bytes p256 = algorithm(oid::kEcPublicKey, der([](DerWriter& w) { w.oid(oid::kPrime256v1); }));
    const Bytes secp256k1 = algorithm(oid::kEcPublicKey, der([](DerWriter& w) { w.oid(hex("2b8104000a")); }));
    const Bytes specified = algorithm(oid::kEcPublicKey, seq([](DerWriter& w) { w.integer(1); }));
    const Bytes inner_rsa = seq([](DerWriter& w) { w.unsigned_integer(odd_modulus(256)).integer(65537); });
    Bytes compressed(33, 0x11), point(65, 0x11), wrong_form(65, 0x11);
    compressed[0] = 0x02, point[0] = 0x04, wrong_form[0] = 0x06;
    with_key("rfc5280_4_1_2_7_public_key_syntax", seq([](DerWriter& w) { w.integer(1); }));
    Bytes halved(65, 0x10);
    halved[0] = 0x04;
    with_key("rfc5280_4_1_2_7_public_key_syntax", key(p256, halved, 4));
    with_key("ca_public_key_algorithm_known", key(algorithm(hex("2a8648ce380401")), Bytes(65, 0x04)));  // DSA
    with_key("rfc3279_2_3_1_rsa_parameters", key(algorithm(oid::kRsaEncryption), inner_rsa));
    with_key("rfc3279_2_3_1_rsa_public_key", key(algorithm(oid::kRsaEncryption, null_value()), Bytes{0x30, 0x00}));
    with_key("rfc3279_2_3_1_rsa_public_key",
             key(algorithm(oid::kRsaEncryption, null_value()), hex("3006020101020181")));
    with_key("ca_rsa_modulus_size", public_key(kRsa1024).spki().bytes());
    Bytes modulus_2047 = odd_modulus(256);
    modulus_2047[0] = 0x7F;
    with_key("ca_rsa_modulus_size", rsa_key(modulus_2047, 65537));
    with_key("ca_rsa_exponent", rsa_key(odd_modulus(256), 3));
    with_key("ca_rsa_exponent", rsa_key(odd_modulus(256), 65538));
    with_key("rfc5480_2_1_1_named_curve", key(secp256k1, point));
    with_key("rfc5480_2_1_1_named_curve", key(specified, point));
    with_key("rfc5480_2_1_1_named_curve", key(algorithm(oid::kEcPublicKey), point));
    with_key("rfc5480_2_2_ec_point", key(p256, compressed));
    with_key("rfc5480_2_2_ec_point", key(p256, wrong_form));
    with_key("rfc8410_3_eddsa_key_parameters", key(algorithm(oid::kEd25519, null_value()), Bytes(32, 0x11)));
    with_key("rfc8410_4_eddsa_public_key", key(algorithm(oid::kEd25519), Bytes(33, 0x11)));
    with_key("rfc8410_4_eddsa_public_key", key(algorithm(oid::kEd448), Bytes(56, 0x11)));
    with_key("rfc9881_2_ml_dsa_key_parameters", key(algorithm(oid::kMlDsa44, null_value()), Bytes(1312, 0x11)));
    with_key("rfc9881_4_ml_dsa_public_key", key(algorithm(oid::kMlDsa44), Bytes(1311, 0x11)));
    with_key("rfc9881_4_ml_dsa_public_key", key(algorithm(oid::kMlDsa65), Bytes(1312, 0x11)));
    with_key("rfc9881_4_ml_dsa_public_key", key(algorithm(oid::kMlDsa87), Bytes(2593, 0x11)));
}

}  // namespace

std::vector<Sample> field_samples() {
    FieldSamples samples;
    add_version_and_serial(samples);
    add_signatures(samples);
    add_names_and_times(samples);
    add_attributes(samples);
    add_keys(samples);
    return samples.take();
}

}  // namespace sealwright::profile::testing
