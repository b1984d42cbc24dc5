// The file of a sealed PIN: what is read is written back as something that reads the same.
#include "hsm/signer_process/sealed_pin.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::hsm::signer_process;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > kMaxSealedPinFile) return 0;
    const auto read = parse_sealed_pin(text_of({data, size}), "fuzz");
    if (!read) return 0;
    const std::string text = encode_sealed_pin(read.value());
    const auto again = parse_sealed_pin(text, "fuzz");
    fuzz::require(static_cast<bool>(again), "what was written is read");
    fuzz::require(encode_sealed_pin(again.value()) == text, "and says the same");
    return 0;
}
