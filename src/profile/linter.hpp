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

namespace lints {
struct CertificateView;  // lints/certificate_view.hpp: extensions and key as the lints' own decoders read them
struct CrlView;          // lints/crl_view.hpp
struct CrlEntryView;
}  // namespace lints

// CertificateSubject is what a certificate lint looks at: the parsed TBS beside its octets and the issuer's certificate (absent for a self-signed one).
struct CertificateSubject {
    const x509::TbsCertificate& tbs;
    ByteView der;
    const x509::Certificate* issuer = nullptr;
    const lints::CertificateView* view = nullptr;  // lint_certificate sets it before any check
};
struct CrlSubject {
    ByteView der;                                 // TBSCertList
    const x509::Certificate* issuer = nullptr;
    std::optional<std::uint64_t> previous_number = {};  // of the last CRL of this issuer
    const lints::CrlView* view = nullptr;          // lint_crl sets it before any check
};

struct CertificateLint {
    std::string_view code, clause, quote;         // "rfc5280_4_1_2_2_serial_positive", "RFC 5280 4.1.2.2", a few words of the clause
    // check appends a detail for each violation.
    void (*check)(const CertificateSubject& subject, std::vector<std::string>& details);
};
// A CRL lint looks at the list, or at each entry (a list is walked once for all of them), or both.
struct CrlLint {
    std::string_view code, clause, quote;
    void (*check)(const CrlSubject& subject, std::vector<std::string>& details) = nullptr;
    void (*check_entry)(const CrlSubject& subject, const lints::CrlEntryView& entry, std::vector<std::string>& details) = nullptr;
};

// What lint_certificate and lint_crl find when the octets are no TBSCertificate or TBSCertList at all: one finding by itself.
inline constexpr std::string_view kCertificateSyntaxCode = "rfc5280_4_1_tbs_certificate_syntax";
inline constexpr std::string_view kCrlSyntaxCode = "rfc5280_5_1_tbs_cert_list_syntax";

// The tables are fixed; stateless, thread-safe. Every finding is an error: a TBS with one must not be signed. The caller must make sure that issuer is the
// certificate whose key will sign, and null only for a self-signed certificate.
std::span<const CertificateLint> certificate_lints() noexcept;
std::span<const CrlLint> crl_lints() noexcept;
x509::Findings lint_certificate(ByteView tbs, const x509::Certificate* issuer);
x509::Findings lint_crl(const CrlSubject& subject);

}  // namespace sealwright::profile
