#include "hsm/signer_process/server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <list>

#include "hsm/key_evidence.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::string_view kRoom = "signer";
constexpr useconds_t kPause = 50000;  // after a connection that could not be taken: without one this would spin

class ServerImpl final : public Server {
public:
    ServerImpl(const Configuration& configuration, KeyRing keys, const Clock& clock, Log& log)
        : configuration_(configuration), keys_(std::move(keys)), clock_(clock), log_(log) {}

    ~ServerImpl() override { ServerImpl::stop(); }

    Result<void> start(std::unique_ptr<Journal> journal, std::shared_ptr<pkcs11::Token> token) {
        SEALWRIGHT_TRY(listening_, listen_unix(configuration_.socket, configuration_.socket_mode));
        wake_ = Descriptor{::eventfd(0, EFD_CLOEXEC)};
        if (!wake_) return fail(ErrorCode::io, "no eventfd", std::strerror(errno));
        pipeline_ = std::make_unique<Pipeline>(
            std::move(journal), std::move(token),
            Pipeline::Options{configuration_.lanes, configuration_.max_outstanding, configuration_.deadline}, log_,
            [this](const NodeId& node, BootEpoch epoch) { fence_off(node, epoch); });
        accepting_ = std::thread{[this] { accept_connections(); }};
        return success();
    }

    bool stop() override {
        if (!accepting_.joinable()) return clean_;
        const std::uint64_t one = 1;
        // Waking cannot fail in a way that matters: an eventfd takes eight octets unless its counter overflows.
        if (::write(wake_.get(), &one, sizeof(one)) < 0) log_.error(kRoom, "cannot wake the accepting thread");
        accepting_.join();
        ::unlink(configuration_.socket.c_str());
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
                log_.error(kRoom, std::string{"poll: "} + std::strerror(errno) + "; the signer ends");
                ::kill(::getpid(), SIGTERM);
                return;
            }
            if (waiting[1].revents != 0) return;
            try {
                if (waiting[0].revents != 0) accept_one();
                reap();
            } catch (const std::exception& error) {
                // No memory or no thread for one more: those that are served go on.
                log_.error(kRoom, std::string{"a connection could not be taken: "} + error.what());
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
            log_.warning(kRoom, "refused a connection: " + welcome.error().describe());
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

    const Configuration configuration_;
    const KeyRing keys_;
    const Clock& clock_;
    Log& log_;
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
                                              std::shared_ptr<pkcs11::Token> token, KeyRing keys, const Clock& clock,
                                              Log& log) {
    auto server = std::make_unique<ServerImpl>(configuration, std::move(keys), clock, log);
    SEALWRIGHT_TRY(server->start(std::move(journal), std::move(token)));
    return std::unique_ptr<Server>{std::move(server)};
}

namespace {

// check_evidence holds what the token says of a key against the template: a key that was put back as extractable must
// not be served as if it were the one of the ceremony.
Result<void> check_evidence(const Configuration& configuration, const KeyLimits& limits, pkcs11::Token& token,
                            Log& log) {
    SEALWRIGHT_TRY(const auto evidence, token.evidence(limits.id));
    SEALWRIGHT_TRY(const auto findings, judge_evidence(evidence, kNonExtractable));
    std::string errors;
    for (const auto& finding : findings) {
        if (finding.severity == x509::Severity::note) continue;
        const bool is_error = finding.severity == x509::Severity::error;
        if (is_error) errors += (errors.empty() ? "" : "; ") + finding.detail;
        if (!is_error || !configuration.judge_evidence)
            log.warning(kRoom, "key " + limits.name + ": " + finding.code + ": " + finding.detail);
    }
    if (errors.empty() || !configuration.judge_evidence) return success();
    return fail(ErrorCode::token, "the key " + limits.name + " is not served: " + errors,
                "evidence = \"none\" in [token] would serve it all the same");
}

}  // namespace

Result<KeyRing> gather_keys(const Configuration& configuration, pkcs11::Token& token, Log& log) {
    SEALWRIGHT_TRY(const auto present, token.keys());
    KeyRing ring;
    for (const KeyLimits& limits : configuration.keys) {
        const auto found = std::find_if(present.begin(), present.end(),
                                        [&](const auto& key) { return key.id == limits.id && key.has_private; });
        if (found == present.end())
            return fail(ErrorCode::not_found, "the token does not hold the key " + limits.name,
                        "key " + limits.id.hex());
        SEALWRIGHT_TRY(check_evidence(configuration, limits, token, log));
        bool signs_digests = true;
        for (const auto& algorithm : limits.algorithms) {
            if (!crypto::fits(algorithm, found->public_key.type())) {
                return fail(ErrorCode::config, "the key " + limits.name + " cannot make " +
                                                   crypto::signature_name(algorithm) + " signatures");
            }
            signs_digests = signs_digests && token.signs_digests(algorithm);
        }
        ring.entries.emplace(limits.id, KeyRing::Entry{limits, found->public_key, signs_digests});
    }
    return ring;
}

}  // namespace sealwright::hsm::signer_process
