// server.hpp: the signer's socket: who may connect, one thread a connection.
#pragma once

#include "hsm/signer_process/config.hpp"
#include "hsm/signer_process/connection.hpp"

namespace sealwright::hsm::signer_process {

class Server {
public:
    // start brings the tokens up, then listens and serves, also while tokens that may come are still away; clock and
    // log outlive it. control is the socket to the supervisor, which unlinks the socket in the end. Errors: those of
    // Locations::start; io and conflict for the socket.
    static Result<std::unique_ptr<Server>> start(const Configuration& configuration, std::unique_ptr<Journal> journal,
                                                 Descriptor control, const Clock& clock, Log& log);
    virtual ~Server() = default;
    // stop ends all connections and the tokens; false when a token's process had to be killed.
    virtual bool stop() = 0;
};

}  // namespace sealwright::hsm::signer_process
