#include "unit/profile/fixture.hpp"

#include "base/file.hpp"

namespace sealwright::profile::testing {
namespace {

template <class T>
T must(Result<T> result, std::string_view what) {
    if (!result) throw std::runtime_error(std::string{what} + ": " + result.error().describe());
    return std::move(result).value();
}

}  // namespace

UtcTime at(std::string_view rfc3339) { return must(from_rfc3339(rfc3339), rfc3339); }
UtcTime test_time() { return at("2026-11-22T12:00:00Z"); }

crypto::PublicKey public_key(std::string_view base64_spki) {
    return must(crypto::PublicKey::parse(must(from_base64(base64_spki), "base64")), "public key");
}

Placeholders site_placeholders() {
    return {{"issuer_url", "http://pki.example.org/ca.crt"},
            {"crl_url", "http://pki.example.org/ca.crl"},
            {"ocsp_url", "http://pki.example.org/ocsp"}};
}

std::string installed_text(std::string_view name) {
    return must(read_text_file("src/profile/profiles/" + std::string{name} + ".toml", 65536), name);
}

Profile installed(std::string_view name) {
    return must(Profile::parse(installed_text(name), name, site_placeholders()), name);
}
Profile parsed(std::string_view toml) {
    return must(Profile::parse(toml, "test.toml", site_placeholders()), "profile");
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t place = text.find(from);
    if (place == std::string::npos || text.find(from, place + 1) != std::string::npos) {
        throw std::runtime_error("not there exactly once: " + std::string{from});
    }
    return text.replace(place, from.size(), to);
}

x509::Name name(std::string_view rfc4514) { return must(x509::parse_name_text(rfc4514), rfc4514); }
NameDer name_der(std::string_view rfc4514) { return must(x509::encode_name(name(rfc4514)), rfc4514); }

SerialNumber serial(std::uint8_t first_octet) {
    std::array<std::uint8_t, SerialNumber::kSize> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(first_octet + i);
    return SerialNumber{octets};
}

x509::Certificate assembled(const x509::TbsCertificateFields& fields) {
    const TbsCertificateDer tbs = x509::build_tbs_certificate(fields);
    const Bytes signature{0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
    return must(
        x509::Certificate::parse(x509::assemble_certificate(tbs.view(), fields.signature_algorithm, signature).view()),
        "certificate");
}

x509::TbsCertificateFields root_fields() {
    const Profile profile = installed("root-ca");
    const RequestedContent requested{.subject = name("CN=Example Root,O=Example,C=DE"),
                                     .san = {},
                                     .extensions = {},
                                     .validity = {},
                                     .signature_algorithm = {}};
    const auto key = public_key(kP384);
    IssuerContext self;
    self.self_signed = true;
    self.signature_algorithm = crypto::default_algorithm(key.type());
    return must(build_template({.profile = profile,
                                .requested = requested,
                                .subject_key = key,
                                .authorised_names = {},
                                .issuer = self,
                                .serial = serial(0x11),
                                .now = at("2026-01-01T00:00:00Z")}),
                "root");
}

const x509::Certificate& root() {
    static const x509::Certificate certificate = assembled(root_fields());
    return certificate;
}

x509::TbsCertificateFields issuing_ca_fields() {
    const Profile profile = installed("issuing-ca");
    const RequestedContent requested{.subject = name("CN=Example Issuing CA,O=Example,C=DE"),
                                     .san = {},
                                     .extensions = {},
                                     .validity = {},
                                     .signature_algorithm = {}};
    const auto key = public_key(kP256);
    const auto issuer =
        must(issuer_context(root(), {crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha384}), "root");
    return must(build_template({.profile = profile,
                                .requested = requested,
                                .subject_key = key,
                                .authorised_names = {},
                                .issuer = issuer,
                                .serial = serial(0x22),
                                .now = at("2026-01-02T00:00:00Z")}),
                "issuing CA");
}

const x509::Certificate& issuing_ca() {
    static const x509::Certificate certificate = assembled(issuing_ca_fields());
    return certificate;
}

IssuerContext issuing_context() {
    return must(issuer_context(issuing_ca(), {crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256}),
                "issuing CA");
}

Request::Request(Profile chosen, std::string_view spki) : profile(std::move(chosen)), key(public_key(spki)) {}

void Request::ask_for(ByteView oid, Bytes value) {
    requested.extensions.push_back({bytes_of(oid), false, std::move(value)});
}

TemplateInput Request::input() const {
    return {.profile = profile,
            .requested = requested,
            .subject_key = key,
            .authorised_names = authorised_names,
            .issuer = issuer,
            .serial = serial_number,
            .now = now,
            .attested = attested};
}

std::string Request::refusal() const {
    const auto checked = check_request(input());
    const auto built = build();
    EXPECT_EQ(checked.has_value(), built.has_value()) << "check_request and build_template disagree";
    return checked ? std::string{} : checked.error().public_detail();
}

ErrorCode Request::refusal_code() const {
    const auto checked = check_request(input());
    return checked ? ErrorCode::internal : checked.error().code();
}

Request host_request(std::string_view spki) {
    Request request{installed("tls-server"), spki};
    request.requested.san = {x509::DnsName{"www.example.org"}};
    return request;
}

const x509::Extension* find(const x509::TbsCertificateFields& fields, ByteView oid) {
    return x509::find_extension(fields.extensions, oid);
}

std::string codes(const x509::Findings& findings) {
    std::string out;
    for (const auto& finding : findings) out += (out.empty() ? "" : " ") + finding.code;
    return out;
}

}  // namespace sealwright::profile::testing
