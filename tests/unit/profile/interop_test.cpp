// What our profiles make and our linter passes, OpenSSL's strict check and GnuTLS accept; what they refuse, the linter
// refuses too.
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "unit/profile/raw_tbs.hpp"

namespace sealwright::profile::testing {
namespace {

using asn1::DerWriter;
using ::testing::HasSubstr;

struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};

// PrivateKey is a key of OpenSSL, for a CA of this test.
class PrivateKey {
public:
    explicit PrivateKey(EVP_PKEY* key) : key_(key) {}

    crypto::PublicKey public_key() const {
        std::uint8_t* out = nullptr;
        const int size = i2d_PUBKEY(key_.get(), &out);
        const Bytes spki(out, out + size);
        OPENSSL_free(out);
        return crypto::PublicKey::parse(spki).value();
    }

    // sign uses SHA-256, and nothing for EdDSA.
    Bytes sign(ByteView message) const {
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        const bool eddsa = EVP_PKEY_get_id(key_.get()) == EVP_PKEY_ED25519;
        std::size_t size = 0;
        EXPECT_EQ(EVP_DigestSignInit(context, nullptr, eddsa ? nullptr : EVP_sha256(), nullptr, key_.get()), 1);
        EXPECT_EQ(EVP_DigestSign(context, nullptr, &size, message.data(), message.size()), 1);
        Bytes signature(size);
        EXPECT_EQ(EVP_DigestSign(context, signature.data(), &size, message.data(), message.size()), 1);
        signature.resize(size);
        EVP_MD_CTX_free(context);
        return signature;
    }

