#include "hsm/signer_process/pipeline.hpp"

#include "base/boundary.hpp"
#include "base/secret.hpp"
#include "crypto/digest.hpp"
#include "hsm/signer_process/log_rooms.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kResultDelay{20};  // how long results wait for intents to share a commit with
constexpr std::chrono::microseconds kMostSpare{500};   // a peer that is gone is seen so much later
constexpr std::chrono::milliseconds kParkedInterval{1};
constexpr std::chrono::milliseconds kRetryInterval{250};  // of results, while the journal cannot be written
constexpr std::chrono::seconds kFencePatience{5};         // for signatures of older epochs that the token is making
constexpr std::chrono::seconds kCountInterval{10};        // of counts that are to be journaled, when nobody asks
constexpr std::chrono::seconds kStopPatience{5};

Error no_more() { return fail(ErrorCode::denied, "the connection or the boot epoch of this request is no more"); }

}  // namespace

ErrorAnswer error_answer(const Error& error) { return ErrorAnswer{error.code(), error.public_detail()}; }

// Job is one task on its way through journal and token.
class Pipeline::Job final : public TokenTask {
public:
    Job(Pipeline& pipeline, SignTask task) : TokenTask(task.deadline), pipeline_(pipeline), task_(std::move(task)) {}
    ~Job() override { --pipeline_.outstanding_; }

    const SignTask& task() const noexcept { return task_; }
    void set_sequence(std::uint64_t sequence) noexcept { sequence_ = sequence; }

    const KeyId& key() const noexcept override { return task_.intent.key; }
    const crypto::SignatureAlgorithm& algorithm() const noexcept override { return task_.intent.algorithm; }
    ByteView octets() const noexcept override {
        return kind() == Kind::digest ? ByteView{task_.digest} : ByteView{task_.message};
    }
    Kind kind() const noexcept override { return task_.digest.empty() ? Kind::message : Kind::digest; }
    bool is_wanted() const noexcept override { return task_.requester->stands(); }

    void succeed(Bytes signature) noexcept override {
        at_boundary(boundary::kSignerSigned);
        settle(Outcome::signed_, ErrorCode::internal, crypto::sha256(signature));
        answer(SignatureAnswer{signature});
        AnswersTogether::passing(boundary::kSignerAnswered);
    }

    void refuse(const Error& why) noexcept override {
        if (sequence_ != 0) settle(Outcome::failed, why.code(), {});
        tell_log(why);
        answer(error_answer(why));
    }

    void lose_sight(const Error& why) noexcept override {
        settle(Outcome::unknown, why.code(), {});
        tell_log(why);
        answer(error_answer(why));
    }

private:
    // What was never journaled, or nobody wants any more, is told of where it was refused.
    void tell_log(const Error& why) const noexcept {
        if (sequence_ == 0 || why.code() == ErrorCode::denied) return;
        pipeline_.refusals_.error(kSignerRoom, "intent " + task_.intent.intent.hex() + ": " + why.describe());
    }
    void settle(Outcome outcome, ErrorCode error, const Sha256& signature) noexcept {
        pipeline_.settle(ResultRecord{sequence_, task_.intent.intent, outcome, error, signature});
    }
    void answer(const ServerMessage& message) noexcept { task_.requester->answer(task_.number, message); }

    Pipeline& pipeline_;
    const SignTask task_;
    std::uint64_t sequence_ = 0;  // 0: not journaled
};

// DecryptJob is counted by the journal, and does not wait for it.
class Pipeline::DecryptJob final : public TokenTask {
public:
    DecryptJob(Pipeline& pipeline, DecryptTask task)
        : TokenTask(task.deadline), pipeline_(pipeline), task_(std::move(task)) {}
    ~DecryptJob() override { --pipeline_.outstanding_; }

