#include "x509/crl.hpp"

#include <array>

#include "asn1/oid.hpp"
#include "x509/signed_object.hpp"

namespace sealwright::x509 {
namespace {

namespace oid = asn1::oid;

struct ReasonName {
    RevocationReason reason;
    std::string_view name;
};

// RFC 5280 5.3.1, as CRLReason spells them.
constexpr std::array<ReasonName, 10> kReasons{{
    {RevocationReason::unspecified, "unspecified"},
    {RevocationReason::key_compromise, "keyCompromise"},
    {RevocationReason::ca_compromise, "cACompromise"},
    {RevocationReason::affiliation_changed, "affiliationChanged"},
    {RevocationReason::superseded, "superseded"},
    {RevocationReason::cessation_of_operation, "cessationOfOperation"},
    {RevocationReason::certificate_hold, "certificateHold"},
    {RevocationReason::remove_from_crl, "removeFromCRL"},
    {RevocationReason::privilege_withdrawn, "privilegeWithdrawn"},
    {RevocationReason::aa_compromise, "aACompromise"},
}};

Error bad_crl(std::string what) { return fail(ErrorCode::malformed, "CRL: " + std::move(what)); }

// ParsedEntry is an entry whose serial number can be anybody's.
struct ParsedEntry {
    ByteView serial;
    CrlEntry entry;
};

Result<RevocationReason> read_reason(ByteView value) {
    SEALWRIGHT_TRY(const asn1::Element element, asn1::the_only(value, asn1::kEnumerated));
    if (element.content.size() == 1) {
        for (const ReasonName& known : kReasons) {
            if (static_cast<std::uint8_t>(known.reason) == element.content[0]) return known.reason;
        }
    }
    return bad_crl("an unknown reason code");
}

Result<UtcTime> read_invalidity_date(ByteView value) {
    SEALWRIGHT_TRY(const asn1::Element element, asn1::the_only(value, asn1::kGeneralizedTime));
    return asn1::parse_time(element);
}

// read_entry_extension applies one crlEntryExtension. It allocates nothing: a list can have a million of them.
Result<void> read_entry_extension(asn1::DerReader& reader, CrlEntry& entry, unsigned& seen) {
    SEALWRIGHT_TRY(auto inner, reader.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const ByteView type, inner.oid());
    bool critical = false;
    if (inner.peek() == asn1::kBoolean) {
        SEALWRIGHT_TRY(critical, inner.boolean());
        if (!critical) return bad_crl("critical FALSE is encoded");
    }
    SEALWRIGHT_TRY(const ByteView value, inner.octet_string());
    SEALWRIGHT_TRY(inner.finish());
    constexpr unsigned kReasonSeen = 1;
    constexpr unsigned kDateSeen = 2;
    unsigned flag = 0;
    if (equal(type, oid::kReasonCode)) {
        flag = kReasonSeen;
        SEALWRIGHT_TRY(entry.reason, read_reason(value));
    } else if (equal(type, oid::kInvalidityDate)) {
        flag = kDateSeen;
        SEALWRIGHT_TRY(entry.invalidity_date, read_invalidity_date(value));
    } else if (critical) {
        // RFC 5280 5.3: an application that meets a critical entry extension it cannot process MUST NOT use the CRL.
        return fail(ErrorCode::unsupported,
                    "CRL: the critical entry extension " + asn1::oid_name(type) + " is not supported");
    }
    if ((seen & flag) != 0) return bad_crl("an entry extension that stands there twice");
    seen |= flag;
    return success();
}

Result<ParsedEntry> read_entry(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto inner, reader.enter(asn1::kSequence));
    ParsedEntry parsed;
    SEALWRIGHT_TRY(parsed.serial, inner.integer());
    SEALWRIGHT_TRY(parsed.entry.revoked_at, inner.time());
    if (!inner.at_end()) {
        SEALWRIGHT_TRY(auto extensions, inner.enter(asn1::kSequence));
        SEALWRIGHT_TRY(inner.finish());
        if (extensions.at_end()) return bad_crl("an empty list of entry extensions");
        unsigned seen = 0;
        while (!extensions.at_end()) {
            SEALWRIGHT_TRY(read_entry_extension(extensions, parsed.entry, seen));
        }
    }
    return parsed;
}

// to_serial gives a serial number of at most 128 bits, right-aligned; nullopt for one that is none of ours.
std::optional<SerialNumber> to_serial(ByteView integer) {
    if ((integer[0] & 0x80U) != 0) return std::nullopt;
    if (integer[0] == 0) integer = integer.subspan(1);
    if (integer.size() > SerialNumber::kSize) return std::nullopt;
    std::array<std::uint8_t, SerialNumber::kSize> octets{};
    std::copy(integer.begin(), integer.end(), octets.end() - static_cast<std::ptrdiff_t>(integer.size()));
    return SerialNumber{octets};
}

Result<std::size_t> count_entries(asn1::DerReader reader) {
    std::size_t count = 0;
    for (; !reader.at_end(); ++count) {
        SEALWRIGHT_TRY(read_entry(reader));
    }
    // RFC 5280 5.1.2.6: when there are no revoked certificates, the revoked certificates list MUST be absent.
    if (count == 0) return bad_crl("an empty list of revoked certificates");
    return count;
}

Result<std::uint64_t> read_crl_number(const Extensions& extensions) {
    const Extension* extension = find_extension(extensions, oid::kCrlNumber);
    // RFC 5280 5.2.3: CRL issuers conforming to this profile MUST include this extension.
    if (extension == nullptr) return bad_crl("no CRL number");
    asn1::DerReader reader{extension->value};
    SEALWRIGHT_TRY(const std::uint64_t number, reader.small_integer());
    SEALWRIGHT_TRY(reader.finish());
    return number;
}

// check_critical refuses what would change the meaning of the list: RFC 5280 5.2 forbids its use then.
Result<void> check_critical(const Extensions& extensions) {
    for (const Extension& extension : extensions) {
        if (equal(extension.oid, oid::kIssuingDistributionPoint)) {
            SEALWRIGHT_TRY(const auto point, parse_issuing_distribution_point(extension.value));
            if (point.indirect) return fail(ErrorCode::unsupported, "CRL: indirect CRLs are not supported");
        } else if (extension.critical && !equal(extension.oid, oid::kAuthorityKeyIdentifier) &&
                   !equal(extension.oid, oid::kCrlNumber)) {
            return fail(ErrorCode::unsupported,
                        "CRL: the critical extension " + asn1::oid_name(extension.oid) + " is not supported");
        }
    }
    return success();
}

}  // namespace

