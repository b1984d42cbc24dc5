#include "audit/tiles.hpp"

#include "audit/checkpoint.hpp"
#include "audit/event.hpp"
#include "base/file.hpp"

namespace sealwright::audit {
namespace {

constexpr unsigned kTileHeight = 8;
constexpr std::uint64_t kTileWidth = 1U << kTileHeight;
constexpr int kEntryLevel = -1;

// Tile is one file of hashes at one level, or the bundle of entries under those of level 0.
struct Tile {
    int level = 0;
    std::uint64_t index = 0;
    unsigned width = 0;
    std::uint64_t first() const noexcept { return index * kTileWidth; }
    bool is_full() const noexcept { return width == kTileWidth; }
    std::filesystem::path path() const { return tile_path(level, index, width); }
};

// make_folders creates what is missing of a path and makes each new name durable.
Result<void> make_folders(const std::filesystem::path& folder) {
    std::error_code error;
    if (folder.empty() || std::filesystem::is_directory(folder, error)) return success();
    SEALWRIGHT_TRY(make_folders(folder.parent_path()));
    std::filesystem::create_directory(folder, error);
    if (error) return fail(ErrorCode::io, "cannot make folder " + folder.string() + ": " + error.message());
    return sync_directory(folder.has_parent_path() ? folder.parent_path() : std::filesystem::path{"."});
}

Result<void> write_under(const std::filesystem::path& folder, const std::filesystem::path& name, ByteView content) {
    const auto path = folder / name;
    SEALWRIGHT_TRY(make_folders(path.parent_path()));
    return write_file_atomically(path, content);
}

Result<Bytes> hashes_of(const Tile& tile, const NodeReader& nodes) {
    Bytes content;
    content.reserve(tile.width * Sha256::kSize);
    for (std::uint64_t i = 0; i < tile.width; ++i) {
        SEALWRIGHT_TRY(const auto hash, nodes(static_cast<unsigned>(tile.level) * kTileHeight, tile.first() + i));
        append(content, hash.view());
    }
    return content;
}

// entries_of is the bundle: "sequences of big-endian uint16 length-prefixed log entries". Each must hash to its node,
// so that what is exported is what was hashed when it was written.
Result<Bytes> entries_of(const Tile& tile, const LeafReader& leaves, const NodeReader& nodes) {
    SEALWRIGHT_TRY(const auto entries, leaves(tile.first(), tile.first() + tile.width));
    if (entries.size() != tile.width)
        return fail(ErrorCode::storage, "the audit log lacks entries", "near entry " + std::to_string(tile.first()));
    Bytes content;
    for (std::uint64_t i = 0; i < tile.width; ++i) {
        const Bytes& leaf = entries[i];
        SEALWRIGHT_TRY(const auto hash, nodes(0, tile.first() + i));
        if (leaf.size() > kMaxLeafSize || leaf_hash(leaf) != hash) {
            return fail(ErrorCode::storage, "an entry of the audit log is not what was hashed",
                        "entry " + std::to_string(tile.first() + i));
        }
        content.push_back(static_cast<std::uint8_t>(leaf.size() >> 8));
        content.push_back(static_cast<std::uint8_t>(leaf.size() & 0xFF));
        append(content, leaf);
    }
    return content;
}

// new_tiles_of_level gives the tiles that a tree of new_count nodes at this level has and one of old_count had not, or
// had narrower.
std::vector<Tile> new_tiles_of_level(int level, std::uint64_t old_count, std::uint64_t new_count) {
    std::vector<Tile> tiles;
    if (old_count == new_count) return tiles;
    for (std::uint64_t index = old_count / kTileWidth; index * kTileWidth < new_count; ++index) {
        tiles.push_back({level, index, static_cast<unsigned>(std::min(kTileWidth, new_count - index * kTileWidth))});
    }
    return tiles;
}

std::vector<Tile> new_tiles(std::uint64_t old_size, std::uint64_t new_size) {
    std::vector<Tile> tiles = new_tiles_of_level(kEntryLevel, old_size, new_size);
    for (int level = 0; new_size > 0; ++level, old_size >>= kTileHeight, new_size >>= kTileHeight) {
        const auto of_level = new_tiles_of_level(level, old_size, new_size);
        tiles.insert(tiles.end(), of_level.begin(), of_level.end());
    }
    return tiles;
}

// remove_narrower removes the partial tiles that this one replaces; what cannot be removed does no harm.
void remove_narrower(const std::filesystem::path& folder, const Tile& tile) {
    const std::filesystem::path partial = folder / (tile_path(tile.level, tile.index, kTileWidth) + ".p");
    std::error_code error;
    if (tile.is_full()) {
        std::filesystem::remove_all(partial, error);
        return;
    }
    for (std::filesystem::directory_iterator entry{partial, error}, end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().filename() != std::to_string(tile.width)) {
            std::error_code ignored;
            std::filesystem::remove(entry->path(), ignored);
        }
    }
}

// check_head makes sure that nodes and checkpoint are of this head before anything is written.
Result<void> check_head(const TreeHead& head, std::string_view note, const NodeReader& nodes) {
    CompactRange range;
    std::vector<Sha256> edge;
    std::uint64_t begin = 0;
    for (unsigned level = 64; level-- > 0;) {
        if (((head.size >> level) & 1U) == 0) continue;
        SEALWRIGHT_TRY(const auto hash, nodes(level, begin >> level));
        edge.push_back(hash);
        begin += std::uint64_t{1} << level;
    }
    SEALWRIGHT_TRY(range, CompactRange::from(head.size, std::move(edge)));
    if (range.root() != head.root)
        return fail(ErrorCode::storage, "the nodes of the audit log do not hash to its head");
    const std::size_t origin_end = note.find('\n');
    if (origin_end == std::string_view::npos || !note.starts_with(checkpoint_text(note.substr(0, origin_end), head))) {
        return fail(ErrorCode::malformed, "the checkpoint is not of the head that is exported");
    }
    return success();
}

}  // namespace

