#include "device/identity.hpp"

#include "cli/json.hpp"

namespace sealwright::device {
namespace {

namespace json = cli::json;

constexpr std::uint64_t kVersion = 1;
constexpr std::chrono::minutes kClockTolerance{5};

Result<Bytes> area(std::string_view text) {
    SEALWRIGHT_TRY(auto octets, from_base64(text));
    if (octets.empty() || octets.size() > tpm::kMaxArea)
        return fail(ErrorCode::malformed, "a key's structure has no size that one can have");
    return octets;
}

}  // namespace

json::object encode_blob(const tpm::KeyBlob& blob) {
    return {{"public", to_base64(blob.public_area)}, {"private", to_base64(blob.private_area)}};
}

Result<tpm::KeyBlob> parse_blob(const json::value& value) {
    cli::Fields fields{value, "the key"};
    const auto public_area = fields.text("public"), private_area = fields.text("private");
    SEALWRIGHT_TRY(fields.check());
    tpm::KeyBlob blob;
    SEALWRIGHT_TRY(blob.public_area, area(public_area));
    SEALWRIGHT_TRY(blob.private_area, area(private_area));
    return blob;
}

json::object encode_terms(const Terms& terms) {
    json::array dns;
    for (const auto& each : terms.names.dns) dns.emplace_back(each);
    return {{"version", kVersion},
            {"server", terms.server},
            {"profile", terms.profile},
            {"subject", terms.names.subject},
            {"dns", std::move(dns)},
            {"ek_template", std::string{tpm::ek_template_name(terms.ek)}},
            {"ak_kind", std::string{tpm::key_kind_name(terms.ak_kind)}},
            {"key_kind", std::string{tpm::key_kind_name(terms.key_kind)}},
            {"ak", encode_blob(terms.ak)}};
}

Result<Terms> parse_terms(const json::value& value, std::string_view what) {
    cli::Fields fields{value, what};
    const auto version = fields.number("version");
    const auto ek = fields.text("ek_template"), ak_kind = fields.text("ak_kind"), key_kind = fields.text("key_kind");
    Terms terms;
    terms.server = fields.text("server");
    terms.profile = fields.text("profile");
    terms.names.subject = fields.text("subject");
    terms.names.dns = fields.texts_if("dns");
    const auto& ak = fields.object("ak");
    SEALWRIGHT_TRY(fields.check());
    if (version != kVersion)
        return fail(ErrorCode::unsupported, std::string{what} + " was written by another version of this program");
    SEALWRIGHT_TRY(terms.ek, tpm::parse_ek_template(ek));
    SEALWRIGHT_TRY(terms.ak_kind, tpm::parse_key_kind(ak_kind));
    SEALWRIGHT_TRY(terms.key_kind, tpm::parse_key_kind(key_kind));
    SEALWRIGHT_TRY(terms.ak, parse_blob(ak));
    return terms;
}

std::string serial_of(const x509::Certificate& certificate) {
    Bytes serial = certificate.fields().serial;
    if (serial.size() == SerialNumber::kSize + 1 && serial[0] == 0) serial.erase(serial.begin());
    std::string text = to_hex(serial);
    return text.insert(0, text.size() < 32 ? 32 - text.size() : 0, '0');
}

Result<void> check_belongs(const x509::Certificate& certificate, const tpm::KeyBlob& key) {
    SEALWRIGHT_TRY(const auto public_key, tpm::public_key_of(key.public_area));
    if (certificate.fields().spki == public_key.spki()) return success();
    return fail(ErrorCode::conflict, "the certificate is for another key than the one in the TPM");
}

Result<std::vector<x509::Certificate>> check_received(std::string_view pem, const tpm::KeyBlob& key,
                                                      const std::string& replaces, UtcTime now) {
    auto chain = x509::Certificate::parse_pem(pem);
    if (!chain) return chain.error().in("the server's certificates");
    const auto& certificates = chain.value();
    if (certificates.empty()) return fail(ErrorCode::malformed, "the server sent no certificate");
    const x509::Certificate& leaf = certificates[0];
    SEALWRIGHT_TRY(check_belongs(leaf, key));
    if (serial_of(leaf) == replaces)
        return fail(ErrorCode::conflict, "the server sent the certificate that was to be replaced");
    if (now > leaf.fields().not_after)
        return fail(ErrorCode::invalid_signature,
                    "the server sent a certificate whose time was over at " + to_rfc3339(leaf.fields().not_after));
    if (leaf.fields().not_before > now + kClockTolerance)
        return fail(ErrorCode::clock, "the server sent a certificate that begins at " +
                                          to_rfc3339(leaf.fields().not_before) +
                                          "\nIs this machine's clock right? The same command fetches it again.");
    for (std::size_t i = 0; i + 1 < certificates.size(); ++i) {
        const auto& issuer = certificates[i + 1].fields();
        const auto issuer_key = crypto::PublicKey::parse(issuer.spki.view());
        if (certificates[i].fields().issuer_der != issuer.subject_der || !issuer_key ||
            !certificates[i].verify_signature(issuer_key.value()))
            return fail(ErrorCode::invalid_signature,
                        "the chain that the server sent does not hold at certificate " + std::to_string(i + 1));
    }
    return chain;
}

}  // namespace sealwright::device
