#include "device/state.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <set>

#include "base/boundary.hpp"
#include "base/file.hpp"
#include "cli/exit_code.hpp"
#include "cli/json.hpp"
#include "device/moments.hpp"

namespace sealwright::device {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = 262144;
constexpr const char *kPending = "pending.json", *kCurrent = "current", *kGenerations = "generations",
                     *kTerms = "terms.json";
constexpr std::string_view kUnfinished = ".tmp";  // ends the name of what a step that did not end left
constexpr const char* kLock = "lock";
constexpr unsigned kPrivate = 0600;
constexpr mode_t kPrivateFolder = 0700;

Error system_error(std::string_view what, const fs::path& path) {
    const int number = errno;
    const ErrorCode code = number == ENOENT ? ErrorCode::not_found : ErrorCode::io;
    const Error error = fail(code, std::string{what} + ' ' + path.string() + ": " + std::strerror(number));
    if (number == EACCES || number == EPERM)
        return cli::with_advice(error,
                                "Run as the user whose folder it is (for the service: runuser -u sealwright-device -- "
                                "sealwright-device ...), or name another: --state DIR.");
    return error;
}

// make_folder makes it durable, or finds it there.
Result<void> make_folder(const fs::path& path) {
    if (::mkdir(path.c_str(), kPrivateFolder) != 0) {
        if (errno == EEXIST) return success();
        return system_error("cannot make", path);
    }
    const fs::path whole = fs::path{path / ""}.parent_path();  // without a slash at its end
    return sync_directory(whole.has_parent_path() ? whole.parent_path() : fs::path{"."});
}

std::string name_of(uid_t user) {
    const auto* entry = ::getpwuid(user);
    return entry == nullptr ? std::to_string(user) : std::string{entry->pw_name};
}

// is_ours tells a folder of this program from any other.
bool is_ours(const fs::path& folder) {
    std::error_code ignored;
    if (fs::is_regular_file(folder / kPending, ignored) || fs::is_directory(folder / kGenerations, ignored))
        return true;
    return fs::is_regular_file(fs::symlink_status(folder / kLock, ignored)) &&
           fs::file_size(folder / kLock, ignored) == 0;
}

// check_folder refuses what this program must not write to, or has never written to.
Result<void> check_folder(const fs::path& folder, Access access) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) {
        if (errno != ENOENT) return system_error("cannot examine", folder);
        return cli::with_advice(
            fail(ErrorCode::not_found, "there is no folder " + folder.string()),
            "sealwright-device enroll makes it, with a first certificate; another is named by --state DIR.");
    }
    if (access == Access::write && status.st_uid != ::geteuid()) {
        const std::string owner = name_of(status.st_uid);
        return cli::with_advice(fail(ErrorCode::denied, folder.string() + " belongs to " + owner +
                                                            ", and this runs as " + name_of(::geteuid())),
                                "Nobody but its owner writes there: runuser -u " + owner + " -- sealwright-device ...");
    }
    std::error_code error;
    const bool is_empty = fs::is_empty(folder, error);
    if (error) {
        errno = error.value();
        return system_error("cannot read", folder);
    }
    if (is_empty || is_ours(folder)) return success();
    return cli::with_advice(
        fail(ErrorCode::denied, folder.string() + " is in use by something else: nothing in it is of this program"),
        "--state DIR names an empty folder, or one that does not exist yet.");
}

// number_of reads a generation's name; zero for what is none.
unsigned long number_of(const std::string& name) {
    unsigned long number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    return error == std::errc{} && end == name.data() + name.size() ? number : 0;
}

std::set<unsigned long> generations_in(const fs::path& folder) {
    std::set<unsigned long> numbers;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{folder, ignored}) {
        if (const auto number = number_of(entry.path().filename().string()); number != 0) numbers.insert(number);
    }
    return numbers;
}

// is_temporary knows the names under which write_file_atomically writes pending.json.
bool is_temporary(const std::string& name) {
    const std::string start = kPending + std::string{kUnfinished} + '.';
    return name.starts_with(start) && name.find_first_not_of(".0123456789", start.size()) == std::string::npos;
}

bool is_unfinished_generation(const std::string& name) {
    return name.ends_with(kUnfinished) && number_of(name.substr(0, name.size() - kUnfinished.size())) != 0;
}

