// The signer's configuration, and the keys file of a ceremony.
#include "hsm/signer_process/config.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::hsm::signer_process;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(ByteView{data, size});
    // keys_file would read files that a sample names.
    if (text.find("keys_file") == std::string_view::npos) (void)parse_configuration(text, "/nonexistent", "fuzz.toml");
    if (auto keys = parse_keys(text, "fuzz.toml")) {
        for (const KeyLimits& key : keys.value())
            sealwright::fuzz::require(!key.purposes().empty(), "a key without a purpose");
    }
    return 0;
}
