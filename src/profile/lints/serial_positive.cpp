// serial_positive.cpp: RFC 5280 4.1.2.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint serial_positive() noexcept {
    return {"rfc5280_4_1_2_2_serial_positive", "RFC 5280 4.1.2.2",
            "The serial number MUST be a positive integer assigned by the CA",
            [](const CertificateSubject& subject, Details& details) {
                const ByteView serial = subject.tbs.serial;
                const bool negative = !serial.empty() && (serial[0] & 0x80U) != 0;
                const bool zero =
                    std::all_of(serial.begin(), serial.end(), [](std::uint8_t octet) { return octet == 0; });
                if (negative || zero)
                    details.emplace_back(negative ? "the serial number is negative" : "the serial number is zero");
            }};
}

}  // namespace sealwright::profile::lints
