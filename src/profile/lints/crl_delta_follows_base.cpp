// crl_delta_follows_base.cpp: RFC 5280 5.2.4 (d).
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_delta_follows_base() noexcept {
    return {"rfc5280_5_2_4_delta_follows_base", "RFC 5280 5.2.4 (d)",
            "The CRL number of the complete CRL is less than the CRL number of the delta CRL",
            [](const CrlSubject& subject, Details& details) {
                const auto* extension = subject.view->find(oid::kDeltaCrlIndicator);
                if (extension == nullptr) return;
                const auto* number_extension = subject.view->find(oid::kCrlNumber);
                const auto base = decode_small_integer(extension->value);
                const auto number =
                    number_extension == nullptr ? std::nullopt : decode_small_integer(number_extension->value);
                if (!base) {
                    details.emplace_back("deltaCRLIndicator is no CRL number");
                } else if (number && *base >= *number) {
                    details.emplace_back("deltaCRLIndicator names a base that is not older than this CRL");
                }
            },
            nullptr};
}

}  // namespace sealwright::profile::lints
