// OCSP requests in a path, which anybody may send: what is decoded is decoded from its own encoding as well.
#include "http_server/target.hpp"
#include "protocols/ocsp/ocsp_protocol.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto decoded = protocols::ocsp::decode_get_request(text_of({data, size}));
    if (!decoded) return 0;
    const auto text = to_base64(decoded.value());
    // Base64 that begins with '/' is none of a SEQUENCE; the decoder takes that one for a doubled separator.
    if (text.starts_with('/')) return 0;
    const auto again = protocols::ocsp::decode_get_request(text);
    require(again && again.value() == decoded.value(), "what is decoded is decoded again");
    return 0;
}
