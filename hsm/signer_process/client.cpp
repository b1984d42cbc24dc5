#include "hsm/signer_process/client.hpp"

#include <unistd.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/boundary.hpp"
#include "hsm/signer_process/link.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{1000};
constexpr std::chrono::milliseconds kFirstConnect{3000};  // how long connect tries before it gives up
constexpr std::string_view kRoom = "signer_client";

// worth_retrying: the signer is not there yet, or not any more. Everything else (another user's socket, a newer epoch)
// will not heal.
bool worth_retrying(ErrorCode code) noexcept {
    return code == ErrorCode::unavailable || code == ErrorCode::io || code == ErrorCode::timed_out ||
           code == ErrorCode::overloaded || code == ErrorCode::storage;
}

class ClientImpl final : public Client {
public:
    ClientImpl(ClientOptions options, Log& log) : options_(std::move(options)), log_(log), epoch_(options_.epoch) {}

    ~ClientImpl() override {
        {
            const std::scoped_lock lock{mutex_};
            stopping_ = true;
        }
        changed_.notify_all();
        if (keeper_.joinable()) keeper_.join();
        if (link_) link_->close();  // before the members that its thread still tells of its end
    }

    // start connects for the first time and begins to keep the connection.
    Result<void> start() {
        const auto give_up = SteadyClock::now() + std::min(options_.deadline, kFirstConnect);
        for (auto pause = kFirstPause;; pause *= 2) {
            auto link = establish();
            if (link) {
                adopt(std::move(link).value());
                break;
            }
            if (!worth_retrying(link.error().code()) || SteadyClock::now() + pause > give_up) return link.error();
            std::this_thread::sleep_for(pause);
        }
        keeper_ = std::thread{[this] { keep_connected(); }};
        return success();
    }

    bool connected() const noexcept override {
        const std::scoped_lock lock{mutex_};
        return link_ != nullptr && link_->alive();
    }

    Result<Bytes> sign(const SignRequest& request) override {
        const auto deadline = SteadyClock::now() + options_.deadline;
        SEALWRIGHT_TRY(const auto link, current());
        if (request.tbs.empty()) return fail(ErrorCode::malformed, "there is nothing to sign");
        if (request.tbs.size() > kMaxStreamedTbs)
            return fail(ErrorCode::too_large, "the signer takes at most 268435456 octets");
        const SignHead head{request.key, request.purpose, request.algorithm, request.intent,
                            static_cast<std::uint32_t>(options_.deadline.count())};
        auto call = request.tbs.size() <= kMaxSingleTbs ? link->ask(Sign{head, request.tbs})
                                                        : link->ask_streamed(head, request.tbs, deadline);
        if (!call) return call.error();
        if (request.purpose == Purpose::certificate) at_boundary(boundary::kSignatureAsked);
        auto answer = call.value()->wait_until(deadline);
        if (!answer) {
            link->forget(call.value());
            return fail(ErrorCode::timed_out, "the signer has not answered in time; it may have signed");
        }
        if (answer->error) return *answer->error;
        if (answer->octets.empty()) return fail(ErrorCode::indeterminate, "the signer's answer holds no signature");
        return std::move(answer->octets);
    }

    Result<crypto::PublicKey> public_key(const KeyId& key) override {
        {
            const std::scoped_lock lock{mutex_};
            if (const auto known = public_keys_.find(key); known != public_keys_.end()) return known->second;
        }
        SEALWRIGHT_TRY(const auto answer, ask(GetPublicKey{key}));
        SEALWRIGHT_TRY(auto parsed, crypto::PublicKey::parse(answer.octets));
        if (parsed.id() != key)
            return fail(ErrorCode::token, "the signer gave another key than it was asked for",
                        "key " + parsed.id().hex());
        const std::scoped_lock lock{mutex_};
        public_keys_.emplace(key, parsed);
        return parsed;
    }

    // decrypt may be asked again by the caller, whatever came of it.
    Result<Secret> decrypt(const DecryptRequest& request) override {
        auto answer = ask(Decrypt{request, static_cast<std::uint32_t>(options_.deadline.count())});
        if (!answer) return answer.error();
        Bytes& octets = answer.value().octets;
        if (octets.empty()) return fail(ErrorCode::token, "the signer's answer holds no secret");
        Secret secret = Secret::copy_of(octets);
        zeroise(octets.data(), octets.size());
        return secret;
    }

    Result<std::vector<KeyInfo>> keys() override {
        SEALWRIGHT_TRY(auto answer, ask(ListKeys{}));
        std::vector<KeyInfo> keys;
        for (KeyDescription& key : answer.keys)
            keys.push_back({key.id, std::move(key.purposes), std::move(key.algorithms)});
        return keys;
    }

