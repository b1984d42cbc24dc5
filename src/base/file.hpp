// file.hpp: files read whole within a bound, and files written so that a crash leaves the old content or the new, never
// a mixture.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.hpp"

namespace sealwright {

// read_file reads a regular file of at most limit octets; too_large beyond it, not_found where there is none.
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t limit);
Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit);

// write_file_atomically writes to a temporary name in the same folder, syncs it, renames it over path and syncs the
// folder. When it returns, the content survives power loss. mode is the permission bits of the new file.
Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content, unsigned mode = 0644);

// FileAccess is who may do what with a file: permission bits, numbers of owner and group.
struct FileAccess {
    unsigned mode = 0, user = 0, group = 0;
};
Result<FileAccess> file_access(const std::filesystem::path& path);  // not_found where there is none

// write_file_atomically with the access of another file, or of the one that it replaces: whoever reads that must be
// able to read this. io where the access cannot be given; path is then as it was.
Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content, const FileAccess& access);

// create_file_exclusively is for what must never be overwritten (a ceremony's outputs): already_exists where path
// exists. Synced.
Result<void> create_file_exclusively(const std::filesystem::path& path, ByteView content, unsigned mode = 0644);

// sync_directory makes the names in a folder durable.
Result<void> sync_directory(const std::filesystem::path& path);

}  // namespace sealwright
