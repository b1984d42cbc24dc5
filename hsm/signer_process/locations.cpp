#include "hsm/signer_process/locations.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>

#include "hsm/signer_process/log_rooms.hpp"
#include "hsm/signer_process/packet_socket.hpp"
#include "hsm/signer_process/proof_task.hpp"
#include "hsm/signer_process/requester.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{5000};
constexpr milliseconds kTogether{500};  // for tokens beside those that serve every key
constexpr seconds kSilence{5};          // behind which a token that starts is taken for one that is away
constexpr seconds kEnding{1};           // for a process that ends by itself
constexpr seconds kHealthy{1};
constexpr milliseconds kDrain{200};  // for what does not hang, before the process is ended
constexpr unsigned kPoisoned = 3;    // failures in a row behind which only a new process is believed to help
constexpr milliseconds kBusyLook{25}, kIdleLook{250};
constexpr std::chrono::minutes kTellAgain{5};  // what lasts

Error unavailable(std::string_view what, std::string detail = {}) {
    return fail(ErrorCode::unavailable, std::string{what}, std::move(detail));
}

}  // namespace

Locations::Locations(const Configuration& configuration, Descriptor control, const Options& options, Log& log)
    : configuration_(configuration),
      log_(log),
      control_(std::move(control)),
      queue_(locations_, options.max_waiting, log) {
    for (std::size_t i = 0; i < configuration_.tokens.size(); ++i) {
        locations_.emplace_back(static_cast<std::uint8_t>(i), configuration_.tokens[i]);
    }
}

Locations::~Locations() { stop(milliseconds{0}); }

void Locations::tell(Endings& endings) {
    const AnswersTogether together;
    for (const auto& ending : endings) ending();
    endings.clear();
}

// --- starting ---

Result<void> Locations::start(JournalProofs journal_proofs, KnowKey know_key) {
    journal_proofs_ = std::move(journal_proofs);
    know_key_ = std::move(know_key);
    manager_ = std::thread{[this] { manage(); }};
    Lock lock{mutex_};
    const auto begun = SteadyClock::now();
    while (!is_start_settled(begun, SteadyClock::now())) changed_.wait_for(lock, kBusyLook);
    for (const KeyLimits& limits : configuration_.keys) {
        const bool may_come = std::any_of(locations_.begin(), locations_.end(),
                                          [&](const Location& location) { return is_waited_for(location, limits); });
        if (!is_served(limits.id) && !may_come) return why_unserved(limits);
    }
    tell_who_is_waited_for();
    return success();
}

// may_serve: as far as the configuration says, which need not know the serial of each token.
bool Locations::may_serve(const Location& location, const KeyLimits& limits) const {
    const std::string& serial = location.configuration().serial;
    return serial.empty() || limits.may_be_in(serial);
}

// is_waited_for: the location has failed in a way that may heal, and may then serve the key.
bool Locations::is_waited_for(const Location& location, const KeyLimits& limits) const {
    const bool is_away = location.state != LocationState::up && location.state != LocationState::left_alone;
    return is_away && location.outlook == Outlook::may_heal && may_serve(location, limits);
}

Error Locations::why_unserved(const KeyLimits& limits) const {
    // A refused PIN before anything else: who starts the signer again must not try it again.
    for (const Location& location : locations_) {
        if (location.state == LocationState::left_alone) return *location.last_failure;
    }
    for (const Location& location : locations_) {
        if (location.last_failure && may_serve(location, limits)) return *location.last_failure;
    }
    return fail(ErrorCode::not_found, "no token holds the key " + limits.name, "key " + limits.id.hex());
}

void Locations::tell_who_is_waited_for() const {
    for (const Location& location : locations_) {
        std::string keys;
        for (const KeyLimits& limits : configuration_.keys) {
            if (is_served(limits.id) || !is_waited_for(location, limits)) continue;
            keys += (keys.empty() ? "" : ", ") + limits.name;
        }
        const std::string why =
            location.last_failure ? location.last_failure->describe() : "its module says nothing yet";
        if (!keys.empty()) {
            log_.warning(kTokenRoom,
                         "waiting for token " + location.name() + ": " + why + "; unavailable until it comes: " + keys);
        } else if (is_starting(location)) {
            log_.warning(kTokenRoom,
                         "waiting for token " + location.name() + ": " + why + "; other tokens serve its keys");
        }
    }
}

