// sia_time_stamping_location.cpp: RFC 5280 4.2.2.2.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

namespace {

// Or an rfc822Name for mail, or a dNSName or iPAddress for TCP/IP: "The semantics of other name forms of accessLocation
// [...] are not defined".
constexpr std::uint8_t kAdTimeStamping[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x03};

bool is_time_stamping_location(asn1::Tag tag) {
    return tag == kUri || tag == kRfc822Name || tag == kDnsName || tag == kIpAddress;
}

}  // namespace

CertificateLint sia_time_stamping_location() noexcept {
    return {"rfc5280_4_2_2_2_time_stamping_location", "RFC 5280 4.2.2.2",
            "Where the timestamping services are available via HTTP or FTP, accessLocation MUST be a "
            "uniformResourceIdentifier",
            [](const CertificateSubject& subject, Details& details) {
                report_access(
                    subject.view->subject_info_access,
                    [](const AccessView& access) -> std::string_view {
                        const bool defined =
                            is_time_stamping_location(access.location.tag) || !is_well_formed(access.location);
                        return equal(access.method, kAdTimeStamping) && !defined
                                   ? "is no place of a time stamping service"
                                   : "";
                    },
                    details);
            }};
}

}  // namespace sealwright::profile::lints
