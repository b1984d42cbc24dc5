// The CA's answers as a device reads them, and the pending request that a challenge becomes part of.
#include "device/answers.hpp"

#include "device/advice.hpp"
#include "device/pending.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::device;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body = text_of({data, size});
    if (const auto challenge = parse_challenge(body)) {
        require(challenge.value().nonce.size() == kNonceSize, "a nonce has its size");
        require(challenge.value().credential_blob.size() <= kMaxStructure, "a structure is bounded");
        Pending pending;
        pending.stage = Stage::challenged;
        pending.ak = pending.key = {Bytes(1, 1), Bytes(1, 1)};
        pending.challenge = challenge.value();
        const auto again = parse_pending(encode_pending(pending));
        require(again && again.value().challenge == pending.challenge, "a challenge survives being kept");
    }
    if (const auto waiting = parse_waiting(body))
        require(waiting.value().request.size() == 32, "a request has an identifier");
    const auto problem = parse_problem(403, body);
    require(problem.findings.size() <= kMaxFindings, "findings are bounded");
    require(!explain(problem, Occasion::enroll).public_detail().empty(), "every refusal is explained");
    (void)parse_pending(body);
    return 0;
}
