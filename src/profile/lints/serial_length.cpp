// serial_length.cpp: RFC 5280 4.1.2.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint serial_length() noexcept {
    return {"rfc5280_4_1_2_2_serial_at_most_20_octets", "RFC 5280 4.1.2.2",
            "Conforming CAs MUST NOT use serialNumber values longer than 20 octets",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.tbs.serial.size() > 20)
                    details.push_back("the serial number has " + std::to_string(subject.tbs.serial.size()) + " octets");
            }};
}

}  // namespace sealwright::profile::lints
