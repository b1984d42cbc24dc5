// Certificates, as DER and as PEM: what is accepted keeps its octets, and its parts go there and back.
#include "x509/certificate.hpp"

#include "tests/fuzz/fuzz.hpp"
#include "x509/name_codec.hpp"
#include "x509/unordered_names.hpp"

using namespace sealwright;
using namespace sealwright::x509;
using sealwright::fuzz::require;

namespace {

void check(const Certificate& certificate) {
    const TbsCertificate& fields = certificate.fields();
    require(equal(encode_name_as_is(fields.subject).value(), fields.subject_der.view()),
            "the subject is written back as it was");
    require(equal(encode_name_as_is(fields.issuer).value(), fields.issuer_der.view()),
            "the issuer is written back as it was");
    if (!fields.extensions.empty()) {
        require(parse_extensions(encode_extensions(fields.extensions)).value() == fields.extensions,
                "the extensions go there and back");
    }
    require(parse_tbs_certificate(certificate.tbs()).has_value(), "its TBS parses by itself");
    if (const auto key = crypto::PublicKey::parse(fields.spki.view())) (void)certificate.verify_signature(key.value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    (void)parse_tbs_certificate(input);
    if (const auto certificate = Certificate::parse(input)) {
        require(equal(certificate.value().der().view(), input), "a certificate keeps its octets");
        check(certificate.value());
        const auto tolerant = parse_with_unordered_names(input);
        require(tolerant && tolerant.value().fields().subject_der == certificate.value().fields().subject_der,
                "what the strict parser reads the tolerant one reads alike");
        const auto from_pem = Certificate::parse_pem(encode_pem("CERTIFICATE", input));
        require(from_pem && from_pem.value().at(0).fingerprint() == certificate.value().fingerprint(),
                "PEM goes there and back");
    }
    if (const auto certificates = Certificate::parse_pem(text_of(input))) {
        for (const Certificate& certificate : certificates.value()) check(certificate);
    }
    return 0;
}