    const KeyId& key() const noexcept override { return task_.key; }
    const crypto::SignatureAlgorithm& algorithm() const noexcept override { return no_algorithm_; }
    ByteView octets() const noexcept override { return task_.request; }
    Kind kind() const noexcept override { return Kind::decrypt; }
    bool is_wanted() const noexcept override { return task_.requester->stands(); }
    void succeed(Bytes secret) noexcept override {
        task_.requester->answer(task_.number, SecretAnswer{secret});
        zeroise(secret.data(), secret.size());
    }
    void refuse(const Error& why) noexcept override { task_.requester->answer(task_.number, error_answer(why)); }
    void lose_sight(const Error& why) noexcept override { refuse(why); }

private:
    Pipeline& pipeline_;
    const DecryptTask task_;
    const crypto::SignatureAlgorithm no_algorithm_{};
};

Pipeline::Pipeline(std::unique_ptr<Journal> journal, Locations& locations, const Options& options, Log& log,
                   OnFence on_fence)
    : journal_(std::move(journal)),
      locations_(locations),
      options_(options),
      log_(log),
      on_fence_(std::move(on_fence)) {
    thread_ = std::thread{[this] { run(); }};
}

Pipeline::~Pipeline() { stop(); }

// has_room counts one more request; it is refused where there are too many.
bool Pipeline::has_room(Requester& requester, std::uint64_t number) {
    if (outstanding_.fetch_add(1) < options_.max_outstanding) return true;
    --outstanding_;
    requester.answer(number, error_answer(fail(ErrorCode::overloaded, "too many signatures are outstanding")));
    return false;
}

void Pipeline::decrypt(DecryptTask task) {
    if (!has_room(*task.requester, task.number)) return;
    auto job = std::make_shared<DecryptJob>(*this, std::move(task));
    {
        const std::scoped_lock lock{mutex_};
        if (!stopping_) inbox_.openings.push_back(std::exchange(job, nullptr));
    }
    arrived_.notify_one();
    if (job) job->refuse(fail(ErrorCode::unavailable, "the signer is stopping"));
}

void Pipeline::sign(std::vector<SignTask> tasks) {
    std::vector<std::shared_ptr<Job>> jobs;
    jobs.reserve(tasks.size());
    for (SignTask& task : tasks) {
        if (has_room(*task.requester, task.number)) jobs.push_back(std::make_shared<Job>(*this, std::move(task)));
    }
    {
        const std::scoped_lock lock{mutex_};
        if (!stopping_) {
            inbox_.jobs.insert(inbox_.jobs.end(), std::make_move_iterator(jobs.begin()),
                               std::make_move_iterator(jobs.end()));
            jobs.clear();
        }
    }
    arrived_.notify_one();
    for (const auto& job : jobs) job->refuse(fail(ErrorCode::unavailable, "the signer is stopping"));
}

std::chrono::microseconds Pipeline::spare(const KeyId& key) const {
    return std::min(locations_.backlog(key) / 2, kMostSpare);
}

void Pipeline::fence(std::shared_ptr<Requester> requester, std::uint64_t number, const Fence& fence) {
    {
        const std::scoped_lock lock{mutex_};
        inbox_.fences.push_back({std::move(requester), number, fence, {}});
    }
    arrived_.notify_one();
}

void Pipeline::look_up(std::shared_ptr<Requester> requester, std::uint64_t number, const NodeId& node,
                       const LookUp& question) {
    {
        const std::scoped_lock lock{mutex_};
        inbox_.look_ups.push_back({std::move(requester), number, node, question});
    }
    arrived_.notify_one();
}

void Pipeline::journal_proofs(std::vector<ProofRecord> proofs, Locations::DoneJournaling done) {
    {
        const std::scoped_lock lock{mutex_};
        if (!stopping_) inbox_.proofs.push_back({std::move(proofs), std::move(done)});
    }
    arrived_.notify_one();
}

// settle does not wake the journal's thread: a result shares the next commit, or waits a moment for one.
void Pipeline::settle(const ResultRecord& result) noexcept {
    const std::scoped_lock lock{mutex_};
    results_.push_back(result);
}

