// token_process.hpp: the process that holds one token: loads the vendor's module, logs in, signs what the server asks.
// Nothing else of the signer ever has a module's code in it: what the module breaks, leaks or blocks ends here.
#pragma once

#include <array>

#include "base/log.hpp"
#include "hsm/signer_process/config.hpp"
#include "hsm/signer_process/findings_mark.hpp"
#include "hsm/signer_process/login_marks.hpp"
#include "hsm/signer_process/unix_socket.hpp"

namespace sealwright::hsm::signer_process {

// TokenProcessEnds is what a token process is given by the supervisor, at its birth.
struct TokenProcessEnds {
    Descriptor server;  // the packet socket to the server
    Descriptor marks;   // started_marks.hpp
    Descriptor pin;     // a pipe that holds the PIN, to its end
    // For what does not decrypt (decryptor.hpp): the same in every token process of a signer.
    std::array<std::uint8_t, 32> rejection_key{};
    LoginMarks* logins = nullptr;      // of this life; the supervisor reads them, and gives leave to log in
    FindingsMark* findings = nullptr;  // of all lives
};

// Exit status of a token process whose PIN was refused, or is not tried any more.
inline constexpr int kTokenPinRefused = 3;

// run_token_process serves until the server closes the socket, and gives the exit status. To be called in a fresh
// process that has no threads; several threads are made here.
int run_token_process(const Configuration& configuration, std::size_t token, TokenProcessEnds ends, Log& log);

}  // namespace sealwright::hsm::signer_process
