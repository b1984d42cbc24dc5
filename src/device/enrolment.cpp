#include "device/enrolment.hpp"

#include <chrono>
#include <thread>

#include "base/boundary.hpp"
#include "cli/exit_code.hpp"
#include "device/moments.hpp"

namespace sealwright::device {
namespace {

constexpr int kRounds = 2;       // a challenge that is over is asked for anew once
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

// answer_and_settle answers, and asks what became of it where that is not known: the answer was lost on the way, or a
// run before this one had answered.
Result<Reply> Enrolment::answer_and_settle() {
    auto reply = answer();
    if (reply || (reply.error().code() != ErrorCode::conflict && reply.error().code() != ErrorCode::indeterminate))
        return reply;
    for (int attempt = 1;; ++attempt) {
        auto asked = ask();
        if (asked || attempt == kLostAnswers || !can_try_again(asked.error().code())) {
            // Whoever still does not know must be told so, and not that there is no network.
            if (!asked && asked.error().code() == ErrorCode::unavailable) return reply;
            return asked;
        }
        std::this_thread::sleep_for(kPause);
    }
}

Result<Outcome> Enrolment::finish(const Reply& reply) {
    Outcome outcome;
    outcome.request = pending_.request();
    if (!reply.issued) {
        SEALWRIGHT_TRY(enter(Stage::waiting));
        outcome.approvals_needed = reply.approvals_needed;
        outcome.retry_after = reply.retry_after;
        return outcome;
    }
    SEALWRIGHT_TRY(outcome.issued, parts_.state.install(pending_, reply.chain, parts_.roots));
    return outcome;
}

// start_over_after keeps the keys and gives the request up, where the CA's word was its last.
Error Enrolment::start_over_after(const Error& error) {
    if (can_try_again(error.code())) return error;
    const auto saved = enter(Stage::prepared);
    return saved ? error : saved.error();
}

Result<Outcome> Enrolment::take_round() {
    if (pending_.stage == Stage::waiting || (pending_.stage == Stage::answering && challenge_is_over())) {
        const auto reply = ask();
        if (reply) return finish(reply.value());
        if (pending_.stage == Stage::waiting || can_try_again(reply.error().code()) ||
            reply.error().code() == ErrorCode::denied)
            return start_over_after(reply.error());
        SEALWRIGHT_TRY(enter(Stage::prepared));
    }
    if (pending_.stage != Stage::prepared && challenge_is_over()) {
        SEALWRIGHT_TRY(enter(Stage::prepared));
    }
    if (pending_.stage == Stage::prepared) {
        if (auto opened = open(); !opened) return start_over_after(opened.error());
    }
    const auto reply = answer_and_settle();
    if (!reply) return start_over_after(reply.error());
    return finish(reply.value());
}

Result<Outcome> Enrolment::run() {
    for (int round = 1;; ++round) {
        auto outcome = take_round();
        const bool is_over =
            !outcome && outcome.error().code() == ErrorCode::expired && pending_.stage == Stage::prepared;
        if (is_over && round < kRounds) continue;
        // A renewal that was refused is made anew when the next one is due; an enrolment keeps its keys.
        if (!outcome && pending_.stage == Stage::prepared && pending_.occasion == Occasion::renew) {
            SEALWRIGHT_TRY(parts_.state.drop_pending());
        }
        return outcome;
    }
}

}  // namespace sealwright::device
