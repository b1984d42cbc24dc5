// landlock.hpp: Linux's Landlock (kernel 5.13 and later): a process gives up the file system but for what it names.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace sealwright::hsm::signer_process {

struct LandlockRules {
    std::vector<std::string> read;   // and execute
    std::vector<std::string> write;  // all there is, but for special files
    std::vector<std::string> read_if_there;
    bool devices = false;          // ioctl on devices among the paths
    bool network = false;          // TCP
    bool signals = true;           // to processes outside
    bool abstract_sockets = true;  // of processes outside
};

// landlock_version gives the kernel's version of the interface; 0 where there is none.
int landlock_version() noexcept;

// enter_landlock binds the calling thread and what it starts; no_new_privs must be set. config when a path of read or
// write cannot be opened.
Result<void> enter_landlock(const LandlockRules& rules);

}  // namespace sealwright::hsm::signer_process
