// Profiles as the verifier reads them, which it does without the code that the ceremony reads them with.
#include "ceremonies/verifier/profile_reading.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(ByteView{data, size});
    const std::map<std::string, std::string> values{{"organization", "Example"}, {"issuing_cn", "Example Issuing CA"}};
    (void)verifier::read_profile(text, values);
    return 0;
}
