// A TLS 1.3 server whose key is in a token: OpenSSL's own client on the other side of a pair of memory BIOs, and
// openssl s_client over a socket.
#include "hsm/openssl_provider/tls_key.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "hsm/pkcs11/token.hpp"
#include "softhsm.hpp"
#include "x509/certificate.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::hsm::openssl_provider {
namespace {

using crypto::DigestAlgorithm;
using crypto::KeyType;
using crypto::SignatureAlgorithm;
using crypto::SignatureScheme;
using ::testing::HasSubstr;

using SslCtx = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using SslPtr = std::unique_ptr<SSL, decltype(&SSL_free)>;

// RecordingSigner lets through to the token what is asked for TLS, and keeps it.
class RecordingSigner final : public Signer {
public:
    explicit RecordingSigner(Signer& below) : below_(below) {}
    Result<Bytes> sign(const SignRequest& request) override {
        asked.push_back(request.purpose);
        message = bytes_of(request.tbs);
        algorithm = request.algorithm;
        if (refuse) return fail(ErrorCode::denied, "refused for the test");
        auto signature = below_.sign(request);
        if (signature && spoil) signature.value().back() ^= 1;
        return signature;
    }
    Result<crypto::PublicKey> public_key(const KeyId& key) override { return below_.public_key(key); }

    std::vector<Purpose> asked;
    Bytes message;
    SignatureAlgorithm algorithm;
    bool refuse = false, spoil = false;

private:
    Signer& below_;
};

struct KeyCase {
    const char* name;
    KeyType type;
    unsigned bits;
    SignatureAlgorithm expected;
};

class TlsKey : public ::testing::TestWithParam<KeyCase> {
protected:
    static void SetUpTestSuite() {
        softhsm_ = new test::SoftHsm;
        softhsm_->add_token("tls");
    }
    static void TearDownTestSuite() { delete softhsm_; }

    void SetUp() override {
        auto module = pkcs11::Module::load(softhsm_->module());
        ASSERT_TRUE(module);
        auto token = pkcs11::Token::open(module.value(), {{}, "tls"}, test::SoftHsm::pin());
        ASSERT_TRUE(token) << token.error().describe();
        token_ = token.value();
        std::vector<SignatureAlgorithm> algorithms;
        if (GetParam().type == KeyType::rsa)
            algorithms = {{SignatureScheme::rsa_pss, DigestAlgorithm::sha256},
                          {SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha256}};
        const std::string label =
            std::string{GetParam().name} + ::testing::UnitTest::GetInstance()->current_test_info()->name();
        auto key = token_->generate({GetParam().type, GetParam().bits, label, "non-extractable-v1", algorithms});
        ASSERT_TRUE(key) << key.error().describe();
        key_ = std::make_unique<pkcs11::TokenKey>(key.value());
        signer_ = std::make_unique<RecordingSigner>(*token_);
        auto pkey = make_tls_key(*signer_, key_->public_key, random_);
        ASSERT_TRUE(pkey) << pkey.error().describe();
        pkey_ = pkey.value();
    }

    // certificate is self-signed by a key; its subject key is what matters.
    CertificateDer certificate(const pkcs11::TokenKey& key) {
        const auto algorithm = crypto::default_algorithm(key.public_key.type());
        const auto name = x509::encode_name(x509::parse_name_text("CN=localhost").value()).value();
        x509::TbsCertificateFields fields;
        fields.serial = crypto::random_serial(random_);
        fields.signature_algorithm = algorithm;
        fields.issuer = fields.subject = name;
        fields.not_before = SystemClock{}.now() - std::chrono::hours{1};
        fields.not_after = fields.not_before + std::chrono::hours{48};
        fields.spki = key.public_key.spki();
        const auto tbs = x509::build_tbs_certificate(fields);
        SignRequest request;
        request.key = key.id;
        request.algorithm = algorithm;
        request.tbs = tbs.view();
        const auto signature = token_->sign(request);
        EXPECT_TRUE(signature);
        return x509::assemble_certificate(tbs.view(), algorithm, signature.value());
    }

    SslCtx server_context() {
        SslCtx context{::SSL_CTX_new(::TLS_server_method()), &::SSL_CTX_free};
        ::SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
        const auto der = certificate(*key_);
        EXPECT_EQ(::SSL_CTX_use_certificate_ASN1(context.get(), static_cast<int>(der.view().size()), der.view().data()),
                  1);
        EXPECT_EQ(::SSL_CTX_use_PrivateKey(context.get(), pkey_.get()), 1)
            << ::ERR_reason_error_string(::ERR_peek_error());
        EXPECT_EQ(::SSL_CTX_check_private_key(context.get()), 1);
        return context;
    }

