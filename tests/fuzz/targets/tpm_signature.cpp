// TPMT_SIGNATURE: what is read is written back as it was.
#include "attestation/tpm_structs.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::attestation;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    if (const auto signature = parse_signature(input)) {
        require(equal(encode_signature(signature.value()), input), "a signature is written back as it was");
    }
    return 0;
}
