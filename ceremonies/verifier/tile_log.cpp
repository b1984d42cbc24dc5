#include "ceremonies/verifier/tile_log.hpp"

#include "base/file.hpp"
#include "ceremonies/verifier/merkle.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::uint64_t kWidth = 256;
constexpr std::size_t kMaxBundle = kWidth * (65535 + 2);

// read_entries reads a bundle: "sequences of big-endian uint16 length-prefixed log entries", exactly count of them.
Result<std::vector<ByteView>> read_entries(ByteView bundle, std::uint64_t count) {
    std::vector<ByteView> entries;
    while (!bundle.empty()) {
        if (bundle.size() < 2) return fail(ErrorCode::malformed, "ends within a length");
        const std::size_t size = (static_cast<std::size_t>(bundle[0]) << 8U) | bundle[1];
        bundle = bundle.subspan(2);
        if (bundle.size() < size) return fail(ErrorCode::malformed, "ends within an entry");
        entries.push_back(bundle.first(size));
        bundle = bundle.subspan(size);
    }
    if (entries.size() != count)
        return fail(ErrorCode::malformed,
                    "holds " + std::to_string(entries.size()) + " entries instead of " + std::to_string(count));
    return entries;
}

class Reader {
public:
    Reader(const std::filesystem::path& folder, std::uint64_t size, const EntryVisitor& visit, Checks& checks)
        : folder_(folder), size_(size), visit_(visit), checks_(checks) {}

    TileLog read() {
        log_.complete = true;
        log_.files = tile_names(size_);
        for (std::uint64_t first = 0; first < size_; first += kWidth)
            read_bundle(first / kWidth, std::min(kWidth, size_ - first));
        if (log_.complete) compare_hashes();
        return std::move(log_);
    }

private:
    // content gives the file's octets, or nothing after having said what is the matter.
    std::optional<Bytes> content(const std::string& name, std::size_t limit) {
        auto octets = read_file(folder_ / name, limit);
        if (octets) return std::move(octets.value());
        if (octets.error().code() == ErrorCode::not_found)
            checks_.missing("the tile " + name + " is not there");
        else
            checks_.invalid(name + ": " + octets.error().public_detail());
        return {};
    }

    void read_bundle(std::uint64_t index, std::uint64_t width) {
        const auto name = tile_name(-1, index, width);
        const auto octets = content(name, kMaxBundle);
        if (!octets) {
            log_.complete = false;
            return;
        }
        const auto entries = read_entries(*octets, width);
        if (!entries) {
            checks_.invalid("the tile " + name + " " + entries.error().public_detail());
            log_.complete = false;
            return;
        }
        for (std::uint64_t i = 0; i < width && log_.complete; ++i) {
            const ByteView entry = entries.value()[i];
            log_.leaves.push_back(hash_of_leaf(entry));
            visit_(index * kWidth + i, entry);
        }
    }

    void compare_hashes() {
        std::vector<Sha256> nodes = log_.leaves;
        for (int level = 0; !nodes.empty(); ++level) {
            for (std::uint64_t first = 0; first < nodes.size(); first += kWidth) {
                const auto width = std::min<std::uint64_t>(kWidth, nodes.size() - first);
                compare_tile(level, first / kWidth, std::span{nodes}.subspan(first, width));
            }
            // Only what is complete has a node one tile height up.
            std::vector<Sha256> above;
            for (std::uint64_t first = 0; first + kWidth <= nodes.size(); first += kWidth)
                above.push_back(tree_root(std::span{nodes}.subspan(first, kWidth)));
            nodes = std::move(above);
        }
    }

    void compare_tile(int level, std::uint64_t index, std::span<const Sha256> hashes) {
        const auto name = tile_name(level, index, hashes.size());
        const auto octets = content(name, kWidth * Sha256::kSize);
        if (!octets) return;
        Bytes expected;
        for (const auto& hash : hashes) append(expected, hash.view());
        if (*octets != expected) checks_.invalid("the hash tile " + name + " is not what the entries hash to");
    }

    const std::filesystem::path& folder_;
    std::uint64_t size_;
    const EntryVisitor& visit_;
    Checks& checks_;
    TileLog log_;
};

}  // namespace

std::string tile_name(int level, std::uint64_t index, std::uint64_t width) {
    // "The index is encoded as zero-padded 3-digit path elements. All but the last path element MUST begin with an x"
    // (C2SP tlog-tiles).
    const auto padded = [](std::uint64_t number) {
        std::string digits = std::to_string(number);
        return std::string(3 - digits.size(), '0') + digits;
    };
    std::string name = padded(index % 1000);
    while ((index /= 1000) != 0) name = "x" + padded(index % 1000) + "/" + name;
    name = "tile/" + (level < 0 ? std::string{"entries"} : std::to_string(level)) + "/" + name;
    return width == kWidth ? name : name + ".p/" + std::to_string(width);
}

std::set<std::string> tile_names(std::uint64_t size) {
    std::set<std::string> names;
    const auto add_level = [&](int level, std::uint64_t count) {
        for (std::uint64_t first = 0; first < count; first += kWidth) {
            names.insert(tile_name(level, first / kWidth, std::min(kWidth, count - first)));
        }
    };
    add_level(-1, size);
    for (int level = 0; size != 0; ++level, size /= kWidth) add_level(level, size);
    return names;
}

TileLog read_tile_log(const std::filesystem::path& folder, std::uint64_t size, const EntryVisitor& visit,
                      Checks& checks) {
    return Reader{folder, size, visit, checks}.read();
}

}  // namespace sealwright::verifier
