// crl_this_update_within_issuer.cpp: RFC 5280 6.3.3 (f).
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

// A CRL is validated at its reader's time; one that says it was made when its issuer was not valid was not made then.
CrlLint crl_this_update_within_issuer() noexcept {
    return {"ca_crl_this_update_within_issuer", "RFC 5280 6.3.3 (f)",
            "Obtain and validate the certification path for the issuer of the complete CRL",
            [](const CrlSubject& subject, Details& details) {
                if (subject.issuer == nullptr) return;
                const auto& issuer = subject.issuer->fields();
                const UtcTime made = subject.view->this_update;
                if (made < issuer.not_before || made > issuer.not_after)
                    details.emplace_back("thisUpdate is outside of the validity of the issuer's certificate");
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
