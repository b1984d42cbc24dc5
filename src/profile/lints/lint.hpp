// lint.hpp: what every lint file includes. A lint is one function that gives its row of the table; the list of all is
// list.inc.
#pragma once

#include "asn1/der_reader.hpp"
#include "asn1/oid.hpp"
#include "profile/linter.hpp"
#include "profile/lints/certificate_view.hpp"
#include "profile/lints/crl_view.hpp"

namespace sealwright::profile::lints {

using Details = std::vector<std::string>;
namespace oid = asn1::oid;

#define SEALWRIGHT_CERTIFICATE_LINT(name) CertificateLint name() noexcept;
#define SEALWRIGHT_CRL_LINT(name) CrlLint name() noexcept;
#include "profile/lints/list.inc"
#undef SEALWRIGHT_CERTIFICATE_LINT
#undef SEALWRIGHT_CRL_LINT

}  // namespace sealwright::profile::lints