bool Pipeline::older_in_flight(const NodeId& node, BootEpoch epoch) const {
    return std::any_of(in_flight_.begin(), in_flight_.end(),
                       [&](const auto& entry) { return entry.second.node == node && entry.second.epoch < epoch; });
}

// gather waits for work and takes all of it; results are staged on the way.
Pipeline::Batch Pipeline::gather() {
    std::unique_lock lock{mutex_};
    const auto has_requests = [&] {
        return stopping_ || !inbox_.jobs.empty() || !inbox_.fences.empty() || !inbox_.look_ups.empty() ||
               !inbox_.proofs.empty() || !inbox_.openings.empty();
    };
    if (!parked_.empty()) {
        arrived_.wait_for(lock, kParkedInterval, has_requests);
    } else if (!journal_->healthy()) {
        arrived_.wait_for(lock, kRetryInterval, has_requests);
    } else if (!in_flight_.empty() || !results_.empty()) {
        arrived_.wait_for(lock, kResultDelay, has_requests);
    } else if (journal_->has_openings()) {
        arrived_.wait_for(lock, kCountInterval, has_requests);
    } else {
        arrived_.wait(lock, has_requests);
    }
    Batch batch = std::move(inbox_);
    inbox_ = {};
    std::vector<ResultRecord> results;
    results.swap(results_);
    lock.unlock();
    for (const ResultRecord& result : results) {
        in_flight_.erase(result.intent_sequence);
        journal_->stage(result);
    }
    return batch;
}

// stage holds each request against what the journal knows; refused ones are answered here and leave the batch.
void Pipeline::stage(Batch& batch) {
    // Fences first: a client may send requests right behind its fence, and all of it may be in one batch.
    std::erase_if(batch.fences, [&](const FenceCall& call) {
        auto staged = journal_->stage(FenceRecord{call.fence.node, call.fence.epoch});
        if (staged) return false;
        refusals_.warning(kSignerRoom, "refused the boot " + std::to_string(call.fence.epoch.value()) + " of node " +
                                           call.fence.node.hex() + ": " + staged.error().describe());
        call.requester->answer(call.number, error_answer(staged.error()));
        return true;
    });
    std::erase_if(batch.proofs, [&](const ProofCall& call) {
        for (const ProofRecord& proof : call.proofs) {
            if (auto staged = journal_->stage(proof); !staged) {
                call.done(staged);
                return true;
            }
        }
        return false;
    });
    stage_openings(batch);
    std::erase_if(batch.jobs, [&](const std::shared_ptr<Job>& job) {
        if (!job->task().requester->stands()) {
            job->refuse(no_more());  // nothing was journaled
            return true;
        }
        auto staged = journal_->stage(job->task().intent);
        if (staged) return false;
        refusals_.warning(kSignerRoom,
                          "refused intent " + job->task().intent.intent.hex() + ": " + staged.error().describe());
        job->refuse(staged.error());
        return true;
    });
}

// stage_openings counts what is to be decrypted and hands it to the tokens at once: nothing of it need be durable
// before.
void Pipeline::stage_openings(Batch& batch) {
    std::vector<std::shared_ptr<TokenTask>> tasks;
    for (auto& job : std::exchange(batch.openings, {})) {
        if (auto noted = journal_->note_opening(job->key()); !noted) {
            refusals_.warning(kSignerRoom, "refused to decrypt: " + noted.error().describe());
            job->refuse(noted.error());
            continue;
        }
        tasks.push_back(std::move(job));
    }
    if (!tasks.empty()) locations_.submit(std::move(tasks));
    journal_->stage_openings(false);
}

void Pipeline::refuse(Batch& batch, const Error& why) {
    for (const auto& job : std::exchange(batch.openings, {})) job->refuse(why);
    for (const auto& job : batch.jobs) job->refuse(why);
    for (const FenceCall& call : batch.fences) call.requester->answer(call.number, error_answer(why));
    for (const ProofCall& call : batch.proofs) call.done(why);
    batch.jobs.clear();
    batch.fences.clear();
    batch.proofs.clear();
    if (!is_stopping()) return;
    for (const LookUpCall& call : batch.look_ups) call.requester->answer(call.number, error_answer(why));
}

