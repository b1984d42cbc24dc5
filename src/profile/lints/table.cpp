// table.cpp: the two tables, filled from list.inc when they are first asked for; no order of static initialisation
// matters.
#include "profile/lints/lint.hpp"

namespace sealwright::profile {

std::span<const CertificateLint> certificate_lints() noexcept {
#define SEALWRIGHT_CERTIFICATE_LINT(name) lints::name(),
#define SEALWRIGHT_CRL_LINT(name)
    static const CertificateLint table[] = {
#include "profile/lints/list.inc"
    };
#undef SEALWRIGHT_CERTIFICATE_LINT
#undef SEALWRIGHT_CRL_LINT
    return table;
}

std::span<const CrlLint> crl_lints() noexcept {
#define SEALWRIGHT_CERTIFICATE_LINT(name)
#define SEALWRIGHT_CRL_LINT(name) lints::name(),
    static const CrlLint table[] = {
#include "profile/lints/list.inc"
    };
#undef SEALWRIGHT_CERTIFICATE_LINT
#undef SEALWRIGHT_CRL_LINT
    return table;
}

}  // namespace sealwright::profile
