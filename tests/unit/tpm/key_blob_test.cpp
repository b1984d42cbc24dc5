#include "tpm/key_blob.hpp"

#include <gtest/gtest.h>

#include "tpm/key_kind.hpp"

namespace sealwright::tpm::test {
namespace {

TEST(KeyBlob, SurvivesItsFile) {
    const KeyBlob blob{Bytes(120, 0x11), Bytes(200, 0x22)};
    const std::string pem = encode_tss2_pem(blob);
    const auto read = parse_tss2_pem(pem);
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read.value(), blob);
}

TEST(KeyBlob, AFileThatIsNotWholeIsRefused) {
    const std::string pem = encode_tss2_pem({Bytes(120, 0x11), Bytes(200, 0x22)});
    for (std::size_t size = 0; size < pem.size(); ++size) EXPECT_FALSE(parse_tss2_pem(pem.substr(0, size))) << size;
    EXPECT_FALSE(parse_tss2_pem(pem + "x"));
    EXPECT_FALSE(parse_tss2_pem(std::string(1 << 20, 'A')));
}

TEST(KeyBlob, APublicAreaThatIsNotWholeIsRefused) {
    EXPECT_FALSE(public_key_of({}));
    EXPECT_FALSE(public_key_of(Bytes{0, 0}));
    EXPECT_FALSE(public_key_of(Bytes(64, 0xff)));
    Bytes cut{0x00, 0x10, 0x00, 0x23, 0x00, 0x0b};
    EXPECT_FALSE(public_key_of(cut));
}

TEST(KeyKinds, HaveNamesThatAreReadBack) {
    for (const auto kind : {KeyKind::rsa2048, KeyKind::p256, KeyKind::p384})
        EXPECT_EQ(parse_key_kind(key_kind_name(kind)).value(), kind);
    for (const auto ek : {EkTemplate::l1, EkTemplate::l2, EkTemplate::h3, EkTemplate::h6})
        EXPECT_EQ(parse_ek_template(ek_template_name(ek)).value(), ek);
    EXPECT_FALSE(parse_key_kind("rsa1024"));
    EXPECT_FALSE(ek_candidates("H-9"));
    EXPECT_EQ(ek_candidates("auto").value().size(), 4U);
}

}  // namespace
}  // namespace sealwright::tpm::test
