// What OpenSSL builds with a key in a token, verified by the openssl program; and what that program encrypts to such a
// key, opened by it. Beside each thing that holds stands the same with one bit changed.
#include "hsm/openssl_provider/evp_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/cmp.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "hsm/pkcs11/token.hpp"
#include "hsm/signer_process/limits.hpp"
#include "softhsm.hpp"

namespace sealwright::hsm::openssl_provider {
namespace {

using crypto::DigestAlgorithm;
using crypto::KeyType;
using crypto::SignatureAlgorithm;
using crypto::SignatureScheme;
using ::testing::HasSubstr;
using Key = std::shared_ptr<EVP_PKEY>;

// OpenSSL's objects, freed by their own functions.
template <class T, void (*free_object)(T*)>
struct Freed {
    void operator()(T* object) const { free_object(object); }
};
using CertificatePtr = std::unique_ptr<X509, Freed<X509, X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, Freed<X509_CRL, X509_CRL_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freed<X509_REQ, X509_REQ_free>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, Freed<CMS_ContentInfo, CMS_ContentInfo_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;

// Recorder keeps what was asked of the token.
class Recorder final : public Signer {
public:
    explicit Recorder(Signer& below) : below_(below) {}
    Result<Bytes> sign(const SignRequest& request) override {
        purpose = request.purpose;
        algorithm = request.algorithm;
        message = bytes_of(request.tbs);
        return below_.sign(request);
    }
    Result<crypto::PublicKey> public_key(const KeyId& key) override { return below_.public_key(key); }

    Purpose purpose = Purpose::tls;
    SignatureAlgorithm algorithm;
    Bytes message;

private:
    Signer& below_;
};

std::string reasons() {
    const BioPtr out{BIO_new(BIO_s_mem())};
    ERR_print_errors(out.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

// The fixture's keys: made once, since RSA takes its time.
class Provider : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (softhsm_) return;
        ::testing::AddGlobalTestEnvironment(new Closing);
        softhsm_ = std::make_unique<test::SoftHsm>();
        const std::string serial = softhsm_->add_token("provider");
        auto module = pkcs11::Module::load(softhsm_->module());
        auto token = pkcs11::Token::open(module.value(), {serial, {}}, test::SoftHsm::pin());
        ASSERT_TRUE(token) << token.error().describe();
        token_ = token.value();
        recorder_ = std::make_unique<Recorder>(*token_);
    }
    class Closing : public ::testing::Environment {
        void TearDown() override { token_.reset(); }
    };

    static pkcs11::TokenKey key(const std::string& label, KeyType type, unsigned bits = 0,
                                std::string_view evidence = kNonExtractable) {
        const auto keys = token_->keys().value();
        for (const auto& known : keys) {
            if (known.label == label) return known;
        }
        std::vector<SignatureAlgorithm> algorithms;
        if (type == KeyType::rsa && evidence == kNonExtractable)
            algorithms = {{SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha256},
                          {SignatureScheme::rsa_pss, DigestAlgorithm::sha256}};
        auto made = token_->generate({type, bits, label, std::string{evidence}, algorithms});
        EXPECT_TRUE(made) << made.error().describe();
        return made.value();
    }
    static Key signing(const pkcs11::TokenKey& key, Purpose purpose) {
        auto made = make_evp_key(*recorder_, key.public_key, purpose, random_);
        EXPECT_TRUE(made) << made.error().describe();
        return made.value();
    }

    std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

    // openssl runs the program in the test's folder; output says what it said.
    bool openssl(const std::string& arguments) {
        const int status =
            std::system(("cd '" + folder_.path().string() + "' && openssl " + arguments + " >said 2>&1").c_str());
        said_ = test::read_text(path("said"));
        return status == 0;
    }

    template <class Object>
    void write_pem(const std::string& name, int (*write)(BIO*, const Object*), const Object* object) {
        const BioPtr out{BIO_new_file(path(name).c_str(), "w")};
        ASSERT_EQ(write(out.get(), object), 1);
    }

    // flip changes the last bit of a DER file, which is one of a signature here.
    void flip(const std::string& from, const std::string& to) {
        std::string octets = test::read_text(path(from));
        octets.back() = static_cast<char>(octets.back() ^ 1);
        test::write_text(path(to), octets);
    }

    static EVP_PKEY* public_half(const pkcs11::TokenKey& key) {
        const ByteView spki = key.public_key.spki().view();
        const unsigned char* at = spki.data();
        return d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size()));
    }
    static void set_name(X509_NAME* name, const char* common) {
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common), -1, -1, 0);
    }

    // certificate has the subject's key, signed by the issuer's (null digest for EdDSA).
    CertificatePtr certificate(const pkcs11::TokenKey& subject, const char* common, const pkcs11::TokenKey& issuer,
                               const char* issuer_common, bool ca, const char* usage) {
        CertificatePtr made{X509_new()};
        X509_set_version(made.get(), X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 4711);
        set_name(X509_get_subject_name(made.get()), common);
        set_name(X509_get_issuer_name(made.get()), issuer_common);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400);
        const std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>> half{public_half(subject)};
        X509_set_pubkey(made.get(), half.get());
        const auto extension = [&](int nid, const char* value) {
            X509_EXTENSION* added = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
            EXPECT_NE(added, nullptr) << reasons();
            X509_add_ext(made.get(), added, -1);
            X509_EXTENSION_free(added);
        };
        extension(NID_basic_constraints, ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
        extension(NID_key_usage, usage);
        const auto by = signing(issuer, Purpose::certificate);
        const bool whole = crypto::signs_messages(crypto::default_algorithm(issuer.public_key.type()).scheme);
        EXPECT_GT(X509_sign(made.get(), by.get(), whole ? nullptr : EVP_sha256()), 0) << reasons();
        return made;
    }
    CertificatePtr authority(const pkcs11::TokenKey& key) {
        auto made = certificate(key, "CA", key, "CA", true, "critical,keyCertSign,cRLSign,digitalSignature");
        write_pem("ca.pem", PEM_write_bio_X509, made.get());
        const BioPtr out{BIO_new_file(path("ca.der").c_str(), "wb")};
        i2d_X509_bio(out.get(), made.get());
        return made;
    }

    static std::unique_ptr<test::SoftHsm> softhsm_;
    static std::shared_ptr<pkcs11::Token> token_;
    static std::unique_ptr<Recorder> recorder_;
    static crypto::SystemRandom random_;
    test::TemporaryFolder folder_;
    std::string said_;
};
std::unique_ptr<test::SoftHsm> Provider::softhsm_;
std::shared_ptr<pkcs11::Token> Provider::token_;
std::unique_ptr<Recorder> Provider::recorder_;
crypto::SystemRandom Provider::random_;

