// log_rooms.hpp: what the signer's log lines begin with, where several files write of the same.
#pragma once

#include <string_view>

namespace sealwright::hsm::signer_process {

inline constexpr std::string_view kSignerRoom = "signer";
inline constexpr std::string_view kTokenRoom = "token";  // a location, its process, and what waits for it

}  // namespace sealwright::hsm::signer_process
