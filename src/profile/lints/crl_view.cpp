#include "profile/lints/crl_view.hpp"

#include "asn1/oid.hpp"

namespace sealwright::profile::lints {
namespace {

namespace oid = asn1::oid;

bool is_time(asn1::Tag tag) { return tag == asn1::kUtcTime || tag == asn1::kGeneralizedTime; }

// read_entry_extension notes one extension; false if it is broken or stands there twice.
bool read_entry_extension(asn1::DerReader& reader, CrlEntryView& entry) {
    auto inner = reader.enter(asn1::kSequence);
    if (!inner) return false;
    const auto type = inner.value().oid();
    if (!type) return false;
    CrlEntryView::Value value;
    if (inner.value().peek() == asn1::kBoolean) {
        const auto critical = inner.value().boolean();
        if (!critical || !critical.value()) return false;
        value.critical = true;
    }
    const auto octets = inner.value().octet_string();
    if (!octets || !inner.value().at_end()) return false;
    value.value = octets.value();
    std::optional<CrlEntryView::Value>* slot = equal(type.value(), oid::kReasonCode)       ? &entry.reason
                                               : equal(type.value(), oid::kInvalidityDate) ? &entry.invalidity_date
                                               : equal(type.value(), oid::kCertificateIssuer)
                                                   ? &entry.certificate_issuer
                                                   : nullptr;
    if (slot == nullptr) return true;
    if (slot->has_value()) return false;
    *slot = value;
    return true;
}

Result<void> read_times(asn1::DerReader& reader, CrlView& view) {
    view.this_update_tag = reader.peek();
    SEALWRIGHT_TRY(view.this_update, reader.time());
    if (!is_time(reader.peek())) return success();
    view.next_update_tag = reader.peek();
    SEALWRIGHT_TRY(view.next_update, reader.time());
    return success();
}

}  // namespace

std::optional<CrlEntryView> decode_crl_entry(ByteView content) {
    asn1::DerReader reader{content};
    CrlEntryView entry;
    const auto serial = reader.integer();
    if (!serial) return {};
    entry.serial = serial.value();
    entry.time_tag = reader.peek();
    const auto time = reader.time();
    const auto extensions = reader.optional(asn1::kSequence);
    if (!time || !extensions || !reader.at_end()) return {};
    entry.revoked_at = time.value();
    if (extensions.value()) {
        entry.extensions = extensions.value()->content;
        asn1::DerReader inner{*entry.extensions};
        while (!inner.at_end()) {
            if (!read_entry_extension(inner, entry)) return {};
        }
    }
    return entry;
}

Result<CrlView> view_crl(ByteView der, const x509::Certificate* issuer) {
    SEALWRIGHT_TRY(const auto sequence, asn1::the_only(der, asn1::kSequence));
    asn1::DerReader reader{sequence.content};
    CrlView view;
    if (reader.peek() == asn1::kInteger) {
        SEALWRIGHT_TRY(view.version, reader.small_integer());
    }
    SEALWRIGHT_TRY(const auto algorithm, reader.expect(asn1::kSequence));
    view.signature_algorithm = algorithm.encoding;
    SEALWRIGHT_TRY(const auto name, reader.expect(asn1::kSequence));
    SEALWRIGHT_TRY(x509::parse_name(name.encoding));
    view.issuer = name.encoding;
    SEALWRIGHT_TRY(read_times(reader, view));
    SEALWRIGHT_TRY(const auto revoked, reader.optional(asn1::kSequence));
    if (revoked) view.revoked = revoked->content;
    SEALWRIGHT_TRY(const auto extensions, reader.optional(asn1::context_constructed(0)));
    if (extensions) {
        SEALWRIGHT_TRY(view.extensions, x509::parse_extensions(extensions->content));
    }
    SEALWRIGHT_TRY(reader.finish());
    if (issuer != nullptr) {
        view.issuer_key = decode_spki(issuer->fields().spki.view());
        const auto* identifier = x509::find_extension(issuer->fields().extensions, oid::kSubjectKeyIdentifier);
        if (identifier != nullptr) view.issuer_subject_key = decode_octet_string(identifier->value);
    }
    return view;
}

}  // namespace sealwright::profile::lints