    Result<void> fence(const NodeId& node, BootEpoch epoch) override {
        SEALWRIGHT_TRY(ask(Fence{node, epoch}));
        const std::scoped_lock lock{mutex_};
        if (node == options_.node && epoch > epoch_) epoch_ = epoch;
        return success();
    }

    Result<JournalState> look_up(const IntentId& intent, BootEpoch epoch) override {
        SEALWRIGHT_TRY(const auto answer, ask(LookUp{intent, epoch}));
        return answer.state;
    }

private:
    Result<std::shared_ptr<Link>> current() const {
        const std::scoped_lock lock{mutex_};
        if (!link_) return fail(ErrorCode::unavailable, "there is no connection to the signer", last_failure_);
        return link_;
    }

    // ask is for requests that sign nothing.
    Result<Answer> ask(const ClientMessage& message) {
        const auto deadline = SteadyClock::now() + options_.deadline;
        SEALWRIGHT_TRY(const auto link, current());
        SEALWRIGHT_TRY(const auto call, link->ask(message));
        auto answer = call->wait_until(deadline);
        if (!answer) {
            link->forget(call);
            return fail(ErrorCode::timed_out, "the signer has not answered in time");
        }
        if (answer->error) return *answer->error;
        return std::move(*answer);
    }

    // establish connects, looks who the peer is, says hello and fences.
    Result<std::shared_ptr<Link>> establish() {
        SEALWRIGHT_TRY(auto socket, connect_unix(options_.socket_path));
        SEALWRIGHT_TRY(const auto peer, peer_credentials(socket.get()));
        if (peer.uid == ::geteuid() && !options_.expect_same_user) {
            return fail(
                ErrorCode::denied,
                "the signer runs as our own user, who could then read its PIN and token; give it a user of its own");
        }
        BootEpoch epoch;
        {
            const std::scoped_lock lock{mutex_};
            epoch = epoch_;
        }
        return Link::establish(std::move(socket), options_.node, epoch,
                               Link::Options{options_.max_outstanding, options_.deadline});
    }

    void adopt(std::shared_ptr<Link> link) {
        // Under the lock, so that a link that dies at once is already ours when it says so.
        const std::scoped_lock lock{mutex_};
        link_ = std::move(link);
        link_->start([this](const Error& why) {
            const std::scoped_lock telling{mutex_};
            last_failure_ = why.describe();
            is_lost_ = true;
            changed_.notify_all();
        });
    }

    // keep_connected replaces a broken link, with growing pauses.
    void keep_connected() {
        std::unique_lock lock{mutex_};
        while (!stopping_) {
            changed_.wait(lock, [&] { return stopping_ || is_lost_; });
            if (stopping_) return;
            const std::shared_ptr<Link> broken = std::move(link_);
            link_.reset();
            is_lost_ = false;
            log_.warning(kRoom, "lost the signer: " + last_failure_);
            lock.unlock();
            if (broken) broken->close();
            lock.lock();
            reconnect(lock);
        }
    }

    void reconnect(std::unique_lock<std::mutex>& lock) {
        std::string said;
        for (auto pause = kFirstPause; !stopping_; pause = std::min(pause * 2, kLongestPause)) {
            lock.unlock();
            auto link = establish();
            if (link) {
                adopt(std::move(link).value());
                log_.info(kRoom, "connected to the signer again");
                lock.lock();
                return;
            }
            lock.lock();
            last_failure_ = link.error().describe();
            if (last_failure_ != said) log_.warning(kRoom, "the signer is not there: " + last_failure_);
            said = last_failure_;
            changed_.wait_for(lock, pause, [&] { return stopping_; });
        }
    }

    const ClientOptions options_;
    Log& log_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    BootEpoch epoch_;
    std::shared_ptr<Link> link_;
    bool is_lost_ = false;
    bool stopping_ = false;
    std::string last_failure_;
    std::map<KeyId, crypto::PublicKey> public_keys_;
    std::thread keeper_;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::connect(const ClientOptions& options, Log& log) {
    if (options.deadline.count() <= 0 || options.deadline > std::chrono::hours{24})
        return fail(ErrorCode::config, "the signer's deadline lies between 1 ms and one day");
    if (options.max_outstanding == 0) return fail(ErrorCode::config, "at least one request may be outstanding");
    auto client = std::make_unique<ClientImpl>(options, log);
    SEALWRIGHT_TRY(client->start());
    return std::unique_ptr<Client>{std::move(client)};
}

}  // namespace sealwright::hsm::signer_process