bool Locations::is_served(const KeyId& key) const {
    return std::any_of(locations_.begin(), locations_.end(), [&](const Location& location) {
        return location.state == LocationState::up && location.serves(key);
    });
}

// is_starting: a process is there, and neither up nor failed. Before there is one a person may be asked for the PIN.
bool Locations::is_starting(const Location& location) const {
    const bool is_on_its_way = location.state == LocationState::starting || location.state == LocationState::proving;
    return is_on_its_way && !location.is_gone();
}

// is_start_settled: every key has a token, and the others had a moment to come up beside it; or every token is up, has
// failed or is silent, and nothing more is tried. A login without a clear answer is tried once more in this run, so
// that whoever starts the signer hears at once that the PIN is not tried any more.
bool Locations::is_start_settled(SteadyTime begun, SteadyTime now) const {
    bool have_all_said = true, is_final = true;
    for (const Location& location : locations_) {
        if (location.state == LocationState::up || location.state == LocationState::left_alone) continue;
        if (is_starting(location) && now - location.heard > kSilence) continue;
        have_all_said = have_all_said && location.last_failure.has_value();
        is_final = is_final && location.is_gone() && !location.is_login_unclear;
    }
    const bool is_all_served = std::all_of(configuration_.keys.begin(), configuration_.keys.end(),
                                           [&](const KeyLimits& limits) { return is_served(limits.id); });
    if (is_all_served) return have_all_said || now - begun > kTogether;
    return have_all_said && is_final;
}

void Locations::tell_ready() { ask(ServerReady{}); }

void Locations::ask(const ControlRequest& request) {
    // A supervisor that is gone has taken this process along.
    (void)send_packet(control_.get(), encode_control(request), Waiting::no);
}

void Locations::set_state(Location& location, LocationState state) {
    location.state = state;
    location.since = SteadyClock::now();
    changed_.notify_all();
}

void Locations::begin_life(Location& location, std::uint32_t pid, std::vector<Descriptor>& descriptors) {
    if (is_stopping_) return;  // its socket closes here, and it ends
    if (descriptors.size() != 2) return fail_start(location, unavailable("the token's process came without its ends"));
    auto marks = StartedMarks::map(std::move(descriptors[1]));
    if (!marks) return fail_start(location, marks.error());
    auto connection =
        std::make_shared<TokenConnection>(TokenConnection{std::move(descriptors[0]), std::move(marks).value()});
    location.begin(connection, pid);
    location.is_login_unclear = false;
    location.heard = SteadyClock::now();
    set_state(location, LocationState::starting);
    auto ended = std::make_shared<std::atomic<bool>>(false);
    const auto number = location.number();
    const auto life = location.life;
    readers_.push_back({number, std::thread{[this, number, life, connection, ended] {
                            read_token(number, life, connection);
                            *ended = true;
                        }},
                        ended});
}

// fail_start: the process is gone or going; the next start comes after a pause that grows.
void Locations::fail_start(Location& location, const Error& why, Outlook outlook) {
    const auto now = SteadyClock::now();
    const bool is_news = !location.last_failure || location.last_failure->describe() != why.describe();
    location.last_failure = why;
    location.outlook = outlook;
    if (is_news || now - location.told > kTellAgain) {
        log_.error(kTokenRoom, location.name() + ": " + why.describe());
        location.told = now;
    }
    location.pause = std::clamp(location.pause * 2, kFirstPause, kLongestPause);
    location.next_start = now + location.pause;
    if (!location.down_since) location.down_since = now;
    if (location.state != LocationState::left_alone) set_state(location, LocationState::down);
}

// take_refusal: that a PIN was refused is told when the supervisor has seen the process end, and so remembers it: what
// happens to this signer between the two must not cost another try.
void Locations::take_refusal(Location& location, const TokenRefusal& refusal) {
    if (refusal.why.code() != ErrorCode::denied) return fail_start(location, refusal.why, refusal.outlook);
    location.refusal = refusal.why;
    if (!location.down_since) location.down_since = SteadyClock::now();
    set_state(location, LocationState::down);
}

void Locations::leave_alone(Location& location, const Error& why) {
    fail_start(location, why, Outlook::needs_a_person);
    log_.error(kTokenRoom,
               location.name() + ": the token is left alone until the signer is started again with the right PIN");
    set_state(location, LocationState::left_alone);
}

// see_it_end gives a process that has to end by itself a moment: it tells the supervisor by its status what it refused.
void Locations::see_it_end(Location& location, SteadyTime now) {
    if (!location.is_gone() && now - location.since > kEnding) ask(KillToken{location.number()});
}

