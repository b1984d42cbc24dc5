// TPMS_ATTEST: certifications are written back as they were; the places of all fields lie within.
#include "attestation/tpm_structs.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::attestation;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    const auto parsed = parse_attest(input);
    if (!parsed) return 0;
    const TpmAttest& attest = parsed.value();
    require(attest.certify.has_value() == (attest.type == kAttestCertify), "only a certification certifies");
    if (attest.certify) require(equal(encode_attest(attest), input), "a certification is written back as it was");
    const auto at = [&](Part part) {
        require(std::size_t{part.offset} + part.size <= input.size(), "a field lies within");
        return input.subspan(part.offset, part.size);
    };
    require(equal(at(attest.parts.extra_data), attest.extra_data), "extraData is where it is said to be");
    require(equal(at(attest.parts.qualified_signer), attest.qualified_signer),
            "qualifiedSigner is where it is said to be");
    if (attest.certify)
        require(equal(at(attest.parts.name), attest.certify->name), "the Name is where it is said to be");
    return 0;
}
