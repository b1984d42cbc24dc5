// serial_entropy.cpp: CA/Browser Forum Baseline Requirements 7.1.
#include <bit>

#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

namespace {

// Of 128 random bits, fewer than 64 significant ones come up once in 2^64: such a number was not drawn but counted.
constexpr std::size_t kLeastBits = 64;

}  // namespace

CertificateLint serial_entropy() noexcept {
    return {"ca_serial_entropy", "CA/Browser Forum Baseline Requirements 7.1",
            "non-sequential Certificate serial numbers greater than zero (0) containing at least 64 bits of output "
            "from a CSPRNG",
            [](const CertificateSubject& subject, Details& details) {
                const ByteView serial = subject.tbs.serial;
                if (serial.empty() || (serial[0] & 0x80U) != 0) return;
                const auto first =
                    std::find_if(serial.begin(), serial.end(), [](std::uint8_t octet) { return octet != 0; });
                if (first == serial.end()) return;  // zero is serial_positive's
                const auto behind = static_cast<std::size_t>(serial.end() - first) - 1;
                const std::size_t bits =
                    behind * 8 + static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(*first)));
                if (bits < kLeastBits)
                    details.push_back("the serial number has " + std::to_string(bits) + " significant bits");
            }};
}

}  // namespace sealwright::profile::lints
