// connection.hpp: one client of the signer: its frames read, each request held against the key's limits, answers
// written back.
#pragma once

#include "hsm/signer_process/crl_checker.hpp"
#include "hsm/signer_process/key_ring.hpp"
#include "hsm/signer_process/outbox.hpp"
#include "hsm/signer_process/pipeline.hpp"
#include "hsm/signer_process/unix_socket.hpp"

namespace sealwright::hsm::signer_process {

// Connection is shared by its own reading thread and by every request that is under way. Thread-safe. Those that answer
// never wait for the peer: what it does not take at once its own thread sends, which reads no more requests meanwhile
// than it must, and ends the connection when the peer takes nothing for Outbox::kPatience.
class Connection final : public Requester, public std::enable_shared_from_this<Connection> {
public:
    struct Options {
        std::uint32_t max_outstanding = 1024;
        std::chrono::milliseconds deadline{10000};
    };
    // It throws where no descriptor is left to wake its thread with.
    Connection(Descriptor socket, const KeyRing& keys, Pipeline& pipeline, const Clock& clock, Log& log,
               const Options& options);

    // serve reads until the peer goes, breaks the protocol or close is called. The caller has checked the peer's
    // credentials.
    void serve() noexcept;
    // close ends serve from another thread.
    void close() noexcept;
    // fence_off drops what this connection has asked for, if it is of an older epoch of the node.
    void fence_off(const NodeId& node, BootEpoch epoch) noexcept;

    bool stands() const noexcept override { return !gone_ && !fenced_off_; }
    void answer(std::uint64_t number, const ServerMessage& message) noexcept override;
    void deliver() noexcept override;

private:
    class Question;

    // Stream is a CRL that is on its way in chunks.
    struct Stream {
        SignHead head;
        std::uint64_t left = 0;
        CrlReader reader;
        crypto::Hasher sha256{crypto::DigestAlgorithm::sha256};
        crypto::Hasher digest{crypto::DigestAlgorithm::sha256};
        bool keep = false;  // the token hashes, so that the message itself is needed
        Bytes message;
        std::chrono::steady_clock::time_point deadline;
    };

    Result<void> serve_frames();
    void let_gather();
    bool may_take(std::size_t most_questions) const;
    Result<bool> wait(bool needs_octets);
    void wake() noexcept;
    Error unread() const;
    Result<bool> take_all(ByteView& octets);
    Result<bool> take_frames(ByteView& octets);
    Result<void> take(std::uint64_t number, const ClientMessage& message);
    Result<void> begin(std::uint64_t number, const ClientMessage& message);
    void ask(std::uint64_t number, const Sign& message);
    void take(std::uint64_t number, SignTask task);
    void hand_over();
    void begin_stream(std::uint64_t number, const SignBegin& message);
    Result<void> feed_stream(std::uint64_t number, const SignChunk& message);
    void end_stream(std::uint64_t number);
    Result<Stream> open_stream(const SignBegin& message) const;
    Result<SignTask> finish_stream(Stream& stream);
    Result<SignTask> checked(const Sign& message);
    SignTask task_of(const SignHead& head) const;
    void list_keys(std::uint64_t number);
    void give_public_key(std::uint64_t number, const GetPublicKey& message);
    void open_up(std::uint64_t number, const Decrypt& message);
    void refuse(std::uint64_t number, const SignHead& head, const Error& why);

    Descriptor socket_;
    Descriptor event_;  // wakes the reading thread
    const KeyRing& keys_;
    Pipeline& pipeline_;
    const Clock& clock_;
    Log& log_;
    const Options options_;

    // Of the reading thread.
    enum class Stage { hello, fence, open };
    Stage stage_ = Stage::hello;
    std::map<std::uint64_t, Stream> streams_;
    std::vector<SignTask> asked_;    // checked, and not in the pipeline yet
    std::optional<KeyId> last_key_;  // that a signature was asked of since the last pause

    // Set by the reading thread before the first request, then constant; fence_off reads them under the lock.
    mutable std::mutex identity_mutex_;
    NodeId node_;
    BootEpoch epoch_;

    std::atomic<bool> gone_{false};
    std::atomic<bool> fenced_off_{false};

    std::atomic<std::size_t> questions_{0};
    Outbox outbox_;
};

}  // namespace sealwright::hsm::signer_process
