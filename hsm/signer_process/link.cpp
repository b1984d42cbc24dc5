#include "hsm/signer_process/link.hpp"

#include <sys/socket.h>

#include "base/secret.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::chrono::seconds kHandshakeTimeout{5};
constexpr std::size_t kMaxOutgoing = 1U << 20U;  // a stream waits beyond this

Answer answer_of(ServerMessage&& message) {
    struct Visitor {
        Answer operator()(HelloAnswer&&) const {
            return {fail(ErrorCode::malformed, "the signer said hello twice"), {}, {}, {}};
        }
        Answer operator()(Done&&) const { return {}; }
        Answer operator()(KeyList&& list) const { return {std::nullopt, {}, {}, std::move(list.keys)}; }
        Answer operator()(PublicKeyAnswer&& key) const { return {std::nullopt, bytes_of(key.spki), {}, {}}; }
        Answer operator()(SignatureAnswer&& signature) const {
            return {std::nullopt, bytes_of(signature.signature), {}, {}};
        }
        Answer operator()(SecretAnswer&& answer) const { return {std::nullopt, bytes_of(answer.secret), {}, {}}; }
        Answer operator()(JournalStateAnswer&& answer) const { return {std::nullopt, {}, answer.state, {}}; }
        Answer operator()(ErrorAnswer&& error) const {
            return {Error{error.code, std::move(error.detail)}, {}, {}, {}};
        }
    };
    return std::visit(Visitor{}, std::move(message));
}

}  // namespace

std::optional<Answer> Call::wait_until(std::chrono::steady_clock::time_point deadline) {
    if (!answered_.wait_until(deadline)) return std::nullopt;
    return std::move(answer_);
}

Call::~Call() {
    if (answer_) zeroise(answer_->octets.data(), answer_->octets.size());
}

void Call::complete(Answer answer) {
    answer_ = std::move(answer);
    answered_.fire();
}

Result<std::shared_ptr<Link>> Link::establish(Descriptor socket, const NodeId& node, BootEpoch epoch,
                                              const Options& options) {
    std::shared_ptr<Link> link{new Link{std::move(socket), options}};
    set_receive_timeout(link->socket_.get(), kHandshakeTimeout);
    SEALWRIGHT_TRY(link->shake_hands(node, epoch));
    set_receive_timeout(link->socket_.get(), std::chrono::milliseconds{0});
    return link;
}

Link::~Link() { close(); }

// exchange is one request and its answer before the reading thread runs.
Result<Answer> Link::exchange(const ClientMessage& message, std::uint64_t number) {
    Bytes out;
    append_message(out, number, message);
    std::size_t sent = 0;
    SEALWRIGHT_TRY(send_all(socket_.get(), out, kHandshakeTimeout, sent));
    for (;;) {
        ByteView rest = received_.view();
        SEALWRIGHT_TRY(const auto frame, next_frame(rest));
        if (frame) {
            SEALWRIGHT_TRY(auto parsed, parse_server_message(*frame));
            if (const auto* hello = std::get_if<HelloAnswer>(&parsed)) {
                if (hello->version != kWireVersion)
                    return fail(ErrorCode::unsupported, "the signer speaks another version of its protocol");
                options_.max_outstanding = std::min<std::size_t>(options_.max_outstanding, hello->max_outstanding);
                parsed = Done{};
            }
            Answer answer = answer_of(std::move(parsed));
            received_.keep(rest.size());
            return answer;
        }
        SEALWRIGHT_TRY(const auto count, received_.receive(socket_.get()));
        if (count == 0) return fail(ErrorCode::unavailable, "the signer closed the connection");
    }
}

Result<void> Link::shake_hands(const NodeId& node, BootEpoch epoch) {
    SEALWRIGHT_TRY(const auto hello, exchange(Hello{}, 0));
    if (hello.error) return *hello.error;
    SEALWRIGHT_TRY(const auto fenced, exchange(Fence{node, epoch}, 0));
    if (fenced.error) return *fenced.error;
    return success();
}

void Link::start(std::function<void(const Error&)> died) {
    died_ = std::move(died);
    reader_ = std::thread{[this] { read_answers(); }};
}

void Link::close() {
    {
        std::unique_lock lock{mutex_};
        break_now(fail(ErrorCode::unavailable, "the connection to the signer was closed"), lock);
    }
    if (reader_.joinable()) reader_.join();
}

bool Link::alive() const {
    const std::scoped_lock lock{mutex_};
    return !broken_;
}

// break_now ends every call: what the kernel took whole may have been read and acted on.
void Link::break_now(const Error& why, std::unique_lock<std::mutex>&) {
    if (broken_) return;
    broken_ = why;
    ::shutdown(socket_.get(), SHUT_RDWR);
    for (const auto& [number, call] : calls_) {
        // What a thread is handing to the kernel at this moment counts as taken: its send may have succeeded already.
        const bool may_have_arrived = call->end_ != 0 && call->end_ <= written_ + in_flight_;
        if (call->is_signature_ && may_have_arrived) {
            call->complete({fail(ErrorCode::indeterminate, "the signer vanished after it was asked; it may have signed",
                                 why.describe()),
                            {},
                            {},
                            {}});
        } else {
            call->complete({fail(ErrorCode::unavailable, "the signer vanished", why.describe()), {}, {}, {}});
        }
    }
    calls_.clear();
    drained_.notify_all();
}

