// faulty_disk.cpp: a library for LD_PRELOAD that makes a disk fail on command. While the file named by SEALWRIGHT_FAULTY_DISK_SCRIPT holds the name of an
// error (ENOSPC, EIO, EROFS), every write, truncation, sync, creation and renaming below SEALWRIGHT_FAULTY_DISK_FOLDER fails with it. Empty or absent: all is well.
// ENOSPC leaves syncing alone, as a full disk does; ENOSPC lets a write pass that stays within the file's present size.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

template <class Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// commanded_error reads the script anew at each call: 0 when all is well.
int commanded_error() noexcept {
    static const char* script = std::getenv("SEALWRIGHT_FAULTY_DISK_SCRIPT");
    if (script == nullptr) return 0;
    static const auto real_open = next<int (*)(const char*, int, ...)>("open");
    static const auto real_read = next<ssize_t (*)(int, void*, size_t)>("read");
    const int fd = real_open(script, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    std::array<char, 16> text{};
    const ssize_t count = real_read(fd, text.data(), text.size() - 1);
    ::close(fd);
    if (count <= 0) return 0;
    const std::string_view word{text.data()};
    if (word.starts_with("ENOSPC")) return ENOSPC;
    if (word.starts_with("EIO")) return EIO;
    if (word.starts_with("EROFS")) return EROFS;
    return 0;
}

bool below_folder(std::string_view path) noexcept {
    static const char* folder = std::getenv("SEALWRIGHT_FAULTY_DISK_FOLDER");
    return folder != nullptr && path.starts_with(folder);
}

bool concerns(int fd) noexcept {
    std::array<char, 64> link{};
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
    std::array<char, 4096> path{};
    const ssize_t length = ::readlink(link.data(), path.data(), path.size() - 1);
    // Shared memory of the database is not on the disk that fails.
    return length > 0 && below_folder({path.data(), static_cast<std::size_t>(length)}) && !std::string_view{path.data()}.ends_with("-shm");
}

bool grows(int fd, off_t end) noexcept {
    struct stat status{};
    return ::fstat(fd, &status) != 0 || end > status.st_size;
}

// fails says whether this call on fd must fail, and sets errno.
bool fails(int fd, bool growing) noexcept {
    const int error = commanded_error();
    if (error == 0 || !concerns(fd) || (error == ENOSPC && !growing)) return false;
    errno = error;
    return true;
}

bool path_fails(const char* path) noexcept {
    const int error = commanded_error();
    if (error == 0 || !below_folder(path)) return false;
    errno = error;
    return true;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
    if (fails(fd, true)) return -1;
    return real(fd, data, size);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    if (fails(fd, grows(fd, at + static_cast<off_t>(size)))) return -1;
    return real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
    if (fails(fd, grows(fd, at + static_cast<off_t>(size)))) return -1;
    return real(fd, data, size, at);
}

int ftruncate(int fd, off_t size) {
    static const auto real = next<int (*)(int, off_t)>("ftruncate");
    if (fails(fd, grows(fd, size))) return -1;
    return real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    static const auto real = next<int (*)(int, off64_t)>("ftruncate64");
    if (fails(fd, grows(fd, size))) return -1;
    return real(fd, size);
}

int fsync(int fd) {
    static const auto real = next<int (*)(int)>("fsync");
    if (fails(fd, false)) return -1;
    return real(fd);
}

int fdatasync(int fd) {
    static const auto real = next<int (*)(int)>("fdatasync");
    if (fails(fd, false)) return -1;
    return real(fd);
}

int rename(const char* from, const char* to) {
    static const auto real = next<int (*)(const char*, const char*)>("rename");
    if (path_fails(to)) return -1;
    return real(from, to);
}

int open(const char* path, int flags, ...) {
    static const auto real = next<int (*)(const char*, int, ...)>("open");
    mode_t mode = 0;
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
        struct stat status{};
        if (::stat(path, &status) != 0 && path_fails(path)) return -1;
    }
    return real(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    static const auto real = next<int (*)(const char*, int, ...)>("open64");
    mode_t mode = 0;
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
        struct stat status{};
        if (::stat(path, &status) != 0 && path_fails(path)) return -1;
    }
    return real(path, flags, mode);
}

}  // extern "C"
