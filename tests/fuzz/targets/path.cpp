// Paths: the input is certificates one behind the other, the last of them the trust anchor. No path of hostile
// certificates may do more than be refused; signatures of the samples hold, so that the constraints behind them are
// reached.
#include "asn1/der_reader.hpp"
#include "asn1/oid.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "x509/path_validator.hpp"

using namespace sealwright;
using namespace sealwright::x509;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    PathQuestion question{.path = {},
                          .anchors = {},
                          .at = from_rfc3339("2026-11-22T00:00:00Z").value(),
                          .required_eku = bytes_of(asn1::oid::kServerAuth)};
    asn1::DerReader reader{{data, size}};
    while (!reader.at_end() && question.path.size() < 10) {
        const auto element = reader.next();
        if (!element) return 0;
        const auto certificate = Certificate::parse(element.value().encoding);
        if (!certificate) return 0;
        question.path.push_back(certificate.value());
    }
    if (question.path.empty()) return 0;
    question.anchors = {question.path.back()};
    question.path.pop_back();
    for (const Finding& finding : validate_path(question))
        require(!finding.code.empty() && !finding.clause.empty(), "a finding says what and why");
    return 0;
}
