// tiles.hpp: the log as files (C2SP tlog-tiles): entry bundles, hash tiles of height 8, checkpoint. The database is authoritative; this is its export.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle_tree.hpp"

namespace sealwright::audit {

// LeafReader gives leaf bytes first <= index < last, in order.
using LeafReader = std::function<Result<std::vector<Bytes>>(std::uint64_t first, std::uint64_t last)>;

// tile_path is "tile/0/x001/234" with ".p/W" for a partial tile of width W; level -1 is "tile/entries/...".
std::string tile_path(int level, std::uint64_t index, unsigned width);

// export_tiles brings folder (made if missing) up to head: full tiles are written once, partial ones replace smaller ones, and the checkpoint file is
// written last, so that a reader never sees a head without its tiles. from is the size that the folder already holds (0 to write all).
Result<void> export_tiles(const std::filesystem::path& folder, const TreeHead& head, std::string_view checkpoint_note, std::string_view log_vkey, std::uint64_t from,
                          const LeafReader& leaves, const NodeReader& nodes);

}  // namespace sealwright::audit
