// The linter over any octets: as a TBS by itself, and as the TBS of a certificate under itself. What it passes must
// parse, and its findings are in its table.
#include "profile/linter.hpp"

#include "../fuzz.hpp"

using namespace sealwright;

namespace {

void check(const x509::Findings& findings, ByteView tbs) {
    if (findings.empty())
        fuzz::require(static_cast<bool>(x509::parse_tbs_certificate(tbs)), "what it passes can be parsed");
    const auto table = profile::certificate_lints();
    for (const auto& finding : findings) {
        const bool known =
            finding.code == profile::kCertificateSyntaxCode ||
            std::any_of(table.begin(), table.end(), [&](const auto& lint) { return lint.code == finding.code; });
        fuzz::require(known && !finding.detail.empty(), "a finding is in the table and says something");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    check(profile::lint_certificate(input, nullptr), input);
    if (const auto certificate = x509::Certificate::parse(input)) {
        check(profile::lint_certificate(certificate.value().tbs(), &certificate.value()), certificate.value().tbs());
        check(profile::lint_certificate(certificate.value().tbs(), nullptr), certificate.value().tbs());
    }
    return 0;
}
