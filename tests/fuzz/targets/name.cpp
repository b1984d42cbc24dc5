// Names: DER goes there and back as it is; text that was accepted is shown so that it reads as the same name.
#include "x509/name.hpp"

#include "tests/fuzz/fuzz.hpp"
#include "x509/name_codec.hpp"

using namespace sealwright;
using namespace sealwright::x509;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    if (const auto name = parse_name(input)) {
        const auto again = encode_name_as_is(name.value());
        require(again && equal(again.value(), input), "a name is written back as it was");
        const std::string text = format_name(name.value());
        for (const char c : text)
            require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a name is shown without control characters");
        // Upper bounds apply to text that a person wrote, and names of others may pass them: then there is nothing to
        // compare.
        if (const auto reread = parse_name_text(text))
            require(format_name(reread.value()) == text, "a shown name reads as itself");
    }
    if (const auto name = parse_name_text(text_of(input))) {
        require(encode_name(name.value()).has_value(), "a name from text can be encoded");
        const auto reread = parse_name_text(format_name(name.value()));
        require(reread && format_name(reread.value()) == format_name(name.value()), "text goes there and back");
    }
    return 0;
}