// remove_unfinished removes what steps that did not end left, and nothing else.
void remove_unfinished(const fs::path& folder) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{folder, ignored}) {
        if (is_temporary(entry.path().filename().string())) ::unlink(entry.path().c_str());
    }
    ::unlink((folder / (kCurrent + std::string{kUnfinished})).c_str());
    for (const auto& entry : fs::directory_iterator{folder / kGenerations, ignored}) {
        if (is_unfinished_generation(entry.path().filename().string())) fs::remove_all(entry.path(), ignored);
    }
}

// damaged says so of what was read and cannot be used; what could not be read is as it was.
Error damaged(const fs::path& file, const Error& why) {
    if (why.code() == ErrorCode::io)
        return cli::with_advice(why,
                                "Is the folder that of the user who runs this (for the service: runuser -u "
                                "sealwright-device -- sealwright-device ...)?");
    return cli::with_advice(
        fail(why.code(), file.string() + " is damaged: " + why.public_detail(), why.private_detail()),
        "Nothing of it can be used. sealwright-device enroll --anew puts it aside and enrols anew.");
}

// put_aside keeps what cannot be used under another name.
Result<void> put_aside(const fs::path& folder, const char* name) {
    const fs::path from = folder / name, to = folder / (name + std::string{".damaged"});
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error("cannot rename", from);
    return sync_directory(folder);
}

}  // namespace

Result<State> State::open(const fs::path& folder) {
    SEALWRIGHT_TRY(make_folder(folder));
    return open_existing(folder, Access::write);
}

Result<State> State::open_existing(const fs::path& folder, Access access) {
    SEALWRIGHT_TRY(check_folder(folder, access));
    const fs::path file = folder / kLock;
    const int flags = access == Access::write ? O_RDWR | O_CREAT : O_RDONLY;
    const int lock = ::open(file.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kPrivate);
    if (lock < 0 && errno == ENOENT && access == Access::read) return State{folder, lock};  // nobody ever wrote there
    if (lock < 0) return system_error("cannot open", file);
    State state{folder, lock};
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return system_error("cannot lock", file);
        return cli::with_advice(
            fail(ErrorCode::unavailable, "another sealwright-device is at work in " + folder.string()),
            "Wait for it to end.");
    }
    if (access == Access::write) remove_unfinished(folder);
    return state;
}

State::~State() {
    if (lock_ >= 0) ::close(lock_);
}

Result<std::optional<Pending>> State::pending() const {
    const auto text = read_text_file(folder_ / kPending, kMaxFile);
    if (!text && text.error().code() == ErrorCode::not_found) return std::nullopt;
    if (!text) return text.error();
    auto pending = parse_pending(text.value());
    if (!pending) return damaged(folder_ / kPending, pending.error());
    return std::optional{std::move(pending.value())};
}

Result<void> State::save(const Pending& pending) {
    return write_file_atomically(folder_ / kPending, view_of(encode_pending(pending)), kPrivate);
}

Result<void> State::drop_pending() {
    const fs::path file = folder_ / kPending;
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) return system_error("cannot remove", file);
    return sync_directory(folder_);
}

Result<void> State::put_aside_damaged_pending() const {
    const auto request = pending();
    if (request || request.error().code() == ErrorCode::io) return success();
    return put_aside(folder_, kPending);
}

Result<void> State::put_aside_damaged() const {
    SEALWRIGHT_TRY(put_aside_damaged_pending());
    const auto identity = current();
    if (identity || identity.error().code() == ErrorCode::io) return success();
    return put_aside(folder_, kCurrent);
}

Result<bool> State::settle() {
    SEALWRIGHT_TRY(const auto request, pending());
    if (!request) return false;
    SEALWRIGHT_TRY(const auto identity, current());
    if (!identity || identity->key != request->key || identity->serial() == request->replaces) return false;
    SEALWRIGHT_TRY(drop_pending());
    return true;
}

