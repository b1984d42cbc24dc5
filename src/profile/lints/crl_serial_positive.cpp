// crl_serial_positive.cpp: RFC 5280 5.1.2.6 and 4.1.2.2.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_serial_positive() noexcept {
    return {"rfc5280_5_1_2_6_revoked_serial", "RFC 5280 5.1.2.6 and 4.1.2.2",
            "Certificates revoked by the CA are uniquely identified by the certificate serial number", nullptr,
            [](const CrlSubject&, const CrlEntryView& entry, Details& details) {
                const bool zero = entry.serial.size() == 1 && entry.serial[0] == 0;
                if (zero || (entry.serial[0] & 0x80U) != 0 || entry.serial.size() > 20)
                    details.push_back("the serial number " + to_hex(entry.serial) + " is none that a CA may give");
            }};
}

}  // namespace sealwright::profile::lints
