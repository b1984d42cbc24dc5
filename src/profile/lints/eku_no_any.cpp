// eku_no_any.cpp: RFC 5280 4.2.1.12.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// The profile always restricts the usages of a key: AD CS's "any purpose" templates are how others became domain
// administrators.
CertificateLint eku_no_any() noexcept {
    return {"ca_no_any_extended_key_usage", "RFC 5280 4.2.1.12",
            "but does not wish to restrict usages of the key, the CA can include the special KeyPurposeId "
            "anyExtendedKeyUsage",
            [](const CertificateSubject& subject, Details& details) {
                if (has_purpose(*subject.view, oid::kAnyExtendedKeyUsage))
                    details.emplace_back("anyExtendedKeyUsage is there");
            }};
}

}  // namespace sealwright::profile::lints