struct KeyCase {
    const char* name;
    KeyType type;
    unsigned bits;
};

class Products : public Provider, public ::testing::WithParamInterface<KeyCase> {
protected:
    pkcs11::TokenKey signer() const { return key(GetParam().name, GetParam().type, GetParam().bits); }
    const EVP_MD* digest() const {
        return crypto::signs_messages(crypto::default_algorithm(GetParam().type).scheme) ? nullptr : EVP_sha256();
    }
};

TEST_P(Products, CertificatesHold) {
    const auto made = authority(signer());
    EXPECT_EQ(recorder_->purpose, Purpose::certificate);
    EXPECT_TRUE(openssl("verify -check_ss_sig -x509_strict -CAfile ca.pem ca.pem")) << said_;
    flip("ca.der", "flipped.der");
    ASSERT_TRUE(openssl("x509 -inform DER -in flipped.der -out flipped.pem")) << said_;
    EXPECT_FALSE(openssl("verify -check_ss_sig -CAfile flipped.pem flipped.pem"));
}

TEST_P(Products, ListsHold) {
    const auto ca = authority(signer());
    const CrlPtr list{X509_CRL_new()};
    X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(ca.get()));
    const std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME, ASN1_TIME_free>> now{X509_gmtime_adj(nullptr, 0)},
        later{X509_gmtime_adj(nullptr, 86400)};
    X509_CRL_set1_lastUpdate(list.get(), now.get());
    X509_CRL_set1_nextUpdate(list.get(), later.get());
    const auto by = signing(signer(), Purpose::crl);
    ASSERT_GT(X509_CRL_sign(list.get(), by.get(), digest()), 0) << reasons();
    EXPECT_EQ(recorder_->purpose, Purpose::crl);
    {
        const BioPtr out{BIO_new_file(path("list.der").c_str(), "wb")};
        i2d_X509_CRL_bio(out.get(), list.get());
    }
    EXPECT_TRUE(openssl("crl -inform DER -in list.der -CAfile ca.pem -noout") && said_.find("verify OK") == 0) << said_;
    flip("list.der", "flipped.der");
    openssl("crl -inform DER -in flipped.der -CAfile ca.pem -noout");
    EXPECT_THAT(said_, HasSubstr("verify failure"));
}

