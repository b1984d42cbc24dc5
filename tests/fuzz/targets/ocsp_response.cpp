// OCSP responses, as our self-check reads them.
#include "tests/fuzz/fuzz.hpp"
#include "x509/ocsp.hpp"

using namespace sealwright;
using namespace sealwright::x509;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto response = ParsedOcspResponse::parse({data, size});
    if (!response || response.value().status != OcspResponseStatus::successful) return 0;
    const Bytes rebuilt = build_response_data(response.value().fields);
    const auto again = ParsedOcspResponse::parse(assemble_ocsp_response(rebuilt, {}, Bytes(8, 1), CertificateDer{}));
    require(again && build_response_data(again.value().fields) == rebuilt, "what was read is written and read again");
    return 0;
}
