// Public keys: whatever is read can be judged and can refuse a signature.
#include "crypto/spki.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto key = crypto::PublicKey::parse({data, size});
    if (!key) return 0;
    fuzz::require(equal(key.value().spki().view(), {data, size}), "a key keeps its encoding");
    fuzz::require(!key.value().public_bits().empty(), "a key has public bits");
    (void)crypto::check_strength(key.value());
    (void)key.value().verify(crypto::default_algorithm(key.value().type()), view_of("message"), {data, size});
    return 0;
}
