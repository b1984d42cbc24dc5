// tile_log.hpp: the verifier's own reading of a log as files (C2SP tlog-tiles): every entry is hashed again and every
// hash tile compared.
#pragma once

#include <filesystem>
#include <functional>
#include <set>

#include "base/ids.hpp"
#include "ceremonies/verifier/verdict.hpp"

namespace sealwright::verifier {

inline constexpr std::uint64_t kMaxLogSize = 200'000'000;

// tile_name is the path of a tile within the log's folder; level -1 is that of a bundle of entries.
std::string tile_name(int level, std::uint64_t index, std::uint64_t width);

// tile_names are the files that a log of this size has, relative to its folder.
std::set<std::string> tile_names(std::uint64_t size);

struct TileLog {
    std::vector<Sha256> leaves;   // of what could be read; size entries if nothing is wrong
    std::set<std::string> files;  // tile_names
    bool complete = false;        // every bundle was there and whole
};

// EntryVisitor is called for each entry in order.
using EntryVisitor = std::function<void(std::uint64_t index, ByteView entry)>;

// read_tile_log reads the tiles of a log of size entries. What is absent is missing, what differs is invalid; the
// caller compares the root.
TileLog read_tile_log(const std::filesystem::path& folder, std::uint64_t size, const EntryVisitor& visit,
                      Checks& checks);

}  // namespace sealwright::verifier
