#include "hsm/signer_process/sandbox.hpp"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sched.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>

#include "hsm/signer_process/landlock.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::string_view kRoom = "sandbox";
constexpr int kNameMemory = 0x53564d41;   // PR_SET_VMA, which allocators name their memory by
constexpr int kLocksOfOpenFiles = 36;     // F_OFD_GETLK and what comes behind it
constexpr int kLandlockWithTruncate = 3;  // before it, truncate would reach what Landlock hides

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsInstrumented = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool kIsInstrumented = true;
#else
constexpr bool kIsInstrumented = false;
#endif
#else
constexpr bool kIsInstrumented = false;
#endif

struct PermissionRow {
    SandboxPermission permission;
    std::string_view name;
};
constexpr std::array kPermissions{
    PermissionRow{SandboxPermission::unix_sockets, "unix"},   PermissionRow{SandboxPermission::network, "network"},
    PermissionRow{SandboxPermission::devices, "devices"},     PermissionRow{SandboxPermission::ipc, "ipc"},
    PermissionRow{SandboxPermission::processes, "processes"},
};

// What threads, memory, time and descriptors that are open already take. clone is bound to threads below.
constexpr std::array kComputing{
    "read",
    "readv",
    "write",
    "writev",
    "close",
    "close_range",
    "lseek",
    "fstat",

    "dup",
    "dup2",
    "dup3",
    "pipe2",
    "eventfd2",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "recvfrom",
    "recvmsg",
    "recvmmsg",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "shutdown",
    "getsockopt",
    "setsockopt",
    "getsockname",
    "getpeername",
    "mmap",
    "munmap",
    "mprotect",
    "mremap",
    "madvise",
    "brk",
    "mlock",
    "mlock2",
    "munlock",
    "futex",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "set_tid_address",
    "exit",
    "exit_group",
    "gettid",
    "getpid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "getrandom",
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "times",
    "getrusage",
    "sysinfo",
    "uname",
    "sched_yield",
    "sched_getaffinity",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "rt_sigpending",
    "rt_sigsuspend",
    "sigaltstack",

    "restart_syscall",
    "arch_prctl",

    "pread64",
    "pwrite64",
    "getrlimit",
    "membarrier",
    "memfd_create",
    "fdatasync",
    "fsync",
    "ftruncate",
};

// What files take, where Landlock lets them be reached.
constexpr std::array kFiles{
    "open",   "openat",    "stat",       "lstat",     "newfstatat", "statx",      "statfs",     "fstatfs",
    "access", "faccessat", "faccessat2", "pread64",   "pwrite64",   "preadv",     "pwritev",    "flock",
    "rename", "renameat",  "renameat2",  "unlink",    "unlinkat",   "mkdir",      "mkdirat",    "rmdir",
    "link",   "linkat",    "symlink",    "symlinkat", "readlink",   "readlinkat", "getdents64", "getcwd",
    "chdir",  "umask",     "fallocate",  "fadvise64", "msync",      "pipe",
};

constexpr std::array kServing{"accept4", "accept", "listen"};

