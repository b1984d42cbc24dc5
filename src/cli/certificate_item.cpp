#include "cli/certificate_item.hpp"

#include <algorithm>

#include "cli/exit_code.hpp"
#include "cli/times.hpp"
#include "cli/wording.hpp"
#include "x509/certificate.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kSerialDigits = 32;
constexpr std::size_t kLeastPrefix = 4;
// A serial number that begins with zero octets is printed without them by most tools; from this length on it is taken
// for such a one.
constexpr std::size_t kNearlyWhole = 24;
constexpr std::string_view kPageSize = "1000";

Result<FoundCertificate> ask_for(AdminClient& client, const std::string& digits) {
    SEALWRIGHT_TRY(auto json, client.get(Target{"v1", "certificates", digits}));
    SEALWRIGHT_TRY(auto item, read_certificate(json));
    return FoundCertificate{std::move(item), std::move(json)};
}

// look_through pages through all certificates, since the API finds by whole serial numbers alone.
Result<std::vector<std::string>> look_through(AdminClient& client, Output& output, const std::string& prefix) {
    std::vector<std::string> found;
    std::string after;
    std::size_t seen = 0;
    do {
        SEALWRIGHT_TRY(const auto page,
                       client.get(Target{"v1", "certificates"}.with("limit", kPageSize).with("after", after)));
        Fields fields{page, "the list of certificates"};
        for (const auto& entry : fields.items("certificates")) {
            Fields certificate{entry, "a certificate of the list"};
            const std::string serial = certificate.text("serial");
            SEALWRIGHT_TRY(certificate.check());
            if (serial.starts_with(prefix)) found.push_back(serial);
            ++seen;
        }
        after = fields.text_or("next", "");
        SEALWRIGHT_TRY(fields.check());
        output.progress("looking for " + prefix + "…: " + std::to_string(seen) + " certificates seen");
    } while (!after.empty());
    output.clear_progress();
    return found;
}

void add_public_key_facts(Facts& facts, const CertificateItem& item) {
    const auto parsed = x509::Certificate::parse_pem(item.pem, 1);
    if (!parsed) {
        facts.add("Certificate", "cannot be read: " + parsed.error().public_detail());
        return;
    }
    const auto& certificate = parsed.value().front();
    const auto key = crypto::PublicKey::parse(certificate.fields().spki.view());
    if (key) facts.add("Key", key_text(key.value()));
    facts.add("Fingerprint", certificate.fingerprint().hex() + " (SHA-256)");
}

}  // namespace

Result<CertificateItem> read_certificate(const json::value& value) {
    Fields fields{value, "the certificate record"};
    CertificateItem item;
    item.serial = fields.text("serial");
    item.state = fields.text("state");
    item.profile = fields.text("profile");
    item.names = fields.text("names");
    item.principal = fields.text_or("principal", "");
    item.request = fields.text_or("request", "");
    item.subject_key = fields.text_or("subject_key", "");
    item.issuer_key = fields.text_or("issuer_key", "");
    item.not_before = fields.time("not_before");
    item.not_after = fields.time("not_after");
    item.issued_at = fields.time_if("issued_at");
    item.pem = fields.text_or("certificate", "");
    if (const auto* revocation = fields.object_if("revocation")) {
        Fields revoked{*revocation, "the revocation"};
        item.revocation =
            CertificateItem::Revocation{revoked.time("at"), revoked.text("reason"), revoked.time_if("invalidity_date")};
        SEALWRIGHT_TRY(revoked.check());
    }
    SEALWRIGHT_TRY(fields.check());
    return item;
}

std::string certificate_status(const CertificateItem& item, UtcTime now) {
    if (item.revocation) return item.revocation->reason == "certificateHold" ? "on hold" : "revoked";
    if (item.state != "issued") return item.state;
    if (now > item.not_after) return "expired";
    return now < item.not_before ? "not yet valid" : "valid";
}

Facts describe_certificate(const CertificateItem& item, UtcTime now) {
    Facts facts;
    facts.add("Serial", item.serial);
    facts.add("Status", certificate_status(item, now));
    if (item.revocation) {
        facts.add("Revoked", format_when(item.revocation->at, now) + ", " + item.revocation->reason);
        if (item.revocation->invalidity_date)
            facts.add("Invalid since", format_when(*item.revocation->invalidity_date, now));
    }
    facts.add("Names", item.names);
    facts.add("Profile", item.profile);
    facts.add("Valid from", format_when(item.not_before, now));
    facts.add("Valid until", format_when(item.not_after, now));
    if (item.issued_at) facts.add("Issued", format_when(*item.issued_at, now));
    facts.add("Requested by", item.principal);
    facts.add("Request", item.request);
    facts.add("Key id", item.subject_key);
    facts.add("Issuer's key", item.issuer_key);
    if (!item.pem.empty()) add_public_key_facts(facts, item);
    return facts;
}

Result<SerialText> parse_serial_text(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return with_advice(
            fail(ErrorCode::malformed, "'" + std::string{text} + "' is no serial number: " + std::string{why}),
            "A serial number is 32 hexadecimal digits, or its first 4 at least (sealwright cert list).");
    };
    std::string digits;
    for (const char c : text) {
        if (c == ':' || c == ' ') continue;
        const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
        if (!((lower >= '0' && lower <= '9') || (lower >= 'a' && lower <= 'f')))
            return bad("it has other characters than hexadecimal digits");
        digits += lower;
    }
    if (digits.size() == kSerialDigits + 2 && digits.starts_with("00")) digits.erase(0, 2);  // the sign octet of DER
    if (digits.size() > kSerialDigits) return bad("it is too long");
    if (digits.size() < kLeastPrefix) return bad("it is too short");
    return SerialText{std::move(digits)};
}

Result<FoundCertificate> find_certificate(AdminClient& client, Output& output, const SerialText& serial) {
    if (serial.digits.size() >= kNearlyWhole) {
        auto found = ask_for(client, std::string(kSerialDigits - serial.digits.size(), '0') + serial.digits);
        if (found || serial.whole() || found.error().code() != ErrorCode::not_found) return found;
    }
    SEALWRIGHT_TRY(const auto serials, look_through(client, output, serial.digits));
    if (serials.empty()) {
        return with_advice(
            fail(ErrorCode::not_found, "no certificate has a serial number that begins with " + serial.digits),
            "See: sealwright cert list --all");
    }
    if (serials.size() > 1) {
        const std::string some = serials[0] + "\n" + serials[1] + (serials.size() > 2 ? "\n..." : "");
        return with_advice(fail(ErrorCode::denied, std::to_string(serials.size()) + " serial numbers begin with " +
                                                       serial.digits + "; give more digits"),
                           some);
    }
    return ask_for(client, serials.front());
}

}  // namespace sealwright::cli
