#include "hsm/signer_process/server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <list>

#include "hsm/signer_process/log_rooms.hpp"
#include "hsm/signer_process/sandbox.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr int kBacklog = 64;
constexpr useconds_t kPause = 50000;  // after a connection that could not be taken: without one this would spin

class ServerImpl final : public Server {
public:
    ServerImpl(const Configuration& configuration, Descriptor control, const Clock& clock, Log& log)
        : configuration_(configuration),
          clock_(clock),
          log_(log),
          main_thread_(::pthread_self()),
          locations_(configuration_, std::move(control), Locations::Options{configuration.max_outstanding}, log),
          keys_(configuration_.keys, [this](const KeyId& key) { return locations_.signs_digests(key); }) {}

    ~ServerImpl() override { ServerImpl::stop(); }

    // start: all that needs files or new descriptors comes before the sandbox, all threads behind it.
    Result<void> start(std::unique_ptr<Journal> journal) {
        SEALWRIGHT_TRY(listening_, bind_unix(configuration_.socket, configuration_.socket_mode));
        wake_ = Descriptor{::eventfd(0, EFD_CLOEXEC)};
        if (!wake_) return fail(ErrorCode::io, "no eventfd", std::strerror(errno));
        SEALWRIGHT_TRY(enter_server_sandbox(configuration_.sandbox, log_));
        pipeline_ = std::make_unique<Pipeline>(std::move(journal), locations_,
                                               Pipeline::Options{configuration_.max_outstanding}, log_,
                                               [this](const NodeId& node, BootEpoch epoch) { fence_off(node, epoch); });
        SEALWRIGHT_TRY(locations_.start(
            [this](auto proofs, auto done) { pipeline_->journal_proofs(std::move(proofs), std::move(done)); },
            [this](const crypto::PublicKey& key) { learn(key); }));
        if (::listen(listening_.get(), kBacklog) != 0)
            return fail(ErrorCode::io, "cannot listen on " + configuration_.socket, std::strerror(errno));
        accepting_ = std::thread{[this] { accept_connections(); }};
        locations_.tell_ready();  // first: who reads the line may stop the signer at once
        log_.info(kSignerRoom, "listening on " + configuration_.socket);
        return success();
    }

    bool stop() override {
        if (!accepting_.joinable()) {
            if (pipeline_) clean_ = pipeline_->stop();
            return clean_;
        }
        const std::uint64_t one = 1;
        // Waking cannot fail in a way that matters: an eventfd takes eight octets unless its counter overflows.
        if (::write(wake_.get(), &one, sizeof(one)) < 0) log_.error(kSignerRoom, "cannot wake the accepting thread");
        accepting_.join();
        clean_ = pipeline_->stop();
        for (Served& served : served_) served.connection->close();
        for (Served& served : served_) served.thread.join();
        served_.clear();
        return clean_;
    }

private:
    struct Served {
        std::shared_ptr<Connection> connection;
        std::thread thread;
        std::shared_ptr<std::atomic<bool>> ended;
    };

    void accept_connections() {
        for (;;) {
            std::array<pollfd, 2> waiting{pollfd{listening_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
            if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
                // A signer that accepts nobody must not look alive to who supervises it.
                log_.error(kSignerRoom, std::string{"poll: "} + std::strerror(errno) + "; the signer ends");
                ::pthread_kill(main_thread_, SIGTERM);
                return;
            }
            if (waiting[1].revents != 0) return;
            try {
                if (waiting[0].revents != 0) accept_one();
                reap();
            } catch (const std::exception& error) {
                // No memory or no thread for one more: those that are served go on.
                log_.error(kSignerRoom, std::string{"a connection could not be taken: "} + error.what());
                ::usleep(kPause);
            }
        }
    }

    void accept_one() {
        Descriptor socket{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (!socket) {
            // Out of descriptors, say.
            if (errno != EINTR && errno != ECONNABORTED) ::usleep(kPause);
            return;
        }
        if (auto welcome = check_peer(socket.get()); !welcome) {
            pipeline_->refusals().warning(kSignerRoom, "refused a connection: " + welcome.error().describe());
            return say_goodbye(socket.get(), welcome.error());
        }
        reap();
        const std::scoped_lock lock{served_mutex_};
        if (served_.size() >= configuration_.max_connections)
            return say_goodbye(socket.get(), fail(ErrorCode::overloaded, "too many connections"));
        auto connection =
            std::make_shared<Connection>(std::move(socket), keys_, *pipeline_, clock_, log_,
                                         Connection::Options{configuration_.max_outstanding, configuration_.deadline});
        auto ended = std::make_shared<std::atomic<bool>>(false);
        served_.push_back({connection, std::thread{[connection, ended] {
                               connection->serve();
                               *ended = true;
                           }},
                           ended});
    }

    Result<void> check_peer(int fd) const {
        SEALWRIGHT_TRY(const auto peer, peer_credentials(fd));
        for (const unsigned uid : configuration_.allowed_uids) {
            if (peer.uid == uid) return success();
        }
        return fail(ErrorCode::denied, "this user may not use the signer",
                    "uid " + std::to_string(peer.uid) + " pid " + std::to_string(peer.pid));
    }

    static void say_goodbye(int fd, const Error& why) {
        Bytes frame;
        append_message(frame, 0, error_answer(why));
        std::size_t sent = 0;
        (void)send_all(fd, frame, std::chrono::milliseconds{0}, sent);
    }

    // reap joins the threads of connections that have ended.
    void reap() {
        std::list<Served> gone;
        {
            const std::scoped_lock lock{served_mutex_};
            for (auto served = served_.begin(); served != served_.end();) {
                const auto next = std::next(served);
                if (*served->ended) gone.splice(gone.end(), served_, served);
                served = next;
            }
        }
        for (Served& served : gone) served.thread.join();
    }

    void fence_off(const NodeId& node, BootEpoch epoch) {
        const std::scoped_lock lock{served_mutex_};
        for (const Served& served : served_) served.connection->fence_off(node, epoch);
    }

    // learn joins what the configuration says of a key with what a token says, from when on the key can be used.
    void learn(const crypto::PublicKey& key) {
        const KeyLimits* limits = keys_.learn(key);
        if (limits == nullptr) return;
        std::string purposes;
        for (const Purpose purpose : limits->purposes()) purposes += " " + std::string{purpose_name(purpose)};
        log_.info(kSignerRoom, "key " + limits->name + " " + limits->id.hex() + ":" + purposes);
    }

    const Configuration configuration_;
    const Clock& clock_;
    Log& log_;
    const pthread_t main_thread_;
    Locations locations_;
    KeyRing keys_;
    Descriptor listening_;
    Descriptor wake_;
    std::unique_ptr<Pipeline> pipeline_;
    std::mutex served_mutex_;
    std::list<Served> served_;
    std::thread accepting_;
    bool clean_ = true;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const Configuration& configuration, std::unique_ptr<Journal> journal,
                                              Descriptor control, const Clock& clock, Log& log) {
    auto server = std::make_unique<ServerImpl>(configuration, std::move(control), clock, log);
    SEALWRIGHT_TRY(server->start(std::move(journal)));
    return std::unique_ptr<Server>{std::move(server)};
}

}  // namespace sealwright::hsm::signer_process
