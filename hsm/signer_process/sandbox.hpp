// sandbox.hpp: what the signer's processes give up before they meet anything from outside: files (Landlock), system
// calls (seccomp), core files, debuggers, and privileges to come.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"

namespace sealwright::hsm::signer_process {

// SandboxPermission is a set of system calls beyond computing and files, which a vendor's module may need.
enum class SandboxPermission {
    unix_sockets,  // "unix": sockets of this machine (a vendor's local daemon, p11-kit)
    network,       // "network": TCP and UDP (a network HSM)
    devices,       // "devices": ioctl on device files, which stand in read or write too
    ipc,           // "ipc": System V and POSIX shared memory, semaphores, queues (opencryptoki)
    processes,     // "processes": fork and exec (modules that start helpers)
};
// is_system_call says whether libseccomp knows the name.
bool is_system_call(const std::string& name);

// SandboxRules is what a token process keeps. Beyond read and write it may read /usr, /lib*, /etc, the module's own
// folder and the random devices: a module that keeps its token in files of this machine needs its folder in write and
// no more.
struct SandboxRules {
    // best_effort goes on, with a line in the log, where the kernel lacks Landlock or seccomp; required does not start.
    enum class Level { required, best_effort, off };
    Level level = Level::best_effort;
    std::vector<std::string> read, write;  // files or folders
    std::set<SandboxPermission> permissions;
    std::vector<std::string> system_calls;  // more, by name
};

// sandbox_level: "required", "best-effort" or "off".
std::optional<SandboxRules::Level> sandbox_level(std::string_view name) noexcept;
std::optional<SandboxPermission> sandbox_permission(std::string_view name) noexcept;
std::string sandbox_permission_names();

// harden_process: no core file, no debugger of the same user, no privileges by exec, files for nobody else, broken
// pipes and full disks as errors and not as signals. For every process of the signer, first of all.
void harden_process();

// lock_memory keeps what the process holds now and later out of swap, where the limit on locked memory allows it; a
// line in the log where it does not.
void lock_memory(Log& log);

// enter_token_sandbox binds the calling thread and all that it will start; before the module is loaded. Errors: config
// when a path of the rules is not there, unsupported when the kernel cannot and the level is required.
Result<void> enter_token_sandbox(const SandboxRules& rules, const std::string& module, Log& log);

// enter_server_sandbox is for the process that parses what clients send: no file, no new socket, no program. What it
// needs is open already.
Result<void> enter_server_sandbox(SandboxRules::Level level, Log& log);

}  // namespace sealwright::hsm::signer_process
