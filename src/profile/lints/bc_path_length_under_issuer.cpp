// bc_path_length_under_issuer.cpp: RFC 5280 4.2.1.9.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CertificateLint bc_path_length_under_issuer() noexcept {
    return {"rfc5280_4_2_1_9_path_length_under_issuer", "RFC 5280 4.2.1.9",
            "the maximum number of non-self-issued intermediate certificates that may follow this certificate in a "
            "valid certification path",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                if (subject.issuer == nullptr || !view.is_ca() || !view.issuer_basic || !view.issuer_basic->path_length)
                    return;
                const std::uint64_t above = *view.issuer_basic->path_length;
                if (above == 0) {
                    details.emplace_back("the issuer's pathLenConstraint is 0: no CA may follow it");
                } else if (!view.basic->path_length || *view.basic->path_length >= above) {
                    details.push_back("pathLenConstraint must be at most " + std::to_string(above - 1) +
                                      " under this issuer");
                }
            }};
}

}  // namespace sealwright::profile::lints
