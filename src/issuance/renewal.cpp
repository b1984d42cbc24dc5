#include "issuance/renewal.hpp"

#include "asn1/oid.hpp"

namespace sealwright::issuance {
namespace {

namespace oid = asn1::oid;

// names_of gives the SAN's names; none where there is no SAN.
Result<x509::GeneralNames> names_of(const x509::Extensions& extensions) {
    const auto* san = x509::find_extension(extensions, oid::kSubjectAltName);
    if (san == nullptr) return x509::GeneralNames{};
    return x509::parse_general_names(san->value);
}

std::vector<std::string> sorted_encodings(const x509::GeneralNames& names) {
    std::vector<std::string> encodings;
    encodings.reserve(names.size());
    for (const auto& name : names) encodings.emplace_back(text_of(x509::encode_general_name(name)));
    std::sort(encodings.begin(), encodings.end());
    return encodings;
}

// value_text is a name without the kind in front of it: "host.example.org", "192.0.2.1".
std::string value_text(const x509::GeneralName& name) {
    std::string text = x509::format_general_name(name);
    return text.substr(text.find(':') + 1);
}

bool is_naming(ByteView attribute) {
    return equal(attribute, oid::kCommonName) || equal(attribute, oid::kUserId) ||
           equal(attribute, oid::kSerialNumber) || equal(attribute, oid::kEmailAddress);
}

}  // namespace

Result<RenewedCertificate> load_renewed(CaStore& store, const policy::CertificatePrincipal& principal, UtcTime now) {
    auto record = store.certificate(principal.serial);
    if (!record) {
        if (record.error().code() != ErrorCode::not_found) return std::move(record).error();
        return fail(ErrorCode::unauthenticated, "the client certificate is none of this CA",
                    "serial " + principal.serial.hex());
    }
    const CertificateRecord& known = record.value();
    auto certificate = x509::Certificate::parse(known.certificate);
    if (known.state != CertificateState::issued || !certificate ||
        certificate.value().fingerprint() != principal.fingerprint) {
        return fail(ErrorCode::unauthenticated, "the client certificate is none of this CA",
                    "serial " + principal.serial.hex() + " differs from its record");
    }
    const auto& fields = certificate.value().fields();
    const bool in_time = fields.not_before <= now && now <= fields.not_after;
    return RenewedCertificate{principal.serial, certificate.value(), known.profile, known.subject_key,
                              in_time && !known.revocation};
}

std::vector<std::string> authorised_names(const x509::Certificate& certificate) {
    std::vector<std::string> names;
    for (const auto& rdn : certificate.fields().subject.rdns) {
        for (const auto& attribute : rdn) {
            if (is_naming(attribute.type)) names.push_back(attribute.value);
        }
    }
    const auto san = names_of(certificate.fields().extensions);
    if (!san) return names;
    for (const auto& name : san.value()) names.push_back(value_text(name));
    return names;
}

Result<void> check_same_identity(const x509::TbsCertificateFields& next, const x509::Certificate& old) {
    if (next.subject != old.fields().subject_der) {
        return fail(ErrorCode::denied, "a renewal must keep the subject of the certificate that it renews",
                    "was " + x509::format_name(old.fields().subject));
    }
    SEALWRIGHT_TRY(const auto now_named, names_of(next.extensions));
    SEALWRIGHT_TRY(const auto then_named, names_of(old.fields().extensions));
    if (sorted_encodings(now_named) != sorted_encodings(then_named)) {
        return fail(ErrorCode::denied,
                    "a renewal must keep the subject alternative names of the certificate that it renews");
    }
    return success();
}

}  // namespace sealwright::issuance
