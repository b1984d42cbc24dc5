// What issuance makes, judged by other implementations: OpenSSL's and GnuTLS' command lines. The store is the real one;
// the keys are in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "issuance/authority.hpp"
#include "issuance/crl_publisher.hpp"
#include "issuance/ocsp_responder.hpp"
#include "issuance/revocation.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "support/test_ca.hpp"
#include "tools.hpp"

namespace sealwright::issuance {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const policy::Principal kOperator =
    policy::LocalPrincipal{.uid = 1001, .pid = 1, .user = "olga", .roles = {"operator"}};
const policy::Principal kOfficer = policy::LocalPrincipal{.uid = 1002, .pid = 1, .user = "oscar", .roles = {"officer"}};

// Site is a CA on a real store, with its files where the tools find them.
class Site {
public:
    explicit Site(crypto::KeyType type)
        : ca_(clock_.now(), type), store_(open_store()), node_{store_->node_id().value(), {}} {
        node_.epoch = store_->open_epoch(node_.id, clock_.now(), {}).value();
        const auto profile = test::load_profile(test::profile_text("tls-server"));
        engine_ = std::make_unique<Engine>(ca_.authority, Profiles{{profile->name, profile}},
                                           EngineOptions{.node = node_}, *store_, ca_.signer, clock_, random_, log_);
        responder_ = std::make_unique<OcspResponder>(ca_.authority, ca_.ocsp_certificate, OcspPolicy{}, *store_,
                                                     ca_.signer, clock_, random_, log_);
        revoker_ = std::make_unique<Revoker>(*store_, node_, clock_, log_, [this] { responder_->status_changed(); });
        CrlPolicy policy;
        policy.file = tools.folder() / "issuing.crl";
        publisher_ =
            std::make_unique<CrlPublisher>(ca_.authority, policy, node_, *store_, ca_.signer, clock_, random_, log_);
        tools.write_pem("root.pem", "CERTIFICATE", ca_.root.der().view());
        tools.write_pem("issuing.pem", "CERTIFICATE", ca_.authority.certificate.der().view());
        tools.must("cat issuing.pem root.pem >chain.pem");
    }

    // issue has OpenSSL make key and request NAME.csr, and leaves NAME.pem.
    SerialNumber issue(const std::string& name, const std::string& key_options) {
        tools.must("openssl genpkey " + key_options + " -out " + name + ".key");
        tools.must("openssl req -new -key " + name + ".key -subj /CN=" + name +
                   ".example.org -addext subjectAltName=DNS:" + name + ".example.org -out " + name + ".csr");
        const auto csr = x509::CertificateRequest::parse_any(tools.read(name + ".csr")).value();
        auto outcome = engine_->issue({.principal = kOperator,
                                       .channel = policy::Channel::admin_socket,
                                       .peer = "local",
                                       .profile = "tls-server",
                                       .requested = profile::requested_content(csr).value(),
                                       .proof = CsrProof{csr}});
        EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().describe());
        const auto issued = std::get<Issued>(std::move(outcome).value());
        tools.write_pem(name + ".pem", "CERTIFICATE", issued.certificate.view());
        return issued.serial;
    }
    void revoke(const SerialNumber& serial) {
        ASSERT_TRUE(revoker_->revoke(serial, x509::RevocationReason::key_compromise, kOfficer));
    }
    void publish() {
        const auto published = publisher_->publish_now();
        ASSERT_TRUE(published) << published.error().describe();
        tools.must("openssl crl -inform DER -in issuing.crl -out crl.pem");
    }
    // answer has OpenSSL ask about NAME.pem and leaves NAME.response.
    test::Tools::Outcome ask(const std::string& name, const std::string& options) {
        tools.must("openssl ocsp -issuer issuing.pem " + options + " -cert " + name + ".pem -reqout request.der");
        tools.write(name + ".response", responder_->answer(tools.read("request.der")).der);
        return judge(name, options);
    }
    test::Tools::Outcome judge(const std::string& name, const std::string& options) {
        const std::string hash = options.substr(0, options.find("-no"));
        return tools.run("openssl ocsp -issuer issuing.pem " + hash + " -no_nonce -cert " + name + ".pem -respin " +
                         name + ".response -CAfile root.pem -verify_other chain.pem");
    }
    // nonce is what OpenSSL prints of a request or a response.
    std::string nonce(const std::string& options) {
        return tools.run("openssl ocsp -noverify " + options + " | grep -A1 'OCSP Nonce' | tail -1").output;
    }
    const Authority& authority() const { return ca_.authority; }
    const x509::Certificate& ocsp_certificate() const { return ca_.ocsp_certificate; }

