// certificate_item.hpp: a certificate as the admin API tells it, and how a person names one.
#pragma once

#include <optional>
#include <string>

#include "cli/admin_client.hpp"
#include "cli/output.hpp"

namespace sealwright::cli {

struct CertificateItem {
    std::string serial, state, profile, principal, names, request, subject_key, issuer_key;
    UtcTime not_before{}, not_after{};
    std::optional<UtcTime> issued_at;
    struct Revocation {
        UtcTime at{};
        std::string reason;
        std::optional<UtcTime> invalidity_date;
    };
    std::optional<Revocation> revocation;
    std::string pem;  // empty in listings, and where no certificate came to be
};

Result<CertificateItem> read_certificate(const json::value& value);

// certificate_status is one word or two for a person: "valid", "not yet valid", "expired", "revoked", "on hold", or the
// state of one that was never issued.
std::string certificate_status(const CertificateItem& item, UtcTime now);

// describe_certificate is the certificate as a list of facts.
Facts describe_certificate(const CertificateItem& item, UtcTime now);

// SerialText is a serial number as typed: any case, with or without colons, as openssl and certtool print it, whole or
// its first digits.
struct SerialText {
    std::string digits;  // lower-case hexadecimal
    bool whole() const noexcept { return digits.size() == 32; }
};
Result<SerialText> parse_serial_text(std::string_view text);

// FoundCertificate keeps the daemon's own JSON beside the reading of it.
struct FoundCertificate {
    CertificateItem item;
    json::value json;
};

// find_certificate asks for a whole serial number, or looks through the whole list for the one that begins so.
// not_found, or denied where several do.
Result<FoundCertificate> find_certificate(AdminClient& client, Output& output, const SerialText& serial);

}  // namespace sealwright::cli
