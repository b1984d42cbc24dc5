// Settlement: the end of intents that did not become certificates, at once when the signer fails, or after a crash or a
// lost lease.
#include "issuance/engine_parts.hpp"

namespace sealwright::issuance {
namespace {

std::string_view journal_word(hsm::JournalState state) noexcept {
    switch (state) {
        case hsm::JournalState::never_seen:
            return "journal: never seen";
        case hsm::JournalState::may_have_signed:
            return "journal: may have signed";
        case hsm::JournalState::signed_:
            return "journal: signed";
        case hsm::JournalState::failed:
            return "journal: failed";
    }
    return "journal: unknown";
}

// answer_for is what the requester learns of a signing failure.
Error answer_for(const SigningFailure& failure) {
    if (failure.settlement == Settlement::indeterminate) {
        return fail(ErrorCode::indeterminate,
                    "it is not known whether the certificate was signed; its serial number is revoked",
                    failure.why.describe());
    }
    switch (failure.why.code()) {
        case ErrorCode::denied:
            return fail(ErrorCode::denied, "the signer's limits do not allow this certificate", failure.why.describe());
        case ErrorCode::unavailable:
        case ErrorCode::overloaded:
        case ErrorCode::token:
        case ErrorCode::storage:
        case ErrorCode::clock:
            return fail(ErrorCode::unavailable, "the signer is not available; nothing was issued",
                        failure.why.describe());
        default:
            return fail(ErrorCode::internal, "the certificate could not be signed; nothing was issued",
                        failure.why.describe());
    }
}

}  // namespace

Error Engine::Parts::settle_failure(const OpenIntent& intent, const SigningFailure& failure) {
    const Error answer = answer_for(failure);
    const bool lied = failure.why.code() == ErrorCode::invalid_signature;
    const std::string what =
        "certificate " + intent.serial.hex() + " (intent " + intent.id.hex() + "): " + failure.why.describe();
    if (lied) {
        log.error("security", "the signer's answer is not a signature over what was asked; nothing left. " + what);
    } else {
        log.warning("issuance", "no signature. " + what);
    }

    const UtcTime now = clock.now();
    Events record;
    record.push_back(
        events.settled(intent, failure.settlement, "signer: " + std::string{error_code_name(failure.why.code())}, now));
    auto settled = store.settle(intent.id, failure.settlement, now, std::move(record));
    if (settled) return answer;

    log.error("issuance", "intent " + intent.id.hex() + " could not be settled: " + settled.error().describe());
    if (failure.settlement == Settlement::abandoned) {
        const std::lock_guard lock{unsigned_mutex};
        surely_unsigned.insert(intent.id);
    }
    // Whatever the record says later, this request got no certificate.
    (void)gate.close(settled.error());
    return answer;
}

Result<Settlement> Engine::Parts::judge(const OpenIntent& intent, hsm::SignerJournal& journal, std::string& why) {
    {
        const std::lock_guard lock{unsigned_mutex};
        if (surely_unsigned.contains(intent.id)) {
            why = "signer: surely not signed";
            return Settlement::abandoned;
        }
    }
    SEALWRIGHT_TRY(const auto state, journal.look_up(intent.id, intent.node.epoch));
    why = journal_word(state);
    if (state == hsm::JournalState::failed) return Settlement::abandoned;
    if (state != hsm::JournalState::never_seen) return Settlement::indeterminate;
    // "Never seen" is only final behind the fence, which stands before this node's older boots and nothing else: an
    // intent of this boot, or of another node, may still be in a queue.
    const bool fenced = intent.node.id == options.node.id && intent.node.epoch < options.node.epoch;
    if (fenced) return Settlement::abandoned;
    why += ", not fenced";
    return Settlement::indeterminate;
}

Result<Engine::Settled> Engine::Parts::settle_open_intents(hsm::SignerJournal& journal) {
    Settled count;
    SEALWRIGHT_TRY(const auto open, store.open_intents(options.node, clock.now()));
    for (const auto& intent : open) {
        std::string why;
        SEALWRIGHT_TRY(const auto settlement, judge(intent, journal, why));
        const UtcTime now = clock.now();
        Events record;
        record.push_back(events.settled(intent, settlement, why, now));
        auto settled = store.settle(intent.id, settlement, now, std::move(record));
        if (!settled) {
            // A completion or another settlement came first.
            if (settled.error().code() == ErrorCode::conflict) continue;
            return gate.close(settled.error());
        }
        log.warning("issuance", "intent " + intent.id.hex() + " of epoch " + std::to_string(intent.node.epoch.value()) +
                                    " is settled (" + why + "); certificate " + intent.serial.hex() +
                                    (settlement == Settlement::abandoned ? " does not exist" : " is revoked"));
        ++(settlement == Settlement::abandoned ? count.abandoned : count.indeterminate);
        const std::lock_guard lock{unsigned_mutex};
        surely_unsigned.erase(intent.id);
    }
    return count;
}

}  // namespace sealwright::issuance
