#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace sealwright {
namespace {

Error io_error(std::string_view what, const std::filesystem::path& path) {
    const int number = errno;
    const ErrorCode code = number == ENOENT   ? ErrorCode::not_found
                           : number == EEXIST ? ErrorCode::already_exists
                                              : ErrorCode::io;
    return fail(code, std::string{what} + " " + path.string() + ": " + std::strerror(number));
}

class File {
public:
    explicit File(int fd) noexcept : fd_(fd) {}
    ~File() { close(); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const noexcept { return fd_; }
    bool close() noexcept {
        if (fd_ < 0) return true;
        const bool ok = ::close(fd_) == 0;
        fd_ = -1;
        return ok;
    }

private:
    int fd_;
};

Result<void> write_all(int fd, ByteView content, const std::filesystem::path& path) {
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t count = ::write(fd, content.data() + done, content.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return io_error("cannot write", path);
        done += static_cast<std::size_t>(count);
    }
    if (::fsync(fd) != 0) return io_error("cannot sync", path);
    return success();
}

std::filesystem::path parent_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
}

// replace_file: prepare sees the new file, with its temporary name, before anything is in it.
template <class Prepare>
Result<void> replace_file(const std::filesystem::path& path, ByteView content, unsigned mode, Prepare&& prepare) {
    static std::atomic<unsigned> counter{0};
    const std::filesystem::path temporary =
        path.string() + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(counter.fetch_add(1));
    File file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
    if (file.get() < 0) return io_error("cannot create", temporary);
    Result<void> written = prepare(file.get(), temporary);
    if (written) written = write_all(file.get(), content, temporary);
    if (written && !file.close()) written = io_error("cannot close", temporary);
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = io_error("cannot rename onto", path);
    if (!written) {
        ::unlink(temporary.c_str());
        return written;
    }
    return sync_directory(parent_of(path));
}

}  // namespace

Result<Bytes> read_file(const std::filesystem::path& path, std::size_t limit) {
    File file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    if (file.get() < 0) return io_error("cannot open", path);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return io_error("cannot examine", path);
    if (S_ISDIR(status.st_mode)) return fail(ErrorCode::io, path.string() + " is a folder, not a file");
    Bytes content;
    std::array<std::uint8_t, 65536> chunk{};
    for (;;) {
        const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return io_error("cannot read", path);
        if (count == 0) return content;
        if (content.size() + static_cast<std::size_t>(count) > limit) {
            return fail(ErrorCode::too_large, path.string() + " is larger than " + std::to_string(limit) + " octets");
        }
        content.insert(content.end(), chunk.begin(), chunk.begin() + count);
    }
}

Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit) {
    SEALWRIGHT_TRY(const auto content, read_file(path, limit));
    return std::string{text_of(content)};
}

Result<void> sync_directory(const std::filesystem::path& path) {
    File folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder.get() < 0) return io_error("cannot open folder", path);
    if (::fsync(folder.get()) != 0) return io_error("cannot sync folder", path);
    return success();
}

Result<FileAccess> file_access(const std::filesystem::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return io_error("cannot look at", path);
    return FileAccess{static_cast<unsigned>(status.st_mode & 07777U), status.st_uid, status.st_gid};
}

Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content, unsigned mode) {
    return replace_file(path, content, mode, [](int, const auto&) { return success(); });
}

Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content, const FileAccess& access) {
    return replace_file(path, content, 0600, [&](int fd, const std::filesystem::path& temporary) -> Result<void> {
        const bool is_ours = access.user == ::geteuid() && access.group == ::getegid();
        if (!is_ours && ::fchown(fd, access.user, access.group) != 0) return io_error("cannot give away", temporary);
        if (::fchmod(fd, static_cast<mode_t>(access.mode)) != 0) return io_error("cannot set the mode of", temporary);
        return success();
    });
}

Result<void> create_file_exclusively(const std::filesystem::path& path, ByteView content, unsigned mode) {
    File file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
    if (file.get() < 0) return io_error("cannot create", path);
    SEALWRIGHT_TRY(write_all(file.get(), content, path));
    if (!file.close()) return io_error("cannot close", path);
    return sync_directory(parent_of(path));
}

}  // namespace sealwright
