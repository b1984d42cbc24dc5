// The files of TPM manufacturers' certificates, as they are found in the world.
#include "server/tpm_anchors.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/fake_tpm.hpp"

namespace sealwright::server {
namespace {

using ::testing::HasSubstr;

const UtcTime kToday = from_rfc3339("2026-11-22T12:00:00Z").value();

class TpmAnchors : public ::testing::Test {
protected:
    TpmAnchors() { std::filesystem::create_directories(folder_ / "folder"); }
    ~TpmAnchors() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path write(const std::string& name, const std::string& text) const {
        std::ofstream{folder_ / name, std::ios::binary} << text;
        return folder_ / name;
    }
    static std::string pem(const x509::Certificate& certificate) {
        return x509::encode_pem("CERTIFICATE", certificate.der().view());
    }
    const test::FakeVendor vendor_{kToday};
    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("sealwright-anchors-" + std::to_string(::getpid()));
};

TEST_F(TpmAnchors, ReadsABundleWithRemarks) {
    const auto file = write("roots.pem", "# Vendor: Fake\n" + pem(vendor_.root()) + "\nfetched from somewhere\n" +
                                             pem(vendor_.intermediate()));
    const auto loaded = load_tpm_anchors(file, {}).value();
    EXPECT_EQ(loaded.anchors.roots.size(), 2U);
    EXPECT_TRUE(loaded.anchors.intermediates.empty());
    EXPECT_TRUE(loaded.warnings.empty());
}

TEST_F(TpmAnchors, ReadsAFolderAndDer) {
    write("folder/a.pem", pem(vendor_.root()));
    write("folder/b.der", std::string{text_of(vendor_.intermediate().der().view())});
    write("folder/README", "no certificate");
    EXPECT_EQ(load_tpm_anchors(folder_ / "folder", {}).value().anchors.roots.size(), 2U);
}

TEST_F(TpmAnchors, ABrokenCertificateIsNamedAndNotTrusted) {
    std::string broken = pem(vendor_.intermediate());
    broken.replace(broken.find('\n') + 1, 4, "AAAA");
    const auto file = write("roots.pem", pem(vendor_.root()) + broken);
    const auto loaded = load_tpm_anchors(file, {}).value();
    ASSERT_EQ(loaded.anchors.roots.size(), 1U);
    EXPECT_EQ(loaded.anchors.roots[0].der(), vendor_.root().der());
    ASSERT_EQ(loaded.warnings.size(), 1U);
    EXPECT_THAT(loaded.warnings[0], HasSubstr("certificate 2 cannot be read"));
}

TEST_F(TpmAnchors, NothingToTrustIsAnErrorWhereSomethingWasNamed) {
    EXPECT_EQ(load_tpm_anchors(write("empty.pem", "nothing"), {}).error().code(), ErrorCode::config);
    EXPECT_FALSE(load_tpm_anchors(folder_ / "missing.pem", {}));
    EXPECT_EQ(load_tpm_anchors(folder_ / "folder", {}).error().code(), ErrorCode::config);
    EXPECT_TRUE(load_tpm_anchors({}, {}).value().anchors.roots.empty());
}

TEST_F(TpmAnchors, ReadsTheManufacturersOwn) {
    const char* vectors = std::getenv("SEALWRIGHT_VECTORS");
    if (vectors == nullptr) GTEST_SKIP() << "SEALWRIGHT_VECTORS is not set: the manufacturers' roots were not tried";
    const std::filesystem::path roots = std::filesystem::path{vectors} / "ek-roots";
    const auto loaded = load_tpm_anchors(roots / "roots.pem", roots / "intermediates.pem").value();
    EXPECT_EQ(loaded.anchors.roots.size(), 26U);
    EXPECT_EQ(loaded.anchors.intermediates.size(), 143U);
    EXPECT_TRUE(loaded.warnings.empty()) << loaded.warnings.front();
}

}  // namespace
}  // namespace sealwright::server