constexpr std::array kUnixSockets{"connect", "bind", "listen", "accept", "accept4", "socketpair"};
constexpr std::array kNetwork{"connect", "bind", "listen", "accept", "accept4"};
constexpr std::array kDevices{"ioctl"};
constexpr std::array kIpc{"shmget", "shmat",  "shmdt",  "shmctl", "semget", "semop",   "semtimedop",
                          "semctl", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink"};
constexpr std::array kProcesses{"fork",   "vfork", "execve",  "execveat", "wait4",
                                "waitid", "kill",  "setpgid", "setsid",   "clone3"};

// Filter is one seccomp filter to be: what is not allowed answers EPERM.
class Filter {
public:
    Filter() : context_(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), ::seccomp_release) {
        if (!context_) throw std::bad_alloc{};
    }

    template <std::size_t N>
    void allow(const std::array<const char*, N>& names) {
        for (const char* name : names) allow(name);
    }
    void allow(const char* name) {
        const int number = ::seccomp_syscall_resolve_name(name);
        // A call that this machine's architecture does not have is not missed.
        if (number == __NR_SCMP_ERROR || number < 0) return;
        note(::seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, number, 0));
    }
    void allow_family(int family) {
        allow_where(SCMP_SYS(socket), 0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(family), 0);
    }
    // allow_bounded allows what could reach other processes of the same user, for this one alone: its signals, its
    // limits, and of prctl and fcntl what neither outlives nor leaves it.
    void allow_bounded() {
        allow_where(SCMP_SYS(tgkill), 0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid()), 0);
        allow_where(SCMP_SYS(prlimit64), 0, SCMP_CMP_EQ, 0, 0);
        for (const int option : {PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ, PR_GET_DUMPABLE, kNameMemory})
            allow_where(SCMP_SYS(prctl), 0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(option), 0);
        allow_where(SCMP_SYS(fcntl), 1, SCMP_CMP_LT, F_SETOWN, 0);  // descriptors, flags, locks; no signals
        allow_where(SCMP_SYS(fcntl), 1, SCMP_CMP_GE, kLocksOfOpenFiles, 0);
    }
    // allow_threads: glibc asks clone3 first, whose flags a filter cannot see, and takes clone where that is not there.
    void allow_threads() {
        note(::seccomp_rule_add(context_.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
        allow_where(SCMP_SYS(clone), 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
    }
    void allow_processes() {
        note(::seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, SCMP_SYS(clone), 0));
        allow(kProcesses);
    }

    Result<void> load() {
        ::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
        ::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree: modules make many calls
        if (failed_ == 0) failed_ = ::seccomp_load(context_.get());
        if (failed_ != 0)
            return fail(ErrorCode::unsupported, "this kernel takes no seccomp filter", std::strerror(-failed_));
        return success();
    }

private:
    // allow_where allows a call of which one argument compares so.
    void allow_where(int number, unsigned which, scmp_compare how, scmp_datum_t first, scmp_datum_t second) {
        const scmp_arg_cmp argument{which, how, first, second};
        note(::seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, number, 1, &argument));
    }
    void note(int result) noexcept {
        if (failed_ == 0 && result != 0 && result != -EEXIST) failed_ = result;
    }

    std::unique_ptr<void, decltype(&::seccomp_release)> context_;
    int failed_ = 0;
};

bool is_off(SandboxRules::Level level, Log& log) {
    if (kIsInstrumented) {
        log.warning(kRoom, "a program built with a sanitizer runs without its sandbox");
    } else if (level == SandboxRules::Level::off) {
        log.warning(kRoom, "a sandbox is off by configuration");
    } else {
        return false;
    }
    return true;
}

// carried_out applies a level to what the kernel said.
Result<void> carried_out(const Result<void>& done, SandboxRules::Level level, std::string_view without, Log& log) {
    if (done) return success();
    if (level == SandboxRules::Level::required || done.error().code() == ErrorCode::config) return done.error();
    log.warning(kRoom, "goes on without " + std::string{without} + ": " + done.error().describe());
    return success();
}

Result<void> enter_files(const SandboxRules& rules, const std::string& module) {
    LandlockRules landlock;
    landlock.read_if_there = {"/usr",
                              "/lib",
                              "/lib64",
                              "/dev/urandom",
                              "/dev/random",
                              "/dev/null",
                              "/sys/devices/system/cpu",
                              "/proc/self",
                              "/proc/cpuinfo",
                              "/proc/meminfo",
                              "/proc/sys/vm"};
    // Of /etc what programs read to run; not where sites keep PINs and configurations of others.
    for (const char* name : {"ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl", "pkcs11", "softhsm", "opencryptoki",
                             "localtime", "hosts", "host.conf", "resolv.conf", "nsswitch.conf", "gai.conf", "services"})
        landlock.read_if_there.push_back(std::string{"/etc/"} + name);
    const auto folder = std::filesystem::path{module}.parent_path();
    if (folder.has_relative_path()) landlock.read_if_there.push_back(folder.string());
    landlock.read = rules.read;
    landlock.write = rules.write;
    landlock.devices = rules.permissions.contains(SandboxPermission::devices);
    landlock.network = rules.permissions.contains(SandboxPermission::network);
    landlock.signals = rules.permissions.contains(SandboxPermission::processes);
    landlock.abstract_sockets = rules.permissions.contains(SandboxPermission::unix_sockets);
    return enter_landlock(landlock);
}