    test::Tools tools;

private:
    std::unique_ptr<store::sqlite::SqliteStore> open_store() {
        return store::sqlite::SqliteStore::open(tools.folder() / "store.sqlite", {}, log_).value();
    }

    SystemClock clock_;
    crypto::SystemRandom random_;
    NullLog log_;
    test::TestCa ca_;
    std::unique_ptr<store::sqlite::SqliteStore> store_;
    Node node_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<OcspResponder> responder_;
    std::unique_ptr<Revoker> revoker_;
    std::unique_ptr<CrlPublisher> publisher_;
};

struct CaKind {
    std::string name;
    crypto::KeyType type;
};

class Tools : public ::testing::TestWithParam<CaKind> {};

constexpr std::string_view kP256 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";

TEST_P(Tools, AcceptCertificatesAndRefuseTheRevokedOne) {
    Site site{GetParam().type};
    ASSERT_TRUE(check_authority(site.authority(), SystemClock{}.now()));
    site.issue("ec", std::string{kP256});
    site.issue("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384");
    site.issue("rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    site.issue("ed", "-algorithm ED25519");
    const auto gone = site.issue("gone", std::string{kP256});
    site.revoke(gone);
    site.publish();

    for (const std::string name : {"ec", "p384", "rsa", "ed"}) {
        const auto verified = site.tools.run(
            "openssl verify -x509_strict -purpose sslserver -verify_hostname " + name +
            ".example.org -crl_check -CAfile root.pem -untrusted issuing.pem -CRLfile crl.pem " + name + ".pem");
        EXPECT_EQ(verified.status, 0) << verified.output;
        const auto gnutls = site.tools.run(
            "cat " + name +
            ".pem issuing.pem >path.pem; certtool --verify --load-ca-certificate root.pem --infile path.pem");
        EXPECT_EQ(gnutls.status, 0) << gnutls.output;
        EXPECT_THAT(gnutls.output, HasSubstr("The certificate is trusted"));
    }
    const auto refused =
        site.tools.run("openssl verify -crl_check -CAfile root.pem -untrusted issuing.pem -CRLfile crl.pem gone.pem");
    EXPECT_NE(refused.status, 0);
    EXPECT_THAT(refused.output, HasSubstr("certificate revoked"));
    // Without the CRL nothing is wrong with it.
    EXPECT_EQ(site.tools.run("openssl verify -CAfile root.pem -untrusted issuing.pem gone.pem").status, 0);
}

TEST_P(Tools, AcceptTheCrlAndOnlyAsItIs) {
    Site site{GetParam().type};
    const auto gone = site.issue("gone", std::string{kP256});
    site.revoke(gone);
    site.publish();
    const auto verified = site.tools.run("openssl crl -in crl.pem -CAfile issuing.pem -noout -text -nameopt RFC2253");
    EXPECT_THAT(verified.output, HasSubstr("verify OK"));
    EXPECT_THAT(verified.output, HasSubstr("Key Compromise"));
    EXPECT_THAT(verified.output, HasSubstr("X509v3 CRL Number"));
    const auto gnutls = site.tools.run("certtool --verify-crl --load-ca-certificate issuing.pem --infile crl.pem");
    EXPECT_EQ(gnutls.status, 0) << gnutls.output;

    Bytes der = site.tools.read("issuing.crl");
    der.back() ^= 1;
    site.tools.write_pem("crl.pem", "X509 CRL", der);
    EXPECT_THAT(site.tools.run("openssl crl -in crl.pem -CAfile issuing.pem -noout").output,
                Not(HasSubstr("verify OK")));
}

TEST_P(Tools, AcceptOcspAnswersOfEveryForm) {
    Site site{GetParam().type};
    ASSERT_TRUE(check_ocsp_signer(site.authority(), site.ocsp_certificate(), SystemClock{}.now()));
    site.issue("good", std::string{kP256});
    const auto gone = site.issue("gone", std::string{kP256});
    for (const std::string options :
         {"-nonce", "-no_nonce", "-sha256 -nonce", "-sha256 -no_nonce", "-sha512 -no_nonce"}) {
        const auto before = site.ask("gone", options);
        EXPECT_EQ(before.status, 0) << before.output;
        EXPECT_THAT(before.output, HasSubstr("gone.pem: good")) << options;
    }
    site.revoke(gone);
    for (const std::string options : {"-nonce", "-no_nonce", "-sha256 -no_nonce"}) {
        const auto good = site.ask("good", options);
        EXPECT_THAT(good.output, HasSubstr("Response verify OK")) << options;
        EXPECT_THAT(good.output, HasSubstr("good.pem: good")) << options;
        EXPECT_THAT(good.output, Not(HasSubstr("WARNING"))) << good.output;
        const auto revoked = site.ask("gone", options);
        EXPECT_THAT(revoked.output, HasSubstr("Response verify OK")) << options;
        EXPECT_THAT(revoked.output, HasSubstr("gone.pem: revoked")) << options;
        EXPECT_THAT(revoked.output, HasSubstr("keyCompromise")) << options;
    }
}

TEST_P(Tools, RefuseAnOcspAnswerThatIsOneBitOff) {
    Site site{GetParam().type};
    site.issue("good", std::string{kP256});
    ASSERT_THAT(site.ask("good", "-nonce").output, HasSubstr("Response verify OK"));
    Bytes changed = site.tools.read("good.response");
    changed[60] ^= 1;  // in the response data, which stands in front of signature and certificate
    site.tools.write("good.response", changed);
    EXPECT_THAT(site.judge("good", "-nonce").output, Not(HasSubstr("Response verify OK")));
}

TEST_P(Tools, FindTheirNonceInTheAnswer) {
    Site site{GetParam().type};
    site.issue("good", std::string{kP256});
    ASSERT_EQ(site.ask("good", "-nonce").status, 0);
    const auto asked = site.nonce("-reqin request.der -req_text");
    EXPECT_THAT(asked, HasSubstr("0410"));
    EXPECT_EQ(site.nonce("-respin good.response -resp_text"), asked);
    ASSERT_EQ(site.ask("good", "-no_nonce").status, 0);
    EXPECT_EQ(site.nonce("-respin good.response -resp_text"), "");
}

TEST_P(Tools, GnuTlsReadsTheOcspAnswer) {
    Site site{GetParam().type};
    site.issue("good", std::string{kP256});
    ASSERT_EQ(site.ask("good", "-no_nonce").status, 0);
    const auto verified = site.tools.run("ocsptool --verify-response --load-trust issuing.pem --infile good.response");
    EXPECT_EQ(verified.status, 0) << verified.output;
    EXPECT_THAT(verified.output, HasSubstr("Success"));
}

INSTANTIATE_TEST_SUITE_P(CaKeys, Tools,
                         ::testing::Values(CaKind{"P256", crypto::KeyType::ec_p256},
                                           CaKind{"P384", crypto::KeyType::ec_p384},
                                           CaKind{"Rsa3072", crypto::KeyType::rsa},
                                           CaKind{"Ed25519", crypto::KeyType::ed25519}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace sealwright::issuance