std::string tile_path(int level, std::uint64_t index, unsigned width) {
    // "zero-padded 3-digit path elements. All but the last path element MUST begin with an x."
    const auto three_digits = [](std::uint64_t number) {
        const std::string text = std::to_string(number);
        return std::string(3 - text.size(), '0') + text;
    };
    std::string elements = three_digits(index % 1000);
    for (index /= 1000; index > 0; index /= 1000) elements = "x" + three_digits(index % 1000) + "/" + elements;
    std::string path =
        "tile/" + (level == kEntryLevel ? std::string{"entries"} : std::to_string(level)) + "/" + elements;
    if (width != 0 && width != kTileWidth) path += ".p/" + std::to_string(width);
    return path;
}

Result<void> export_tiles(const std::filesystem::path& folder, const TreeHead& head, std::string_view checkpoint_note,
                          std::string_view log_vkey, std::uint64_t from, const LeafReader& leaves,
                          const NodeReader& nodes) {
    if (from > head.size)
        return fail(ErrorCode::conflict, "the exported log is longer than the log", "it holds " + std::to_string(from));
    SEALWRIGHT_TRY(check_head(head, checkpoint_note, nodes));
    SEALWRIGHT_TRY(make_folders(folder));

    const std::vector<Tile> tiles = new_tiles(from, head.size);
    for (const Tile& tile : tiles) {
        SEALWRIGHT_TRY(const auto content,
                       tile.level == kEntryLevel ? entries_of(tile, leaves, nodes) : hashes_of(tile, nodes));
        SEALWRIGHT_TRY(write_under(folder, tile.path(), content));
    }
    SEALWRIGHT_TRY(write_under(folder, "log.vkey", view_of(std::string{log_vkey} + "\n")));
    SEALWRIGHT_TRY(write_under(folder, "checkpoint", view_of(checkpoint_note)));
    // Only now does no head that anyone can read need the narrower ones.
    for (const Tile& tile : tiles) remove_narrower(folder, tile);
    return success();
}

}  // namespace sealwright::audit
