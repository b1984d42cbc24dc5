// Endorsement keys as an operator's files have them: every form names the same key.
#include "cli/ek_source.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/support/fake_tpm.hpp"

namespace sealwright::cli {
namespace {

using ::testing::HasSubstr;

const UtcTime kNow = from_rfc3339("2026-11-22T12:00:00Z").value();

class EkSource : public ::testing::Test {
protected:
    EkSource() { std::filesystem::create_directories(folder_); }
    ~EkSource() override { std::filesystem::remove_all(folder_); }
    Result<std::vector<EkFound>> read(std::string_view content) const {
        const auto path = folder_ / "file";
        std::ofstream{path, std::ios::binary} << content;
        return read_eks(path.string());
    }
    void gives_the_key(std::string_view content) const {
        const auto found = read(content);
        ASSERT_TRUE(found) << found.error().describe();
        ASSERT_EQ(found.value().size(), 1U);
        EXPECT_EQ(found.value()[0].ek, ek_.public_key().id());
    }
    const test::FakeVendor vendor_{kNow};
    const test::FakeTpmKey ek_ = test::make_ek("L-2");
    const Bytes certificate_ = vendor_.certify_ek(ek_.public_key());
    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("sealwright-eks-" + std::to_string(::getpid()));
};

TEST_F(EkSource, ReadsEveryFormOfAKey) {
    const std::string der{text_of(certificate_)};
    gives_the_key(der);
    gives_the_key(der + std::string(200, '\xff'));  // as it stands in an NV index
    gives_the_key("remark\n" + x509::encode_pem("CERTIFICATE", certificate_));
    gives_the_key(x509::encode_pem("PUBLIC KEY", ek_.public_key().spki().view()));
    const test::FakeTpm tpm{ek_, test::make_ak()};
    gives_the_key(text_of(tpm.opening().ek_public));
    gives_the_key(ek_.public_key().id().hex() + "  rack 3\r\n");
}

TEST_F(EkSource, AListHasNotesAndComments) {
    const std::string one(64, 'a'), two(64, 'B');
    const auto found = read("# delivery 7\n\n" + one + " laptop 1\n  " + two + "\n").value();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].note, "laptop 1");
    EXPECT_EQ(found[1].ek.hex(), std::string(64, 'b'));
    EXPECT_EQ(found[1].note, "");
}

TEST_F(EkSource, NothingOfAFileWithAnErrorIsTaken) {
    const std::string one(64, 'a');
    EXPECT_THAT(read(one + "\nabc\n").error().public_detail(), HasSubstr("line 2"));
    EXPECT_THAT(read(one + "a\n").error().public_detail(), HasSubstr("line 1"));
    EXPECT_THAT(read(x509::encode_pem("CERTIFICATE", certificate_) + x509::encode_pem("CRL", certificate_))
                    .error()
                    .public_detail(),
                HasSubstr("block 2"));
    EXPECT_FALSE(read("-----BEGIN CERTIFICATE-----\nAAAA\n"));
    EXPECT_FALSE(read(""));
    EXPECT_FALSE(read("# nothing\n"));
    EXPECT_FALSE(read("root:x:0:0\n"));
    EXPECT_FALSE(read_eks((folder_ / "missing").string()));
}

}  // namespace
}  // namespace sealwright::cli
