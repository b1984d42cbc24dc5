// What a process that runs a vendor's module tells the one that judges it.
#include "hsm/token_judge/messages.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::hsm::token_judge;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view octets{reinterpret_cast<const char*>(data), size};
    MessageReader whole, split;
    const bool taken = whole.take(octets).has_value();
    const std::size_t half = size / 2;
    const bool taken_split =
        split.take(octets.substr(0, half)).has_value() && split.take(octets.substr(half)).has_value();
    require(taken || !taken_split || size > 4096, "what is too much at once is not taken in two");
    while (const auto message = whole.next()) {
        if (taken && taken_split) {
            const auto other = split.next();
            require(other && other->kind == message->kind && other->fields == message->fields,
                    "how it is cut makes no difference");
        }
        for (const std::string& field : message->fields) {
            for (const char c : field) require(c >= 0x20 && c <= 0x7e, "fields are printable");
        }
        (void)error_of(*message);
        (void)parse_outcome(message->kind);
        (void)parse_ability(message->kind);
    }
    return 0;
}