TEST_P(Products, RequestsHold) {
    const RequestPtr request{X509_REQ_new()};
    set_name(X509_REQ_get_subject_name(request.get()), "requester");
    const std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>> half{public_half(signer())};
    X509_REQ_set_pubkey(request.get(), half.get());
    const auto by = signing(signer(), Purpose::csr);
    ASSERT_GT(X509_REQ_sign(request.get(), by.get(), digest()), 0) << reasons();
    EXPECT_TRUE(signer_process::check_csr(signer().public_key, recorder_->message));
    {
        const BioPtr out{BIO_new_file(path("request.der").c_str(), "wb")};
        i2d_X509_REQ_bio(out.get(), request.get());
    }
    EXPECT_TRUE(openssl("req -inform DER -in request.der -verify -noout") && said_.find("OK") != std::string::npos)
        << said_;
    flip("request.der", "flipped.der");
    openssl("req -inform DER -in flipped.der -verify -noout");
    EXPECT_THAT(said_, HasSubstr("failure"));
}

TEST_P(Products, OcspResponsesHold) {
    const auto ca = authority(signer());
    OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
    OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), ca.get(), ca.get());
    const std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME, ASN1_TIME_free>> now{X509_gmtime_adj(nullptr, 0)},
        later{X509_gmtime_adj(nullptr, 3600)};
    OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr, now.get(), later.get());
    const auto by = signing(signer(), Purpose::ocsp);
    ASSERT_EQ(OCSP_basic_sign(basic, ca.get(), by.get(), digest(), nullptr, OCSP_RESPID_KEY), 1) << reasons();
    // What OpenSSL built is what the signer's own limits let through.
    EXPECT_TRUE(signer_process::check_ocsp({std::chrono::hours{2}, std::chrono::hours{1}}, signer().public_key,
                                           recorder_->message, SystemClock{}.now()));
    const auto write = [&](const char* name) {
        OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
        const BioPtr out{BIO_new_file(path(name).c_str(), "wb")};
        i2d_OCSP_RESPONSE_bio(out.get(), response);
        OCSP_RESPONSE_free(response);
    };
    write("response.der");
    const std::string asks = " -issuer ca.pem -cert ca.pem -CAfile ca.pem -no_nonce";
    EXPECT_TRUE(openssl("ocsp -respin response.der" + asks) && said_.find("Response verify OK") == 0) << said_;
    EXPECT_THAT(said_, HasSubstr("ca.pem: good"));
    // The signature is not at the end, where the certificates are: it is changed where it stands.
    const ASN1_OCTET_STRING* signature = OCSP_resp_get0_signature(basic);
    ASN1_STRING_get0_data(signature);
    const_cast<unsigned char*>(ASN1_STRING_get0_data(signature))[ASN1_STRING_length(signature) - 1] ^= 1;
    write("flipped.der");
    openssl("ocsp -respin flipped.der" + asks);
    EXPECT_THAT(said_, HasSubstr("Response Verify Failure"));
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
}

INSTANTIATE_TEST_SUITE_P(All, Products,
                         ::testing::Values(KeyCase{"rsa", KeyType::rsa, 2048}, KeyCase{"p256", KeyType::ec_p256, 0},
                                           KeyCase{"p521", KeyType::ec_p521, 0},
                                           KeyCase{"ed25519", KeyType::ed25519, 0},
                                           KeyCase{"ed448", KeyType::ed448, 0}),
                         [](const auto& one) { return std::string{one.param.name}; });