// rank_keys holds what the token says it has against what the configuration says of it.
Result<void> Locations::rank_keys(Location& location, const std::string& serial) {
    for (const KeyLimits& limits : configuration_.keys) {
        if (!location.serves(limits.id) || limits.locations.empty()) continue;
        const auto place = std::find(limits.locations.begin(), limits.locations.end(), serial);
        if (place == limits.locations.end())
            return fail(ErrorCode::token, "the token shows the key " + limits.name + ", which was not enrolled there",
                        "serial " + serial);
        location.set_rank(limits.id, static_cast<std::size_t>(place - limits.locations.begin()));
    }
    return success();
}

void Locations::take_ready(Location& location, const TokenReady& ready, Endings& endings) {
    if (auto ranked = rank_keys(location, ready.serial); !ranked)
        return fail_start(location, ranked.error(), Outlook::needs_a_person);
    const bool is_other_module = location.was_up && location.module_sha256 != ready.module_sha256;
    if (is_other_module) {
        log_.warning(kTokenRoom, location.name() + ": the module " + ready.module +
                                     " is another file than before: SHA-256 " + ready.module_sha256.hex() + ", was " +
                                     location.module_sha256.hex());
    }
    location.module_sha256 = ready.module_sha256;
    if (!location.was_up)
        log_.info(kTokenRoom, "token " + ready.label + " serial " + ready.serial + " (" + ready.manufacturer +
                                  "), module " + ready.module + " SHA-256 " + ready.module_sha256.hex());
    set_state(location, LocationState::proving);
    ProofTasks tasks;
    for (const KeyLimits& limits : configuration_.keys) {
        if (!location.serves(limits.id)) continue;
        auto task = proof_of(location, limits, ready.serial);
        if (!task) return fail_start(location, task.error(), Outlook::needs_a_person);
        tasks.push_back(std::move(task).value());
    }
    location.unproven = tasks.size();
    if (tasks.empty()) {
        log_.warning(kTokenRoom,
                     location.name() + ": none of the keys is served from this token (`locations` in [[key]])");
        return come_up(location, endings);
    }
    journal_and_ask(location, std::move(tasks), endings);
}

Result<std::shared_ptr<ProofTask>> Locations::proof_of(const Location& location, const KeyLimits& limits,
                                                       const std::string& serial) {
    auto told = [this, number = location.number(), life = location.life, &limits](const Result<void>& proof,
                                                                                  std::shared_ptr<ProofTask> another) {
        proved(number, life, limits.name, proof, std::move(another));
    };
    return ProofTask::make(
        {limits, keys_.at(limits.id), serial, SteadyClock::now() + location.configuration().start, std::move(told)});
}

// journal_and_ask: what a proof signs or decrypts is journaled before the token is asked, as everything.
void Locations::journal_and_ask(const Location& location, ProofTasks tasks, Endings& endings) {
    std::vector<ProofRecord> records;
    for (const auto& task : tasks) records.push_back(task->record());
    endings.emplace_back([this, number = location.number(), life = location.life, tasks = std::move(tasks), records] {
        journal_proofs_(records, [this, number, life, tasks](const Result<void>& journaled) {
            proofs_journaled(number, life, tasks, journaled);
        });
    });
}

void Locations::proofs_journaled(std::uint8_t number, std::uint64_t life, const ProofTasks& tasks,
                                 const Result<void>& journaled) {
    const Lock lock{mutex_};
    Location& location = locations_[number];
    if (location.life != life || location.state != LocationState::proving) return;
    if (!journaled) {
        fail_start(location, journaled.error());
        return ask(KillToken{number});
    }
    location.proofs.insert(location.proofs.end(), tasks.begin(), tasks.end());
    ask_proofs(location);
}

// ask_proofs asks for as many proofs as there is room for, as of every other task: a token may have more keys than
// slots.
void Locations::ask_proofs(Location& location) {
    while (!location.proofs.empty() && location.room() > 0) {
        location.assign(std::move(location.proofs.front()));
        location.proofs.pop_front();
    }
    if (location.flush().empty()) return;
    fail_start(location, unavailable("the token's process takes no work"));
    ask(KillToken{location.number()});
}

