// supervisor.hpp: the first process of the signer: it has the PINs, makes the others, and knows when they end. It
// parses nothing from outside and loads no module; it has one thread.
#pragma once

#include <functional>

#include "base/log.hpp"
#include "hsm/signer_process/config.hpp"
#include "hsm/signer_process/unix_socket.hpp"

namespace sealwright::hsm::signer_process {

// RunServer is what the server's process does with its end of the control socket (control.hpp); it gives the exit
// status.
using RunServer = std::function<int(Descriptor control)>;

// supervise starts the server, and token processes as it asks for them, until the server ends; then it ends what is
// left and gives the server's exit status. A server that was killed takes the whole process with it, by the same
// signal. SIGTERM and SIGINT are passed on to the server, SIGHUP makes a line in the log; all three must be blocked.
// is_ready is called when the server listens. Of each token the PIN is obtained once, before the first process is made,
// and again where it could not be had; one that the token refused before, in whichever run, is not tried
// (refused_pins.hpp).
int supervise(const Configuration& configuration, const RunServer& server, const std::function<void()>& is_ready,
              Log& log);

}  // namespace sealwright::hsm::signer_process