class Messages : public Products {
protected:
    // signed_message is CMS SignedData over "content", with the padding that its signer uses.
    CmsPtr signed_message(X509* ca, bool pss) {
        const BioPtr content{BIO_new_mem_buf("content", -1)};
        CmsPtr message{CMS_sign(nullptr, nullptr, nullptr, content.get(), CMS_PARTIAL | CMS_BINARY)};
        const auto by = signing(signer(), Purpose::cms);
        CMS_SignerInfo* info =
            CMS_add1_signer(message.get(), ca, by.get(), EVP_sha256(), CMS_BINARY | (pss ? CMS_KEY_PARAM : 0));
        EXPECT_NE(info, nullptr) << reasons();
        if (info == nullptr) return nullptr;
        if (pss) {
            EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(CMS_SignerInfo_get0_pkey_ctx(info), RSA_PKCS1_PSS_PADDING), 1);
        }
        EXPECT_EQ(CMS_final(message.get(), content.get(), nullptr, CMS_BINARY), 1) << reasons();
        return message;
    }
    void expect_holds(bool pss) {
        const auto ca = authority(signer());
        const auto message = signed_message(ca.get(), pss);
        ASSERT_TRUE(message);
        EXPECT_EQ(recorder_->purpose, Purpose::cms);
        EXPECT_EQ(recorder_->algorithm.scheme == SignatureScheme::rsa_pss, pss);
        EXPECT_TRUE(signer_process::check_cms({{from_hex("2a864886f70d010701").value()}}, recorder_->message));
        {
            const BioPtr out{BIO_new_file(path("message.der").c_str(), "wb")};
            i2d_CMS_bio(out.get(), message.get());
        }
        const std::string verifies = "cms -verify -inform DER -binary -purpose any -CAfile ca.pem -out content -in ";
        EXPECT_TRUE(openssl(verifies + "message.der")) << said_;
        EXPECT_EQ(test::read_text(path("content")), "content");
        flip("message.der", "flipped.der");
        EXPECT_FALSE(openssl(verifies + "flipped.der"));
    }
};

TEST_P(Messages, OfCmsHold) { expect_holds(false); }
TEST_P(Messages, OfCmsHoldWithPss) {
    if (GetParam().type == KeyType::rsa) expect_holds(true);
}

INSTANTIATE_TEST_SUITE_P(All, Messages,
                         ::testing::Values(KeyCase{"rsa", KeyType::rsa, 2048}, KeyCase{"p256", KeyType::ec_p256, 0}),
                         [](const auto& one) { return std::string{one.param.name}; });

// A CMP client whose key is in a token asks the mock server of `openssl cmp`, which accepts no message without a
// signature that holds.
class Cmp : public Products {
protected:
    // ask sends a general message; false where the server did not answer it.
    bool ask(X509* certificate, bool spoil, int port) {
        OSSL_CMP_CTX* context = OSSL_CMP_CTX_new(nullptr, nullptr);
        const auto by = signing(signer(), Purpose::cmp);
        OSSL_CMP_CTX_set1_server(context, "127.0.0.1");
        OSSL_CMP_CTX_set_serverPort(context, port);
        OSSL_CMP_CTX_set1_serverPath(context, "pkix/");
        OSSL_CMP_CTX_set_option(context, OSSL_CMP_OPT_MSG_TIMEOUT, 10);
        EXPECT_EQ(OSSL_CMP_CTX_set1_cert(context, certificate), 1);
        EXPECT_EQ(OSSL_CMP_CTX_set1_pkey(context, by.get()), 1);
        const BioPtr in{BIO_new_file(path("server.pem").c_str(), "r")};
        const CertificatePtr server{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)};
        EXPECT_EQ(OSSL_CMP_CTX_set1_srvCert(context, server.get()), 1);
        OSSL_CMP_CTX_set_option(context, OSSL_CMP_OPT_UNPROTECTED_ERRORS, 1);
        if (spoil) OSSL_CMP_CTX_set_transfer_cb(context, send_spoiled);
        STACK_OF(OSSL_CMP_ITAV)* answers = OSSL_CMP_exec_GENM_ses(context);
        const bool answered = answers != nullptr;
        sk_OSSL_CMP_ITAV_pop_free(answers, OSSL_CMP_ITAV_free);
        OSSL_CMP_CTX_free(context);
        return answered;
    }
    // send_spoiled changes one bit of the message's protection, which is behind header and body and before the extra
    // certificates.
    static OSSL_CMP_MSG* send_spoiled(OSSL_CMP_CTX* context, const OSSL_CMP_MSG* request) {
        unsigned char* der = nullptr;
        const int size = i2d_OSSL_CMP_MSG(request, &der);
        OSSL_CMP_MSG* copy = nullptr;
        for (int i = 20; i < size && copy == nullptr; ++i) {
            // The sender's nonce is random: any octet of it is under the protection.
            const unsigned char* at = der;
            if (der[i] == 0xA5 && der[i + 2] == 0x04) {
                der[i + 6] ^= 1;
                copy = d2i_OSSL_CMP_MSG(nullptr, &at, size);
            }
        }
        OPENSSL_free(der);
        EXPECT_NE(copy, nullptr);
        OSSL_CMP_MSG* answer = copy == nullptr ? nullptr : OSSL_CMP_MSG_http_perform(context, copy);
        OSSL_CMP_MSG_free(copy);
        return answer;
    }
};

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = ::htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    return address;
}

