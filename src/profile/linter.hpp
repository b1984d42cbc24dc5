// linter.hpp: the MUSTs of RFC 5280 sections 4 and 5 that a CA can break, checked on the TBS before it is signed (docs/lints.md is the table).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "x509/certificate.hpp"
#include "x509/crl.hpp"
#include "x509/findings.hpp"

namespace sealwright::profile {

// CertificateSubject is what a certificate lint looks at: the parsed TBS beside its octets and the issuer's certificate (absent for a self-signed one).
struct CertificateSubject {
    const x509::TbsCertificate& tbs;
    ByteView der;
    const x509::Certificate* issuer = nullptr;
};
struct CrlSubject {
    ByteView der;                                 // TBSCertList
    const x509::Certificate* issuer = nullptr;
    std::optional<std::uint64_t> previous_number;  // of the last CRL of this issuer
};

struct CertificateLint {
    std::string_view code, clause, quote;         // "e_rfc5280_4_1_2_2_serial_positive", "RFC 5280 4.1.2.2", a few words of the clause
    // check appends a detail for each violation.
    void (*check)(const CertificateSubject& subject, std::vector<std::string>& details);
};
struct CrlLint {
    std::string_view code, clause, quote;
    void (*check)(const CrlSubject& subject, std::vector<std::string>& details);
};

// Linter is a fixed table; stateless, thread-safe. A TBS that does not parse is one finding by itself.
std::span<const CertificateLint> certificate_lints() noexcept;
std::span<const CrlLint> crl_lints() noexcept;
x509::Findings lint_certificate(ByteView tbs, const x509::Certificate* issuer);
x509::Findings lint_crl(const CrlSubject& subject);

}  // namespace sealwright::profile