void Locations::proved(std::uint8_t number, std::uint64_t life, const std::string& key, const Result<void>& proof,
                       std::shared_ptr<ProofTask> another) {
    Endings endings;
    {
        const Lock lock{mutex_};
        Location& location = locations_[number];
        if (location.life != life || location.state != LocationState::proving) return;
        if (another) {
            journal_and_ask(location, {std::move(another)}, endings);
        } else if (!proof) {
            const ErrorCode code = proof.error().code();
            fail_start(location,
                       fail(code == ErrorCode::invalid_signature ? ErrorCode::token : code,
                            "the token does not prove that it holds the key " + key, proof.error().describe()),
                       outlook_of(code));
            return ask(KillToken{number});
        } else if (--location.unproven == 0) {
            come_up(location, endings);
        } else {
            ask_proofs(location);
        }
    }
    tell(endings);
}

void Locations::come_up(Location& location, Endings& endings) {
    if (location.was_up) log_.info(kTokenRoom, location.name() + ": signs again");
    location.was_up = true;
    for (const KeyLimits& limits : configuration_.keys) {
        if (location.serves(limits.id)) know_key_(keys_.at(limits.id));
    }
    location.last_failure.reset();
    location.down_since.reset();
    set_state(location, LocationState::up);
    queue_.pump(endings);
}

// --- what the server asks for ---

void Locations::submit(std::vector<std::shared_ptr<TokenTask>> tasks) {
    Endings endings;
    {
        const Lock lock{mutex_};
        queue_.submit(std::move(tasks), endings);
    }
    tell(endings);
}

bool Locations::signs_digests(const KeyId& key) const {
    const Lock lock{mutex_};
    return std::all_of(locations_.begin(), locations_.end(),
                       [&](const Location& location) { return location.signs_digests(key); });
}

void Locations::drop_unwanted() {
    const Lock lock{mutex_};
    const auto now = SteadyClock::now();
    for (Location& location : locations_) location.cancel_unwanted(now);
}

std::chrono::microseconds Locations::backlog(const KeyId& key) const {
    const Lock lock{mutex_};
    const Location* preferred = nullptr;
    for (const Location& location : locations_) {
        if (location.state != LocationState::up || !location.serves(key)) continue;
        if (preferred == nullptr || *location.rank(key) < *preferred->rank(key)) preferred = &location;
    }
    return preferred == nullptr ? std::chrono::microseconds{0} : preferred->backlog();
}

// --- answers ---

void Locations::read_token(std::uint8_t number, std::uint64_t life, std::shared_ptr<TokenConnection> connection) {
    PacketReceiver receiver{kMaxPacket};
    for (;;) {
        const auto packet = receiver.receive(connection->socket.get());
        if (!packet) break;
        auto taken = take_packet(number, life, packet.value().octets);
        receiver.wipe();  // now, and not when the next one comes: it may hold what was decrypted
        if (!taken) {
            log_.error(kTokenRoom, locations_[number].name() + ": " + taken.error().describe());
            break;
        }
    }
    Endings endings;
    {
        const Lock lock{mutex_};
        Location& location = locations_[number];
        if (location.life == life) {
            // A process that closed its socket is about to end, and its status says why; one that goes on behind our
            // back is ended by look_after.
            location.stream_ended();
            if (location.state == LocationState::up) set_state(location, LocationState::draining);
            if (location.state == LocationState::starting || location.state == LocationState::proving)
                fail_start(location, unavailable("the token's process ended"));
            if (location.is_gone()) lose(location, endings);
        }
    }
    tell(endings);
}

Result<void> Locations::take_packet(std::uint8_t number, std::uint64_t life, ByteView packet) {
    SEALWRIGHT_TRY(const auto message, parse_token_message(packet));
    Endings endings;
    {
        const Lock lock{mutex_};
        Location& location = locations_[number];
        if (location.life != life) return success();
        location.heard = SteadyClock::now();
        if (const auto* results = std::get_if<TokenResults>(&message)) {
            take_results(location, *results, endings);
        } else if (const auto* refusal = std::get_if<TokenRefusal>(&message)) {
            take_refusal(location, *refusal);
        } else if (location.state != LocationState::starting) {
            return fail(ErrorCode::malformed, "a greeting in the middle");
        } else if (const auto* notice = std::get_if<TokenKeyNotice>(&message)) {
            SEALWRIGHT_TRY(auto key, crypto::PublicKey::parse(notice->spki));
            if (key.id() != notice->key) return fail(ErrorCode::token, "the token shows another key than it says");
            const bool is_ours = std::any_of(configuration_.keys.begin(), configuration_.keys.end(),
                                             [&](const KeyLimits& limits) { return limits.id == notice->key; });
            if (!is_ours) return fail(ErrorCode::token, "the token shows a key that nobody asked for");
            keys_.emplace(notice->key, std::move(key));
            location.add_key(notice->key, notice->signs_digests);
        } else {
            take_ready(location, std::get<TokenReady>(message), endings);
        }
    }
    tell(endings);
    return success();
}