    // shake_hands runs client and server against each other in memory; the client's verdict is whether its handshake
    // ended.
    static bool shake_hands(SSL_CTX* server_context) {
        SslCtx client_context{::SSL_CTX_new(::TLS_client_method()), &::SSL_CTX_free};
        SslPtr client{::SSL_new(client_context.get()), &::SSL_free};
        SslPtr server{::SSL_new(server_context), &::SSL_free};
        BIO* one = nullptr;
        BIO* other = nullptr;
        ::BIO_new_bio_pair(&one, 0, &other, 0);
        ::SSL_set_bio(client.get(), one, one);
        ::SSL_set_bio(server.get(), other, other);
        ::SSL_set_connect_state(client.get());
        ::SSL_set_accept_state(server.get());
        for (int round = 0; round < 10; ++round) {
            ::SSL_do_handshake(client.get());
            ::SSL_do_handshake(server.get());
        }
        return ::SSL_is_init_finished(client.get()) == 1 && ::SSL_is_init_finished(server.get()) == 1 &&
               ::SSL_version(client.get()) == TLS1_3_VERSION;
    }

    static test::SoftHsm* softhsm_;
    crypto::SystemRandom random_;
    std::shared_ptr<pkcs11::Token> token_;
    std::unique_ptr<pkcs11::TokenKey> key_;
    std::unique_ptr<RecordingSigner> signer_;
    std::shared_ptr<evp_pkey_st> pkey_;
};
test::SoftHsm* TlsKey::softhsm_ = nullptr;

TEST_P(TlsKey, SignsTheHandshakeOfATls13Server) {
    const auto context = server_context();
    ASSERT_TRUE(shake_hands(context.get())) << ::ERR_error_string(::ERR_get_error(), nullptr);
    ASSERT_EQ(signer_->asked, std::vector{Purpose::tls});
    EXPECT_EQ(signer_->algorithm, GetParam().expected);
    // RFC 8446 4.4.3: the signer got the content itself, not its digest.
    EXPECT_EQ(text_of(ByteView{signer_->message}.first(98)),
              std::string(64, ' ') + "TLS 1.3, server CertificateVerify" + std::string(1, '\0'));
    ::ERR_clear_error();
}

TEST_P(TlsKey, FailsTheHandshakeWhenTheSignerRefuses) {
    const auto context = server_context();
    signer_->refuse = true;
    EXPECT_FALSE(shake_hands(context.get()));
    ::ERR_clear_error();
}

TEST_P(TlsKey, NeverLetsASpoiledSignatureOut) {
    const auto context = server_context();
    signer_->spoil = true;
    EXPECT_FALSE(shake_hands(context.get()));
    ::ERR_clear_error();
}

TEST_P(TlsKey, DoesNotFitTheCertificateOfAnotherKey) {
    auto other = token_->generate(
        {GetParam().type, GetParam().bits, std::string{"other"} + GetParam().name, "non-extractable-v1", {}});
    ASSERT_TRUE(other) << other.error().describe();
    const auto der = certificate(other.value());
    SslCtx context{::SSL_CTX_new(::TLS_server_method()), &::SSL_CTX_free};
    ASSERT_EQ(::SSL_CTX_use_certificate_ASN1(context.get(), static_cast<int>(der.view().size()), der.view().data()), 1);
    EXPECT_NE(::SSL_CTX_use_PrivateKey(context.get(), pkey_.get()), 1);
    ::ERR_clear_error();
}

TEST_P(TlsKey, ServesOpenSslsCommandLineClient) {
    const auto context = server_context();
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    socklen_t size = sizeof(address);
    ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ASSERT_EQ(::listen(listening, 1), 0);
    std::thread server{[&] {
        const int accepted = ::accept(listening, nullptr, nullptr);
        SslPtr ssl{::SSL_new(context.get()), &::SSL_free};
        ::SSL_set_fd(ssl.get(), accepted);
        if (::SSL_accept(ssl.get()) == 1) ::SSL_write(ssl.get(), "hello from the token\n", 21);
        ::SSL_shutdown(ssl.get());
        ::close(accepted);
    }};
    // -ign_eof: it goes on reading until the server closes, though nothing is typed.
    const std::string output = test::run_command(
        "timeout 60 openssl s_client -ign_eof -tls1_3 -connect 127.0.0.1:" + std::to_string(::ntohs(address.sin_port)) +
        " 2>/dev/null </dev/null; true");
    server.join();
    ::close(listening);
    EXPECT_THAT(output, HasSubstr("hello from the token"));
    EXPECT_THAT(output, HasSubstr("TLSv1.3"));
    EXPECT_EQ(signer_->asked.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    All, TlsKey,
    ::testing::Values(KeyCase{"p256", KeyType::ec_p256, 0, {SignatureScheme::ecdsa, DigestAlgorithm::sha256}},
                      KeyCase{"p384", KeyType::ec_p384, 0, {SignatureScheme::ecdsa, DigestAlgorithm::sha384}},
                      KeyCase{"rsa2048", KeyType::rsa, 2048, {SignatureScheme::rsa_pss, DigestAlgorithm::sha256}},
                      KeyCase{"ed25519", KeyType::ed25519, 0, {SignatureScheme::ed25519, DigestAlgorithm::sha512}},
                      KeyCase{"ed448", KeyType::ed448, 0, {SignatureScheme::ed448, DigestAlgorithm::sha512}}),
    [](const auto& one) { return std::string{one.param.name}; });

}  // namespace
}  // namespace sealwright::hsm::openssl_provider
