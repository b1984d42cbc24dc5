// PKCS#10 requests, as DER and as PEM.
#include "x509/csr.hpp"

#include "tests/fuzz/fuzz.hpp"
#include "x509/name_codec.hpp"

using namespace sealwright;
using namespace sealwright::x509;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    const auto csr = CertificateRequest::parse_any(input);
    if (!csr) return 0;
    const CertificateRequest& request = csr.value();
    require(CertificateRequest::parse(request.der.view()).has_value(), "a request parses again");
    require(equal(encode_name_as_is(request.subject).value(), request.subject_der.view()),
            "the subject is written back as it was");
    if (!request.requested_extensions.empty()) {
        require(
            parse_extensions(encode_extensions(request.requested_extensions)).value() == request.requested_extensions,
            "the extensions go there and back");
    }
    (void)request.verify_possession();
    return 0;
}
