// linted_tbs.hpp: a TBSCertificate that passed the linter. Move-only: it is linted once and signed once. No other type
// reaches the issuer.
#pragma once

#include "profile/linter.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::issuance {

class LintedTbs {
public:
    // lint builds and judges. A finding of severity error gives ErrorCode::lint whose private detail lists all of them.
    // issuer is null for a self-signed certificate.
    static Result<LintedTbs> lint(const x509::TbsCertificateFields& fields, const x509::Certificate* issuer);

    LintedTbs(LintedTbs&&) noexcept = default;
    LintedTbs& operator=(LintedTbs&&) noexcept = default;
    LintedTbs(const LintedTbs&) = delete;
    LintedTbs& operator=(const LintedTbs&) = delete;

    const TbsCertificateDer& der() const noexcept { return der_; }
    const Sha256& digest() const noexcept { return digest_; }
    const SerialNumber& serial() const noexcept { return serial_; }
    const crypto::SignatureAlgorithm& algorithm() const noexcept { return algorithm_; }

private:
    LintedTbs() = default;
    TbsCertificateDer der_;
    Sha256 digest_;
    SerialNumber serial_;
    crypto::SignatureAlgorithm algorithm_;
};

}  // namespace sealwright::issuance
