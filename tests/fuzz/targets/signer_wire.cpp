// The signer's socket, both sides: a stream of frames.
#include "hsm/signer_process/wire.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::hsm::signer_process;
using sealwright::fuzz::require;

namespace {

// written_back: a message that parses is written as the very frame that it came from.
template <class Message>
void written_back(const Frame& frame, const Message& message, ByteView original) {
    Bytes again;
    append_message(again, frame.number, message);
    require(equal(again, original), "a message is written back as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteView rest{data, size};
    for (;;) {
        const ByteView before = rest;
        const auto frame = next_frame(rest);
        if (!frame || !frame.value()) {
            require(rest.size() == before.size(), "what is no whole frame stays where it is");
            return 0;
        }
        const ByteView original = before.first(before.size() - rest.size());
        if (auto message = parse_client_message(*frame.value()))
            written_back(*frame.value(), message.value(), original);
        if (auto message = parse_server_message(*frame.value()))
            written_back(*frame.value(), message.value(), original);
    }
}
