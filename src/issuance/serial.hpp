// serial.hpp: serial numbers between their two forms: an INTEGER's content as others encode it, and ours of 128 bits.
#pragma once

#include <optional>

#include "base/ids.hpp"

namespace sealwright::issuance {

// serial_from_integer reads INTEGER content; nullopt for what cannot be one of ours: zero, negative, or more than 128
// bits.
std::optional<SerialNumber> serial_from_integer(ByteView content) noexcept;

}  // namespace sealwright::issuance
