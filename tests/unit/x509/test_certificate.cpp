#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "asn1/der_writer.hpp"
#include "base/file.hpp"
#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"
#include "tests/unit/x509/authority.hpp"
#include "x509/unordered_names.hpp"

namespace sealwright::x509 {
namespace {

using sealwright::test::hex;
using test::TestKey;

// Parts are the elements of a TBSCertificate, to be changed one at a time.
struct Parts {
    Bytes version = hex("A0 03 02 01 02");
    Bytes serial = hex("02 01 05");
    Bytes algorithm = crypto::algorithm_identifier({});
    Bytes issuer = test::name_of("CN=issuer").bytes();
    Bytes validity = hex("30 1E 17 0D 323630313031303030303030 5A 17 0D 323730313031303030303030 5A");
    Bytes subject = test::name_of("CN=subject").bytes();
    Bytes spki = TestKey::generate(crypto::KeyType::ec_p256).spki().bytes();
    Bytes unique_ids;
    Bytes extensions = hex("A3 0D 30 0B 30 09 06 03 55 1D 13 04 02 30 00");

    Bytes tbs() const {
        asn1::DerWriter writer;
        writer.sequence([&] {
            for (const Bytes& part :
                 {version, serial, algorithm, issuer, validity, subject, spki, unique_ids, extensions})
                writer.raw(part);
        });
        return writer.take();
    }
};

Result<TbsCertificate> with(void (*change)(Parts&)) {
    Parts parts;
    change(parts);
    return parse_tbs_certificate(parts.tbs());
}

TEST(Certificate, ReadsWhatOpensslAndCerttoolMake) {
    sealwright::test::OpensslCli cli;
    for (const auto* algorithm :
         {"rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256", "ec -pkeyopt ec_paramgen_curve:P-384",
          "ec -pkeyopt ec_paramgen_curve:P-521", "ed25519", "ed448"}) {
        cli.run(std::string{"openssl req -x509 -newkey "} + algorithm +
                " -nodes -keyout k.pem -subj /C=DE/CN=x -days 9 -out c.pem -addext subjectAltName=DNS:a.example");
        const auto pem = cli.read("c.pem");
        const Certificate certificate = Certificate::parse_pem(text_of(pem)).value().at(0);
        EXPECT_EQ(format_name(certificate.fields().subject), "CN=x,C=DE");
        EXPECT_TRUE(certificate.is_ca());
        const auto key = crypto::PublicKey::parse(certificate.fields().spki.view()).value();
        EXPECT_TRUE(certificate.verify_signature(key)) << algorithm;
        cli.run("openssl x509 -in c.pem -outform DER | openssl dgst -sha256 -binary > f.bin");
        EXPECT_EQ(bytes_of(certificate.fingerprint().view()), cli.read("f.bin"));
    }
    cli.write("t.cfg",
              "cn = made by certtool\ndns_name = a.example\nserial = 77\nexpiration_days = 9\nca\ncert_signing_key\n");
    cli.run(
        "certtool --generate-privkey --key-type ecdsa --outfile k.pem && certtool --generate-self-signed "
        "--load-privkey k.pem --template t.cfg --outder --outfile c.der");
    const Certificate made = Certificate::parse(cli.read("c.der")).value();
    EXPECT_EQ(format_name(made.fields().subject), "CN=made by certtool");
    EXPECT_EQ(made.fields().serial, Bytes{77});
    EXPECT_TRUE(made.verify_signature(crypto::PublicKey::parse(made.fields().spki.view()).value()));
}

TEST(Certificate, NamesOutOfOrderAreReadWhereThatIsAskedFor) {
    // One RDN of two attributes, O before CN.
    const Bytes unordered = hex("30 16 31 14 30 08 06 03 55 04 0A 0C 01 4F 30 08 06 03 55 04 03 0C 01 43");
    const Bytes ordered = hex("30 16 31 14 30 08 06 03 55 04 03 0C 01 43 30 08 06 03 55 04 0A 0C 01 4F");
    EXPECT_EQ(order_name(unordered).value().bytes(), ordered);
    EXPECT_EQ(order_name(ordered).value().bytes(), ordered);
    const TestKey key = TestKey::generate(crypto::KeyType::ec_p256);
    for (const Bytes& name : {unordered, ordered}) {
        Parts parts;
        parts.issuer = name;
        parts.subject = name;
        parts.spki = key.spki().bytes();
        const Bytes tbs = parts.tbs();
        const auto der = assemble_certificate(tbs, {}, key.sign({}, tbs));
        EXPECT_EQ(Certificate::parse(der.view()).has_value(), name == ordered);
        const Certificate read = parse_with_unordered_names(der.view()).value();
        EXPECT_EQ(read.fields().subject_der.bytes(), ordered);
        EXPECT_EQ(read.fields().issuer_der.bytes(), ordered);
        EXPECT_TRUE(equal(read.der().view(), der.view())) << "what was signed is kept as it stands";
        EXPECT_TRUE(read.verify_signature(key.public_key()));
        EXPECT_TRUE(equal(read.tbs(), tbs));
    }
    sealwright::test::refuses_every_cut(unordered, [](ByteView cut) { return order_name(cut).has_value(); });
}

TEST(Certificate, ReadsVersion1) {
    sealwright::test::OpensslCli cli;
    cli.run(
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -subj /CN=old -out r.pem && "
        "openssl x509 -req -in r.pem -signkey k.pem -outform DER -out c.der");
    const Certificate certificate = Certificate::parse(cli.read("c.der")).value();
    EXPECT_EQ(certificate.fields().version, 1U);
    EXPECT_TRUE(certificate.fields().extensions.empty());
    EXPECT_FALSE(certificate.is_ca());
}

// Strictness that refuses the roots everybody trusts would be a mistake of ours.
TEST(Certificate, ReadsEveryRootThatDebianTrusts) {
    const std::filesystem::path bundle = "/etc/ssl/certs/ca-certificates.crt";
    if (!std::filesystem::exists(bundle)) GTEST_SKIP() << "the package ca-certificates is not installed";
    const std::string pem = read_text_file(bundle, 4U << 20U).value();
    const auto roots = Certificate::parse_pem(pem, 1000).value();
    EXPECT_GT(roots.size(), 50U);
    std::size_t verified = 0;
    for (const Certificate& root : roots) {
        const auto key = crypto::PublicKey::parse(root.fields().spki.view());
        ASSERT_TRUE(key) << format_name(root.fields().subject);
        const auto held = root.verify_signature(key.value());
        // The older ones signed themselves with SHA-1, which nothing here verifies.
        EXPECT_TRUE(held || held.error().code() == ErrorCode::unsupported) << format_name(root.fields().subject);
        verified += held ? 1 : 0;
    }
    EXPECT_GT(verified, roots.size() / 2);
}

TEST(Certificate, RefusesEveryCut) {
    const auto holder = test::issue({.extensions = test::ca_extensions()});
    sealwright::test::refuses_every_cut(holder.certificate.der().bytes(),
                                        [](ByteView der) { return Certificate::parse(der).has_value(); });
    sealwright::test::refuses_every_cut(bytes_of(holder.certificate.tbs()),
                                        [](ByteView der) { return parse_tbs_certificate(der).has_value(); });
}

TEST(Certificate, NoNeighbourInOneBitVerifies) {
    const auto holder = test::issue({.extensions = test::ca_extensions()});
    const auto key = holder.key.public_key();
    EXPECT_TRUE(holder.certificate.verify_signature(key));
    std::size_t parsed = 0;
    sealwright::test::flips_every_bit(holder.certificate.der().bytes(), [&](const Bytes& neighbour, std::size_t bit) {
        const auto certificate = Certificate::parse(neighbour);
        if (!certificate) return;
        ++parsed;
        EXPECT_FALSE(certificate.value().verify_signature(key)) << "bit " << bit;
        EXPECT_NE(certificate.value().fingerprint(), holder.certificate.fingerprint());
    });
    EXPECT_GT(parsed, 500U) << "the neighbours must reach the signature for this test to say anything";
}

TEST(Certificate, AnotherKeyDoesNotVerifyIt) {
    const auto holder = test::issue({});
    EXPECT_EQ(
        holder.certificate.verify_signature(TestKey::generate(crypto::KeyType::ec_p256).public_key()).error().code(),
        ErrorCode::invalid_signature);
    EXPECT_EQ(holder.certificate.verify_signature(TestKey::generate(crypto::KeyType::rsa).public_key()).error().code(),
              ErrorCode::unsupported);
}

TEST(Certificate, TheOuterAlgorithmIsTheInnerOne) {
    Parts parts;
    const auto assembled = [&](const Bytes& outer) {
        asn1::DerWriter writer;
        writer.sequence([&] { writer.raw(parts.tbs()).raw(outer).bit_string(Bytes(8, 1)); });
        return Certificate::parse(writer.view());
    };
    EXPECT_TRUE(assembled(parts.algorithm));
    EXPECT_EQ(assembled(crypto::algorithm_identifier({crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha384}))
                  .error()
                  .code(),
              ErrorCode::malformed);
}

TEST(Certificate, AnUnknownAlgorithmIsReadButNotVerified) {
    Parts parts;
    parts.algorithm = hex("30 0D 06 09 2A864886F70D010105 05 00");  // sha1WithRSAEncryption
    asn1::DerWriter writer;
    writer.sequence([&] { writer.raw(parts.tbs()).raw(parts.algorithm).bit_string(Bytes(8, 1)); });
    const Certificate certificate = Certificate::parse(writer.view()).value();
    EXPECT_EQ(certificate.verify_signature(TestKey::generate(crypto::KeyType::rsa).public_key()).error().code(),
              ErrorCode::unsupported);
}

TEST(TbsCertificate, VersionsAndWhatTheyMayHold) {
    EXPECT_EQ(with([](Parts&) {}).value().version, 3U);
    EXPECT_FALSE(with([](Parts& p) { p.version = hex("A0 03 02 01 00"); })) << "the default is encoded";
    EXPECT_EQ(with([](Parts& p) { p.version = hex("A0 03 02 01 03"); }).error().code(), ErrorCode::unsupported);
    EXPECT_FALSE(with([](Parts& p) { p.version = hex("A0 03 02 01 FF"); }));
    EXPECT_FALSE(with([](Parts& p) { p.version = {}; })) << "version 1 with extensions";
    EXPECT_FALSE(with([](Parts& p) { p.version = hex("A0 03 02 01 01"); })) << "version 2 with extensions";
    EXPECT_EQ(with([](Parts& p) {
                  p.version = {};
                  p.extensions = {};
              })
                  .value()
                  .version,
              1U);
    EXPECT_TRUE(with([](Parts& p) {
                    p.version = hex("A0 03 02 01 01");
                    p.extensions = {};
                    p.unique_ids = hex("81 02 00 55 82 02 00 AA");
                })
                    .value()
                    .has_unique_ids);
    EXPECT_FALSE(with([](Parts& p) {
        p.version = {};
        p.extensions = {};
        p.unique_ids = hex("81 02 00 55");
    })) << "version 1 with a unique identifier";
    EXPECT_FALSE(with([](Parts& p) { p.unique_ids = hex("82 02 00 55 81 02 00 AA"); })) << "out of order";
    EXPECT_FALSE(with([](Parts& p) { p.unique_ids = hex("81 02 09 55"); }));
    EXPECT_FALSE(with([](Parts& p) { p.extensions = hex("A3 02 30 00"); })) << "an empty list of extensions";
}

TEST(TbsCertificate, SerialNumbersOfOthersAreReadAsTheyAre) {
    EXPECT_EQ(with([](Parts& p) { p.serial = hex("02 01 80"); }).value().serial, hex("80")) << "negative";
    EXPECT_EQ(with([](Parts& p) { p.serial = hex("02 01 00"); }).value().serial, hex("00"));
    EXPECT_FALSE(with([](Parts& p) { p.serial = hex("02 02 00 05"); })) << "not minimal";
    EXPECT_FALSE(with([](Parts& p) { p.serial = hex("02 00"); }));
    EXPECT_EQ(with([](Parts& p) {
                  p.serial = Bytes(66, 0x55);
                  p.serial[0] = 0x02;
                  p.serial[1] = 64;
              })
                  .value()
                  .serial.size(),
              64U);
    EXPECT_EQ(with([](Parts& p) {
                  p.serial = Bytes(67, 0x55);
                  p.serial[0] = 0x02;
                  p.serial[1] = 65;
              })
                  .error()
                  .code(),
              ErrorCode::too_large);
}

TEST(TbsCertificate, TimesAndNamesAreStrict) {
    EXPECT_EQ(with([](Parts&) {}).value().not_before, test::at("2026-01-01T00:00:00Z"));
    EXPECT_FALSE(with([](Parts& p) { p.validity = hex("30 0F 17 0D 323630313031303030303030 5A"); })) << "one time";
    EXPECT_FALSE(with([](Parts& p) { p.validity[p.validity.size() - 1] = '+'; }));
    EXPECT_TRUE(with([](Parts& p) { p.subject = hex("30 00"); }).value().subject.empty());
    EXPECT_TRUE(with([](Parts& p) { p.issuer = hex("30 00"); }).value().issuer.empty())
        << "for a lint to refuse, not for a parser";
    EXPECT_FALSE(with([](Parts& p) { p.issuer = hex("30 02 31 00"); }));
    EXPECT_NE(with([](Parts& p) { p.issuer = hex("30 02 31 00"); }).error().public_detail().find("issuer"),
              std::string::npos);
    EXPECT_FALSE(with([](Parts& p) { p.algorithm = hex("30 00"); }));
    EXPECT_FALSE(with([](Parts& p) { p.algorithm = hex("30 07 06 01 2A 05 00 05 00"); }));
    EXPECT_FALSE(with([](Parts& p) { p.spki = {}; }));
}

TEST(TbsCertificate, LargerThanItsBoundIsTooLarge) {
    EXPECT_EQ(parse_tbs_certificate(Bytes(kMaxCertificateSize + 1)).error().code(), ErrorCode::too_large);
    EXPECT_EQ(Certificate::parse(Bytes(kMaxCertificateSize + 1)).error().code(), ErrorCode::too_large);
}

TEST(Certificate, RemembersTheKeyThatVerifiedItAndNoOther) {
    const auto holder = test::issue({});
    const auto key = holder.certificate.key().value();
    const auto other = TestKey::generate(crypto::KeyType::ec_p256).public_key();
    for (int i = 0; i < 2; ++i) {
        EXPECT_FALSE(holder.certificate.verify_signature(other));
        EXPECT_TRUE(holder.certificate.verify_signature(key));
        // The same key read again counts as the same.
        EXPECT_TRUE(holder.certificate.verify_signature(crypto::PublicKey::parse(key.spki().view()).value()));
    }
    // What is not signed is not remembered either: each object judges its own octets.
    Bytes forged = holder.certificate.der().bytes();
    forged.back() ^= 1U;  // in the signature's s
    EXPECT_FALSE(Certificate::parse(forged).value().verify_signature(key));
}

TEST(Certificate, ThreadsShareItsKeyAndWhatItRemembers) {
    const auto holder = test::issue({});
    const auto other = TestKey::generate(crypto::KeyType::ec_p256).public_key();
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, copy = holder.certificate] {
            for (int round = 0; round < 20; ++round) {
                if (!copy.verify_signature(copy.key().value()) || copy.verify_signature(other)) ++wrong;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace sealwright::x509
