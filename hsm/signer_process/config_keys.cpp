// The [[key]] tables: each key's purposes, algorithms and limits.
#include <limits>

#include "asn1/oid.hpp"
#include "hsm/signer_process/config.hpp"
#include "hsm/signer_process/toml_table.hpp"
#include "hsm/signer_process/wire.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::int64_t kMostPerHour = 1000000000;
constexpr std::int64_t kLargestStep = std::int64_t{1} << 32U;

Result<Sha256> digest(TomlTable& table, std::string_view key) {
    SEALWRIGHT_TRY(const auto text, table.text(key));
    auto parsed = Sha256::from_hex_text(text);
    if (!parsed) return table.problem(key, "must be a SHA-256 value in hexadecimal");
    return parsed;
}

Result<std::optional<Bytes>> optional_octets(TomlTable& table, std::string_view key) {
    if (!table.has(key)) return std::optional<Bytes>{};
    SEALWRIGHT_TRY(const auto text, table.text(key));
    auto parsed = from_hex(text);
    if (!parsed || parsed.value().empty()) return table.problem(key, "must be hexadecimal");
    return std::optional{std::move(parsed).value()};
}

Result<CertificateLimits> certificate_limits(TomlTable table) {
    CertificateLimits limits;
    SEALWRIGHT_TRY(limits.issuer, digest(table, "issuer_sha256"));
    SEALWRIGHT_TRY(limits.authority_key_identifier, optional_octets(table, "authority_key_identifier"));
    SEALWRIGHT_TRY(limits.ca, table.boolean_or("ca", false));
    if (table.has("max_path_length")) {
        if (!limits.ca) return table.problem("max_path_length", "is for keys that certify CAs (ca = true)");
        SEALWRIGHT_TRY(const auto length, table.number("max_path_length", 0, 32));
        limits.max_path_length = static_cast<std::uint32_t>(length);
    }
    SEALWRIGHT_TRY(limits.max_validity, table.duration("max_validity"));
    SEALWRIGHT_TRY(limits.max_backdate, table.duration_or("max_backdate", hours{1}));
    SEALWRIGHT_TRY(limits.ocsp_signing, table.boolean_or("ocsp_signing", false));
    SEALWRIGHT_TRY(table.finish());
    return limits;
}

Result<CrlLimits> crl_limits(TomlTable table) {
    CrlLimits limits;
    SEALWRIGHT_TRY(limits.issuer, digest(table, "issuer_sha256"));
    SEALWRIGHT_TRY(limits.authority_key_identifier, optional_octets(table, "authority_key_identifier"));
    SEALWRIGHT_TRY(limits.max_validity, table.duration("max_validity"));
    SEALWRIGHT_TRY(table.finish());
    return limits;
}

Result<OcspLimits> ocsp_limits(TomlTable table) {
    OcspLimits limits;
    SEALWRIGHT_TRY(limits.max_validity, table.duration_or("max_validity", hours{24 * 10}));
    SEALWRIGHT_TRY(limits.max_backdate, table.duration_or("max_backdate", hours{1}));
    SEALWRIGHT_TRY(table.finish());
    return limits;
}

Result<CheckpointLimits> checkpoint_limits(TomlTable table) {
    CheckpointLimits limits;
    SEALWRIGHT_TRY(limits.origin, table.text("origin"));
    if (limits.origin.find_first_of("\n+") != std::string::npos)
        return table.problem("origin", "must hold no newline and no plus sign");
    if (table.has("max_step")) {
        SEALWRIGHT_TRY(const auto step, table.number("max_step", 1, kLargestStep));
        limits.max_step = static_cast<std::uint64_t>(step);
    }
    SEALWRIGHT_TRY(table.finish());
    return limits;
}

