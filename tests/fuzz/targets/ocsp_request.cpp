// OCSP requests, which anybody may send.
#include "tests/fuzz/fuzz.hpp"
#include "x509/ocsp.hpp"

using namespace sealwright;
using namespace sealwright::x509;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto request = OcspRequest::parse({data, size});
    if (!request) return 0;
    require(!request.value().cert_ids.empty() && request.value().cert_ids.size() <= kMaxOcspSingleRequests,
            "a request asks for something");
    OcspResponseFields fields{
        .responder_key_hash = Bytes(20, 1), .produced_at = UtcTime{}, .responses = {}, .nonce = request.value().nonce};
    for (const OcspCertId& id : request.value().cert_ids)
        fields.responses.push_back({id.encoding, OcspGood{}, UtcTime{}, std::nullopt});
    const Bytes data_octets = build_response_data(fields);
    const Bytes response = assemble_ocsp_response(data_octets, {}, Bytes(8, 1), CertificateDer{});
    const auto parsed = ParsedOcspResponse::parse(response);
    require(parsed && parsed.value().response_data == data_octets, "what is asked can be answered");
    return 0;
}
