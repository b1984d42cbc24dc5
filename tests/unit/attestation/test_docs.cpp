// docs/attestation.md has a row for every check, with its clause.
#include "attestation/checks.hpp"
#include "tests/unit/attestation/scene.hpp"

namespace sealwright::attestation::test {
namespace {

TEST(AttestationDocs, HaveARowForEveryCheck) {
    std::ifstream in{"docs/attestation.md"};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    for (const CheckInfo& info : all_checks()) {
        const std::string row = "\n| `" + std::string{info.code} + "` | " + std::string{info.clause} + " | ";
        EXPECT_NE(text.find(row), std::string::npos) << row;
    }
}

}  // namespace
}  // namespace sealwright::attestation::test