Result<std::uint64_t> Link::enlist(const std::shared_ptr<Call>& call, bool is_signature,
                                   std::unique_lock<std::mutex>&) {
    if (broken_) return fail(ErrorCode::unavailable, "there is no connection to the signer", broken_->describe());
    if (calls_.size() >= options_.max_outstanding)
        return fail(ErrorCode::overloaded, "too many signatures are outstanding");
    call->is_signature_ = is_signature;
    const std::uint64_t number = next_number_++;
    calls_.emplace(number, call);
    return number;
}

// queue puts one frame into the stream; whole is the call that is complete with it.
Result<void> Link::queue(std::uint64_t number, const ClientMessage& message, Call* whole,
                         std::unique_lock<std::mutex>&) {
    if (broken_) return fail(ErrorCode::unavailable, "the signer vanished", broken_->describe());
    const std::size_t before = outgoing_.size();
    append_message(outgoing_, number, message);
    queued_ += outgoing_.size() - before;
    if (whole != nullptr) whole->end_ = queued_;
    return success();
}

// flush sends what is queued; one thread does it for all that queue meanwhile.
void Link::flush(std::unique_lock<std::mutex>& lock) {
    if (flushing_) return;
    flushing_ = true;
    while (!outgoing_.empty() && !broken_) {
        sending_.clear();
        sending_.swap(outgoing_);
        in_flight_ = sending_.size();
        lock.unlock();
        std::size_t sent = 0;
        auto result = send_all(socket_.get(), sending_, options_.patience, sent);
        lock.lock();
        in_flight_ = 0;
        written_ += sent;
        if (!result) break_now(result.error(), lock);
        drained_.notify_all();
    }
    flushing_ = false;
}

Result<std::shared_ptr<Call>> Link::ask(const ClientMessage& message) {
    auto call = std::make_shared<Call>();
    std::unique_lock lock{mutex_};
    SEALWRIGHT_TRY(const auto number, enlist(call, std::holds_alternative<Sign>(message), lock));
    SEALWRIGHT_TRY(queue(number, message, call.get(), lock));
    flush(lock);
    return call;
}

Result<std::shared_ptr<Call>> Link::ask_streamed(const SignHead& head, ByteView tbs,
                                                 std::chrono::steady_clock::time_point deadline) {
    auto call = std::make_shared<Call>();
    std::unique_lock lock{mutex_};
    SEALWRIGHT_TRY(const auto number, enlist(call, true, lock));
    if (auto begun = queue(number, SignBegin{head, tbs.size()}, nullptr, lock); !begun) return call;
    while (!tbs.empty()) {
        const ByteView chunk = tbs.first(std::min(tbs.size(), kChunkSize));
        tbs = tbs.subspan(chunk.size());
        if (!queue(number, SignChunk{chunk}, nullptr, lock)) return call;  // broken: the call is complete
        flush(lock);
        const bool in_time =
            drained_.wait_until(lock, deadline, [&] { return broken_ || outgoing_.size() < kMaxOutgoing; });
        if (!in_time || call->is_done()) return call;
    }
    if (!queue(number, SignEnd{}, call.get(), lock)) return call;
    flush(lock);
    return call;
}

void Link::forget(const std::shared_ptr<Call>& call) {
    const std::scoped_lock lock{mutex_};
    for (auto entry = calls_.begin(); entry != calls_.end(); ++entry) {
        if (entry->second != call) continue;
        calls_.erase(entry);
        return;
    }
}

void Link::read_answers() {
    Error why = fail(ErrorCode::unavailable, "the signer closed the connection");
    for (;;) {
        ByteView rest = received_.view();
        auto taken = take_answers(rest);
        received_.keep(rest.size());
        if (!taken) {
            why = taken.error();
            break;
        }
        const auto count = received_.receive(socket_.get());
        if (!count) why = count.error();
        if (!count || count.value() == 0) break;
    }
    {
        std::unique_lock lock{mutex_};
        break_now(why, lock);
    }
    died_(why);
}

// take_answers completes the calls that the whole frames at hand belong to. An answer to a forgotten call is dropped.
Result<void> Link::take_answers(ByteView& octets) {
    for (;;) {
        SEALWRIGHT_TRY(const auto frame, next_frame(octets));
        if (!frame) return success();
        SEALWRIGHT_TRY(auto message, parse_server_message(*frame));
        std::shared_ptr<Call> call;
        {
            const std::scoped_lock lock{mutex_};
            const auto found = calls_.find(frame->number);
            if (found == calls_.end()) continue;
            call = std::move(found->second);
            calls_.erase(found);
        }
        call->complete(answer_of(std::move(message)));
    }
}

}  // namespace sealwright::hsm::signer_process
