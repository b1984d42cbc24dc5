// client.hpp: the daemon's only way to a signature: a pipelining client of sealwright-signer's Unix socket.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "hsm/decryptor.hpp"
#include "hsm/signer.hpp"

namespace sealwright::hsm::signer_process {

struct ClientOptions {
    std::string socket_path;
    NodeId node;
    BootEpoch epoch;                            // fenced on every connect, before anything else
    std::chrono::milliseconds deadline{10000};  // for one request; past it the answer is timed_out (may have signed)
    std::size_t max_outstanding = 1024;         // more are refused as overloaded
    bool expect_same_user = false;  // demo and tests: otherwise the peer's uid must differ from ours or be named here
};

// Client is thread-safe; many threads' requests share one connection and are matched by number. It reconnects by itself
// with back-off; a request to sign whose bytes may have reached a signer that then vanished ends as indeterminate,
// never resent.
class Client : public Signer, public SignerJournal, public Decryptor {
public:
    static Result<std::unique_ptr<Client>> connect(const ClientOptions& options, Log& log);
    // connected says whether a fenced connection stands now; for readiness.
    virtual bool connected() const noexcept = 0;
    // keys lists the keys with their purposes, as the signer's configuration has them.
    struct KeyInfo {
        KeyId id;
        std::vector<Purpose> purposes;
        std::vector<crypto::SignatureAlgorithm> algorithms;
    };
    virtual Result<std::vector<KeyInfo>> keys() = 0;
};

}  // namespace sealwright::hsm::signer_process
