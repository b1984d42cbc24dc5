#include "device/enrolment.hpp"

#include <chrono>
#include <thread>

#include "base/boundary.hpp"
#include "cli/exit_code.hpp"
#include "device/moments.hpp"

namespace sealwright::device {
namespace {

constexpr int kRounds = 2;       // a request that is over, not for a fault of ours, is made anew once
constexpr int kLostAnswers = 4;  // how often a run asks after an answer that was lost
constexpr std::chrono::seconds kPause{1};

}  // namespace

bool can_try_again(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::unavailable:
        case ErrorCode::overloaded:
        case ErrorCode::timed_out:
        case ErrorCode::indeterminate:
        case ErrorCode::unauthenticated:
        case ErrorCode::storage:
        case ErrorCode::token:
        case ErrorCode::clock:
        case ErrorCode::io:
        case ErrorCode::internal:
        case ErrorCode::config:
            return true;
        default:
            return false;
    }
}

Fate fate_of(const Failure& failure) noexcept {
    if (failure.code == ErrorCode::expired) return Fate::anew;
    if (can_try_again(failure.code)) return failure.has_ended ? Fate::anew : Fate::kept;
    // A request of an earlier run that has not ended, and of which the CA says nothing: it was made with another
    // credential, which is gone.
    if (failure.code == ErrorCode::denied && failure.is_earlier && !failure.has_ended) return Fate::anew;
    return Fate::over;
}

Result<void> Enrolment::enter(Stage stage) {
    pending_.stage = stage;
    if (stage == Stage::prepared) pending_.challenge.reset();
    return parts_.state.save(pending_);
}

bool Enrolment::challenge_is_over() const { return parts_.clock.now() >= pending_.challenge->expires_at; }

// check_keys makes keys anew that this TPM does not know any more: it was cleared or replaced since. A renewal rests on
// its keys, an enrolment does not.
Result<void> Enrolment::check_keys() {
    const auto ak = parts_.tpm.check_ak(pending_.ek, pending_.ak);
    if (!ak && ak.error().code() != ErrorCode::invalid_signature) return ak;
    if (!ak) {
        SEALWRIGHT_TRY(pending_.ak, parts_.tpm.create_ak(pending_.ek, pending_.ak_kind));
        SEALWRIGHT_TRY(parts_.state.save(pending_));
    }
    const auto key = parts_.tpm.check_key(pending_.key);
    if (key || key.error().code() != ErrorCode::invalid_signature || pending_.occasion == Occasion::renew) return key;
    SEALWRIGHT_TRY(pending_.key, parts_.tpm.create_key(pending_.key_kind));
    return parts_.state.save(pending_);
}

// open is the first round.
Result<void> Enrolment::open() {
    SEALWRIGHT_TRY(check_keys());
    SEALWRIGHT_TRY(const auto endorsement, parts_.tpm.find_endorsement({pending_.ek}));
    SEALWRIGHT_TRY(pending_.challenge, parts_.server.begin({pending_.profile, endorsement, pending_.ak}));
    at_boundary(moment::kOpened);
    SEALWRIGHT_TRY(enter(Stage::challenged));
    at_boundary(moment::kChallenged);
    return success();
}

// answer is the second.
Result<Reply> Enrolment::answer() {
    const Challenge& challenge = *pending_.challenge;
    SEALWRIGHT_TRY(const auto secret, parts_.tpm.activate(pending_.ek, pending_.ak,
                                                          {challenge.credential_blob, challenge.encrypted_secret}));
    SEALWRIGHT_TRY(const auto certification,
                   parts_.tpm.certify(pending_.ek, pending_.ak, pending_.key, challenge.nonce));
    SEALWRIGHT_TRY(const auto csr, make_request(parts_.tpm, pending_.key, pending_.names));
    SEALWRIGHT_TRY(enter(Stage::answering));
    at_boundary(moment::kAnswering);
    auto reply = parts_.server.answer(challenge.request, {secret, pending_.key, certification, csr});
    at_boundary(moment::kAnswered);
    return reply;
}

Result<Reply> Enrolment::ask() { return parts_.server.ask(pending_.request()); }

