// crl_number_grows.cpp: RFC 5280 5.2.3.
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_number_grows() noexcept {
    return {"rfc5280_5_2_3_crl_number_grows", "RFC 5280 5.2.3",
            "a monotonically increasing sequence number for a given CRL scope and CRL issuer",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kCrlNumber);
                if (extension == nullptr || !subject.previous_number) return;
                const auto number = decode_small_integer(extension->value);
                if (number && *number <= *subject.previous_number) {
                    details.push_back("cRLNumber " + std::to_string(*number) + " does not follow " +
                                      std::to_string(*subject.previous_number));
                }
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
