// sia_repository_only_in_ca.cpp: RFC 5280 4.2.2.2.
#include "profile/lints/lint.hpp"
#include "profile/lints/name_rules.hpp"

namespace sealwright::profile::lints {

namespace {

constexpr std::uint8_t kAdCaRepository[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x05};

}  // namespace

CertificateLint sia_repository_only_in_ca() noexcept {
    return {"rfc5280_4_2_2_2_repository_only_in_ca", "RFC 5280 4.2.2.2",
            "The id-ad-caRepository OID is used when the subject is a CA that publishes certificates it issues in a "
            "repository",
            [](const CertificateSubject& subject, Details& details) {
                if (subject.view->is_ca()) return;
                report_access(
                    subject.view->subject_info_access,
                    [](const AccessView& access) -> std::string_view {
                        return equal(access.method, kAdCaRepository) ? "is the repository of an end entity" : "";
                    },
                    details);
            }};
}

}  // namespace sealwright::profile::lints
