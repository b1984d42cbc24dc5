// Certificates of endorsement keys: each known deviation is read and reported, its neighbours are refused; and the way
// to a root.
#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "attestation/ek_certificate.hpp"
#include "attestation/ek_trust.hpp"
#include "tests/support/test_key.hpp"
#include "tests/unit/attestation/scene.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::attestation::test {
namespace {

Bytes plain() { return vendor().certify_ek(ek_of_template("L-1").public_key()); }

std::vector<std::string> quirks_of(const Bytes& octets) {
    const auto parsed = parse_ek_certificate(octets);
    if (!parsed) return {"refused: " + parsed.error().describe()};
    std::vector<std::string> out;
    for (const EkQuirk& quirk : parsed.value().quirks) out.push_back(quirk.text);
    return out;
}

Bytes joined(Bytes a, const Bytes& b) {
    append(a, b);
    return a;
}

// Tbs writes a TBSCertificate piece by piece, so that each piece can be what no builder writes.
struct Tbs {
    Bytes serial{0x02, 0x01, 0x05};
    Bytes subject = x509::encode_name(x509::parse_name_text("CN=EK").value()).value().bytes();
    Bytes spki = ek_of_template("L-1").public_key().spki().bytes();
    x509::Extensions extensions = ek_extensions({}, true);

