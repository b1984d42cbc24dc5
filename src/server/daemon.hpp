// daemon.hpp: the online CA as one object: the one composition root. Everything is made here, in order, and ended here,
// in the opposite order.
#pragma once

#include <memory>

#include "base/log.hpp"
#include "server/material.hpp"
#include "server/notify.hpp"

namespace sealwright::server {

class Daemon {
public:
    // start opens the store, opens a boot epoch, connects to the signer (fenced) and settles what the last boot left
    // open, loads the last CRL, listens, and says that it is ready. A signer that is not there yet is waited for in the
    // background: the daemon then listens and serves what needs no signature, and says why it is not ready.
    static Result<std::unique_ptr<Daemon>> start(Config config, Material material, Notifier& notifier, Log& log);
    ~Daemon();  // as stop

    // stop lets requests under way finish, records the end and signs a last checkpoint. Blocks.
    void stop();

private:
    struct Parts;
    explicit Daemon(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace sealwright::server
