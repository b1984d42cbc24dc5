#include "hsm/signer_process/connection.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

#include "base/boundary.hpp"
#include "crypto/digest.hpp"
#include "hsm/signer_process/log_rooms.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kHandshakeTimeout{5};
constexpr std::chrono::microseconds kShortestPause{50};  // a timer's own inaccuracy
constexpr std::size_t kMostTogether = 64;                // the first ones are journaled while the others are checked
constexpr std::size_t kMostHeldBack = 65536;
constexpr std::size_t kReceive = 2 * kMaxFrame;
constexpr std::size_t kMaxStreams = 4;
// Questions to the journal and fences that wait for an answer: at so many no more is read, until half are answered.
// Signatures have a bound of their own, over all connections.
constexpr std::size_t kMostQuestions = 256;
constexpr std::size_t kFewQuestions = kMostQuestions / 2;

Descriptor new_event() {
    Descriptor event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!event) throw std::system_error{errno, std::generic_category(), "eventfd"};
    return event;
}

// poll_until is poll, and 0 when the time has come; EINTR counts as nothing yet.
Result<int> poll_until(std::array<pollfd, 2>& waiting, SteadyClock::time_point until) {
    int timeout = -1;
    if (until != SteadyClock::time_point::max()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
        timeout = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    const int ready = ::poll(waiting.data(), waiting.size(), timeout);
    if (ready >= 0) return ready;
    if (errno != EINTR) return fail(ErrorCode::io, "poll", std::strerror(errno));
    for (pollfd& one : waiting) one.revents = 0;
    return 0;
}

}  // namespace

// Question counts among the connection's questions as long as somebody may still answer it.
class Connection::Question final : public Requester {
public:
    explicit Question(std::shared_ptr<Connection> asker) : asker_(std::move(asker)) { ++asker_->questions_; }
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;
    ~Question() override {
        if (asker_->questions_.fetch_sub(1) == kFewQuestions) asker_->wake();
    }
    bool stands() const noexcept override { return asker_->stands(); }
    void answer(std::uint64_t number, const ServerMessage& message) noexcept override {
        asker_->answer(number, message);
    }
    void deliver() noexcept override { asker_->deliver(); }

private:
    const std::shared_ptr<Connection> asker_;
};

Connection::Connection(Descriptor socket, const KeyRing& keys, Pipeline& pipeline, const Clock& clock, Log& log,
                       const Options& options)
    : socket_(std::move(socket)),
      event_(new_event()),
      keys_(keys),
      pipeline_(pipeline),
      clock_(clock),
      log_(log),
      options_(options),
      outbox_(socket_.get()) {}

void Connection::close() noexcept {
    gone_ = true;
    outbox_.close();
    ::shutdown(socket_.get(), SHUT_RDWR);
}

