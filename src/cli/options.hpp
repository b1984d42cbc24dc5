// options.hpp: what each command was asked, as plain values. command_line reads them from argv; the commands never see
// argv.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sealwright::cli {

inline constexpr const char* kDefaultAdminSocket = "/run/sealwright/admin.sock";

struct GlobalOptions {
    std::string socket = kDefaultAdminSocket;
    bool json = false;
    bool quiet = false;
};

// Where a secret (a PIN, an enrolment secret) comes from: a descriptor, a file, or, when neither is given, a prompt.
// Never argv or environment.
struct SecretOptions {
    std::optional<int> fd;
    std::string file;
    bool halves = false;  // asked for in two halves, of two custodians
};

struct CeremonyOptions {
    std::string script, bindings, out;
    std::string head_file;  // where run and rehearse write the head in words, for programs that verify afterwards
    bool html = false;      // print: HTML instead of text
    bool yes = false;       // confirmations are answered by the program, and recorded so
};

// TokenOptions: which token, by which module, with which PIN.
struct TokenOptions {
    std::string module, init_args;
    std::string token_serial, token_label;
    SecretOptions pin;
};

struct HsmOptions : TokenOptions {
    std::string key;                                       // evidence: id, prefix of one, or label
    std::string evidence_template = "non-extractable-v1";  // evidence: what the key is judged by
};

// Backup of keys by wrapping. The PIN of HsmOptions is the user's, or the SO's where a wrapping key is made.
struct HsmBackupOptions : HsmOptions {
    std::string action;            // wrapping-key: create, show
    std::string label;             // wrapping-key: of the key
    std::string type = "AES-256";  // wrapping-key: or RSA-3072, RSA-4096
    SecretOptions user_pin;        // wrapping-key: of an RSA key, whose pair the user makes; show
    std::string wrapping_key;
    std::string file;
    bool dry_run = false;  // restore: look, and change nothing
};

// hsm keys: what is shown besides.
struct HsmKeysOptions {
    HsmOptions token;
    std::string signer_config;  // purposes and locations as the signer's files have them
    bool spki = false, evidence = false;
};

struct HsmEnrolOptions {
    HsmOptions token;          // its key: the identifier, or the key's name in signer_keys
    std::string spki_file;     // instead of the identifier: the public key, PEM or DER
    std::string out;           // the location's record
    std::string signer_keys;   // the file whose table of the key gets the location
    std::string first_serial;  // of the token that serves the key now, where the file does not say
    bool write = false;        // it is written, not only shown
};

struct PinSealOptions {
    HsmOptions token;  // the token to log in to with check_login; its serial is sealed along
    std::string out, pcrs = "sha256:0,2,4,7", tcti;
    bool check_login = false, replace = false;
};

struct PinCheckOptions {
    std::string file, tcti;
};

// The token of hsm test and hsm bench.
struct JudgedTokenOptions : TokenOptions {
    unsigned deadline = 60;  // seconds
    bool yes = false;
};

struct HsmTestOptions {
    JudgedTokenOptions token;
    std::string page;  // also write the report as HTML
    bool force = false, quick = false;
};

struct HsmBenchOptions {
    JudgedTokenOptions token;
    std::vector<std::string> algorithms;
    std::vector<unsigned> lanes;
    double seconds = 2;
};

struct ProfileOptions {
    std::string name;
    bool toml = false;
};

// Where the native protocol is spoken to, when not the admin socket.
struct NativeOptions {
    std::string server, ca_file;
    std::string server_name;  // that the server's certificate must carry, when not the one in the address
    SecretOptions secret;
    std::string client_certificate, client_key;  // renewal, instead of a secret
};

struct CertIssueOptions {
    std::string profile, csr;
    std::string request;     // --resume: a request that was accepted before
    std::string out, chain;  // files for the certificate, and for it with its chain
    std::string wait;        // how long to wait for approvals
    NativeOptions native;
};

struct CertListOptions {
    std::string state, name, profile, expires_before, after;
    bool revoked = false, not_revoked = false;
    std::size_t limit = 100;
    bool all = false;
};

struct CertShowOptions {
    std::string serial;
    bool pem = false;
};

struct CertChangeOptions {
    std::string serial;
    std::string reason = "unspecified";  // revoke
    std::string invalidity_date;         // revoke
    bool yes = false, dry_run = false;
};

struct RequestListOptions {
    std::string state;
    std::size_t limit = 100;
};

struct RequestOptions {
    std::string id;
    std::string reason;  // deny
    bool yes = false;
};

struct RequestAttestationOptions {
    std::string id;
    std::string out;  // file; standard output where empty
};

struct EkImportOptions {
    std::vector<std::string> files;
    std::string note;
    bool dry_run = false;
};

struct EkRemoveOptions {
    std::string ek;
    bool yes = false;
};

struct DeviceListOptions {
    std::string state, name;
    std::size_t limit = 100;
    bool all = false;
};

struct DeviceShowOptions {
    std::string device;
    std::string record;  // file for the attestation's record
};

struct DeviceEndOptions {
    std::string device, reason;
    bool yes = false, dry_run = false;
};

struct SecretCreateOptions {
    std::string profile;
    std::vector<std::string> names;
    std::string lifetime = "1h";
    std::string out;
};

struct SecretRevokeOptions {
    std::string id;
};

struct AuditShowOptions {
    std::optional<std::uint64_t> from;
    std::size_t limit = 50;
    std::string kind;
    bool all = false, follow = false;
};

// The public audit key that was handed over out of band; without it the daemon's own word is taken, and said so.
struct AuditCheckOptions {
    std::string key_file;
    std::string since;   // verify: a checkpoint saved earlier
    std::string save;    // verify: where to save this one
    std::string folder;  // export
};

}  // namespace sealwright::cli
