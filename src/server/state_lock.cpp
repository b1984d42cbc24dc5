#include "server/state_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sealwright::server {

Result<StateLock> StateLock::take(const std::filesystem::path& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(ErrorCode::io, "cannot make the state folder " + folder.string() + ": " + std::strerror(errno));
    }
    const auto path = folder / "lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return fail(ErrorCode::io, "cannot open " + path.string() + ": " + std::strerror(errno));
    StateLock lock{fd};
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
        return fail(ErrorCode::conflict, "another sealwrightd uses the state folder " + folder.string());
    return lock;
}

StateLock::StateLock(StateLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

StateLock::~StateLock() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace sealwright::server