// answer_and_settle answers, and asks what became of it where that is not known: the answer was lost on the way, a run
// before this one had answered, or the CA failed over it, which may have ended the request.
Result<Reply> Enrolment::answer_and_settle() {
    auto reply = answer();
    if (reply || pending_.stage != Stage::answering) return reply;
    const ErrorCode code = reply.error().code();
    const bool is_unknown = code == ErrorCode::conflict || code == ErrorCode::indeterminate;
    if (!is_unknown && !can_try_again(code) && !is_earlier_) return reply;
    for (int attempt = 1;; ++attempt) {
        auto asked = ask();
        if (asked) {
            // The answer to the answer says more than the answer to the question.
            if (asked.value().end && !is_unknown && !can_try_again(code)) asked.value().end = reply.error();
            return asked;
        }
        // Whoever still does not know must be told so, and not that there is no network.
        if (!is_unknown || asked.error().code() == ErrorCode::unavailable) {
            if (!is_unknown || attempt == kLostAnswers) return reply;
        } else if (attempt == kLostAnswers || !can_try_again(asked.error().code())) {
            return asked;
        }
        std::this_thread::sleep_for(kPause);
    }
}

Result<Outcome> Enrolment::finish(const Reply& reply) {
    Outcome outcome;
    outcome.occasion = pending_.occasion;
    outcome.request = pending_.request();
    if (!reply.issued) {
        SEALWRIGHT_TRY(enter(Stage::waiting));
        outcome.approvals_needed = reply.approvals_needed;
        outcome.retry_after = reply.retry_after;
        return outcome;
    }
    const auto chain = check_received(reply.chain, pending_.key, pending_.replaces, parts_.clock.now());
    if (!chain && chain.error().code() != ErrorCode::clock) {
        SEALWRIGHT_TRY(enter(Stage::prepared));
    }
    if (!chain) return chain.error();
    SEALWRIGHT_TRY(outcome.issued, parts_.state.install(pending_, chain.value(), parts_.roots));
    return outcome;
}

// settle_failure keeps the request or gives it up, with its keys kept, and gives what to tell.
Error Enrolment::settle_failure(const Error& error, bool has_ended) {
    const Fate fate = fate_of({error.code(), has_ended, is_earlier_});
    if (fate == Fate::kept) return error;
    if (const auto saved = enter(Stage::prepared); !saved) return saved.error();
    begins_anew_ = fate == Fate::anew;
    ended_ = has_ended ? std::optional{error} : std::nullopt;
    return error;
}

Result<Outcome> Enrolment::take_round() {
    begins_anew_ = false;
    is_earlier_ = pending_.stage != Stage::prepared;
    const auto ended = ended_;
    if (pending_.stage == Stage::waiting || (pending_.stage == Stage::answering && challenge_is_over())) {
        const auto reply = ask();
        if (reply && !reply.value().end) return finish(reply.value());
        if (reply) return settle_failure(*reply.value().end, true);
        // The CA waits for an answer that never came, and whose time is over.
        const bool is_unanswered =
            pending_.stage == Stage::answering && fate_of({reply.error().code(), false, true}) == Fate::over;
        if (!is_unanswered) return settle_failure(reply.error(), false);
    }
    if (pending_.stage != Stage::prepared && challenge_is_over()) {
        SEALWRIGHT_TRY(enter(Stage::prepared));
    }
    if (pending_.stage == Stage::prepared) {
        is_earlier_ = false;
        if (auto opened = open(); !opened) {
            const Error refusal = settle_failure(opened.error(), false);
            const bool is_secret = refusal.code() == ErrorCode::conflict || refusal.code() == ErrorCode::expired;
            return ended && is_secret && pending_.occasion == Occasion::enroll ? needs_new_secret(*ended, refusal)
                                                                               : refusal;
        }
    }
    const auto reply = answer_and_settle();
    if (!reply) return settle_failure(reply.error(), false);
    if (reply.value().end) return settle_failure(*reply.value().end, true);
    return finish(reply.value());
}

Result<Outcome> Enrolment::run() {
    for (int round = 1;; ++round) {
        auto outcome = take_round();
        if (!outcome && begins_anew_ && round < kRounds) continue;
        // A renewal that was refused is made anew when the next one is due; an enrolment keeps its keys.
        if (!outcome && pending_.stage == Stage::prepared && pending_.occasion == Occasion::renew) {
            SEALWRIGHT_TRY(parts_.state.drop_pending());
        }
        return outcome;
    }
}

}  // namespace sealwright::device
