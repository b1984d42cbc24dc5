// nocheck_only_for_responder.cpp: RFC 6960 4.2.2.2.1.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// In any other certificate it would ask its readers not to look for revocation.
CertificateLint nocheck_only_for_responder() noexcept {
    return {"rfc6960_4_2_2_2_1_nocheck_only_for_responder", "RFC 6960 4.2.2.2.1",
            "an OCSP client can trust a responder for the lifetime of the responder's certificate",
            [](const CertificateSubject& subject, Details& details) {
                const auto& view = *subject.view;
                if (view.ocsp_nocheck != nullptr && !has_purpose(view, oid::kOcspSigning))
                    details.emplace_back("id-pkix-ocsp-nocheck in a certificate that is not for OCSPSigning");
            }};
}

}  // namespace sealwright::profile::lints
