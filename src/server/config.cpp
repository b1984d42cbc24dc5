#include "server/config.hpp"

#include "base/file.hpp"
#include "policy/decision.hpp"
#include "server/toml_value.hpp"

namespace sealwright::server {
namespace {

constexpr std::size_t kMaxConfig = 1U << 20U;

// Reader knows where relative paths start.
class Reader {
public:
    Reader(const TomlValue& root, std::filesystem::path folder, Problems& problems)
        : root_(&root, "", problems), folder_(std::move(folder)) {}

    Config read() {
        Config config;
        if (root_.integer("format", 0, 0, 1000) != kConfigFormat)
            root_.problem("format", "must be 1, the format that this version reads");
        config.state = path(root_.required_text("state"));
        read_listen(config.listen);
        read_ca(config.ca);
        read_ocsp(config.ocsp);
        read_crl(config.crl);
        read_tls(config);
        read_audit(config.audit, config.state);
        read_signer(config.signer);
        read_profiles(config);
        read_urls(config);
        read_roles(config);
        read_attestation(config.attestation);
        read_limits(config.limits);
        read_issuance(config);
        read_log(config);
        root_.finish();
        return config;
    }

private:
    std::filesystem::path path(const std::string& text) const {
        if (text.empty()) return {};
        const std::filesystem::path given{text};
        return given.is_absolute() ? given : folder_ / given;
    }

    std::optional<http_server::TcpAddress> address(Section& section, std::string_view key) {
        const auto text = section.text(key);
        if (text.empty()) return std::nullopt;
        auto parsed = http_server::parse_tcp_address(text);
        if (parsed) return std::move(parsed).value();
        section.problem(key, parsed.error().public_detail());
        return std::nullopt;
    }

    void read_listen(Config::Listen& listen) {
        auto section = root_.section("listen");
        listen.https = address(section, "https");
        listen.http = address(section, "http");
        listen.admin = path(section.required_text("admin"));
        listen.admin_mode = static_cast<unsigned>(section.integer("admin_mode", 0660, 0, 0777));
        if ((listen.admin_mode & 0007U) != 0)
            section.problem("admin_mode", "must leave others out (0o660 or less): who may connect may ask");
        section.finish();
    }

    void read_ca(Config::Ca& ca) {
        auto section = root_.section("ca");
        ca.certificate = path(section.required_text("certificate"));
        ca.chain = path(section.required_text("chain"));
        ca.root_crl = path(section.text("root_crl"));
        section.finish();
    }

    void read_ocsp(Config::Ocsp& ocsp) {
        auto section = root_.section("ocsp");
        ocsp.certificate = path(section.required_text("certificate"));
        ocsp.validity = section.duration("validity", ocsp.validity, minutes{1}, hours{24 * 10});
        ocsp.max_age = section.duration("max_age", std::min(ocsp.max_age, ocsp.validity), seconds{1}, hours{24 * 10});
        if (ocsp.max_age > ocsp.validity) section.problem("max_age", "must not be longer than validity");
        ocsp.cache_entries = static_cast<std::size_t>(section.integer("cache_entries", 100000, 0, 10000000));
        ocsp.max_concurrent_signatures =
            static_cast<std::size_t>(section.integer("max_concurrent_signatures", 64, 1, 10000));
        section.finish();
    }

    void read_crl(Config::Crl& crl) {
        auto section = root_.section("crl");
        crl.validity = section.duration("validity", crl.validity, minutes{1}, hours{24 * 90});
        crl.overlap =
            section.duration("overlap", std::min<seconds>(crl.overlap, crl.validity / 4), seconds{10}, hours{24 * 90});
        // A CRL is dated back by a minute, and the next one needs time to be made.
        if (crl.overlap * 2 > crl.validity)
            section.problem("overlap",
                            "must be at most half of validity, so that the next CRL is out in time and not at once");
        crl.max_age = section.duration("max_age", std::min(crl.max_age, crl.overlap), seconds{1}, hours{24 * 90});
        crl.file = path(section.text("file"));
        section.finish();
    }

    void read_tls(Config& config) {
        auto section = root_.section("tls");
        config.tls_certificate = path(section.text("certificate"));
        if (config.listen.https && config.tls_certificate.empty())
            section.problem("certificate", "is missing: listen.https needs it");
        section.finish();
    }

