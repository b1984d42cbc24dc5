// eku_time_stamping.cpp: RFC 3161 2.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint eku_time_stamping() noexcept {
    return {"rfc3161_2_3_time_stamping_alone_and_critical", "RFC 3161 2.3", "This extension MUST be critical",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                if (!has_purpose(view, oid::kTimeStamping) || view.is_ca()) return;
                std::size_t count = 0;
                each_oid(*sequence_content(view.ext_key_usage->value), [&](ByteView) { ++count; });
                if (count != 1 || !view.ext_key_usage->critical)
                    details.emplace_back("id-kp-timeStamping does not stand alone in a critical extension");
            }};
}

}  // namespace sealwright::profile::lints