// wake has the reading thread look anew at what it waits for.
void Connection::wake() noexcept {
    const std::uint64_t one = 1;
    // It fails where the counter would overflow: then the event stands as it is.
    while (::write(event_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

void Connection::fence_off(const NodeId& node, BootEpoch epoch) noexcept {
    const std::scoped_lock lock{identity_mutex_};
    if (node_ == node && epoch_ < epoch) fenced_off_ = true;
}

void Connection::answer(std::uint64_t number, const ServerMessage& message) noexcept {
    if (gone_) return;
    const std::size_t waiting = outbox_.append(number, message);
    if (waiting == 0) return;
    if (waiting > Outbox::kMost) return close();
    if (waiting > kMostHeldBack || !AnswersTogether::hold_back(shared_from_this())) deliver();
}

void Connection::deliver() noexcept {
    const auto sent = outbox_.send();
    if (sent == Outbox::Sent::left_over) wake();
    if (sent == Outbox::Sent::broken) close();
}

void Connection::serve() noexcept {
    try {
        auto served = serve_frames();
        if (served && outbox_.is_overfull()) served = unread();
        if (!served) pipeline_.refusals().warning(kSignerRoom, "a connection ended: " + served.error().describe());
    } catch (const std::exception& error) {
        log_.error(kSignerRoom, std::string{"a connection ended: "} + error.what());
    }
    close();
    streams_.clear();
    asked_.clear();  // each holds this connection
}

Result<void> Connection::serve_frames() {
    ReceiveBuffer buffer{kReceive};
    for (;;) {
        ByteView rest = buffer.view();
        const auto has_taken_all = take_all(rest);
        if (!has_taken_all) {
            answer(0, error_answer(has_taken_all.error()));
            return has_taken_all.error();
        }
        buffer.keep(rest.size());
        let_gather();
        SEALWRIGHT_TRY(const bool goes_on, wait(has_taken_all.value()));
        if (!goes_on) return success();
        if (!has_taken_all.value()) continue;
        SEALWRIGHT_TRY(const auto count, buffer.receive(socket_.get()));
        if (count == 0) return success();
    }
}

// may_take: what this peer was answered is on its way, and not too many of its questions wait.
bool Connection::may_take(std::size_t most_questions) const {
    if (questions_ >= most_questions) return false;
    const auto left = outbox_.left();
    return !left || left->octets <= kMostHeldBack;
}

// wait sends what is left over, as the peer takes it, until more may be taken of what it asks, and there are octets of
// it where they are needed. False: the peer is gone. It is the only place that waits for a peer, and on a thread that
// serves nobody else.
Result<bool> Connection::wait(bool needs_octets) {
    using TimePoint = SteadyClock::time_point;
    const TimePoint silent_at = stage_ == Stage::open ? TimePoint::max() : SteadyClock::now() + kHandshakeTimeout;
    for (;;) {
        const auto left = outbox_.left();
        const bool takes_more = may_take(kFewQuestions);
        if (takes_more && !needs_octets) return true;
        const int events = (takes_more ? POLLIN : 0) | (left ? POLLOUT : 0);
        std::array<pollfd, 2> waiting{pollfd{socket_.get(), static_cast<short>(events), 0},
                                      pollfd{event_.get(), POLLIN, 0}};
        SEALWRIGHT_TRY(const int ready, poll_until(waiting, left ? std::min(left->give_up, silent_at) : silent_at));
        const int happened = waiting[0].revents;
        std::uint64_t wakes = 0;
        if (waiting[1].revents != 0) (void)!::read(event_.get(), &wakes, sizeof(wakes));
        const bool is_writable = (happened & POLLOUT) != 0;
        if (is_writable && outbox_.resume() == Outbox::Sent::broken) return false;
        if (left && !is_writable && SteadyClock::now() >= left->give_up) return unread();
        if (takes_more && (happened & (POLLIN | POLLHUP | POLLERR)) != 0) return true;
        if ((happened & (POLLHUP | POLLERR | POLLNVAL)) != 0) return false;
        if (ready == 0 && SteadyClock::now() >= silent_at) return fail(ErrorCode::timed_out, "the peer is silent");
    }
}

// unread says who it is: an operator has to find the program.
Error Connection::unread() const {
    std::string who = "node " + node_.hex();
    if (const auto peer = peer_credentials(socket_.get()))
        who += ", uid " + std::to_string(peer.value().uid) + ", pid " + std::to_string(peer.value().pid);
    return fail(ErrorCode::timed_out, "the peer asks and does not read its answers", who);
}

// let_gather waits before the next read where nobody is kept waiting by it; only behind signatures that were asked for.
void Connection::let_gather() {
    const auto key = std::exchange(last_key_, std::nullopt);
    if (!key) return;
    if (const auto spare = pipeline_.spare(*key); spare > kShortestPause) std::this_thread::sleep_for(spare);
}

// take_all takes the whole frames at hand; what they ask for goes on together, and so do refusals. False: it stopped
// before the end, because of what is unanswered or unread.
Result<bool> Connection::take_all(ByteView& octets) {
    const AnswersTogether together;
    auto taken = take_frames(octets);
    hand_over();
    return taken;
}

Result<bool> Connection::take_frames(ByteView& octets) {
    while (may_take(kMostQuestions)) {
        SEALWRIGHT_TRY(const auto frame, next_frame(octets));
        if (!frame) return true;
        SEALWRIGHT_TRY(const auto message, parse_client_message(*frame));
        SEALWRIGHT_TRY(stage_ == Stage::open ? take(frame->number, message) : begin(frame->number, message));
    }
    return false;
}

// begin takes the first two messages: hello, then fence. A fence that is refused leaves the connection where it is.
Result<void> Connection::begin(std::uint64_t number, const ClientMessage& message) {
    if (stage_ == Stage::hello) {
        const auto* hello = std::get_if<Hello>(&message);
        if (hello == nullptr) return fail(ErrorCode::malformed, "signer protocol: the first message is hello");
        if (hello->version != kWireVersion)
            return fail(ErrorCode::unsupported, "signer protocol: only version 1 is spoken here");
        stage_ = Stage::fence;
        answer(number, HelloAnswer{kWireVersion, options_.max_outstanding});
        return success();
    }
    const auto* fence = std::get_if<Fence>(&message);
    if (fence == nullptr) return fail(ErrorCode::malformed, "signer protocol: the second message is fence");
    {
        const std::scoped_lock lock{identity_mutex_};
        node_ = fence->node;
        epoch_ = fence->epoch;
    }
    stage_ = Stage::open;
    pipeline_.fence(std::make_shared<Question>(shared_from_this()), number, *fence);
    return success();
}

Result<void> Connection::take(std::uint64_t number, const ClientMessage& message) {
    if (const auto* sign = std::get_if<Sign>(&message)) {
        ask(number, *sign);
        return success();
    }
    // Whatever else is asked comes behind the signatures that were asked for before.
    hand_over();
    if (const auto* begun = std::get_if<SignBegin>(&message)) {
        begin_stream(number, *begun);
    } else if (const auto* chunk = std::get_if<SignChunk>(&message)) {
        return feed_stream(number, *chunk);
    } else if (std::holds_alternative<SignEnd>(message)) {
        end_stream(number);
    } else if (const auto* decrypt = std::get_if<Decrypt>(&message)) {
        open_up(number, *decrypt);
    } else if (const auto* intent = std::get_if<LookUp>(&message)) {
        pipeline_.look_up(std::make_shared<Question>(shared_from_this()), number, node_, *intent);
    } else if (const auto* fence = std::get_if<Fence>(&message)) {
        pipeline_.fence(std::make_shared<Question>(shared_from_this()), number, *fence);
    } else if (const auto* key = std::get_if<GetPublicKey>(&message)) {
        give_public_key(number, *key);
    } else if (std::holds_alternative<ListKeys>(message)) {
        list_keys(number);
    } else {
        return fail(ErrorCode::malformed, "signer protocol: hello twice");
    }
    return success();
}

void Connection::list_keys(std::uint64_t number) {
    KeyList list;
    for (const KeyLimits& limits : keys_.all()) list.keys.push_back({limits.id, limits.purposes(), limits.algorithms});
    answer(number, list);
}

void Connection::give_public_key(std::uint64_t number, const GetPublicKey& message) {
    const auto entry = keys_.find(message.key);
    if (entry) {
        answer(number, PublicKeyAnswer{entry.value()->key.spki().view()});
    } else {
        answer(number, error_answer(entry.error()));
    }
}

void Connection::refuse(std::uint64_t number, const SignHead& head, const Error& why) {
    pipeline_.refusals().warning(kSignerRoom, "refused " + std::string{purpose_name(head.purpose)} + " intent " +
                                                  head.intent.hex() + ": " + why.describe());
    answer(number, error_answer(why));
}

SignTask Connection::task_of(const SignHead& head) const {
    SignTask task;
    task.intent.node = node_;
    task.intent.epoch = epoch_;
    task.intent.key = head.key;
    task.intent.purpose = head.purpose;
    task.intent.algorithm = head.algorithm;
    task.intent.intent = head.intent;
    task.deadline = SteadyClock::now() + std::min(options_.deadline, std::chrono::milliseconds{head.deadline_ms});
    return task;
}

Result<SignTask> Connection::checked(const Sign& message) {
    SEALWRIGHT_TRY(const auto* entry, keys_.find(message.head.key));
    SignTask task = task_of(message.head);
    SEALWRIGHT_TRY(task.intent.subject, check_tbs(entry->limits, entry->key, message.head.purpose,
                                                  message.head.algorithm, message.tbs, clock_.now()));
    task.intent.tbs = crypto::sha256(message.tbs);
    task.message = bytes_of(message.tbs);
    return task;
}

void Connection::ask(std::uint64_t number, const Sign& message) {
    at_boundary(boundary::kSignerReceived);
    auto task = checked(message);
    if (!task) return refuse(number, message.head, task.error());
    last_key_ = message.head.key;
    take(number, std::move(task).value());
    if (asked_.size() == kMostTogether) hand_over();
}

void Connection::take(std::uint64_t number, SignTask task) {
    at_boundary(boundary::kSignerChecked);
    task.requester = shared_from_this();
    task.number = number;
    asked_.push_back(std::move(task));
}

void Connection::hand_over() {
    if (!asked_.empty()) pipeline_.sign(std::exchange(asked_, {}));
}

// open_up takes a request to decrypt. It certifies nothing, so that the journal only counts it.
void Connection::open_up(std::uint64_t number, const Decrypt& message) {
    const auto entry = keys_.find(message.request.key);
    const auto checked =
        entry ? check_decrypt(entry.value()->limits, entry.value()->key, message.request) : Result<void>{entry.error()};
    if (!checked) {
        pipeline_.refusals().warning(kSignerRoom, "refused to decrypt: " + checked.error().describe());
        return answer(number, error_answer(checked.error()));
    }
    DecryptTask task;
    task.requester = shared_from_this();
    task.number = number;
    task.key = message.request.key;
    append_decrypt_request(task.request, message.request);
    task.deadline = SteadyClock::now() + std::min(options_.deadline, std::chrono::milliseconds{message.deadline_ms});
    pipeline_.decrypt(std::move(task));
}

Result<Connection::Stream> Connection::open_stream(const SignBegin& message) const {
    SEALWRIGHT_TRY(const auto* entry, keys_.find(message.head.key));
    SEALWRIGHT_TRY(check_request(entry->limits, message.head.purpose, message.head.algorithm));
    if (message.head.purpose != Purpose::crl)
        return fail(ErrorCode::too_large, "only CRLs may be longer than 65536 octets");
    if (streams_.size() >= kMaxStreams) return fail(ErrorCode::overloaded, "too many CRLs are on their way");
    Stream stream;
    stream.head = message.head;
    stream.left = message.size;
    stream.keep = !keys_.signs_digests(message.head.key);
    stream.deadline =
        SteadyClock::now() + std::min(options_.deadline, std::chrono::milliseconds{message.head.deadline_ms});
    stream.digest = crypto::Hasher{message.head.algorithm.digest};
    return stream;
}

void Connection::begin_stream(std::uint64_t number, const SignBegin& message) {
    // A client that gave up in the middle sends no end.
    const auto now = SteadyClock::now();
    std::erase_if(streams_, [&](const auto& entry) { return entry.second.deadline < now; });
    auto stream = open_stream(message);
    if (!stream) return refuse(number, message.head, stream.error());
    streams_.insert_or_assign(number, std::move(stream).value());
}

// feed_stream: chunks of a request that was refused already are on their way and are dropped.
Result<void> Connection::feed_stream(std::uint64_t number, const SignChunk& message) {
    const auto found = streams_.find(number);
    if (found == streams_.end()) return success();
    Stream& stream = found->second;
    if (message.octets.size() > stream.left)
        return fail(ErrorCode::malformed, "signer protocol: more octets than were announced");
    stream.left -= message.octets.size();
    if (auto fed = stream.reader.feed(message.octets); !fed) {
        refuse(number, stream.head, fed.error());
        streams_.erase(found);
        return success();
    }
    stream.sha256.update(message.octets);
    stream.digest.update(message.octets);
    if (stream.keep) append(stream.message, message.octets);
    return success();
}

Result<SignTask> Connection::finish_stream(Stream& stream) {
    if (stream.left != 0) return fail(ErrorCode::malformed, "the CRL has fewer octets than were announced");
    SEALWRIGHT_TRY(const auto* entry, keys_.find(stream.head.key));
    SEALWRIGHT_TRY(const auto facts, stream.reader.finish());
    SignTask task = task_of(stream.head);
    SEALWRIGHT_TRY(const auto subject, check_crl(*entry->limits.crl, stream.head.algorithm, facts, clock_.now()));
    task.intent.subject = subject;
    SEALWRIGHT_TRY(task.intent.tbs, Sha256::from(stream.sha256.finish()));
    if (stream.keep) {
        task.message = std::move(stream.message);
    } else {
        task.digest = stream.digest.finish();
    }
    return task;
}

void Connection::end_stream(std::uint64_t number) {
    const auto found = streams_.find(number);
    if (found == streams_.end()) return;
    Stream stream = std::move(found->second);
    streams_.erase(found);
    at_boundary(boundary::kSignerReceived);
    auto task = finish_stream(stream);
    if (!task) return refuse(number, stream.head, task.error());
    take(number, std::move(task).value());
}

}  // namespace sealwright::hsm::signer_process
