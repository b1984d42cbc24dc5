// boundary_kill.cpp: the definition of at_boundary that the fault tests link. SEALWRIGHT_KILL_AT=name:count ends the
// process by SIGKILL, as power loss would, when the named boundary is passed for the count-th time. No installed
// program links this file.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/boundary.hpp"

namespace sealwright {
namespace {

struct Trap {
    std::string name;
    std::atomic<long> left{0};

    Trap() {
        const char* armed = std::getenv("SEALWRIGHT_KILL_AT");
        if (armed == nullptr) return;
        const std::string_view text{armed};
        const std::size_t colon = text.rfind(':');
        if (colon == std::string_view::npos) return;
        name = text.substr(0, colon);
        left = std::strtol(armed + colon + 1, nullptr, 10);
    }
};

}  // namespace

void at_boundary(std::string_view name) noexcept {
    static Trap trap;
    if (trap.name.empty() || name != trap.name) return;
    // raise and not kill: the signer's server may send signals to itself alone.
    if (trap.left.fetch_sub(1) == 1) ::raise(SIGKILL);
}

}  // namespace sealwright
