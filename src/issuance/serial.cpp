#include "issuance/serial.hpp"

namespace sealwright::issuance {

std::optional<SerialNumber> serial_from_integer(ByteView content) noexcept {
    if (content.empty() || (content[0] & 0x80U) != 0) return std::nullopt;
    // At most one leading zero octet, and only where DER wants it; parsers have seen to that.
    if (content[0] == 0) content = content.subspan(1);
    if (content.empty() || content.size() > SerialNumber::kSize) return std::nullopt;
    std::array<std::uint8_t, SerialNumber::kSize> octets{};
    std::copy(content.begin(), content.end(), octets.end() - static_cast<std::ptrdiff_t>(content.size()));
    return SerialNumber{octets};
}

}  // namespace sealwright::issuance