std::string_view reason_name(RevocationReason reason) noexcept {
    for (const ReasonName& known : kReasons) {
        if (known.reason == reason) return known.name;
    }
    return "unknown";
}

Result<RevocationReason> parse_reason_name(std::string_view name) {
    std::string known_names;
    for (const ReasonName& known : kReasons) {
        if (known.name == name) return known.reason;
        known_names += known_names.empty() ? "" : ", ";
        known_names += known.name;
    }
    return fail(ErrorCode::malformed, "unknown revocation reason; known are " + known_names);
}

Result<CertificateList> CertificateList::parse(Bytes der, std::size_t limit) {
    if (der.size() > limit) return fail(ErrorCode::too_large, "CRL: more than " + std::to_string(limit) + " octets");
    CertificateList list;
    list.der_ = std::move(der);
    const ByteView all = list.der_;
    const auto offset_of = [&](ByteView part) { return static_cast<std::size_t>(part.data() - all.data()); };

    SEALWRIGHT_TRY(auto object, read_signed_object(all));
    SEALWRIGHT_TRY(object.rest.finish());
    list.tbs_begin_ = offset_of(object.tbs.encoding);
    list.tbs_end_ = list.tbs_begin_ + object.tbs.encoding.size();
    list.signature_begin_ = offset_of(object.signature);
    list.signature_algorithm_ = bytes_of(object.algorithm);

    asn1::DerReader tbs{object.tbs.content};
    SEALWRIGHT_TRY(const std::uint64_t version, tbs.small_integer());
    if (version != 1) return fail(ErrorCode::unsupported, "CRL: another version than 2");
    SEALWRIGHT_TRY(const ByteView algorithm, read_algorithm(tbs));
    // RFC 5280 5.1.2.2: this field MUST contain the same algorithm identifier as the signatureAlgorithm field.
    if (!equal(algorithm, object.algorithm)) return bad_crl("the inner and the outer signature algorithm differ");
    SEALWRIGHT_TRY(const ByteView issuer, read_sequence(tbs));
    SEALWRIGHT_TRY(parse_name(issuer));
    list.issuer_ = NameDer{bytes_of(issuer)};
    SEALWRIGHT_TRY(list.this_update_, tbs.time());
    SEALWRIGHT_TRY(list.next_update_, tbs.time());  // RFC 5280 5.1.2.5: MUST be in all CRLs
    SEALWRIGHT_TRY(const auto revoked, tbs.optional(asn1::kSequence));
    if (revoked) {
        SEALWRIGHT_TRY(list.entry_count_, count_entries(asn1::DerReader{revoked->content}));
        list.entries_begin_ = offset_of(revoked->content);
        list.entries_end_ = list.entries_begin_ + revoked->content.size();
    }
    SEALWRIGHT_TRY(const asn1::Element extensions, tbs.expect(asn1::context_constructed(0)));
    SEALWRIGHT_TRY(tbs.finish());
    SEALWRIGHT_TRY(list.extensions_, parse_extensions(extensions.content));
    SEALWRIGHT_TRY(check_critical(list.extensions_));
    SEALWRIGHT_TRY(list.number_, read_crl_number(list.extensions_));
    return list;
}

ByteView CertificateList::tbs() const noexcept { return ByteView{der_}.subspan(tbs_begin_, tbs_end_ - tbs_begin_); }

Result<void> CertificateList::for_each(const std::function<void(const CrlEntry&)>& visit) const {
    asn1::DerReader reader{ByteView{der_}.subspan(entries_begin_, entries_end_ - entries_begin_)};
    while (!reader.at_end()) {
        SEALWRIGHT_TRY(auto parsed, read_entry(reader));
        const auto serial = to_serial(parsed.serial);
        if (!serial) continue;
        parsed.entry.serial = *serial;
        visit(parsed.entry);
    }
    return success();
}

std::optional<CrlEntry> CertificateList::find(const SerialNumber& serial) const {
    asn1::DerReader reader{ByteView{der_}.subspan(entries_begin_, entries_end_ - entries_begin_)};
    while (!reader.at_end()) {
        auto parsed = read_entry(reader);
        if (!parsed) return std::nullopt;  // cannot be: parse read every entry
        if (to_serial(parsed.value().serial) != serial) continue;
        parsed.value().entry.serial = serial;
        return parsed.value().entry;
    }
    return std::nullopt;
}

Result<void> CertificateList::verify_signature(const crypto::PublicKey& issuer) const {
    SEALWRIGHT_TRY(const auto algorithm, crypto::parse_algorithm_identifier(signature_algorithm_));
    return issuer.verify(algorithm, tbs(), ByteView{der_}.subspan(signature_begin_));
}

}  // namespace sealwright::x509
