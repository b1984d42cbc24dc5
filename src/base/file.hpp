// file.hpp: files read whole within a bound, and files written so that a crash leaves the old content or the new, never a mixture.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.hpp"

namespace sealwright {

// read_file reads a regular file of at most limit octets; too_large beyond it, not_found where there is none.
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t limit);
Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit);

// write_file_atomically writes to a temporary name in the same folder, syncs it, renames it over path and syncs the folder. When it
// returns, the content survives power loss. mode is the permission bits of the new file.
Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content, unsigned mode = 0644);

// create_file_exclusively is for what must never be overwritten (a ceremony's outputs): already_exists where path exists. Synced.
Result<void> create_file_exclusively(const std::filesystem::path& path, ByteView content, unsigned mode = 0644);

// sync_directory makes the names in a folder durable.
Result<void> sync_directory(const std::filesystem::path& path);

}  // namespace sealwright
