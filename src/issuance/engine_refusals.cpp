// Refusals: everything that the engine refuses has a record, or the refusal is a storage error itself.
#include "issuance/engine_parts.hpp"

namespace sealwright::issuance {
namespace {

Bytes kept(ByteView input) { return bytes_of(input.first(std::min(input.size(), kMaxRefusedInput))); }

}  // namespace

Error Engine::Parts::refuse(const Case& it, const Error& why) {
    log.info("issuance", "request " + it.id.hex() + " of " + it.actor + " refused: " + why.describe());
    // What failed is the record itself: the request is not at fault, and there is nothing to write this to.
    if (IssuanceGate::closes_on(why.code())) return gate.close(why);

    const auto* csr = csr_of(it.request.proof);
    const ByteView proof = csr != nullptr ? csr->der.view() : ByteView{};
    Refusal refusal{.request = it.id,
                    .received_at = it.received_at,
                    .principal = it.actor,
                    .channel = std::string{policy::channel_name(it.request.channel)},
                    .peer = it.request.peer,
                    .profile = it.request.profile,
                    .proof = kept(proof),
                    .code = why.code(),
                    .reason = why.public_detail(),
                    .resumes_request = it.resumes,
                    .from = it.from(),
                    .attestation = encoded_attestation(it),
                    .now = clock.now()};
    Events record;
    record.push_back(events.request_refused(refusal, proof));
    auto recorded = store.refuse(std::move(refusal), std::move(record));
    if (recorded) return why;
    // Another call took the parked request further in the meantime: what became of it is that call's to record.
    if (it.resumes && recorded.error().code() == ErrorCode::conflict) return why;
    return unrecorded(recorded.error(), why);
}

Bytes Engine::Parts::encoded_attestation(const Case& it) {
    return it.attestation ? attestation::encode_record(*it.attestation) : Bytes{};
}

Error Engine::Parts::unrecorded(const Error& problem, const Error& why) {
    const auto code = is_busy(problem.code()) ? problem.code() : ErrorCode::storage;
    return fail(code, "the refusal could not be recorded",
                gate.close(problem).describe() + "; refused because: " + why.describe());
}

Error Engine::Parts::denied_by(const policy::Deny& deny) {
    std::string reasons;
    for (const auto& reason : deny.reasons) reasons += (reasons.empty() ? "" : "; ") + reason;
    return fail(ErrorCode::denied, std::move(reasons));
}

Error Engine::Parts::postpone(const Case& it) {
    const Error why = fail(ErrorCode::unavailable, "the signer is not available; nothing was issued");
    return it.resumes ? why : refuse(it, why);
}

void Engine::Parts::refuse_input(const policy::Principal& principal, policy::Channel channel, std::string_view peer,
                                 std::string_view profile, ByteView input, const Error& why) {
    const UtcTime now = clock.now();
    Refusal refusal{.request = request_ids.next(now, random),
                    .received_at = now,
                    .principal = policy::describe(principal),
                    .channel = std::string{policy::channel_name(channel)},
                    .peer = std::string{peer},
                    .profile = std::string{profile.substr(0, 256)},
                    .proof = kept(input),
                    .code = why.code(),
                    .reason = why.public_detail(),
                    .resumes_request = false,
                    .from = {},
                    .attestation = {},
                    .now = now};
    log.info("issuance", "input of " + refusal.principal + " refused: " + why.describe());
    if (!gate.open()) return;
    Events record;
    record.push_back(events.input_refused(refusal, input));
    if (auto recorded = store.refuse(std::move(refusal), std::move(record)); !recorded) {
        const Error problem = gate.close(recorded.error());
        log.error("issuance", "a refused input could not be recorded: " + problem.describe());
    }
}

Error Engine::Parts::deny_access(const policy::Principal& principal, std::string_view action, std::string_view object,
                                 Error why) {
    const UtcTime now = clock.now();
    Events record;
    record.push_back(events.access_denied(principal, action, object, now));
    log.warning("issuance",
                policy::describe(principal) + " may not " + std::string{action} + " " + std::string{object});
    auto recorded = store.record(std::move(record), now);
    if (recorded) return why;
    return unrecorded(recorded.error(), why);
}

}  // namespace sealwright::issuance
