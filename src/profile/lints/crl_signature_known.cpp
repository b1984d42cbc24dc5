// crl_signature_known.cpp: RFC 5280 5.1.1.2.
#include "profile/lints/algorithm_rules.hpp"
#include "profile/lints/lint.hpp"

namespace sealwright::profile::lints {

CrlLint crl_signature_known() noexcept {
    return {
        "ca_crl_signature_algorithm_known", "RFC 5280 5.1.1.2",
        "[RFC3279], [RFC4055], and [RFC4491] list supported algorithms for this specification",
        [](const CrlSubject& subject, Details& details) { check_known(subject.view->signature_algorithm, details); },
        nullptr};
}

}  // namespace sealwright::profile::lints