int free_port() {
    const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(file, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(file, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ::close(file);
    return ::ntohs(address.sin_port);
}

// listens looks in the kernel's table, for at most twenty seconds: a connection would be one of the server's requests.
bool listens(int port) {
    std::array<char, 16> entry{};
    std::snprintf(entry.data(), entry.size(), ":%04X ", static_cast<unsigned>(port));
    for (int i = 0; i < 1000; ++i) {
        for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
            std::ifstream lines{table};
            std::string line;
            while (std::getline(lines, line)) {
                const auto local = line.find(entry.data());
                if (local != std::string::npos && local < 45 && line.find(" 0A ") != std::string::npos) return true;
            }
        }
        ::usleep(20000);
    }
    return false;
}

TEST_P(Cmp, MessagesHold) {
    const auto ca = authority(signer());
    // The server's own key is a file; its certificate is not the client's business here.
    ASSERT_TRUE(
        openssl("req -x509 -newkey rsa:2048 -nodes -keyout server.key -out server.pem -subj /CN=server -days 1"));
    const int port = free_port();
    const std::string serves = "cd '" + folder_.path().string() + "' && exec openssl cmp -port " +
                               std::to_string(port) +
                               " -srv_cert server.pem -srv_key server.key -srv_trusted ca.pem -rsp_cert server.pem "
                               "-max_msgs 2 >served 2>&1 & echo $!";
    const std::string process = test::run_command(serves);
    EXPECT_TRUE(listens(port));
    EXPECT_TRUE(ask(ca.get(), false, port)) << reasons();
    EXPECT_EQ(recorder_->purpose, Purpose::cmp);
    EXPECT_TRUE(signer_process::check_cmp({true}, recorder_->algorithm, recorder_->message));
    EXPECT_EQ(signer_process::check_cmp({false}, recorder_->algorithm, recorder_->message).error().code(),
              ErrorCode::denied);
    EXPECT_FALSE(ask(ca.get(), true, port));
    const int ended = std::system(("kill " + process + " 2>/dev/null").c_str());
    (void)ended;
    ERR_clear_error();
}

INSTANTIATE_TEST_SUITE_P(All, Cmp,
                         ::testing::Values(KeyCase{"rsa", KeyType::rsa, 2048}, KeyCase{"p256", KeyType::ec_p256, 0}),
                         [](const auto& one) { return std::string{one.param.name}; });

struct OpenCase {
    const char* name;
    KeyType type;
    unsigned bits;
    const char* options;
};

class Opened : public Provider, public ::testing::WithParamInterface<OpenCase> {};

TEST_P(Opened, IsWhatTheOpensslProgramEncrypted) {
    const auto issuer = key("p256", KeyType::ec_p256);
    const auto ca = authority(issuer);
    const bool rsa = GetParam().type == KeyType::rsa;
    const auto recipient =
        key(rsa ? "opens-rsa" : "opens-ec", GetParam().type, GetParam().bits, kNonExtractableDecrypt);
    const auto certified = certificate(recipient, "recipient", issuer, "CA", false,
                                       rsa ? "critical,keyEncipherment" : "critical,keyAgreement");
    write_pem("recipient.pem", PEM_write_bio_X509, certified.get());
    test::write_text(path("content"), "a message that was encrypted");
    ASSERT_TRUE(
        openssl("cms -encrypt -binary -aes-256-cbc -outform DER -in content -out message.der -recip recipient.pem " +
                std::string{GetParam().options}))
        << said_;
    const auto opens = make_decryption_key(*token_, recipient.public_key, 32);
    ASSERT_TRUE(opens) << opens.error().describe();
    const auto open = [&](const std::string& octets) -> std::optional<std::string> {
        const BioPtr in{BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size()))}, out{BIO_new(BIO_s_mem())};
        const CmsPtr message{d2i_CMS_bio(in.get(), nullptr)};
        if (!message || CMS_decrypt(message.get(), opens.value().get(), certified.get(), nullptr, out.get(), 0) != 1)
            return std::nullopt;
        char* text = nullptr;
        const long size = BIO_get_mem_data(out.get(), &text);
        return std::string{text, static_cast<std::size_t>(size)};
    };
    const std::string message = test::read_text(path("message.der"));
    EXPECT_EQ(open(message), "a message that was encrypted") << reasons();
    // One bit of the encrypted content key changed: it stands before the contentEncryptionAlgorithm, AES-256-CBC.
    const std::string aes = "\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
    const auto at = message.rfind(aes);
    ASSERT_NE(at, std::string::npos);
    std::string changed = message;
    changed[at - 30] = static_cast<char>(changed[at - 30] ^ 1);
    EXPECT_NE(open(changed), "a message that was encrypted");
    ERR_clear_error();
}

