// GeneralNames: DER goes there and back as it is.
#include "x509/general_names.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::x509;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    if (const auto names = parse_general_names(input)) {
        require(equal(encode_general_names(names.value()), input), "names are written back as they were");
        for (const GeneralName& name : names.value()) (void)format_general_name(name);
    }
    if (const auto name = parse_general_name(input))
        require(equal(encode_general_name(name.value()), input), "a name is written back as it was");
    if (const auto name = parse_general_name_text(text_of(input))) {
        const auto again = parse_general_name_text(format_general_name(name.value()));
        require(again && again.value() == name.value(), "text goes there and back");
    }
    return 0;
}
