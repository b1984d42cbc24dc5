// location.hpp: what the server knows of one token: its process, which slots of it are busy with what, and whether it
// can be trusted with more. No threads and no decisions about time: locations.hpp has those, and the lock.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "hsm/signer_process/config.hpp"
#include "hsm/signer_process/started_marks.hpp"
#include "hsm/signer_process/token_task.hpp"
#include "hsm/signer_process/token_wire.hpp"

namespace sealwright::hsm::signer_process {

using SteadyTime = std::chrono::steady_clock::time_point;

// LocationState, and what leads out of it:
//   down        a start, when its time has come
//   starting    the token process loads, logs in, tells its keys
//   proving     each key signs a challenge
//   up          takes tasks
//   draining    hangs or is poisoned: takes nothing more and is about to be ended
//   left_alone  the token refused the PIN; a person has to look
enum class LocationState { down, starting, proving, up, draining, left_alone };

// TokenConnection is one life of a token process, as the server sees it. The thread that reads it holds it too.
struct TokenConnection {
    Descriptor socket;
    StartedMarks marks;
};

class Location {
public:
    Location(std::uint8_t number, const TokenConfiguration& configuration)
        : number_(number), configuration_(configuration) {}

    std::uint8_t number() const noexcept { return number_; }
    const TokenConfiguration& configuration() const noexcept { return configuration_; }
    const std::string& name() const noexcept { return configuration_.name(); }

    // begin takes a new life: no slot is busy.
    void begin(std::shared_ptr<TokenConnection> connection, std::uint32_t pid);
    // is_gone: the process was waited for, and all that it had said is read. Before that what it was not asked for yet
    // could still reach its token.
    bool is_gone() const noexcept { return stream_ended_ && process_ended_; }
    void stream_ended() noexcept { stream_ended_ = true; }
    void process_ended(std::uint32_t pid) noexcept { process_ended_ = process_ended_ || pid == pid_; }
    bool has_ended(std::uint32_t pid) const noexcept { return pid == pid_ && process_ended_; }
    const std::shared_ptr<TokenConnection>& connection() const noexcept { return connection_; }

    // add_key: this token holds the key, and can be given digests for it or not; set_rank: and is that many tokens away
    // from being its preferred one.
    void add_key(const KeyId& key, bool signs_digests);
    void set_rank(const KeyId& key, std::size_t rank) { keys_.at(key) = rank; }
    bool serves(const KeyId& key) const { return keys_.contains(key); }
    // signs_digests: as far as this life of its process, or the one before, has said.
    bool signs_digests(const KeyId& key) const { return !without_digests_.contains(key); }
    std::optional<std::size_t> rank(const KeyId& key) const;
    // rank of a task is that of its key; nothing where the token does not hold it, or cannot do with it what the task
    // wants.
    std::optional<std::size_t> rank(const TokenTask& task) const;

    // room says how many more tasks may be assigned now: two for each lane, so that none ever waits for us; more where
    // the token signs so fast that several tasks travel in one packet, and once that is full none until half of it is
    // done, lest each answer fetches a packet of one.
    std::size_t room() const noexcept;
    bool is_idle() const noexcept { return busy_.empty(); }
    // is_refilling: there is no room for a moment, until half of what was taken is done.
    bool is_refilling() const noexcept;
    // backlog says how long the lanes have work beyond what is in them, judged by how long they took lately.
    std::chrono::microseconds backlog() const noexcept;

    // assign gives a slot, of which there must be room; flush sends what was assigned, several tasks in a packet where
    // that pays, and gives back what could not be sent.
    void assign(std::shared_ptr<TokenTask> task);
    std::vector<std::shared_ptr<TokenTask>> flush();

    // was_cancelled: the answer is to a task that was called back, as its mark says.
    bool was_cancelled(const TokenResult& result) const noexcept;
    // finish frees a slot and gives its task; nullptr when the answer fits no slot.
    std::shared_ptr<TokenTask> finish(const TokenResult& result);
    void note_duration(std::uint32_t microseconds, std::size_t tasks) noexcept;

    // cancel_unwanted calls back what nobody waits for any more and the token was not asked for yet; it is answered
    // like everything.
    void cancel_unwanted(SteadyTime now);

    // abandon gives all that is under way, oldest first, and whether the token was surely not asked for it.
    struct Abandoned {
        std::shared_ptr<TokenTask> task;
        bool surely_not_asked = false;
        bool is_hung = false;
    };
    std::vector<Abandoned> abandon();

    // watch notes since when each task is with the token; true when one is there longer than the location's bound, or
    // the process has taken nothing of what was sent for twice that.
    bool watch(SteadyTime now);
    // only_hung: what is still under way hangs, or is behind what hangs.
    bool only_hung() const;

    // Of locations.cpp.
    LocationState state = LocationState::down;
    SteadyTime since{};  // of the state
    SteadyTime heard{};  // when its process said something, or was born
    std::optional<SteadyTime> down_since;
    SteadyTime next_start{};
    SteadyTime rest_until{};
    std::chrono::milliseconds pause{0};  // before the next start
    unsigned failures = 0;               // in a row
    bool was_up = false;
    bool is_login_unclear = false;  // the last process ended with one: the next, and last, try may get an answer
    std::uint64_t life = 0;
    std::size_t unproven = 0;
    std::deque<std::shared_ptr<TokenTask>> proofs;  // that the token was not asked for yet
    Sha256 module_sha256;
    std::optional<Error> last_failure;
    Outlook outlook = Outlook::may_heal;  // of that
    SteadyTime told{};                    // when the log had it last
    std::optional<Error> refusal;         // of the PIN, told by a process that is ending

private:
    struct Slot {
        std::shared_ptr<TokenTask> task;
        std::uint64_t ticket = 0;
        std::optional<SteadyTime> asked;  // noticed
        bool is_hung = false;
    };
    std::size_t most_in_packet() const noexcept;
    std::size_t bound() const noexcept;
    std::size_t packet_size() const noexcept;
    TokenJob job_of(std::uint16_t slot, const Slot& what) const;
    bool send(const std::vector<std::uint16_t>& slots);
    bool send_attached(std::uint16_t slot);

    const std::uint8_t number_;
    const TokenConfiguration& configuration_;
    std::shared_ptr<TokenConnection> connection_;
    std::uint32_t pid_ = 0;
    bool stream_ended_ = true, process_ended_ = true;
    std::map<KeyId, std::size_t> keys_;
    std::set<KeyId> without_digests_;  // kept while the process is gone
    std::map<std::uint16_t, Slot> busy_;
    std::vector<std::uint16_t> free_;
    std::vector<std::uint16_t> assigned_;
    SteadyTime last_progress_{};
    std::uint64_t next_ticket_ = 1;
    bool is_full_ = false;
    double mean_microseconds_ = 1000;  // of one signature; slow until shown otherwise
};

}  // namespace sealwright::hsm::signer_process
