// The CRL linter over any octets. What it passes must be a CRL that x509 reads, once it is assembled.
#include "profile/linter.hpp"

#include "../fuzz.hpp"
#include "asn1/der_reader.hpp"

using namespace sealwright;

namespace {

// algorithm_of is the signature algorithm inside a TBSCertList: behind the version.
std::optional<crypto::SignatureAlgorithm> algorithm_of(ByteView tbs) {
    asn1::DerReader outer{tbs};
    auto reader = outer.enter(asn1::kSequence);
    if (!reader || !reader.value().integer()) return {};
    const auto algorithm = reader.value().expect(asn1::kSequence);
    if (!algorithm) return {};
    const auto parsed = crypto::parse_algorithm_identifier(algorithm.value().encoding);
    return parsed ? std::optional{parsed.value()} : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    const auto findings = profile::lint_crl({.der = input, .issuer = nullptr, .previous_number = 1});
    for (const auto& finding : findings)
        fuzz::require(!finding.code.empty() && !finding.detail.empty(), "a finding says something");
    if (!findings.empty()) return 0;
    const auto algorithm = algorithm_of(input);
    fuzz::require(algorithm.has_value(), "what it passes has an algorithm that we make");
    const auto assembled = x509::assemble_crl(input, *algorithm, Bytes{0x30, 0x00});
    const auto parsed = x509::CertificateList::parse(assembled.bytes());
    // Critical extensions and numbers beyond 64 bits are well-formed, and nothing that our own reader supports.
    fuzz::require(
        parsed || parsed.error().code() == ErrorCode::unsupported || parsed.error().code() == ErrorCode::malformed,
        "what it passes is refused with reason or read");
    return 0;
}
