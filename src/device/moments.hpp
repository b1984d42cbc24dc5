// moments.hpp: the named moments of an enrolment (base/boundary.hpp), in the order in which it passes them. Fault tests
// end the program there.
#pragma once

#include <string_view>

namespace sealwright::device::moment {

inline constexpr std::string_view kPrepared = "device.prepared";      // the keys are made and durable, nothing was sent
inline constexpr std::string_view kOpened = "device.opened";          // the challenge is read, not durable
inline constexpr std::string_view kChallenged = "device.challenged";  // the challenge is durable
inline constexpr std::string_view kAnswering = "device.answering";    // the answer is made, nothing of it was sent
inline constexpr std::string_view kAnswered = "device.answered";      // the server's word is read, not durable
inline constexpr std::string_view kWritten =
    "device.written";  // the new generation is durable, and not the current one
inline constexpr std::string_view kSwitched =
    "device.switched";  // it is the current one, and the request still counts as pending

}  // namespace sealwright::device::moment
