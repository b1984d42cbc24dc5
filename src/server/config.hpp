// config.hpp: the daemon's configuration file (docs/operations/daemon.md), read strictly: an unknown key is an error,
// every problem is named with its line, all of them at once.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "http_server/server.hpp"

namespace sealwright::server {

inline constexpr int kConfigFormat = 1;

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Config {
    struct Listen {
        std::optional<http_server::TcpAddress> https{}, http{};
        std::filesystem::path admin;
        unsigned admin_mode = 0660;
    };
    struct Ca {
        std::filesystem::path certificate, chain;
        std::filesystem::path root_crl;  // served at /crl/root.crl; empty: not served
    };
    struct Ocsp {
        std::filesystem::path certificate;
        seconds validity{hours{12}}, max_age{hours{1}};
        std::size_t cache_entries = 100000, max_concurrent_signatures = 64;
    };
    struct Crl {
        seconds validity{hours{24}}, overlap{hours{6}}, max_age{hours{1}};
        std::filesystem::path file;  // also written here, atomically; empty: only served
    };
    struct Audit {
        std::filesystem::path key;
        std::string origin;
        std::filesystem::path folder;  // of the exported tiles
        seconds interval{60};
    };
    struct Signer {
        std::filesystem::path socket;
        bool allow_same_user = false;
        seconds deadline{10};
    };
    // The manufacturers whose endorsement key certificates count; files or folders, see tpm_anchors.hpp.
    struct Attestation {
        std::filesystem::path roots, intermediates;
    };
    struct Limits {
        std::size_t workers = 32, queue = 256;
        std::size_t max_connections = 1024;
    };
    // Who has a role: user names and numbers, as configured; identity.hpp makes them numbers.
    using Accounts = std::vector<std::variant<std::string, std::uint32_t>>;

    std::filesystem::path file, state;
    Listen listen;
    Ca ca;
    Ocsp ocsp;
    Crl crl;
    std::filesystem::path tls_certificate;  // PEM chain; needed for listen.https
    Audit audit;
    Signer signer;
    std::filesystem::path profiles;           // folder
    std::map<std::string, std::string> urls;  // placeholders of the profiles: crl_url, ocsp_url, issuer_url
    std::map<std::string, Accounts> roles;
    Attestation attestation;
    Limits limits;
    seconds lease{30};
    LogLevel log_level = LogLevel::info;
    std::string text;  // of the file, for its digest in the audit log
};

// parse_config reads the text of a file. Relative paths in it start at the file's own folder. Errors: config, whose
// public detail has one problem a line.
Result<Config> parse_config(std::string_view text, const std::filesystem::path& file);

// load_config reads the file itself.
Result<Config> load_config(const std::filesystem::path& file);

}  // namespace sealwright::server
