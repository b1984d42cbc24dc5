#include "device/identity.hpp"

#include "cli/json.hpp"

namespace sealwright::device {
namespace {

namespace json = cli::json;

constexpr std::uint64_t kVersion = 1;

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

std::string Identity::serial() const {
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

}  // namespace sealwright::device
