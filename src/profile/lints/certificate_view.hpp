// certificate_view.hpp: a TBSCertificate as lints see it: each known extension found once, the small ones decoded.
#pragma once

#include "profile/lints/decode.hpp"
#include "x509/certificate.hpp"

namespace sealwright::profile::lints {

struct CertificateView {
    // Null where the certificate has none.
    const x509::Extension *authority_key_identifier = nullptr, *subject_key_identifier = nullptr,
                          *key_usage_extension = nullptr, *policies = nullptr, *policy_mappings = nullptr,
                          *subject_alt_name = nullptr, *issuer_alt_name = nullptr, *directory_attributes = nullptr,
                          *basic_constraints = nullptr, *name_constraints = nullptr, *policy_constraints = nullptr,
                          *ext_key_usage = nullptr, *crl_distribution_points = nullptr, *inhibit_any_policy = nullptr,
                          *freshest_crl = nullptr, *authority_info_access = nullptr, *subject_info_access = nullptr,
                          *ocsp_nocheck = nullptr;

    // Nothing where the extension is absent or not well-formed.
    std::optional<x509::KeyUsage> key_usage;
    std::optional<BasicConstraintsView> basic;
    std::optional<AuthorityKeyIdentifierView> authority_key;
    std::optional<ByteView> subject_key;  // of subjectKeyIdentifier
    std::optional<SpkiView> key;

    // Of the issuer: of its certificate, or of this one if it is self-signed.
    std::optional<SpkiView> issuer_key;
    std::optional<ByteView> issuer_subject_key;
    std::optional<BasicConstraintsView> issuer_basic;

    bool is_ca() const noexcept { return basic && basic->ca; }
    bool has_usage(x509::KeyUsage bits) const noexcept { return key_usage && (*key_usage & bits) != 0; }
};

// view_certificate gives views into tbs and issuer, which must outlive it. issuer is null for a self-signed
// certificate.
CertificateView view_certificate(const x509::TbsCertificate& tbs, const x509::Certificate* issuer);

// has_purpose says whether extKeyUsage names a purpose.
bool has_purpose(const CertificateView& view, ByteView purpose);

}  // namespace sealwright::profile::lints
