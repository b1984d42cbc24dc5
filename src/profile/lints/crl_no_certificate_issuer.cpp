// crl_no_certificate_issuer.cpp: RFC 5280 5.3.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// We issue no indirect CRLs; so also none whose certificateIssuer is not critical, which 5.3.3 forbids.
CrlLint crl_no_certificate_issuer() noexcept {
    return {"rfc5280_5_3_3_certificate_issuer_only_in_indirect", "RFC 5280 5.3.3",
            "identifies the certificate issuer associated with an entry in an indirect CRL", nullptr,
            [](const CrlSubject&, const CrlEntryView& entry, Details& details) {
                if (entry.certificate_issuer)
                    details.push_back("the entry of " + to_hex(entry.serial) + " names a certificate issuer");
            }};
}

}  // namespace sealwright::profile::lints
