// enrolment.hpp: one request from where it stands to its end: the two rounds, with every step durable before the next
// one is taken.
#pragma once

#include "base/clock.hpp"
#include "device/server.hpp"
#include "device/state.hpp"

namespace sealwright::device {

// Outcome is a certificate that is installed, or the request that waits.
struct Outcome {
    std::optional<Identity> issued;
    Occasion occasion = Occasion::enroll;
    std::string request;
    std::uint64_t approvals_needed = 0;
    std::chrono::seconds retry_after{5};
};

class Enrolment {
public:
    // All must outlive the enrolment. roots is what the server was verified with; it is kept beside the certificate.
    struct Parts {
        const tpm::Tpm& tpm;
        State& state;
        Server& server;
        const Clock& clock;
        std::filesystem::path roots;
    };
    Enrolment(Parts parts, Pending pending) : parts_(std::move(parts)), pending_(std::move(pending)) {}

    // run goes on from the pending request's stage. After a failure the state says where the next run begins: at the
    // first round where the CA refused, at the same step where nothing is known or nobody answered.
    Result<Outcome> run();

private:
    Result<Outcome> take_round();
    Result<void> check_keys();
    Result<void> open();
    Result<Reply> answer();
    Result<Reply> answer_and_settle();
    Result<Reply> ask();
    Result<Outcome> finish(const Reply& reply);
    Result<void> enter(Stage stage);
    bool challenge_is_over() const;
    Error settle_failure(const Error& error, bool has_ended);

    Parts parts_;
    Pending pending_;
    bool is_earlier_ = false;     // the request is of an earlier run, and perhaps of another credential
    bool begins_anew_ = false;    // the last round ended so that another one can get through
    std::optional<Error> ended_;  // what the last request ended with, where the CA said so
};

// Fate is what becomes of a request after a failure.
enum class Fate {
    kept,  // nothing is known to have changed: the next run takes the same step
    over,  // the CA has refused: the next run makes another request
    anew,  // over, but not for a fault of this device: this run makes another request at once
};
struct Failure {
    ErrorCode code;
    bool has_ended;   // the CA said so (End)
    bool is_earlier;  // the request is of an earlier run
};
Fate fate_of(const Failure& failure) noexcept;

// The errors after which nothing is known to have changed: the step can be taken again.
bool can_try_again(ErrorCode code) noexcept;

}  // namespace sealwright::device
