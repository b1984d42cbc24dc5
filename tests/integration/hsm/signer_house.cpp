#include "signer_house.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/random.hpp"
#include "x509/name.hpp"

extern char** environ;

namespace sealwright::test {
namespace {

using crypto::KeyType;
using hsm::Purpose;

[[noreturn]] void give_up(const std::string& why) {
    std::cerr << "the test's surroundings fail: " << why << std::endl;
    std::abort();
}

UtcTime now() { return SystemClock{}.now(); }

NameDer name_der(const char* text) { return x509::encode_name(x509::parse_name_text(text).value()).value(); }

constexpr const char* kIssuer = "CN=Signer Test CA,O=Sealwright";

}  // namespace

bool SignerProcess::start(const std::string& program, const std::filesystem::path& config,
                          const std::vector<std::string>& environment) {
    launch(program, config, environment);
    return is_ready();
}

void SignerProcess::launch(const std::string& program, const std::filesystem::path& config,
                           const std::vector<std::string>& environment) {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) give_up("pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ready[1], 3);
    if (!log_.empty())
        ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    std::vector<std::string> words{program, "--config", config.string(), "--ready-fd", "3"};
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::vector<std::string> kept{environment};
    std::vector<char*> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
    for (auto& variable : kept) variables.push_back(variable.data());
    variables.push_back(nullptr);
    const int failed = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), variables.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ready[1]);
    if (failed != 0) give_up("cannot start " + program);
    if (ready_ >= 0) ::close(ready_);
    ready_ = ready[0];
}

bool SignerProcess::is_ready() {
    char octet = 0;
    const bool is_ready = ::read(ready_, &octet, 1) == 1;
    ::close(std::exchange(ready_, -1));
    return is_ready;
}

SignerProcess::~SignerProcess() {
    if (ready_ >= 0) ::close(ready_);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
}

namespace {

std::vector<pid_t> children_of(pid_t pid, const std::string& name) {
    const std::string of = std::to_string(pid);
    std::istringstream children{read_text("/proc/" + of + "/task/" + of + "/children")};
    std::vector<pid_t> found;
    for (pid_t candidate = 0; children >> candidate;) {
        if (read_text("/proc/" + std::to_string(candidate) + "/comm") == name + "\n") found.push_back(candidate);
    }
    return found;
}

}  // namespace

pid_t SignerProcess::child(const std::string& name) const {
    const auto found = children_of(pid_, name);
    return found.empty() ? -1 : *std::max_element(found.begin(), found.end());
}

std::size_t SignerProcess::children(const std::string& name) const { return children_of(pid_, name).size(); }

// A program that did not start has no number, and -1 is everybody.
void SignerProcess::kill(int signal) {
    if (pid_ > 0) ::kill(pid_, signal);
}

