#include "hsm/signer_process/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hsm/signer_process/unix_socket.hpp"

namespace sealwright::hsm::signer_process {
namespace {

// What younger headers than Debian 12's name: the kernel takes a longer structure from those that know it.
constexpr std::uint64_t kTruncate = 1ULL << 14U;                     // version 3
constexpr std::uint64_t kIoctlDevice = 1ULL << 15U;                  // version 5
constexpr std::uint64_t kBindTcp = 1, kConnectTcp = 2;               // version 4
constexpr std::uint64_t kScopeAbstractSocket = 1, kScopeSignal = 2;  // version 6

struct RulesetAttributes {
    std::uint64_t files, network, scoped;
};

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kRead = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWriteFile = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
constexpr std::uint64_t kWrite = kWriteFile | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM |
                                 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_REFER;
constexpr std::uint64_t kAll =
    kRead | kWrite | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | kIoctlDevice;

std::uint64_t known_files(int version) noexcept {
    std::uint64_t known = kAll;
    if (version < 2) known &= ~static_cast<std::uint64_t>(LANDLOCK_ACCESS_FS_REFER);
    if (version < 3) known &= ~kTruncate;
    if (version < 5) known &= ~kIoctlDevice;
    return known;
}

std::size_t known_size(int version) noexcept {
    return version < 4 ? sizeof(std::uint64_t) : version < 6 ? 2 * sizeof(std::uint64_t) : sizeof(RulesetAttributes);
}

// Ruleset adds the paths; access that a file cannot have (it is no folder) is left out.
class Ruleset {
public:
    Ruleset(Descriptor ruleset, std::uint64_t handled) : ruleset_(std::move(ruleset)), handled_(handled) {}

    Result<void> allow(const std::string& path, std::uint64_t folder_access, std::uint64_t file_access,
                       bool must_be_there) const {
        const Descriptor file{::open(path.c_str(), O_PATH | O_CLOEXEC)};
        if (!file) {
            if (!must_be_there) return success();
            return fail(ErrorCode::config, "the sandbox names " + path + ", which cannot be opened",
                        std::strerror(errno));
        }
        struct stat status {};
        const bool is_folder = ::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode);
        landlock_path_beneath_attr beneath{};
        beneath.allowed_access = (is_folder ? folder_access : file_access) & handled_;
        beneath.parent_fd = file.get();
        if (::syscall(SYS_landlock_add_rule, ruleset_.get(), LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
            return fail(ErrorCode::io, "Landlock refuses " + path, std::strerror(errno));
        return success();
    }
    int get() const noexcept { return ruleset_.get(); }

private:
    Descriptor ruleset_;
    std::uint64_t handled_;
};

Result<Ruleset> make_ruleset(const LandlockRules& rules, int version) {
    RulesetAttributes attributes{
        known_files(version), rules.network ? 0 : kBindTcp | kConnectTcp,
        (rules.signals ? 0 : kScopeSignal) | (rules.abstract_sockets ? 0 : kScopeAbstractSocket)};
    if (rules.devices) attributes.files &= ~kIoctlDevice;
    const long ruleset = ::syscall(SYS_landlock_create_ruleset, &attributes, known_size(version), 0);
    if (ruleset < 0) return fail(ErrorCode::unsupported, "Landlock makes no rules", std::strerror(errno));
    return Ruleset{Descriptor{static_cast<int>(ruleset)}, attributes.files};
}

}  // namespace

int landlock_version() noexcept {
    const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : static_cast<int>(version);
}

Result<void> enter_landlock(const LandlockRules& rules) {
    const int version = landlock_version();
    if (version == 0) return fail(ErrorCode::unsupported, "this kernel has no Landlock");
    SEALWRIGHT_TRY(const auto ruleset, make_ruleset(rules, version));
    const std::uint64_t ioctls = rules.devices ? kIoctlDevice : 0;
    for (const auto& path : rules.read_if_there) {
        SEALWRIGHT_TRY(ruleset.allow(path, kRead, kReadFile, false));
    }
    for (const auto& path : rules.read) {
        SEALWRIGHT_TRY(ruleset.allow(path, kRead | ioctls, kReadFile | ioctls, true));
    }
    for (const auto& path : rules.write) {
        SEALWRIGHT_TRY(ruleset.allow(path, kWrite | ioctls, kWriteFile | ioctls, true));
    }
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        return fail(ErrorCode::unsupported, "Landlock does not bind this process", std::strerror(errno));
    return success();
}

}  // namespace sealwright::hsm::signer_process
