// Certificates of endorsement keys: what is read lies within the input, and what the strict parser reads the tolerant
// one reads alike.
#include "attestation/ek_certificate.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::attestation;
using sealwright::fuzz::require;

namespace {

bool is_printable(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    const auto parsed = parse_ek_certificate(input);
    if (!parsed) return 0;
    const EkCertificate& certificate = parsed.value();
    const auto at = [&](Part part) {
        require(std::size_t{part.offset} + part.size <= input.size(), "a part lies within");
        return input.subspan(part.offset, part.size);
    };
    require(equal(at(certificate.whole), certificate.der), "the certificate is where it is said to be");
    require(equal(at(certificate.tbs), certificate.signed_octets), "what was signed is verified as it stands");
    for (const EkQuirk& quirk : certificate.quirks) (void)at(quirk.part);
    for (const auto& text : {certificate.manufacturer, certificate.model, certificate.version,
                             certificate.specification, certificate.issuer_text}) {
        require(is_printable(text), "texts are printable");
    }
    const auto again = parse_ek_certificate(certificate.der);
    require(again && again.value().spki == certificate.spki, "it reads alike without header and padding");
    if (const auto strict = x509::Certificate::parse(certificate.der)) {
        require(strict.value().fields().issuer_der == certificate.issuer, "the strict parser reads the same issuer");
        require(strict.value().fields().not_after == certificate.not_after, "and the same end");
    }
    return 0;
}