void Locations::take_results(Location& location, const TokenResults& results, Endings& endings) {
    // What was refused or called back took no time, and says nothing about signatures.
    const bool all_signed = std::none_of(results.results.begin(), results.results.end(),
                                         [](const TokenResult& result) { return result.error.has_value(); });
    if (all_signed) location.note_duration(results.microseconds, results.results.size());
    for (const TokenResult& result : results.results) take_result(location, result, endings);
    changed_.notify_all();
    queue_.pump(endings);
}

void Locations::take_result(Location& location, const TokenResult& result, Endings& endings) {
    switch (queue_.take(location, result, endings)) {
        case TaskQueue::Says::healthy:
            if (location.state != LocationState::up) return;
            location.failures = 0;
            // A token that signs for a while and then ends its process again is not healthy for its first signature.
            if (SteadyClock::now() - location.since > kHealthy) location.pause = milliseconds{0};
            return;
        case TaskQueue::Says::failing:
            return count_failure(location);
        case TaskQueue::Says::nonsense:
            return drain(location, fail(ErrorCode::malformed, "the token's process answers what nobody asked"));
        case TaskQueue::Says::nothing:
            return;
    }
}

// count_failure: some modules never heal but by C_Finalize and C_Initialize, which a new process makes sure of.
void Locations::count_failure(Location& location) {
    if (++location.failures < kPoisoned || location.state != LocationState::up) return;
    drain(location, unavailable("the token fails again and again; its process is started anew"));
}

void Locations::drain(Location& location, const Error& why) {
    log_.error(kTokenRoom, location.name() + ": " + why.describe());
    location.last_failure = why;
    set_state(location, LocationState::draining);
}

// lose: the process of the location is gone. What it was surely not asked for waits again, before all others.
void Locations::lose(Location& location, Endings& endings) {
    const auto lost = queue_.take_back(location, endings);
    if (location.refusal && !is_stopping_) leave_alone(location, *std::exchange(location.refusal, std::nullopt));
    // Of a start that failed the log knows why, and it is tried again and again.
    const bool had_failed = location.state == LocationState::down && lost.unknown + lost.again == 0;
    if (!is_stopping_ && location.state != LocationState::left_alone && !had_failed) {
        log_.warning(kTokenRoom, location.name() + ": the token's process is gone; " + std::to_string(lost.unknown) +
                                     " signatures are unknown, " + std::to_string(lost.again) + " wait again");
        if (location.state != LocationState::down) fail_start(location, unavailable("the token's process ended"));
    }
    changed_.notify_all();
    queue_.pump(endings);
}

// --- looking after the processes ---

void Locations::take_notice(const ControlNotice& notice, std::vector<Descriptor>& descriptors, Endings& endings) {
    if (const auto* started = std::get_if<TokenStarted>(&notice)) {
        if (started->token < locations_.size()) begin_life(locations_[started->token], started->pid, descriptors);
    } else if (const auto* failed = std::get_if<TokenNotStarted>(&notice)) {
        if (failed->token >= locations_.size()) return;
        Location& location = locations_[failed->token];
        if (failed->is_pin_refused) {
            leave_alone(location, failed->why);
        } else {
            fail_start(location, failed->why, Outlook::needs_a_person);
        }
    } else {
        const auto& ended = std::get<TokenEnded>(notice);
        if (ended.token >= locations_.size() || is_stopping_) return;
        Location& location = locations_[ended.token];
        if (ended.by_signal && location.state != LocationState::left_alone)
            log_.error(kTokenRoom,
                       location.name() + ": the token's process was ended by signal " + std::to_string(ended.status));
        location.process_ended(ended.pid);
        location.is_login_unclear = ended.is_login_unclear;
        // Helpers of a module may hold the other end; what the process had said can still be read.
        if (location.connection() && location.has_ended(ended.pid))
            ::shutdown(location.connection()->socket.get(), SHUT_RDWR);
        if (location.is_gone()) lose(location, endings);
    }
}