int SignerProcess::wait() {
    if (pid_ <= 0) return -1;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

SignerTerminal launch_on_terminal(const std::string& program, const std::filesystem::path& config,
                                  std::vector<std::string> environment) {
    SignerTerminal made;
    made.pid = ::forkpty(&made.terminal, nullptr, nullptr, nullptr);
    if (made.pid == 0) {
        for (auto& variable : environment) ::putenv(variable.data());
        ::execl(program.c_str(), program.c_str(), "--config", config.c_str(), nullptr);
        ::_exit(127);
    }
    return made;
}

SignerHouse::SignerHouse() {
    serial_ = softhsm_.add_token("signer");
    auto module = hsm::pkcs11::Module::load(softhsm_.module());
    if (!module) give_up(module.error().describe());
    auto token = hsm::pkcs11::Token::open(module.value(), {serial_, {}}, SoftHsm::pin());
    if (!token) give_up(token.error().describe());
    const auto make = [&](const std::string& name, KeyType type, unsigned bits = 0,
                          const std::string& evidence = "non-extractable-v1") {
        auto key = token.value()->generate({type, bits, name, evidence, {}});
        if (!key) give_up(key.error().describe());
        keys_.emplace(name, key.value());
    };
    make("issuing", KeyType::ec_p256);
    make("ocsp", KeyType::ec_p256);
    make("audit", KeyType::ed25519);
    make("tls", KeyType::ec_p384);
    make("rsa", KeyType::rsa, 2048);
    make("edwards", KeyType::ed25519);
    make("opener", KeyType::rsa, 2048, "non-extractable-decrypt-v1");
    make("messages", KeyType::ec_p256);
    make("agreer", KeyType::ec_p256, 0, "non-extractable-decrypt-v1");  // not in the configuration
    write_config();
}

void SignerHouse::write_config(const std::string& module, const std::string& extra,
                               const std::string& token_extra) const {
    const std::string issuer = crypto::sha256(issuer_name()).hex();
    const auto key = [&](const std::string& name, const std::string& purposes, const std::string& algorithm) {
        return "\n[[key]]\nid = \"" + keys_.at(name).id.hex() + "\"\nname = \"" + name + "\"\npurposes = " + purposes +
               "\nalgorithms = [\"" + algorithm + "\"]\n";
    };
    const auto ca_tables = [&] {
        return "[key.certificate]\nissuer_sha256 = \"" + issuer +
               "\"\nca = false\nmax_validity = \"90d\"\nmax_backdate = \"1h\"\n[key.crl]\nissuer_sha256 = \"" + issuer +
               "\"\nmax_validity = \"10d\"\n";
    };
    write_text(config(),
               "format = 1\nsocket = \"signer.sock\"\nsocket_mode = \"0600\"\njournal = \"journal\"\nmodule = \"" +
                   (module.empty() ? softhsm_.module() : module) + "\"\nallowed_uids = [" + std::to_string(::getuid()) +
                   "]\nlanes = 2\n" + extra + "\n[token]\nserial = \"" + serial_ + "\"\npin = {file = \"pin\"}\n" +
                   token_extra + "[token.sandbox]\nread = [\".\"]\nwrite = [\".\"]\n" +
                   key("issuing", R"(["certificate", "crl", "csr"])", "ecdsa-sha256") + ca_tables() +
                   key("rsa", R"(["certificate", "crl"])", "rsa-pkcs1-sha256") + ca_tables() +
                   key("edwards", R"(["certificate", "crl"])", "ed25519") + ca_tables() +
                   key("ocsp", R"(["ocsp"])", "ecdsa-sha256") + key("audit", R"(["checkpoint"])", "ed25519") +
                   "[key.checkpoint]\norigin = \"ca.test/audit\"\n" + "\n[[key]]\nid = \"" +
                   keys_.at("opener").id.hex() +
                   "\"\nname = \"opener\"\npurposes = [\"decrypt\"]\n[key.decrypt]\nschemes = [\"rsa-oaep\"]\n" +
                   key("tls", R"(["tls"])", "ecdsa-sha384") + key("messages", R"(["cms", "cmp"])", "ecdsa-sha256") +
                   "[key.cms]\ncontent_types = [\"1.2.840.113549.1.7.1\"]\n");
}

std::vector<std::string> SignerHouse::faulty_environment() const {
    return {"SEALWRIGHT_FAULTY_MODULE=" + softhsm_.module(), "SEALWRIGHT_FAULTY_COUNT=" + count().string(),
            "SEALWRIGHT_FAULTY_LOGINS=" + logins().string(), "SEALWRIGHT_FAULTY_SCRIPT=" + script().string()};
}

std::size_t lines_of(const std::filesystem::path& file) {
    const std::string text = read_text(file);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::size_t SignerHouse::signatures_counted() const { return lines_of(count()); }
std::size_t SignerHouse::logins_counted() const { return lines_of(logins()); }

hsm::signer_process::ClientOptions SignerHouse::client_options(std::uint64_t epoch) const {
    hsm::signer_process::ClientOptions options;
    options.socket_path = socket().string();
    options.node = NodeId::from_hex_text("000102030405060708090a0b0c0d0e0f").value();
    options.epoch = BootEpoch{epoch};
    options.expect_same_user = true;
    return options;
}

Bytes SignerHouse::issuer_name() { return name_der(kIssuer).bytes(); }

Bytes SignerHouse::tbs_certificate(std::uint64_t serial) const {
    x509::TbsCertificateFields fields;
    std::array<std::uint8_t, 16> octets{};
    for (std::size_t i = 0; i < 8; ++i) octets[15 - i] = static_cast<std::uint8_t>(serial >> (8 * i));
    octets[0] = 0x40;
    fields.serial = SerialNumber{octets};
    fields.signature_algorithm = crypto::default_algorithm(KeyType::ec_p256);
    fields.issuer = name_der(kIssuer);
    fields.subject = name_der("CN=leaf.example");
    fields.not_before = now();
    fields.not_after = now() + std::chrono::hours{24 * 30};
    fields.spki = keys_.at("ocsp").public_key.spki();
    fields.extensions = {{bytes_of(asn1::oid::kKeyUsage), true, x509::encode_key_usage(x509::kDigitalSignature)}};
    return x509::build_tbs_certificate(fields).bytes();
}

Bytes SignerHouse::tbs_crl(std::uint64_t number, std::size_t entries) const {
    x509::CrlBuilder builder;
    for (std::size_t i = 0; i < entries; ++i) {
        std::array<std::uint8_t, 16> octets{};
        octets[0] = 0x40;
        for (std::size_t j = 0; j < 8; ++j) octets[15 - j] = static_cast<std::uint8_t>(i >> (8 * j));
        builder.add({SerialNumber{octets}, now() - std::chrono::hours{1}, x509::RevocationReason::key_compromise,
                     std::nullopt});
    }
    x509::CrlFields fields;
    fields.signature_algorithm = crypto::default_algorithm(KeyType::ec_p256);
    fields.issuer = name_der(kIssuer);
    fields.this_update = now();
    fields.next_update = now() + std::chrono::hours{24};
    fields.authority_key_identifier = Bytes(20, 7);
    fields.number = number;
    return builder.build(fields).bytes();
}

Bytes SignerHouse::response_data(const std::function<void(x509::OcspResponseFields&)>& change) const {
    asn1::DerWriter id;
    id.sequence([&] {
        id.sequence([&] { id.oid(asn1::oid::kSha1).null(); });
        id.octet_string(Bytes(20, 1)).octet_string(Bytes(20, 2)).integer(77);
    });
    x509::OcspResponseFields fields;
    fields.responder_key_hash =
        crypto::digest(crypto::DigestAlgorithm::sha1, keys_.at("ocsp").public_key.public_bits());
    fields.produced_at = now();
    fields.responses.push_back({id.take(), x509::OcspGood{}, now(), now() + std::chrono::hours{24}});
    if (change) change(fields);
    return x509::build_response_data(fields);
}

Bytes SignerHouse::checkpoint(std::uint64_t size, std::uint8_t root) {
    return bytes_of(view_of("ca.test/audit\n" + std::to_string(size) + "\n" + to_base64(Bytes(32, root)) + "\n"));
}

Bytes SignerHouse::tls_content() {
    return bytes_of(view_of(std::string(64, ' ') + "TLS 1.3, server CertificateVerify" + std::string(1, '\0') +
                            std::string(48, '9')));
}

Bytes SignerHouse::csr_info(const std::string& name) const {
    return x509::build_certification_request_info(name_der(kIssuer), keys_.at(name).public_key.spki(), {});
}

Bytes SignerHouse::encrypted(const std::string& name, const std::string& content, const std::string& options) const {
    const TemporaryFolder folder;
    const auto path = [&](const char* file) { return (folder.path() / file).string(); };
    write_text(path("spki"), text_of(keys_.at(name).public_key.spki().view()));
    write_text(path("content"), content);
    run_command("openssl pkeyutl -encrypt -pubin -keyform DER -inkey " + path("spki") + " -in " + path("content") +
                " -out " + path("block") + " " + options);
    return bytes_of(view_of(read_text(path("block"))));
}

hsm::SignRequest SignerHouse::request(const std::string& name, Purpose purpose, ByteView tbs) const {
    hsm::SignRequest request;
    request.key = keys_.at(name).id;
    request.purpose = purpose;
    request.algorithm = crypto::default_algorithm(keys_.at(name).public_key.type());
    request.tbs = tbs;
    return with_fresh_intent(request);
}

hsm::SignRequest with_fresh_intent(hsm::SignRequest request) {
    crypto::SystemRandom random;
    request.intent = crypto::random_id<IntentId>(random);
    return request;
}

}  // namespace sealwright::test
