#include <gtest/gtest.h>

#include "tests/unit/x509/authority.hpp"

namespace sealwright::x509 {
namespace {

TEST(Pem, LinesHave64Characters) {
    const Bytes der(100, 0x11);
    const std::string pem = encode_pem("CERTIFICATE", der);
    EXPECT_TRUE(pem.starts_with("-----BEGIN CERTIFICATE-----\nERER"));
    EXPECT_TRUE(pem.ends_with("\n-----END CERTIFICATE-----\n"));
    EXPECT_EQ(decode_pem("CERTIFICATE", pem).value(), der);
    for (std::size_t size = 1; size < 200; ++size)
        EXPECT_EQ(decode_pem("X509 CRL", encode_pem("X509 CRL", Bytes(size, 7))).value(), Bytes(size, 7));
}

TEST(Pem, AcceptsCarriageReturnsAndSpaceAround) {
    std::string pem = encode_pem("CERTIFICATE", Bytes(100, 0x11));
    std::string dos;
    for (const char c : pem) dos += c == '\n' ? std::string{"\r\n"} : std::string{c};
    EXPECT_TRUE(decode_pem("CERTIFICATE", dos));
    EXPECT_TRUE(decode_pem("CERTIFICATE", "\n \t" + pem + "\n\n"));
    pem.pop_back();
    EXPECT_TRUE(decode_pem("CERTIFICATE", pem)) << "no newline at the end";
}

TEST(Pem, RefusesWhatIsNotExactlyOneBlock) {
    const std::string pem = encode_pem("CERTIFICATE", Bytes(100, 0x11));
    const std::string body = pem.substr(28, pem.size() - 28 - 26);
    EXPECT_TRUE(decode_pem("CERTIFICATE", "-----BEGIN CERTIFICATE-----\n" + body + "-----END CERTIFICATE-----\n"));
    for (const std::string& bad : std::vector<std::string>{
             std::string{}, std::string{"\n"}, "text\n" + pem, pem + "text", pem + pem,
             "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n" + body,
             "-----BEGIN CERTIFICATE-----\n" + body + "-----END X509 CRL-----\n",
             "----BEGIN CERTIFICATE----\n" + body + "----END CERTIFICATE----\n",
             "-----BEGIN CERTIFICATE----- \n" + body + "-----END CERTIFICATE-----\n",
             "-----BEGIN CERTIFICATE-----\n\n" + body + "-----END CERTIFICATE-----\n",
             "-----BEGIN CERTIFICATE-----\n " + body + "-----END CERTIFICATE-----\n",
             "-----BEGIN CERTIFICATE-----\nERER\nERER\n-----END CERTIFICATE-----\n",
             "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\n" + body + "-----END CERTIFICATE-----\n",
             "-----BEGIN CERTIFICATE-----\nERE\n-----END CERTIFICATE-----\n",
             "-----BEGIN CERTIFICATE-----\n" + std::string(68, 'A') + "\n-----END CERTIFICATE-----\n"}) {
        EXPECT_FALSE(decode_pem("CERTIFICATE", bad)) << bad;
    }
    EXPECT_FALSE(decode_pem("X509 CRL", pem));
}

TEST(Pem, ReadsCertificatesUpToACount) {
    const auto root = test::issue({.subject = "CN=root", .extensions = test::ca_extensions()});
    const auto leaf = test::issue({}, &root);
    const std::string both = encode_pem("CERTIFICATE", leaf.certificate.der().view()) + "\n" +
                             encode_pem("CERTIFICATE", root.certificate.der().view());
    const auto read = Certificate::parse_pem(both).value();
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[1].fingerprint(), root.certificate.fingerprint());
    EXPECT_EQ(Certificate::parse_pem(both, 1).error().code(), ErrorCode::too_large);
    EXPECT_FALSE(Certificate::parse_pem(""));
    EXPECT_FALSE(Certificate::parse_pem(both + encode_pem("X509 CRL", Bytes(10, 1))));
    EXPECT_FALSE(Certificate::parse_pem(encode_pem("CERTIFICATE", Bytes(10, 1))));
}

}  // namespace
}  // namespace sealwright::x509