void Pipeline::dispatch(Batch& batch) {
    for (FenceCall& call : batch.fences) {
        on_fence_(call.fence.node, call.fence.epoch);
        call.give_up = SteadyClock::now() + kFencePatience;
        parked_.push_back(std::move(call));
    }
    if (!batch.fences.empty()) locations_.drop_unwanted();
    for (const ProofCall& call : batch.proofs) call.done(success());
    if (batch.jobs.empty()) return;
    at_boundary(boundary::kSignerJournaled);
    std::vector<std::shared_ptr<TokenTask>> tasks;
    tasks.reserve(batch.jobs.size());
    for (auto& job : batch.jobs) tasks.push_back(std::move(job));
    locations_.submit(std::move(tasks));
}

// answer_parked_fences: a fence is answered when no signature of an older epoch is under way, so that look_up is
// conclusive behind it.
void Pipeline::answer_parked_fences() {
    const auto now = SteadyClock::now();
    std::erase_if(parked_, [&](const FenceCall& call) {
        const bool is_waiting = older_in_flight(call.fence.node, call.fence.epoch);
        if (is_waiting && now < call.give_up) return false;
        if (is_waiting)
            log_.warning(kSignerRoom,
                         "a signature of an older epoch is still under way behind the fence; its intent stays open");
        call.requester->answer(call.number, Done{});
        return true;
    });
}

void Pipeline::run() {
    for (;;) {
        Batch batch = gather();
        const AnswersTogether together;
        if (is_stopping()) return refuse(batch, fail(ErrorCode::unavailable, "the signer is stopping"));
        stage(batch);
        if (journal_->has_staged()) commit(batch);
        dispatch(batch);
        answer_parked_fences();
        for (const LookUpCall& call : batch.look_ups) answer_look_up(call);
    }
}

bool Pipeline::is_stopping() const {
    const std::scoped_lock lock{mutex_};
    return stopping_;
}

void Pipeline::commit(Batch& batch) {
    const auto first = journal_->commit();
    if (!first) return refuse(batch, first.error());
    for (std::size_t i = 0; i < batch.jobs.size(); ++i) {
        const std::uint64_t sequence = first.value() + i;
        batch.jobs[i]->set_sequence(sequence);
        const IntentRecord& intent = batch.jobs[i]->task().intent;
        in_flight_.emplace(sequence, InFlight{intent.node, intent.epoch});
    }
}

void Pipeline::answer_look_up(const LookUpCall& call) {
    auto state = journal_->look_up(call.question.intent);
    if (state && state.value() == JournalState::never_seen && !journal_->has_seen(call.node, call.question.epoch))
        state = JournalState::may_have_signed;
    if (state) {
        call.requester->answer(call.number, JournalStateAnswer{state.value()});
    } else {
        call.requester->answer(call.number, error_answer(state.error()));
    }
}

bool Pipeline::stop() {
    {
        const std::scoped_lock lock{mutex_};
        if (is_stopped_) return stopped_clean_;
        is_stopped_ = stopping_ = true;
    }
    arrived_.notify_all();
    thread_.join();
    stopped_clean_ = locations_.stop(kStopPatience);
    // The tokens are quiet: the journal is ours now. What was gathered last was never journaled.
    Batch rest = gather();
    refuse(rest, fail(ErrorCode::unavailable, "the signer is stopping"));
    journal_->stage_openings(true);
    if (journal_->has_staged()) {
        if (auto committed = journal_->commit(); !committed)
            log_.error(kSignerRoom, "the last results are not in the journal: " + committed.error().describe());
    }
    return stopped_clean_;
}

}  // namespace sealwright::hsm::signer_process