Result<DecryptLimits> decrypt_limits(TomlTable table) {
    DecryptLimits limits;
    SEALWRIGHT_TRY(const auto names, table.texts("schemes"));
    for (const auto& name : names) {
        auto scheme = parse_decrypt_scheme_name(name);
        if (!scheme) return table.problem("schemes", scheme.error().public_detail());
        limits.schemes.push_back(scheme.value());
    }
    SEALWRIGHT_TRY(table.finish());
    return limits;
}

Result<CmsLimits> cms_limits(TomlTable table) {
    CmsLimits limits;
    SEALWRIGHT_TRY(const auto types, table.texts("content_types"));
    for (const auto& type : types) {
        auto parsed = asn1::parse_oid(type);
        if (!parsed) return table.problem("content_types", "'" + type + "' is no object identifier");
        limits.content_types.push_back(std::move(parsed).value());
    }
    SEALWRIGHT_TRY(table.finish());
    return limits;
}

Result<CmpLimits> cmp_limits(TomlTable table) {
    CmpLimits limits;
    SEALWRIGHT_TRY(limits.requests, table.boolean_or("requests", false));
    SEALWRIGHT_TRY(table.finish());
    return limits;
}

template <class Limits>
Result<Limits> no_limits(TomlTable table) {
    SEALWRIGHT_TRY(table.finish());
    return Limits{};
}

// KeyReader fills the limits of the purposes that the key lists. Limits of a purpose that it does not list are a
// mistake, not a permission.
class KeyReader {
public:
    explicit KeyReader(TomlTable table) : table_(std::move(table)) {}

    Result<KeyLimits> read() {
        SEALWRIGHT_TRY(const auto id, table_.text("id"));
        auto parsed = KeyId::from_hex_text(id);
        if (!parsed)
            return table_.problem("id", "must be the SHA-256 of the key's SubjectPublicKeyInfo, in hexadecimal");
        key_.id = parsed.value();
        SEALWRIGHT_TRY(key_.name, table_.text("name"));
        SEALWRIGHT_TRY(read_purposes());
        SEALWRIGHT_TRY(read_evidence());
        SEALWRIGHT_TRY(read_algorithms());
        if (table_.has("max_per_hour")) {
            SEALWRIGHT_TRY(const auto most, table_.number("max_per_hour", 1, kMostPerHour));
            key_.max_per_hour = static_cast<std::uint32_t>(most);
        }
        SEALWRIGHT_TRY(read(Purpose::certificate, key_.certificate, certificate_limits));
        SEALWRIGHT_TRY(read(Purpose::crl, key_.crl, crl_limits));
        SEALWRIGHT_TRY(read(Purpose::checkpoint, key_.checkpoint, checkpoint_limits));
        SEALWRIGHT_TRY(read_or_default(Purpose::ocsp, key_.ocsp, ocsp_limits, OcspLimits{hours{24 * 10}, hours{1}}));
        SEALWRIGHT_TRY(read_or_default(Purpose::tls, key_.tls, no_limits<TlsLimits>, TlsLimits{}));
        SEALWRIGHT_TRY(read_or_default(Purpose::csr, key_.csr, no_limits<CsrLimits>, CsrLimits{}));
        if (table_.has("locations")) {
            SEALWRIGHT_TRY(key_.locations, table_.texts("locations"));
        }
        SEALWRIGHT_TRY(read(Purpose::decrypt, key_.decrypt, decrypt_limits));
        SEALWRIGHT_TRY(read(Purpose::cms, key_.cms, cms_limits));
        SEALWRIGHT_TRY(read_or_default(Purpose::cmp, key_.cmp, cmp_limits, CmpLimits{}));
        SEALWRIGHT_TRY(table_.finish());
        return std::move(key_);
    }

private:
    // A key that decrypts does nothing else (non-extractable-decrypt-v1): it signs by no algorithm.
    Result<void> read_algorithms() {
        if (purposes_.contains(Purpose::decrypt)) {
            if (purposes_.size() > 1) return table_.problem("purposes", "a key that decrypts does nothing else");
            if (table_.has("algorithms"))
                return table_.problem("algorithms", "a key that decrypts makes no signatures");
            return success();
        }
        SEALWRIGHT_TRY(const auto names, table_.texts("algorithms"));
        for (const auto& name : names) {
            auto algorithm = crypto::parse_signature_name(name);
            if (!algorithm) return table_.problem("algorithms", "unknown algorithm " + name);
            key_.algorithms.push_back(algorithm.value());
        }
        return success();
    }