INSTANTIATE_TEST_SUITE_P(All, Opened,
                         ::testing::Values(OpenCase{"pkcs1", KeyType::rsa, 2048, ""},
                                           OpenCase{"oaep", KeyType::rsa, 2048, "-keyopt rsa_padding_mode:oaep"},
                                           OpenCase{"ecdh", KeyType::ec_p256, 0, ""},
                                           OpenCase{"ecdh256", KeyType::ec_p256, 0, "-keyopt ecdh_kdf_md:sha256"}),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST_F(Provider, TakesTheDigestsOfOaepInAnyOrderAndTellsNothingOfABlock) {
    const auto recipient = key("opens-oaep", KeyType::rsa, 2048, kNonExtractableDecrypt);
    const auto opens = make_decryption_key(*token_, recipient.public_key, 0);
    ASSERT_TRUE(opens) << opens.error().describe();
    test::write_text(path("recipient.spki"), text_of(recipient.public_key.spki().view()));
    test::write_text(path("content"), "content");
    ASSERT_TRUE(
        openssl("pkeyutl -encrypt -pubin -keyform DER -inkey recipient.spki -in content -out block -pkeyopt "
                "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1"))
        << said_;
    std::string block = test::read_text(path("block"));
    const auto open = [&](const EVP_MD* mgf1, const EVP_MD* digest) -> std::optional<std::string> {
        const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{
            EVP_PKEY_CTX_new_from_pkey(nullptr, opens.value().get(), nullptr), EVP_PKEY_CTX_free};
        EXPECT_EQ(EVP_PKEY_decrypt_init(context.get()), 1);
        EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING), 1);
        EXPECT_EQ(EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), mgf1), 1) << reasons();
        EXPECT_EQ(EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), digest), 1) << reasons();
        std::string plain(256, '\0');
        std::size_t size = plain.size();
        if (EVP_PKEY_decrypt(context.get(), reinterpret_cast<unsigned char*>(plain.data()), &size,
                             reinterpret_cast<const unsigned char*>(block.data()), block.size()) != 1)
            return std::nullopt;
        plain.resize(size);
        return plain;
    };
    EXPECT_EQ(open(EVP_sha1(), EVP_sha1()), "content") << reasons();
    EXPECT_EQ(open(EVP_sha256(), EVP_sha1()), std::nullopt);
    EXPECT_THAT(reasons(), HasSubstr("MGF1"));
    EXPECT_EQ(open(EVP_sha256(), EVP_sha256()), std::nullopt);  // SHA-1's block, and SoftHSM 2.6.1 has no other
    EXPECT_THAT(reasons(), ::testing::Not(HasSubstr("MGF1")));
    block.back() = static_cast<char>(block.back() ^ 1);
    ERR_clear_error();
    EXPECT_EQ(open(EVP_sha1(), EVP_sha1()), std::nullopt);
    const std::string said = reasons();
    EXPECT_THAT(said, HasSubstr("does not decrypt"));
    EXPECT_THAT(said, ::testing::Not(HasSubstr("CKR_")));
    ERR_clear_error();
}