Result<void> enter_calls(const SandboxRules& rules) {
    Filter filter;
    filter.allow(kComputing);
    filter.allow_bounded();
    filter.allow(kFiles);
    if (landlock_version() >= kLandlockWithTruncate) filter.allow("truncate");
    const auto has = [&](SandboxPermission permission) { return rules.permissions.contains(permission); };
    if (has(SandboxPermission::unix_sockets)) {
        filter.allow(kUnixSockets);
        filter.allow_family(AF_UNIX);
    }
    if (has(SandboxPermission::network)) {
        filter.allow(kNetwork);
        for (const int family : {AF_INET, AF_INET6, AF_NETLINK}) filter.allow_family(family);
    }
    if (has(SandboxPermission::devices)) filter.allow(kDevices);
    if (has(SandboxPermission::ipc)) filter.allow(kIpc);
    if (has(SandboxPermission::processes)) {
        filter.allow_processes();
    } else {
        filter.allow_threads();
    }
    for (const auto& name : rules.system_calls) filter.allow(name.c_str());
    return filter.load();
}

}  // namespace

std::optional<SandboxRules::Level> sandbox_level(std::string_view name) noexcept {
    if (name == "required") return SandboxRules::Level::required;
    if (name == "best-effort") return SandboxRules::Level::best_effort;
    if (name == "off") return SandboxRules::Level::off;
    return std::nullopt;
}

std::optional<SandboxPermission> sandbox_permission(std::string_view name) noexcept {
    for (const PermissionRow& row : kPermissions) {
        if (row.name == name) return row.permission;
    }
    return std::nullopt;
}

std::string sandbox_permission_names() {
    std::string names;
    for (const PermissionRow& row : kPermissions) names += (names.empty() ? "" : ", ") + std::string{row.name};
    return names;
}

bool is_system_call(const std::string& name) { return ::seccomp_syscall_resolve_name(name.c_str()) != __NR_SCMP_ERROR; }

void harden_process() {
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::umask(0077);
    // A peer that is gone and a file that may not grow are errors to be handled, not ends.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
}

void lock_memory(Log& log) {
    rlimit limit{};
    // Under a bound, locking what is to come would make later allocations fail; PINs lie in locked pages of their own
    // anyway.
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY &&
        ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
        return;
    log.info(kRoom, "only the PIN is locked in memory; LimitMEMLOCK=infinity would lock the module's memory too");
}

Result<void> enter_token_sandbox(const SandboxRules& rules, const std::string& module, Log& log) {
    if (is_off(rules.level, log)) return success();
    SEALWRIGHT_TRY(carried_out(enter_files(rules, module), rules.level, "Landlock", log));
    return carried_out(enter_calls(rules), rules.level, "seccomp", log);
}

Result<void> enter_server_sandbox(SandboxRules::Level level, Log& log) {
    if (is_off(level, log)) return success();
    LandlockRules nothing;
    nothing.signals = nothing.abstract_sockets = false;
    SEALWRIGHT_TRY(carried_out(enter_landlock(nothing), level, "Landlock", log));
    Filter filter;
    filter.allow(kComputing);
    filter.allow_bounded();
    filter.allow(kServing);
    filter.allow_threads();
    return carried_out(filter.load(), level, "seccomp", log);
}

}  // namespace sealwright::hsm::signer_process