Result<std::optional<Identity>> State::current() const {
    std::error_code error;
    const fs::path target = fs::read_symlink(folder_ / kCurrent, error);
    if (error == std::errc::no_such_file_or_directory) return std::nullopt;
    if (error) return fail(ErrorCode::io, "cannot read " + (folder_ / kCurrent).string() + ": " + error.message());
    const fs::path generation = folder_ / target;
    const auto read = [&]() -> Result<Identity> {
        SEALWRIGHT_TRY(const auto terms_text, read_text_file(generation / kTerms, kMaxFile));
        SEALWRIGHT_TRY(const auto terms_value, cli::parse_json(terms_text));
        SEALWRIGHT_TRY(auto terms, parse_terms(terms_value, "the certificate's terms"));
        SEALWRIGHT_TRY(const auto key_text, read_text_file(generation / "key.pem", kMaxFile));
        SEALWRIGHT_TRY(auto key, tpm::parse_tss2_pem(key_text));
        SEALWRIGHT_TRY(const auto chain_text, read_text_file(generation / "certificate.pem", kMaxFile));
        SEALWRIGHT_TRY(const auto chain, x509::Certificate::parse_pem(chain_text, 1));
        if (chain.empty()) return fail(ErrorCode::malformed, "no certificate");
        SEALWRIGHT_TRY(check_belongs(chain[0], key));
        return Identity{folder_ / kCurrent, std::move(terms), std::move(key), chain[0]};
    };
    auto identity = read();
    if (!identity) return damaged(generation, identity.error());
    return std::optional{std::move(identity.value())};
}

Result<std::string> State::new_generation(const Pending& pending, const std::vector<x509::Certificate>& chain,
                                          const fs::path& roots) {
    if (chain.empty()) return fail(ErrorCode::internal, "no certificate");
    SEALWRIGHT_TRY(check_belongs(chain[0], pending.key));
    SEALWRIGHT_TRY(const auto roots_text, read_text_file(roots, kMaxFile));
    const fs::path generations = folder_ / kGenerations;
    SEALWRIGHT_TRY(make_folder(generations));
    const auto numbers = generations_in(generations);
    const std::string name = std::to_string(numbers.empty() ? 1 : *numbers.rbegin() + 1);
    const fs::path unfinished = generations / (name + std::string{kUnfinished});
    SEALWRIGHT_TRY(make_folder(unfinished));
    const Terms terms{pending.server,  pending.profile,  pending.names, pending.ek,
                      pending.ak_kind, pending.key_kind, pending.ak};
    std::string chain_pem;
    for (const auto& each : chain) chain_pem += x509::encode_pem("CERTIFICATE", each.der().view());
    const std::pair<const char*, std::string> files[] = {
        {"certificate.pem", x509::encode_pem("CERTIFICATE", chain[0].der().view())},
        {"chain.pem", chain_pem},
        {"key.pem", tpm::encode_tss2_pem(pending.key)},
        {"roots.pem", roots_text},
        {kTerms, cli::json_text(encode_terms(terms))}};
    for (const auto& [file, content] : files) {
        SEALWRIGHT_TRY(create_file_exclusively(unfinished / file, view_of(content), kPrivate));
    }
    if (::rename(unfinished.c_str(), (generations / name).c_str()) != 0)
        return system_error("cannot rename", unfinished);
    SEALWRIGHT_TRY(sync_directory(generations));
    SEALWRIGHT_TRY(sync_directory(folder_));
    return name;
}

Result<void> State::switch_to(const std::string& generation) {
    const fs::path fresh = folder_ / (kCurrent + std::string{kUnfinished});
    const fs::path target = fs::path{kGenerations} / generation;
    if (::symlink(target.c_str(), fresh.c_str()) != 0) return system_error("cannot link", fresh);
    if (::rename(fresh.c_str(), (folder_ / kCurrent).c_str()) != 0) return system_error("cannot rename", fresh);
    return sync_directory(folder_);
}

// clean_up keeps the current generation and the one before it, which programs may have open; it may fail.
void State::clean_up(const std::string& generation, const std::string& before) const {
    std::error_code ignored;
    for (const auto number : generations_in(folder_ / kGenerations)) {
        const std::string name = std::to_string(number);
        if (name != generation && name != before) fs::remove_all(folder_ / kGenerations / name, ignored);
    }
}

Result<Identity> State::install(const Pending& pending, const std::vector<x509::Certificate>& chain,
                                const fs::path& roots) {
    std::error_code ignored;
    const std::string before = fs::read_symlink(folder_ / kCurrent, ignored).filename().string();
    SEALWRIGHT_TRY(const auto generation, new_generation(pending, chain, roots));
    at_boundary(moment::kWritten);
    SEALWRIGHT_TRY(switch_to(generation));
    at_boundary(moment::kSwitched);
    SEALWRIGHT_TRY(drop_pending());
    clean_up(generation, before);
    SEALWRIGHT_TRY(auto identity, current());
    if (!identity) return fail(ErrorCode::internal, "the new certificate is not there");
    return std::move(*identity);
}

}  // namespace sealwright::device