    crypto::SignatureAlgorithm algorithm() const {
        auto algorithm = crypto::default_algorithm(public_key().type());
        algorithm.digest = crypto::DigestAlgorithm::sha256;
        return algorithm;
    }

private:
    std::unique_ptr<EVP_PKEY, FreeKey> key_;
};

PrivateKey ec_key(const char* curve) { return PrivateKey{EVP_EC_gen(curve)}; }
PrivateKey rsa_key(unsigned bits) { return PrivateKey{EVP_RSA_gen(bits)}; }
PrivateKey ed25519_key() { return PrivateKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")}; }

// Site is a root and an issuing CA with their keys, made by the installed profiles now, since openssl and certtool look
// at the clock.
class Site {
public:
    Site(PrivateKey root_key, PrivateKey issuing_key)
        : root_key_(std::move(root_key)),
          issuing_key_(std::move(issuing_key)),
          root_(make_root()),
          issuing_(make_issuing()) {}

    const x509::Certificate& root() const { return root_; }
    const x509::Certificate& issuing() const { return issuing_; }
    const PrivateKey& issuing_key() const { return issuing_key_; }
    IssuerContext context() const { return issuer_context(issuing_, issuing_key_.algorithm()).value(); }

    x509::TbsCertificateFields fields(std::string_view profile, const PrivateKey& subject,
                                      std::string_view subject_name, x509::GeneralNames san) const {
        Request request{installed(profile)};
        request.key = subject.public_key();
        request.requested.subject = name(subject_name);
        request.requested.san = std::move(san);
        request.issuer = context();
        request.now = now();
        return request.build().value();
    }

    static UtcTime now() { return SystemClock{}.now(); }

private:
    x509::Certificate make_root() const {
        Request request{installed("root-ca")};
        request.key = root_key_.public_key();
        request.requested.subject = name("CN=Root,O=Example,C=DE");
        request.issuer = {};
        request.issuer.self_signed = true;
        request.issuer.signature_algorithm = root_key_.algorithm();
        request.now = now() - std::chrono::hours{2};
        return signed_by(root_key_, x509::build_tbs_certificate(request.build().value()).bytes());
    }
    x509::Certificate make_issuing() const {
        Request request{installed("issuing-ca")};
        request.key = issuing_key_.public_key();
        request.requested.subject = name("CN=Issuing,O=Example,C=DE");
        request.issuer = issuer_context(root_, root_key_.algorithm()).value();
        request.now = now() - std::chrono::hours{1};
        return signed_by(root_key_, x509::build_tbs_certificate(request.build().value()).bytes());
    }

public:
    static x509::Certificate signed_by(const PrivateKey& key, const Bytes& tbs) {
        return x509::Certificate::parse(x509::assemble_certificate(tbs, key.algorithm(), key.sign(tbs)).view()).value();
    }

private:
    PrivateKey root_key_, issuing_key_;
    x509::Certificate root_, issuing_;
};

class Interop : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("sealwright-interop-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string file(std::string_view name) const { return (folder_ / name).string(); }
    void write(std::string_view name, std::initializer_list<x509::Certificate> certificates) const {
        std::ofstream out{folder_ / name};
        for (const auto& certificate : certificates) out << x509::encode_pem("CERTIFICATE", certificate.der().view());
    }
    // run gives what a command printed, and its exit status behind it.
    static std::string run(const std::string& command) {
        std::string out;
        FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
        std::array<char, 4096> buffer{};
        while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
            out.append(buffer.data(), size);
        return out + "exit " + std::to_string(WEXITSTATUS(::pclose(pipe)));
    }
    std::string openssl_verify(const Site& site, const x509::Certificate& leaf) const {
        write("root.pem", {site.root()});
        write("issuing.pem", {site.issuing()});
        write("leaf.pem", {leaf});
        return run("openssl verify -x509_strict -CAfile " + file("root.pem") + " -untrusted " + file("issuing.pem") +
                   " " + file("leaf.pem"));
    }
    std::string certtool_verify(const Site& site, const x509::Certificate& leaf) const {
        write("root.pem", {site.root()});
        write("chain.pem", {leaf, site.issuing()});
        return run("certtool --verify --load-ca-certificate " + file("root.pem") + " --infile " + file("chain.pem"));
    }

    std::filesystem::path folder_;
};

TEST_F(Interop, OpensslAndGnutlsAcceptWhatEveryProfileMakes) {
    std::vector<Site> sites;
    sites.emplace_back(ec_key("P-384"), ec_key("P-256"));
    sites.emplace_back(rsa_key(3072), rsa_key(3072));
    sites.emplace_back(ed25519_key(), ed25519_key());
    for (const auto& site : sites) {
        for (const auto& [profile, subject, san] :
             {std::tuple{"tls-server", "", x509::GeneralNames{x509::DnsName{"www.example.org"}}},
              std::tuple{"tls-server", "CN=www.example.org", x509::GeneralNames{x509::DnsName{"www.example.org"}}},
              std::tuple{"tls-client", "CN=alice", x509::GeneralNames{x509::Rfc822Name{"alice@example.org"}}},
              std::tuple{"device", "CN=dev-1,serialNumber=4711", x509::GeneralNames{}},
              std::tuple{"ocsp-signer", "CN=OCSP,O=Example,C=DE", x509::GeneralNames{}},
              std::tuple{"service-tls", "CN=localhost",
                         x509::GeneralNames{x509::DnsName{"localhost"}, x509::IpAddress{{127, 0, 0, 1}}}}}) {
            const auto fields = site.fields(profile, ec_key("P-256"), subject, san);
            EXPECT_EQ(codes(lint_certificate(x509::build_tbs_certificate(fields).view(), &site.issuing())), "")
                << profile;
            const auto leaf = Site::signed_by(site.issuing_key(), x509::build_tbs_certificate(fields).bytes());
            EXPECT_THAT(openssl_verify(site, leaf), HasSubstr("OK\nexit 0")) << profile;
            EXPECT_THAT(certtool_verify(site, leaf), HasSubstr("exit 0")) << profile;
        }
    }
}

struct Disagreement {
    std::string_view code;
    std::function<void(RawTbs&)> change;
};

// Each change is one that -x509_strict refuses; the linter must have a word for it.
TEST_F(Interop, TheLinterRefusesWhatOpensslsStrictCheckRefuses) {
    const Site site{ec_key("P-384"), ec_key("P-256")};
    const auto subject = ec_key("P-256");
    const auto fields = site.fields("tls-server", subject, "", {x509::DnsName{"www.example.org"}});
    const Disagreement cases[] = {
        {"rfc5280_4_2_1_1_aki_present", [](RawTbs& t) { t.drop(oid::kAuthorityKeyIdentifier); }},
        {"rfc5280_4_2_1_1_aki_not_critical", [](RawTbs& t) { t.criticality(oid::kAuthorityKeyIdentifier, true); }},
        {"rfc5280_4_2_1_2_ski_not_critical", [](RawTbs& t) { t.criticality(oid::kSubjectKeyIdentifier, true); }},
        {"rfc5280_4_2_1_6_alt_name_critical", [](RawTbs& t) { t.criticality(oid::kSubjectAltName, false); }},
        {"rfc5280_4_2_1_6_alt_name_not_empty",
         [](RawTbs& t) {
             t.set(oid::kSubjectAltName, true, {0x30, 0x00});
         }},
        {"rfc5280_4_2_1_9_path_length_needs_ca",
         [](RawTbs& t) { t.set(oid::kBasicConstraints, true, hex("3003020100")); }},
        {"rfc5280_4_2_1_3_cert_sign_needs_ca",
         [](RawTbs& t) {
             t.set(oid::kKeyUsage, true, x509::encode_key_usage(x509::kDigitalSignature | x509::kKeyCertSign));
         }},
    };
    for (const auto& test : cases) {
        auto tbs = raw(fields, &site.issuing());
        test.change(tbs);
        const Bytes encoded = tbs.encode();
        EXPECT_EQ(codes(lint_certificate(encoded, &site.issuing())), test.code);
        const auto verdict = openssl_verify(site, Site::signed_by(site.issuing_key(), encoded));
        EXPECT_THAT(verdict, ::testing::Not(HasSubstr("exit 0"))) << test.code << " passes openssl verify -x509_strict";
    }
    EXPECT_THAT(openssl_verify(site, Site::signed_by(site.issuing_key(), raw(fields, &site.issuing()).encode())),
                HasSubstr("exit 0"));
}

// openssl reads back what the profile wrote, in its own words.
TEST_F(Interop, OpensslReadsTheExtensionsAsTheProfileMeantThem) {
    const Site site{ec_key("P-384"), ec_key("P-256")};
    const auto fields = site.fields("tls-server", rsa_key(2048), "CN=www.example.org",
                                    {x509::DnsName{"www.example.org"}, x509::DnsName{"a.example.org"}});
    write("leaf.pem", {Site::signed_by(site.issuing_key(), x509::build_tbs_certificate(fields).bytes())});
    const auto text = run("openssl x509 -noout -text -in " + file("leaf.pem"));
    for (const auto* part : {"X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment",
                             "X509v3 Basic Constraints: critical\n                CA:FALSE",
                             "X509v3 Extended Key Usage: \n                TLS Web Server Authentication",
                             "DNS:www.example.org, DNS:a.example.org", "OCSP - URI:http://pki.example.org/ocsp",
                             "CA Issuers - URI:http://pki.example.org/ca.crt", "URI:http://pki.example.org/ca.crl",
                             "Subject: CN = www.example.org", "Issuer: C = DE, O = Example, CN = Issuing"}) {
        EXPECT_THAT(text, HasSubstr(part));
    }
}

}  // namespace
}  // namespace sealwright::profile::testing
