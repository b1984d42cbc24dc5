// pipeline.hpp: what happens to a request that is inside its limits: its intent is journaled, together with all that
// wait, made durable, and only then is a token asked. Sockets are not known here.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "hsm/signer_process/journal.hpp"
#include "hsm/signer_process/locations.hpp"
#include "hsm/signer_process/refusal_log.hpp"
#include "hsm/signer_process/requester.hpp"

namespace sealwright::hsm::signer_process {

// SignTask is one checked request. Either the whole message is here, or its digest by the algorithm.
struct SignTask {
    std::shared_ptr<Requester> requester;
    std::uint64_t number = 0;
    IntentRecord intent;
    Bytes message;
    Bytes digest;
    std::chrono::steady_clock::time_point deadline;
};

// DecryptTask is one checked request to decrypt, as token processes have it (append_decrypt_request).
struct DecryptTask {
    std::shared_ptr<Requester> requester;
    std::uint64_t number = 0;
    KeyId key;
    Bytes request;
    std::chrono::steady_clock::time_point deadline;
};

// Pipeline: thread-safe.
class Pipeline {
public:
    struct Options {
        std::size_t max_outstanding = 1024;
    };

    // on_fence is called on the journal's thread when a fence has become durable, before it is answered.
    using OnFence = std::function<void(const NodeId&, BootEpoch)>;

    // locations is started by whoever made it, with journal_proofs below, and stopped by stop.
    Pipeline(std::unique_ptr<Journal> journal, Locations& locations, const Options& options, Log& log,
             OnFence on_fence);
    ~Pipeline();
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    // Each answers through the requester, once. Tasks that came together share a commit.
    void sign(std::vector<SignTask> tasks);
    void decrypt(DecryptTask task);
    void fence(std::shared_ptr<Requester> requester, std::uint64_t number, const Fence& fence);
    void look_up(std::shared_ptr<Requester> requester, std::uint64_t number, const NodeId& node,
                 const LookUp& question);

    // journal_proofs makes the records durable and calls done, on the journal's thread.
    void journal_proofs(std::vector<ProofRecord> proofs, Locations::DoneJournaling done);

    // spare says for how long more requests for the key may gather before its token waits for them: its lanes have work
    // for twice as long, and a commit, a packet and a thread that wakes up cost as much for one request as for many.
    std::chrono::microseconds spare(const KeyId& key) const;

    // refusals is for lines that a client can cause.
    Log& refusals() noexcept { return refusals_; }

    // stop refuses what waits, lets what runs end, and makes its results durable; false when a token's process had to
    // be killed.
    bool stop();

private:
    class Job;
    class DecryptJob;
    struct FenceCall {
        std::shared_ptr<Requester> requester;
        std::uint64_t number = 0;
        Fence fence;
        std::chrono::steady_clock::time_point give_up{};
    };
    struct LookUpCall {
        std::shared_ptr<Requester> requester;
        std::uint64_t number = 0;
        NodeId node;  // who asks, whose intent it is
        LookUp question;
    };
    struct ProofCall {
        std::vector<ProofRecord> proofs;
        Locations::DoneJournaling done;
    };
    struct InFlight {
        NodeId node;
        BootEpoch epoch;
    };
    // Batch is what one commit makes durable.
    struct Batch {
        std::vector<std::shared_ptr<Job>> jobs;
        std::vector<FenceCall> fences;
        std::vector<LookUpCall> look_ups;
        std::vector<ProofCall> proofs;
        std::vector<std::shared_ptr<DecryptJob>> openings;
    };

    bool has_room(Requester& requester, std::uint64_t number);
    void run();
    Batch gather();
    void stage(Batch& batch);
    void stage_openings(Batch& batch);
    void commit(Batch& batch);
    void dispatch(Batch& batch);
    void answer_look_up(const LookUpCall& call);
    bool is_stopping() const;
    void refuse(Batch& batch, const Error& why);
    void answer_parked_fences();
    bool older_in_flight(const NodeId& node, BootEpoch epoch) const;
    void settle(const ResultRecord& result) noexcept;  // from the tokens

    std::unique_ptr<Journal> journal_;
    Locations& locations_;
    const Options options_;
    Log& log_;
    RefusalLog refusals_{log_};
    OnFence on_fence_;

    std::atomic<std::size_t> outstanding_{0};

    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    Batch inbox_;
    std::vector<ResultRecord> results_;
    bool stopping_ = false;

    // Of the journal's thread alone.
    std::unordered_map<std::uint64_t, InFlight> in_flight_;  // by the intent's sequence number
    std::vector<FenceCall> parked_;

    bool is_stopped_ = false;
    bool stopped_clean_ = true;
    std::thread thread_;
};

// error_answer shows an error's code and public detail.
ErrorAnswer error_answer(const Error& error);

}  // namespace sealwright::hsm::signer_process