// MlDsaSigner stands in for a token with CKM_ML_DSA, which SoftHSM is not.
class MlDsaSigner final : public Signer {
public:
    static std::unique_ptr<MlDsaSigner> make(const char* name) {
        EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, name, nullptr);
        EVP_PKEY* key = nullptr;
        if (context != nullptr) {
            EVP_PKEY_keygen_init(context);
            EVP_PKEY_generate(context, &key);
            EVP_PKEY_CTX_free(context);
        }
        ERR_clear_error();
        return key == nullptr ? nullptr : std::make_unique<MlDsaSigner>(key);
    }
    explicit MlDsaSigner(EVP_PKEY* key) : key_(key, EVP_PKEY_free) {}
    Result<Bytes> sign(const SignRequest& request) override {
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        std::size_t size = crypto::kMaxSignatureSize;
        Bytes signature(size);
        EVP_DigestSignInit_ex(context, nullptr, nullptr, nullptr, nullptr, key_.get(), nullptr);
        const int done = EVP_DigestSign(context, signature.data(), &size, request.tbs.data(), request.tbs.size());
        EVP_MD_CTX_free(context);
        signature.resize(size);
        return done == 1 ? Result<Bytes>{signature} : Result<Bytes>{fail(ErrorCode::token, "no signature")};
    }
    Result<crypto::PublicKey> public_key(const KeyId&) override {
        unsigned char* der = nullptr;
        const int size = i2d_PUBKEY(key_.get(), &der);
        const Bytes spki(der, der + size);
        OPENSSL_free(der);
        return crypto::PublicKey::parse(spki);
    }

private:
    Key key_;
};

TEST_F(Provider, SignsByMlDsaWhereTheLibraryCan) {
    for (const auto type : {KeyType::ml_dsa_44, KeyType::ml_dsa_65, KeyType::ml_dsa_87}) {
        const auto signer = MlDsaSigner::make(std::string{crypto::key_type_name(type)}.c_str());
        ASSERT_EQ(signer != nullptr, crypto::library_verifies(type));
        if (!signer) continue;
        const auto half = signer->public_key({}).value();
        const pkcs11::TokenKey shown{half.id(), {}, "ml-dsa", half, true, {}};
        const auto by = make_evp_key(*signer, half, Purpose::certificate, random_);
        ASSERT_TRUE(by) << by.error().describe();
        const auto made = certificate(shown, "CA", key("p256", KeyType::ec_p256), "CA", true, "critical,keyCertSign");
        ASSERT_GT(X509_sign(made.get(), by.value().get(), nullptr), 0) << reasons();
        write_pem("ca.pem", PEM_write_bio_X509, made.get());
        EXPECT_TRUE(openssl("verify -check_ss_sig -CAfile ca.pem ca.pem")) << said_;
    }
}

TEST_F(Provider, RefusesKeysForWhatTheyAreNot) {
    const auto signs = key("p256", KeyType::ec_p256);
    const auto edwards = key("ed25519", KeyType::ed25519);
    EXPECT_EQ(make_evp_key(*recorder_, signs.public_key, Purpose::decrypt, random_).error().code(),
              ErrorCode::unsupported);
    EXPECT_EQ(make_decryption_key(*token_, edwards.public_key, 32).error().code(), ErrorCode::unsupported);
    // A key that decrypts does not sign, whatever OpenSSL is told.
    const auto opens = key("opens-ec", KeyType::ec_p256, 0, kNonExtractableDecrypt);
    const auto made = make_decryption_key(*token_, opens.public_key, 0);
    ASSERT_TRUE(made);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EXPECT_NE(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, made.value().get()), 1);
    EVP_MD_CTX_free(context);
    // And one that signs gives nobody its private half: there is no export.
    EXPECT_EQ(i2d_PrivateKey(signing(signs, Purpose::tls).get(), nullptr), -1);
    ERR_clear_error();
}

}  // namespace
}  // namespace sealwright::hsm::openssl_provider
