// crl_view.hpp: a TBSCertList as lints see it. It reads more than x509::CertificateList::parse lets through, so that
// lints can say what is wrong.
#pragma once

#include "profile/lints/decode.hpp"
#include "x509/certificate.hpp"

namespace sealwright::profile::lints {

struct CrlEntryView {
    ByteView serial;  // INTEGER content
    asn1::Tag time_tag = 0;
    UtcTime revoked_at{};
    std::optional<ByteView> extensions;  // content of crlEntryExtensions
    // Of the extensions, the values of those that RFC 5280 5.3 defines, and whether they are critical.
    struct Value {
        ByteView value;
        bool critical = false;
    };
    std::optional<Value> reason, invalidity_date, certificate_issuer;
};

struct CrlView {
    std::optional<std::uint64_t> version;  // as encoded: 1 for v2
    ByteView signature_algorithm;
    ByteView issuer;  // encoding of the Name
    asn1::Tag this_update_tag = 0, next_update_tag = 0;
    UtcTime this_update{};
    std::optional<UtcTime> next_update;
    std::optional<ByteView> revoked;  // content of revokedCertificates
    x509::Extensions extensions;

    std::optional<SpkiView> issuer_key;
    std::optional<ByteView> issuer_subject_key;

    const x509::Extension* find(ByteView oid) const noexcept { return x509::find_extension(extensions, oid); }
};

// view_crl reads all but the entries; malformed if it is no TBSCertList. decode_crl_entry reads one entry's content.
Result<CrlView> view_crl(ByteView der, const x509::Certificate* issuer);
std::optional<CrlEntryView> decode_crl_entry(ByteView content);

}  // namespace sealwright::profile::lints