    Bytes signed_by_vendor() const {
        const NameDer issuer = vendor().intermediate().fields().subject_der;
        asn1::DerWriter writer;
        writer.sequence([&] {
            writer.constructed(asn1::context_constructed(0), [&] { writer.integer(2); });
            writer.raw(serial).raw(
                crypto::algorithm_identifier({crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha384}));
            writer.raw(issuer.view());
            writer.sequence([&] { writer.time(now()).time(now() + std::chrono::days{1}); });
            writer.raw(subject).raw(spki);
            if (!extensions.empty()) {
                writer.constructed(asn1::context_constructed(3),
                                   [&] { writer.raw(x509::encode_extensions(extensions)); });
            }
        });
        return vendor().sign_tbs(writer.view());
    }
};

// opened judges an opening with this certificate.
Verdict opened(const Bytes& certificate) {
    Scene scene{"L-1"};
    scene.opening.ek_certificate = certificate;
    return scene.open();
}

TEST(EkCertificate, OfTheBookHasNoQuirk) {
    EXPECT_EQ(quirks_of(plain()), std::vector<std::string>{});
    EXPECT_EQ(quirks_of(Tbs{}.signed_by_vendor()), std::vector<std::string>{});
    const auto parsed = parse_ek_certificate(plain()).value();
    EXPECT_EQ(parsed.manufacturer, "id:54455354");
    EXPECT_EQ(parsed.model, "Fake");
    EXPECT_EQ(parsed.version, "id:00010002");
}

TEST(EkCertificate, HasPaddingOfOneKindAlone) {
    for (const std::uint8_t filler : {std::uint8_t{0x00}, std::uint8_t{0xFF}}) {
        const Bytes padded = joined(plain(), Bytes(700, filler));
        EXPECT_EQ(quirks_of(padded), std::vector<std::string>{"padding stands behind it"});
        EXPECT_TRUE(opened(padded).affirming());
        EXPECT_EQ(outcome_of(opened(padded), Check::ek_certificate_quirk), Outcome::claimed);
        Bytes mixed = padded;
        mixed.back() ^= 1U;
        EXPECT_TRUE(refuses(opened(mixed), Check::ek_certificate_parses));
    }
    EXPECT_TRUE(refuses(opened(joined(plain(), Bytes(3, 0x41))), Check::ek_certificate_parses));
}

TEST(EkCertificate, HasTheHeaderOfTpm12) {
    const Bytes der = plain();
    const auto size = [&](std::size_t n) {
        return Bytes{0x10, 0x01, 0x00, static_cast<std::uint8_t>(n >> 8U), static_cast<std::uint8_t>(n)};
    };
    EXPECT_EQ(quirks_of(joined(size(der.size()), der)).size(), 1U);
    EXPECT_EQ(quirks_of(joined(joined(size(der.size() + 2), {0x10, 0x02}), der)).size(), 1U);
    EXPECT_TRUE(opened(joined(size(der.size()), der)).affirming());
    EXPECT_TRUE(refuses(opened(joined(size(der.size() + 1), der)), Check::ek_certificate_parses))
        << "a size of more than there is";
    EXPECT_TRUE(refuses(opened(Bytes{0x10, 0x01, 0x00}), Check::ek_certificate_parses));
}

TEST(EkCertificate, HasASerialThatIsNotMinimal) {
    Tbs tbs;
    tbs.serial = {0x02, 0x03, 0x00, 0x00, 0x05};
    EXPECT_EQ(quirks_of(tbs.signed_by_vendor()),
              std::vector<std::string>{"the serial number is not a minimal INTEGER"});
    EXPECT_TRUE(opened(tbs.signed_by_vendor()).affirming());
    tbs.serial = {0x02, 0x00};
    EXPECT_FALSE(parse_ek_certificate(tbs.signed_by_vendor()));
}

TEST(EkCertificate, HasANameOutOfOrder) {
    // One RDN of O and CN, whose order in DER is CN (2.5.4.3) before O (2.5.4.10).
    const auto attribute = [](ByteView type, std::string_view text) {
        asn1::DerWriter writer;
        writer.sequence([&] { writer.oid(type).primitive(asn1::kUtf8String, view_of(text)); });
        return writer.take();
    };
    asn1::DerWriter name;
    name.sequence([&] {
        name.constructed(asn1::kSet, [&] {
            name.raw(attribute(asn1::oid::kOrganizationName, "O")).raw(attribute(asn1::oid::kCommonName, "C"));
        });
    });
    Tbs tbs;
    tbs.subject = name.take();
    EXPECT_EQ(quirks_of(tbs.signed_by_vendor()),
              std::vector<std::string>{"a SET of its subject is not in the order of DER"});
    EXPECT_TRUE(opened(tbs.signed_by_vendor()).affirming());
}

TEST(EkCertificate, HasAKeyForOaep) {
    const crypto::PublicKey key = ek_of_template("L-1").public_key();
    asn1::DerWriter writer;
    writer.sequence([&] {
        writer.sequence([&] { writer.oid(asn1::parse_oid("1.2.840.113549.1.1.7").value()).sequence([] {}); });
        writer.bit_string(key.public_bits());
    });
    Tbs tbs;
    tbs.spki = writer.take();
    EXPECT_EQ(quirks_of(tbs.signed_by_vendor()), std::vector<std::string>{"the key's algorithm is id-RSAES-OAEP"});
    EXPECT_TRUE(opened(tbs.signed_by_vendor()).affirming()) << show(opened(tbs.signed_by_vendor()));
}

TEST(EkCertificate, HasAnEmptySubject) {
    Tbs tbs;
    tbs.subject = {0x30, 0x00};
    EXPECT_EQ(quirks_of(tbs.signed_by_vendor()),
              std::vector<std::string>{"the subject is empty, and the critical SAN names the TPM"});
    EXPECT_TRUE(opened(tbs.signed_by_vendor()).affirming());
}

TEST(EkCertificate, HasAKeyUsageWithZerosAtItsEnd) {
    Tbs tbs;
    tbs.extensions[2].value = {0x03, 0x02, 0x00, 0x20};  // keyEncipherment; DER: 03 02 05 20
    EXPECT_EQ(quirks_of(tbs.signed_by_vendor()), std::vector<std::string>{"zero bits stand at the end of keyUsage"});
    EXPECT_TRUE(opened(tbs.signed_by_vendor()).affirming());
    tbs.extensions[2].value = {0x03, 0x02, 0x00, 0x00};
    EXPECT_TRUE(refuses(opened(tbs.signed_by_vendor()), Check::ek_certificate_purpose));
}

TEST(EkCertificate, NamesTheTpmInOneRdnAndTellsOfItsSpecification) {
    x509::Name tpm;
    const auto type = [](const char* dotted) { return asn1::parse_oid(dotted).value(); };
    tpm.rdns.push_back(
        {{type("2.23.133.2.1"), "id:4E544300"}, {type("2.23.133.2.2"), "M"}, {type("2.23.133.2.3"), "id:01"}});
    asn1::DerWriter specification;
    specification.sequence([&] {
        specification.sequence([&] {
            specification.oid(type("2.23.133.2.16"));
            specification.constructed(asn1::kSet, [&] {
                specification.sequence(
                    [&] { specification.primitive(asn1::kUtf8String, view_of("2.0")).integer(0).integer(138); });
            });
        });
    });
    Tbs tbs;
    tbs.extensions[0].value = x509::encode_general_names({x509::DirectoryName{tpm}});
    tbs.extensions.push_back({bytes_of(asn1::oid::kSubjectDirectoryAttributes), false, specification.take()});
    const auto parsed = parse_ek_certificate(tbs.signed_by_vendor());
    ASSERT_TRUE(parsed) << parsed.error().describe();
    EXPECT_EQ(parsed.value().manufacturer, "id:4E544300");
    EXPECT_EQ(parsed.value().specification, "2.0 level 0 revision 138");
    EXPECT_EQ(parsed.value().quirks.size(), 1U);
    EXPECT_TRUE(opened(tbs.signed_by_vendor()).affirming());
    tbs.extensions.back().value = {0x30, 0x01, 0x00};
    EXPECT_TRUE(refuses(opened(tbs.signed_by_vendor()), Check::ek_certificate_parses));
}

TEST(EkCertificate, TellsEachKindOfDeviationOnce) {
    x509::Name strange;
    for (int i = 0; i < 30; ++i) strange.rdns.push_back({{Bytes{0x2A, 0x03}, "a"}, {Bytes{0x2A, 0x04}, "b"}});
    Tbs tbs;
    tbs.extensions[0].value = x509::encode_general_names(x509::GeneralNames(8, x509::DirectoryName{strange}));
    EXPECT_EQ(quirks_of(tbs.signed_by_vendor()).size(), 1U);
    const Verdict verdict = opened(tbs.signed_by_vendor());
    EXPECT_EQ(Verdict::parse(verdict.encode()).value(), verdict);
}

TEST(EkCertificate, IsRefusedWithoutWhatItNeeds) {
    Tbs tbs;
    tbs.extensions.clear();
    EXPECT_TRUE(refuses(opened(tbs.signed_by_vendor()), Check::ek_certificate_tpm));
    tbs = {};
    tbs.extensions[0].value = {0x30, 0x00};
    EXPECT_TRUE(refuses(opened(tbs.signed_by_vendor()), Check::ek_certificate_parses));
    tbs = {};
    tbs.extensions.push_back(tbs.extensions[1]);
    EXPECT_TRUE(refuses(opened(tbs.signed_by_vendor()), Check::ek_certificate_parses)) << "an extension twice";
}

TEST(EkCertificate, TextsFromOutsideArePrintable) {
    EXPECT_EQ(printable("a\x1b[31m\xff\n"), "a\\x1b[31m\\xff\\x0a");
    EXPECT_EQ(printable(std::string(500, 'x')).size(), 131U);
}

// Ca is a CA with its key, for paths of several.
struct Ca {
    TestKey key;
    x509::Certificate certificate;
};
struct CaSpec {
    std::string subject;
    x509::BasicConstraints constraints{.ca = true};
    x509::KeyUsage usage = x509::kKeyCertSign;
    UtcTime not_after = now() + std::chrono::days{1};
};
Ca make_ca(const CaSpec& spec, const Ca* issuer = nullptr, const TestKey* key = nullptr) {
    static std::uint8_t count = 0;
    std::array<std::uint8_t, 16> serial{};
    serial.fill(0x11);
    serial.back() = ++count;
    const TestKey own = key != nullptr ? *key : TestKey::generate(KeyType::ec_p256);
    const TestKey& signer = issuer != nullptr ? issuer->key : own;
    const auto name = [](const std::string& text) {
        return x509::encode_name(x509::parse_name_text(text).value()).value();
    };
    const auto tbs = x509::build_tbs_certificate(
        {.serial = SerialNumber{serial},
         .signature_algorithm = signer.algorithm(),
         .issuer = issuer != nullptr ? issuer->certificate.fields().subject_der : name(spec.subject),
         .not_before = now() - std::chrono::days{1},
         .not_after = spec.not_after,
         .subject = name(spec.subject),
         .spki = own.spki(),
         .extensions = {
             {bytes_of(asn1::oid::kBasicConstraints), true, x509::encode_basic_constraints(spec.constraints)},
             {bytes_of(asn1::oid::kKeyUsage), true, x509::encode_key_usage(spec.usage)}}});
    const auto der = x509::assemble_certificate(tbs.view(), signer.algorithm(), signer.sign(tbs.view()));
    return {own, x509::Certificate::parse(der.view()).value()};
}
// below is a certificate issued by this CA, taken for an EK's.
EkCertificate below(const Ca& ca) {
    const Ca leaf = make_ca({.subject = "CN=EK"}, &ca);
    EkCertificate out;
    out.issuer = leaf.certificate.fields().issuer_der;
    out.signature_algorithm = leaf.certificate.signature_algorithm();
    out.signed_octets = bytes_of(leaf.certificate.tbs());
    out.signature = bytes_of(leaf.certificate.signature());
    return out;
}
bool is_valid(const std::optional<EkPath>& path) { return path && path->objections.empty(); }

TEST(EkTrust, WalksFromIssuerToIssuer) {
    const Ca root = make_ca({.subject = "CN=R"}), middle = make_ca({.subject = "CN=M"}, &root),
             low = make_ca({.subject = "CN=L"}, &middle);
    const TrustAnchors anchors{{root.certificate}, {middle.certificate, low.certificate}};
    EXPECT_TRUE(is_valid(find_ek_path(below(low), {}, anchors, now())));
    EXPECT_TRUE(is_valid(find_ek_path(below(root), {}, anchors, now())));
    EXPECT_TRUE(
        is_valid(find_ek_path(below(low), {low.certificate}, {{root.certificate}, {middle.certificate}}, now())));
    EXPECT_FALSE(find_ek_path(below(low), {}, {{root.certificate}, {low.certificate}}, now())) << "a gap";
    EkCertificate changed = below(low);
    changed.signed_octets.back() ^= 1U;
    EXPECT_FALSE(find_ek_path(changed, {}, anchors, now()));
}

TEST(EkTrust, ObjectsToCasThatMustNotIssue) {
    const Ca root = make_ca({.subject = "CN=R"});
    const auto objected = [&](const CaSpec& spec) {
        const Ca ca = make_ca(spec, &root);
        const auto path = find_ek_path(below(ca), {}, {{root.certificate}, {ca.certificate}}, now());
        return path && !path->objections.empty();
    };
    EXPECT_FALSE(objected({.subject = "CN=M"}));
    EXPECT_TRUE(objected({.subject = "CN=M", .constraints = {.ca = false}}));
    EXPECT_TRUE(objected({.subject = "CN=M", .usage = x509::kDigitalSignature}));
    EXPECT_TRUE(objected({.subject = "CN=M", .not_after = now() - std::chrono::seconds{1}}));
    const Ca expired = make_ca({.subject = "CN=R", .not_after = now() - std::chrono::seconds{1}});
    EXPECT_FALSE(is_valid(find_ek_path(below(expired), {}, {{expired.certificate}, {}}, now())));
}

TEST(EkTrust, CountsPathLengths) {
    const Ca root = make_ca({.subject = "CN=R", .constraints = {.ca = true, .path_length = 1}});
    const Ca middle = make_ca({.subject = "CN=M"}, &root), low = make_ca({.subject = "CN=L"}, &middle);
    const TrustAnchors anchors{{root.certificate}, {middle.certificate, low.certificate}};
    EXPECT_TRUE(is_valid(find_ek_path(below(middle), {}, anchors, now())));
    EXPECT_FALSE(is_valid(find_ek_path(below(low), {}, anchors, now())));
}

TEST(EkTrust, TriesAllWaysOverCrossSignedCas) {
    const Ca old_root = make_ca({.subject = "CN=Old", .not_after = now() - std::chrono::seconds{1}}),
             root = make_ca({.subject = "CN=New"});
    const Ca middle = make_ca({.subject = "CN=M"}, &root);
    const Ca cross = make_ca({.subject = "CN=M"}, &old_root, &middle.key);
    for (const bool swap : {false, true}) {
        TrustAnchors anchors{{old_root.certificate, root.certificate}, {cross.certificate, middle.certificate}};
        if (swap) std::swap(anchors.intermediates[0], anchors.intermediates[1]);
        const auto path = find_ek_path(below(middle), {}, anchors, now());
        ASSERT_TRUE(is_valid(path));
        EXPECT_EQ(path->certificates.back().fingerprint(), root.certificate.fingerprint());
    }
}

TEST(EkTrust, EndsWhateverTheChainIs) {
    // Eight CAs of one name and one key that could all have issued each other.
    const TestKey key = TestKey::generate(KeyType::ec_p256);
    const Ca first = make_ca({.subject = "CN=Ring"}, nullptr, &key);
    std::vector<x509::Certificate> ring;
    for (int i = 0; i < 8; ++i) ring.push_back(make_ca({.subject = "CN=Ring"}, &first, &key).certificate);
    EXPECT_FALSE(find_ek_path(below(first), ring, {{vendor().root()}, ring}, now()));
}

}  // namespace
}  // namespace sealwright::attestation::test
