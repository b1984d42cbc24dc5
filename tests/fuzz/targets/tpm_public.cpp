// Public areas of a TPM: what is read is written back octet by octet, and what follows from it holds together.
#include "attestation/ek_template.hpp"
#include "attestation/tpm_names.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::attestation;
using sealwright::fuzz::require;

namespace {

void check(const TpmPublic& key) {
    require(is_name_form(name_of(key), name_of(key)), "a Name has the form of a Name");
    const auto numbers = public_key(key);
    if (!numbers) return;
    const auto name = ek_template_name(key);
    if (name.empty()) return;
    const auto again = ek_from_template(numbers.value(), name);
    require(again && public_key(again.value()).value().id() == numbers.value().id(),
            "a template makes the key that it was recognised in");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    if (const auto key = parse_public(input)) {
        require(equal(encode_public(key.value()), input), "a public area is written back as it was");
        check(key.value());
    }
    if (const auto key = parse_sized_public(input)) {
        require(equal(encode_sized_public(key.value()), input), "a sized public area is written back as it was");
        check(key.value());
    }
    return 0;
}
