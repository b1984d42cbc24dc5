// signer_main.hpp: the program sealwright-signer without its definition of at_boundary (src/base/boundary.hpp), so that
// the fault tests can link another one.
#pragma once

namespace sealwright::hsm::signer_process {

// Exit statuses, documented in sealwright-signer(8). A refused PIN has one of its own, so that a service manager does
// not try it again.
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitPinRefused = 3;

int signer_main(int argc, char** argv);

}  // namespace sealwright::hsm::signer_process
