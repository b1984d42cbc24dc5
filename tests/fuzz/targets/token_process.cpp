// The packets between the signer's processes. What a token process says comes from where a vendor's module is loaded.
#include "hsm/signer_process/control.hpp"
#include "hsm/signer_process/token_wire.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::hsm::signer_process;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input{data, size};
    if (const auto jobs = parse_token_jobs(input))
        require(equal(encode_packet(jobs.value()), input), "jobs are written back as they were");
    if (const auto message = parse_token_message(input)) {
        // An error code that nobody knows is read as another: only what is written again must stay as it is.
        const Bytes again = encode_packet(message.value());
        const auto reread = parse_token_message(again);
        require(reread && equal(encode_packet(reread.value()), again), "what was read can be written and read");
    }
    if (const auto request = parse_control_request(input))
        require(equal(encode_control(request.value()), input), "requests are written back as they were");
    if (const auto notice = parse_control_notice(input)) {
        const Bytes again = encode_control(notice.value());
        require(static_cast<bool>(parse_control_notice(again)), "notices are written and read");
    }
    return 0;
}
