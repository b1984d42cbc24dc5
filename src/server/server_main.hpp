// server_main.hpp: the program sealwrightd without its definition of at_boundary (src/base/boundary.hpp), so that the
// fault tests can link another one.
#pragma once

namespace sealwright::server {

// Exit statuses, documented in sealwrightd(8). A wrong configuration has one of its own, so that a service manager does
// not try it again.
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfig = 3;

int sealwrightd_main(int argc, char** argv);

}  // namespace sealwright::server
