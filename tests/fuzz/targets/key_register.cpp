// A location added to a file of [[key]] tables, whatever stands in it: the key has it then, and the others nothing new.
#include "hsm/signer_process/key_register.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::hsm::signer_process;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 65536) return 0;
    const std::string_view text = text_of({data, size});
    const auto keys = parse_key_register(text, "fuzz");
    if (!keys) return 0;
    for (std::size_t i = 0; i < keys.value().size(); ++i) {
        const RegisteredKey& key = keys.value()[i];
        const auto serials = with_location(key, "4821", key.locations.empty() ? "4821" : "");
        if (!serials) continue;
        const auto changed = set_locations(text, "fuzz", key.id, serials.value());
        if (!changed) continue;
        const auto again = parse_key_register(changed.value(), "fuzz");
        fuzz::require(again && again.value().size() == keys.value().size(), "the file has the keys that it had");
        for (std::size_t j = 0; j < keys.value().size(); ++j) {
            auto expected = keys.value()[j].locations;
            if (i == j) expected.emplace_back("4821");
            fuzz::require(again.value()[j].locations == expected, "one key has one location more");
        }
    }
    return 0;
}
