// Records of attestations: one encoding each, and a replay that ends, gives the same verdict twice, and never
// contradicts itself.
#include "attestation/record.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::attestation;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    if (const auto verdict = Verdict::parse(input)) {
        require(Verdict::parse(verdict.value().encode()).value() == verdict.value(), "a verdict goes there and back");
    }
    const auto record = parse_record(input);
    if (!record) return 0;
    const Bytes octets = encode_record(record.value());
    require(parse_record(octets).has_value(), "what was read can be read again");
    if (input[0] == 0x30) require(equal(octets, input), "a record has one encoding");
    const Verdict verdict = replay(record.value());
    require(replay(record.value()) == verdict, "a replay gives the same verdict twice");
    require(verdict.affirming() == verdict.refusals().empty() || !verdict.affirming(),
            "a verdict does not contradict itself");
    const auto again = Verdict::parse(verdict.encode());
    require(again && again.value() == verdict, "a verdict of the verifier can be read back");
    return 0;
}