void Locations::look_after(Location& location, SteadyTime now) {
    switch (location.state) {
        case LocationState::down:
            see_it_end(location, now);
            if (now < location.next_start || !location.is_gone()) return;
            set_state(location, LocationState::starting);
            ++location.life;  // until its process is there nothing belongs to it
            return ask(StartToken{location.number()});
        case LocationState::starting:
        case LocationState::proving:
            // A process that is not there yet waits for its PIN.
            if (location.is_gone() || now - location.since < location.configuration().start) return;
            fail_start(location, fail(ErrorCode::timed_out, "the token does not come up"));
            return ask(KillToken{location.number()});
        case LocationState::up:
            location.cancel_unwanted(now);
            if (!location.watch(now)) return;
            return drain(location,
                         fail(ErrorCode::timed_out, "a signature hangs in the token for " +
                                                        std::to_string(location.configuration().hang.count() / 1000) +
                                                        " s; its process is ended"));
        case LocationState::draining:
            location.watch(now);
            if (location.only_hung() || now - location.since > kDrain) ask(KillToken{location.number()});
            return;
        case LocationState::left_alone:
            return see_it_end(location, now);
    }
}

milliseconds Locations::next_look() const {
    const bool is_quiet =
        queue_.is_empty() && std::all_of(locations_.begin(), locations_.end(), [](const Location& location) {
            const bool is_still = location.state == LocationState::up || location.state == LocationState::left_alone;
            return is_still && location.is_idle();
        });
    return is_quiet ? kIdleLook : kBusyLook;
}

void Locations::reap_readers() {
    for (auto reader = readers_.begin(); reader != readers_.end();) {
        if (*reader->ended) {
            reader->thread.join();
            reader = readers_.erase(reader);
        } else {
            ++reader;
        }
    }
}

void Locations::manage() {
    PacketReceiver receiver{kMaxControlPacket};
    for (;;) {
        milliseconds pause{0};
        Endings endings;
        {
            const Lock lock{mutex_};
            if (is_stopping_) return;
            const auto now = SteadyClock::now();
            for (Location& location : locations_) look_after(location, now);
            queue_.refuse_late(now, endings);
            queue_.pump(endings);
            reap_readers();
            pause = next_look();
        }
        tell(endings);
        pollfd waiting{control_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(pause.count())) <= 0 || (waiting.revents & POLLIN) == 0) continue;
        auto packet = receiver.receive(control_.get());
        if (!packet) continue;
        const auto notice = parse_control_notice(packet.value().octets);
        if (!notice) {
            log_.error(kTokenRoom, notice.error().describe());
            continue;
        }
        {
            const Lock lock{mutex_};
            take_notice(notice.value(), packet.value().descriptors, endings);
        }
        tell(endings);
    }
}

void Locations::kill_to_stop(const Location& location) {
    was_killed_ = was_killed_ || location.state == LocationState::up || location.state == LocationState::draining;
    ask(KillToken{location.number()});
}

bool Locations::stop(milliseconds patience) {
    Endings endings;
    {
        Lock lock{mutex_};
        if (is_stopping_) return !was_killed_;
        is_stopping_ = true;
        queue_.stop(endings);
        const auto is_quiet = [&] {
            return std::all_of(locations_.begin(), locations_.end(),
                               [](const Location& location) { return location.is_idle(); });
        };
        lock.unlock();
        tell(endings);
        lock.lock();
        changed_.wait_for(lock, patience, is_quiet);
        for (const Location& location : locations_) {
            if (!location.connection()) continue;
            if (!location.is_idle()) kill_to_stop(location);
            // The lanes see the end of the stream, close sessions and module, and end.
            ::shutdown(location.connection()->socket.get(), SHUT_WR);
        }
    }
    if (manager_.joinable()) manager_.join();
    const auto give_up = SteadyClock::now() + seconds{3};
    for (Reader& reader : readers_) {
        while (!*reader.ended && SteadyClock::now() < give_up) std::this_thread::sleep_for(milliseconds{5});
        if (!*reader.ended) {
            const Lock lock{mutex_};
            kill_to_stop(locations_[reader.number]);
        }
        reader.thread.join();
    }
    readers_.clear();
    // What is left of a process that had to be killed: nobody has waited for it yet, so that all of it is unknown.
    for (Location& location : locations_) {
        for (const auto& one : location.abandon())
            one.task->lose_sight(fail(ErrorCode::indeterminate, "the signer ended while its token was signing"));
    }
    return !was_killed_;
}

}  // namespace sealwright::hsm::signer_process
