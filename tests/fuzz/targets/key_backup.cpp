// Files of wrapped keys: what is read is written again in the same octets.
#include "hsm/key_backup.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto backup = hsm::parse_key_backup({data, size});
    if (!backup) return 0;
    fuzz::require(equal(hsm::key_backup_der(backup.value()), {data, size}), "a backup keeps its encoding");
    return 0;
}
