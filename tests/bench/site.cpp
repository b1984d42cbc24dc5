#include "site.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "base/file.hpp"
#include "profile/key_names.hpp"

extern char** environ;

namespace sealwright::bench {
namespace {

[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error{why}; }

template <class T>
T must(Result<T> result) {
    if (!result) give_up(result.error().describe());
    return std::move(result).value();
}

void write(const std::filesystem::path& file, std::string_view text) {
    if (auto written = write_file_atomically(file, view_of(text), 0600); !written) give_up(written.error().describe());
}

}  // namespace

Folder::Folder(const std::filesystem::path& parent, bool keep) : keep_(keep) {
    std::filesystem::create_directories(parent);
    std::string name = (parent / "sealwright-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) give_up("mkdtemp in " + parent.string());
    path_ = name;
}

Folder::~Folder() {
    std::error_code ignored;
    if (!keep_) std::filesystem::remove_all(path_, ignored);
}

std::string module_path() {
    for (const char* path : {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                             "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"}) {
        if (std::filesystem::exists(path)) return path;
    }
    give_up("no SoftHSM on this machine (package softhsm2)");
}

std::string token_label() { return "bench"; }

crypto::KeyType CaKey::type() const {
    using crypto::KeyType;
    const auto type = profile::parse_key_type(name);
    for (const auto known : {KeyType::rsa, KeyType::ec_p256, KeyType::ec_p384, KeyType::ec_p521, KeyType::ed25519}) {
        if (type == known) return known;
    }
    give_up("the key is rsa, ec-p256, ec-p384, ec-p521 or ed25519");
}

void prepare(const std::filesystem::path& folder, const Programs& programs, unsigned lanes, const CaKey& key) {
    std::filesystem::create_directories(folder / "tokens");
    std::ofstream{folder / "softhsm2.conf"} << "directories.tokendir = " << (folder / "tokens").string()
                                            << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", (folder / "softhsm2.conf").c_str(), 1);
    write(folder / "pin", "27182818");
    write(folder / "so-pin", "31415926");
    Child::start({programs.softhsm_init, "--module", module_path(), "--label", token_label(), "--pin-file",
                  (folder / "pin").string(), "--so-pin-file", (folder / "so-pin").string()},
                 false)
        .finish();
    Child::start({programs.self, "--make-keys", folder.string(), "--lanes", std::to_string(lanes), "--key", key.name},
                 false)
        .finish();
}

x509::Certificate load_certificate(const std::filesystem::path& file) {
    return must(x509::Certificate::parse(must(read_file(file, 65536))));
}

issuance::Authority load_authority(const std::filesystem::path& folder) {
    auto certificate = load_certificate(folder / "issuing.cer");
    auto key = must(crypto::PublicKey::parse(certificate.fields().spki.view()));
    return {certificate, {certificate, load_certificate(folder / "root.cer")}, key};
}

Child Child::start(const std::vector<std::string>& given, bool wait_until_ready) {
    std::vector<std::string> words = given;
    int output[2], ready[2];
    if (::pipe2(output, O_CLOEXEC) != 0 || ::pipe2(ready, O_CLOEXEC) != 0) give_up("pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    if (wait_until_ready) {
        ::posix_spawn_file_actions_adddup2(&actions, ready[1], 3);
        words.insert(words.end(), {"--ready-fd", "3"});
    }
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t pid = -1;
    const int failed = ::posix_spawn(&pid, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(output[1]);
    ::close(ready[1]);
    if (failed != 0) give_up("cannot start " + words[0]);
    Child child{pid, output[0]};
    char octet = 0;
    const bool is_ready = !wait_until_ready || ::read(ready[0], &octet, 1) == 1;
    ::close(ready[0]);
    if (!is_ready) give_up(words[0] + " did not become ready");
    return child;
}

std::string Child::finish() {
    std::string text;
    std::array<char, 4096> chunk{};
    ssize_t count = 0;
    while ((count = ::read(output_, chunk.data(), chunk.size())) > 0)
        text.append(chunk.data(), static_cast<std::size_t>(count));
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) give_up("a child failed: " + text);
    return text;
}

Child::~Child() {
    if (output_ >= 0) ::close(output_);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
}

}  // namespace sealwright::bench
