// nocheck_null.cpp: RFC 6960 4.2.2.2.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

namespace {

constexpr std::uint8_t kNullValue[] = {0x05, 0x00};

}  // namespace

CertificateLint nocheck_null() noexcept {
    return {"rfc6960_4_2_2_2_1_nocheck_null", "RFC 6960 4.2.2.2.1", "The value of the extension SHALL be NULL",
            [](const CertificateSubject& subject, Details& details) {
                const auto* extension = subject.view->ocsp_nocheck;
                if (extension != nullptr && !equal(extension->value, kNullValue))
                    details.emplace_back("id-pkix-ocsp-nocheck is not NULL");
            }};
}

}  // namespace sealwright::profile::lints