    Result<void> read_evidence() {
        const bool decrypts = purposes_.contains(Purpose::decrypt);
        const std::string otherwise{decrypts ? kNonExtractableDecrypt : kNonExtractable};
        if (table_.is_list("evidence")) {
            SEALWRIGHT_TRY(key_.evidence_templates, table_.texts("evidence"));
        } else {
            SEALWRIGHT_TRY(const auto name, table_.text_or("evidence", otherwise));
            key_.evidence_templates = {name};
        }
        for (const std::string& name : key_.evidence_templates) {
            if (auto known = check_evidence_template(name); !known)
                return table_.problem("evidence", known.error().public_detail());
            if (decrypts != (name == kNonExtractableDecrypt))
                return table_.problem("evidence", "does not fit the key's purposes");
        }
        return success();
    }

    Result<void> read_purposes() {
        SEALWRIGHT_TRY(const auto names, table_.texts("purposes"));
        for (const auto& name : names) {
            auto purpose = parse_purpose_name(name);
            if (!purpose) return table_.problem("purposes", purpose.error().public_detail());
            purposes_.insert(purpose.value());
        }
        return success();
    }

    template <class Limits, class Read>
    Result<void> read(Purpose purpose, std::optional<Limits>& limits, Read&& read_limits) {
        const auto name = purpose_name(purpose);
        const bool has = purposes_.contains(purpose);
        if (table_.has(name) && !has)
            return table_.problem(name, "limits of a purpose that is not among the key's purposes");
        if (!has) return success();
        SEALWRIGHT_TRY(auto table, table_.table(name));
        SEALWRIGHT_TRY(limits, read_limits(std::move(table)));
        return success();
    }

    template <class Limits, class Read>
    Result<void> read_or_default(Purpose purpose, std::optional<Limits>& limits, Read&& read_limits, Limits otherwise) {
        if (table_.has(purpose_name(purpose))) return read(purpose, limits, read_limits);
        if (purposes_.contains(purpose)) limits = otherwise;
        return success();
    }

    TomlTable table_;
    KeyLimits key_;
    std::set<Purpose> purposes_;
};

}  // namespace

Result<std::vector<KeyLimits>> read_key_tables(TomlTable& root);

Result<std::vector<KeyLimits>> read_key_tables(TomlTable& root) {
    SEALWRIGHT_TRY(auto tables, root.tables("key"));
    std::vector<KeyLimits> keys;
    for (TomlTable& table : tables) {
        const TomlTable here = table;
        SEALWRIGHT_TRY(auto key, KeyReader{std::move(table)}.read());
        for (const KeyLimits& other : keys) {
            if (other.id == key.id) return here.problem("id", "a key that stands there twice");
            if (other.name == key.name) return here.problem("name", "a name that stands there twice");
        }
        if (keys.size() == kMaxKeys) return here.problem("", "more than " + std::to_string(kMaxKeys) + " keys");
        keys.push_back(std::move(key));
    }
    return keys;
}

Result<std::vector<KeyLimits>> parse_keys(std::string_view text, const std::string& name) {
    SEALWRIGHT_TRY(const auto document, parse_toml(text, name));
    TomlTable root{document, name, {}};
    SEALWRIGHT_TRY(auto keys, read_key_tables(root));
    SEALWRIGHT_TRY(root.finish());
    if (keys.empty()) return fail(ErrorCode::config, name + ": there is no [[key]] in it");
    return keys;
}

}  // namespace sealwright::hsm::signer_process
