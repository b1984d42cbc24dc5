// server.hpp: the signer's socket: who may connect, one thread a connection.
#pragma once

#include "hsm/signer_process/config.hpp"
#include "hsm/signer_process/connection.hpp"

namespace sealwright::hsm::signer_process {

class Server {
public:
    // start listens and serves; keys, token and clock outlive it.
    static Result<std::unique_ptr<Server>> start(const Configuration& configuration, std::unique_ptr<Journal> journal,
                                                 std::shared_ptr<pkcs11::Token> token, KeyRing keys, const Clock& clock,
                                                 Log& log);
    virtual ~Server() = default;
    // stop ends all connections and the pipeline; false when a lane hangs in the token: then end the process without
    // destroying anything.
    virtual bool stop() = 0;
};

// gather_keys finds every configured key in the token; a key that is missing or does not fit its algorithms is an
// error.
Result<KeyRing> gather_keys(const Configuration& configuration, pkcs11::Token& token, Log& log);

}  // namespace sealwright::hsm::signer_process
