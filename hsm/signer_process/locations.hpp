// locations.hpp: the tokens of the signer, as one, and the life of their processes: started, proved, drained, lost and
// started again while the others go on. A token whose process hangs, crashes, is poisoned or loses its device is ended.
// What is to be signed waits in one queue (task_queue.hpp) for the first token in order that holds the key and has
// room; what a token was surely not asked for waits there for its next chance, what it may have signed is never asked
// again.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "hsm/signer_process/control.hpp"
#include "hsm/signer_process/journal_record.hpp"
#include "hsm/signer_process/location.hpp"
#include "hsm/signer_process/task_queue.hpp"

namespace sealwright::hsm::signer_process {

class ProofTask;

// Locations: thread-safe.
class Locations {
public:
    struct Options {
        std::size_t max_waiting = 1024;
    };
    // Journal makes records durable and then calls done, on any thread. A proof is a signature too.
    using DoneJournaling = std::function<void(const Result<void>&)>;
    using JournalProofs = std::function<void(std::vector<ProofRecord>, DoneJournaling)>;

    // control is the socket to the supervisor; configuration and log outlive this.
    Locations(const Configuration& configuration, Descriptor control, const Options& options, Log& log);
    ~Locations();
    Locations(const Locations&) = delete;
    Locations& operator=(const Locations&) = delete;

    // KnowKey is told the public half of each key of a token that comes up, each time it does, under the lock: it calls
    // nothing of this.
    using KnowKey = std::function<void(const crypto::PublicKey&)>;

    // start brings every token up and waits until each is up or has failed once, but not for one that says nothing (a
    // network that swallows) once other tokens serve every key, and for no longer than some seconds where they do not.
    // What may come by itself (a device that is away or silent, a service that has not started, a process that ended)
    // is waited for behind this, and its keys are unavailable until then. A configured key that no token serves nor may
    // yet is the error of the token that should: not_found, denied (a refused PIN), config, token.
    Result<void> start(JournalProofs journal_proofs, KnowKey know_key);
    // tell_ready lets the supervisor know that clients are served.
    void tell_ready();

    // submit puts tasks into the queue, in order; those that do not fit are refused as overloaded, those whose key no
    // token can serve as unavailable.
    void submit(std::vector<std::shared_ptr<TokenTask>> tasks);
    // signs_digests: no token is known that holds the key and cannot be given a digest in place of a message, for every
    // algorithm of the key. A digest is never given to one that cannot, also if it comes up later.
    bool signs_digests(const KeyId& key) const;
    // drop_unwanted calls back what was handed to a token, is not begun, and nobody waits for any more.
    void drop_unwanted();
    // backlog says how long the lanes of the token that serves the key have work beyond what is in them.
    std::chrono::microseconds backlog(const KeyId& key) const;

    // stop refuses what waits, lets what runs end, for at most patience, and ends the token processes in order; false
    // when one had to be killed that may have held somebody's request.
    bool stop(std::chrono::milliseconds patience);

private:
    using Endings = TaskQueue::Endings;
    using Lock = std::unique_lock<std::mutex>;
    using ProofTasks = std::vector<std::shared_ptr<ProofTask>>;

    struct Reader {
        std::uint8_t number;  // of its location
        std::thread thread;
        std::shared_ptr<std::atomic<bool>> ended;
    };

    // Called with the lock held.
    bool is_served(const KeyId& key) const;
    bool may_serve(const Location& location, const KeyLimits& limits) const;
    bool is_waited_for(const Location& location, const KeyLimits& limits) const;
    Error why_unserved(const KeyLimits& limits) const;
    void tell_who_is_waited_for() const;
    bool is_starting(const Location& location) const;
    bool is_start_settled(SteadyTime begun, SteadyTime now) const;
    void set_state(Location& location, LocationState state);
    Result<void> rank_keys(Location& location, const std::string& serial);
    void see_it_end(Location& location, SteadyTime now);
    void take_results(Location& location, const TokenResults& results, Endings& endings);
    void take_result(Location& location, const TokenResult& result, Endings& endings);
    void count_failure(Location& location);
    void take_ready(Location& location, const TokenReady& ready, Endings& endings);
    void take_refusal(Location& location, const TokenRefusal& refusal);
    void leave_alone(Location& location, const Error& why);
    Result<std::shared_ptr<ProofTask>> proof_of(const Location& location, const KeyLimits& limits,
                                                const std::string& serial);
    void journal_and_ask(const Location& location, ProofTasks tasks, Endings& endings);
    void ask_proofs(Location& location);
    void come_up(Location& location, Endings& endings);
    void fail_start(Location& location, const Error& why, Outlook outlook = Outlook::may_heal);
    void drain(Location& location, const Error& why);
    void lose(Location& location, Endings& endings);
    void take_notice(const ControlNotice& notice, std::vector<Descriptor>& descriptors, Endings& endings);
    void begin_life(Location& location, std::uint32_t pid, std::vector<Descriptor>& descriptors);
    void look_after(Location& location, SteadyTime now);
    void ask(const ControlRequest& request);
    void reap_readers();
    void kill_to_stop(const Location& location);
    std::chrono::milliseconds next_look() const;

    // Without it.
    void manage();
    void read_token(std::uint8_t number, std::uint64_t life, std::shared_ptr<TokenConnection> connection);
    Result<void> take_packet(std::uint8_t number, std::uint64_t life, ByteView packet);
    void proofs_journaled(std::uint8_t number, std::uint64_t life, const ProofTasks& tasks,
                          const Result<void>& journaled);
    void proved(std::uint8_t number, std::uint64_t life, const std::string& key, const Result<void>& proof,
                std::shared_ptr<ProofTask> another);
    static void tell(Endings& endings);

    const Configuration& configuration_;
    Log& log_;
    Descriptor control_;
    JournalProofs journal_proofs_;
    KnowKey know_key_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Location> locations_;
    TaskQueue queue_;
    std::map<KeyId, crypto::PublicKey> keys_;
    std::list<Reader> readers_;
    bool is_stopping_ = false;
    bool was_killed_ = false;
    std::thread manager_;
};

}  // namespace sealwright::hsm::signer_process