    void read_audit(Config::Audit& audit, const std::filesystem::path& state) {
        auto section = root_.section("audit");
        audit.key = path(section.required_text("key"));
        audit.origin = section.required_text("origin");
        // A signed note's key name: no white space, no plus sign (C2SP signed-note).
        const bool named = std::all_of(audit.origin.begin(), audit.origin.end(),
                                       [](char c) { return c > 0x20 && c < 0x7f && c != '+'; });
        if (!named) section.problem("origin", "must be a name without spaces and '+', like ca.example.org/audit");
        const auto folder = path(section.text("folder"));
        audit.folder = folder.empty() ? state / "audit" : folder;
        audit.interval = section.duration("interval", audit.interval, seconds{1}, hours{24});
        section.finish();
    }

    void read_signer(Config::Signer& signer) {
        auto section = root_.section("signer");
        signer.socket = path(section.required_text("socket"));
        signer.allow_same_user = section.boolean("allow_same_user", false);
        signer.deadline = section.duration("deadline", signer.deadline, seconds{1}, minutes{5});
        section.finish();
    }

    void read_profiles(Config& config) {
        auto section = root_.section("profiles");
        config.profiles = path(section.required_text("directory"));
        section.finish();
    }

    void read_urls(Config& config) {
        auto section = root_.section("urls");
        for (const std::string_view key : {"crl", "ocsp", "issuer"}) {
            const auto url = section.text(key);
            if (url.empty()) continue;
            // RFC 5280 4.2.2.1: clients cannot be made to verify the pointer's server by what the pointer leads to, so
            // these are http.
            if (!url.starts_with("http://"))
                section.problem(key, "must be an http:// address: clients fetch it before they trust anything");
            config.urls.emplace(std::string{key} + "_url", url);
        }
        section.finish();
    }

    void read_roles(Config& config) {
        auto section = root_.section("roles");
        for (const std::string_view role : {"auditor", "officer", "operator", "administrator"}) {
            const auto* value = section.value(role);
            if (value != nullptr) config.roles.emplace(role, read_accounts(section, role, *value));
        }
        section.finish();
    }

    Config::Accounts read_accounts(Section& section, std::string_view role, const TomlValue& value) {
        Config::Accounts accounts;
        for (const auto& item : value.items) {
            if (item.kind == TomlValue::Kind::text && !item.text.empty()) {
                accounts.emplace_back(item.text);
            } else if (item.kind == TomlValue::Kind::integer && item.integer >= 0 && item.integer < 0xFFFFFFFF) {
                accounts.emplace_back(static_cast<std::uint32_t>(item.integer));
            } else {
                section.problem(role, "must be a list of user names and user numbers");
            }
        }
        if (value.kind != TomlValue::Kind::array)
            section.problem(role, "must be a list of user names and user numbers");
        return accounts;
    }

    void read_attestation(Config::Attestation& attestation) {
        auto section = root_.section("attestation");
        attestation.roots = path(section.text("roots"));
        attestation.intermediates = path(section.text("intermediates"));
        section.finish();
    }

    void read_limits(Config::Limits& limits) {
        auto section = root_.section("limits");
        limits.workers = static_cast<std::size_t>(section.integer("workers", 32, 1, 1024));
        limits.queue = static_cast<std::size_t>(section.integer("queue", 256, 1, 100000));
        limits.max_connections = static_cast<std::size_t>(section.integer("max_connections", 1024, 1, 100000));
        section.finish();
    }

    void read_issuance(Config& config) {
        auto section = root_.section("issuance");
        config.lease = section.duration("lease", config.lease, seconds{5}, hours{1});
        if (config.lease <= config.signer.deadline)
            section.problem("lease", "must be longer than signer.deadline, or a slow signature loses its lease");
        section.finish();
    }

    void read_log(Config& config) {
        auto section = root_.section("log");
        const auto level = section.text("level", "info");
        static const std::map<std::string, LogLevel> levels{{"debug", LogLevel::debug},
                                                            {"info", LogLevel::info},
                                                            {"warning", LogLevel::warning},
                                                            {"error", LogLevel::error}};
        const auto found = levels.find(level);
        if (found == levels.end()) {
            section.problem("level", "must be debug, info, warning or error");
        } else {
            config.log_level = found->second;
        }
        section.finish();
    }

    Section root_;
    std::filesystem::path folder_;
};

}  // namespace

Result<Config> parse_config(std::string_view text, const std::filesystem::path& file) {
    SEALWRIGHT_TRY(const auto root, parse_toml(text, file.string()));
    Problems problems{file.string()};
    auto config = Reader{root, std::filesystem::absolute(file).parent_path(), problems}.read();
    if (!problems.empty()) return problems.error();
    config.file = file;
    config.text = text;
    return config;
}

Result<Config> load_config(const std::filesystem::path& file) {
    auto text = read_text_file(file, kMaxConfig);
    if (!text) return fail(ErrorCode::config, text.error().public_detail());
    return parse_config(text.value(), file);
}

}  // namespace sealwright::server
