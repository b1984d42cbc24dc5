#include "profile/lints/certificate_view.hpp"

#include "asn1/oid.hpp"

namespace sealwright::profile::lints {
namespace {

namespace oid = asn1::oid;

using Slot = const x509::Extension* CertificateView::*;

// id-ce is 2.5.29: every extension of RFC 5280 4.2.1 is two octets and one arc below 128.
Slot certificate_extension(std::uint8_t arc) noexcept {
    switch (arc) {
        case 9:
            return &CertificateView::directory_attributes;
        case 14:
            return &CertificateView::subject_key_identifier;
        case 15:
            return &CertificateView::key_usage_extension;
        case 17:
            return &CertificateView::subject_alt_name;
        case 18:
            return &CertificateView::issuer_alt_name;
        case 19:
            return &CertificateView::basic_constraints;
        case 30:
            return &CertificateView::name_constraints;
        case 31:
            return &CertificateView::crl_distribution_points;
        case 32:
            return &CertificateView::policies;
        case 33:
            return &CertificateView::policy_mappings;
        case 35:
            return &CertificateView::authority_key_identifier;
        case 36:
            return &CertificateView::policy_constraints;
        case 37:
            return &CertificateView::ext_key_usage;
        case 46:
            return &CertificateView::freshest_crl;
        case 54:
            return &CertificateView::inhibit_any_policy;
        default:
            return nullptr;
    }
}

Slot slot_of(ByteView id) noexcept {
    if (id.size() == 3 && id[0] == 0x55 && id[1] == 0x1D) return certificate_extension(id[2]);
    if (equal(id, oid::kAuthorityInfoAccess)) return &CertificateView::authority_info_access;
    if (equal(id, oid::kSubjectInfoAccess)) return &CertificateView::subject_info_access;
    if (equal(id, oid::kOcspNoCheck)) return &CertificateView::ocsp_nocheck;
    return nullptr;
}

void find_issuer(CertificateView& view, const x509::Certificate* issuer) {
    if (issuer == nullptr) {
        view.issuer_key = view.key;
        view.issuer_subject_key = view.subject_key;
        view.issuer_basic = view.basic;
        return;
    }
    const auto& fields = issuer->fields();
    view.issuer_key = decode_spki(fields.spki.view());
    if (const auto* identifier = x509::find_extension(fields.extensions, oid::kSubjectKeyIdentifier))
        view.issuer_subject_key = decode_octet_string(identifier->value);
    if (const auto* constraints = x509::find_extension(fields.extensions, oid::kBasicConstraints))
        view.issuer_basic = decode_basic_constraints(constraints->value);
}

}  // namespace

CertificateView view_certificate(const x509::TbsCertificate& tbs, const x509::Certificate* issuer) {
    CertificateView view;
    for (const auto& extension : tbs.extensions) {
        if (const Slot slot = slot_of(extension.oid)) view.*slot = &extension;
    }
    if (view.key_usage_extension != nullptr) view.key_usage = decode_key_usage(view.key_usage_extension->value);
    if (view.basic_constraints != nullptr) view.basic = decode_basic_constraints(view.basic_constraints->value);
    if (view.authority_key_identifier != nullptr)
        view.authority_key = decode_authority_key_identifier(view.authority_key_identifier->value);
    if (view.subject_key_identifier != nullptr)
        view.subject_key = decode_octet_string(view.subject_key_identifier->value);
    view.key = decode_spki(tbs.spki.view());
    find_issuer(view, issuer);
    return view;
}

bool has_purpose(const CertificateView& view, ByteView purpose) {
    if (view.ext_key_usage == nullptr) return false;
    bool found = false;
    if (const auto content = sequence_content(view.ext_key_usage->value)) {
        each_oid(*content, [&](ByteView id) { found = found || equal(id, purpose); });
    }
    return found;
}

}  // namespace sealwright::profile::lints
