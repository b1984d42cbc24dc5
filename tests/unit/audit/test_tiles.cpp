// What is exported is read again by verify_log.py, which shares no code with us and knows the C2SP specifications
// alone.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "audit/checkpoint.hpp"
#include "audit/tiles.hpp"
#include "base/file.hpp"
#include "crypto/digest.hpp"

namespace sealwright::audit {
namespace {

namespace fs = std::filesystem;

// Log is a store in memory. The note's signature is of no concern here: export_tiles copies it.
struct Log {
    std::vector<Bytes> leaves;
    std::map<std::pair<unsigned, std::uint64_t>, Sha256> nodes;
    CompactRange range;

    void grow(std::size_t size) {
        while (leaves.size() < size) {
            leaves.push_back(bytes_of(view_of("entry " + std::to_string(leaves.size()))));
            range.append(leaf_hash(leaves.back()), [this](unsigned level, std::uint64_t index, const Sha256& hash) {
                nodes[{level, index}] = hash;
            });
        }
    }
    LeafReader leaf_reader() const {
        return [this](std::uint64_t first, std::uint64_t last) -> Result<std::vector<Bytes>> {
            return std::vector<Bytes>(leaves.begin() + static_cast<std::ptrdiff_t>(first),
                                      leaves.begin() + static_cast<std::ptrdiff_t>(last));
        };
    }
    NodeReader node_reader() const {
        return [this](unsigned level, std::uint64_t index) -> Result<Sha256> { return nodes.at({level, index}); };
    }
    std::string note() const {
        return checkpoint_text("ca.example/audit", range.head()) + "\n\xE2\x80\x94 ca.example/audit AAAAAQID\n";
    }
};

class Tiles : public testing::Test {
protected:
    Tiles() {
        std::string pattern = (fs::temp_directory_path() / "sealwright-tiles-XXXXXX").string();
        folder_ = fs::path{::mkdtemp(pattern.data())};
    }
    ~Tiles() override { fs::remove_all(folder_); }

    Result<void> export_log(const Log& log, std::uint64_t from) {
        return export_tiles(folder_ / "audit", log.range.head(), log.note(), "ca.example/audit+00000000+AQ==", from,
                            log.leaf_reader(), log.node_reader());
    }
    Bytes content(std::string_view name) const {
        auto read = read_file(folder_ / "audit" / name, 1U << 20U);
        return read ? read.value() : Bytes{};
    }
    std::set<std::string> files() const {
        std::set<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(folder_ / "audit")) {
            if (entry.is_regular_file()) names.insert(fs::relative(entry.path(), folder_ / "audit").string());
        }
        return names;
    }
    // counterpart runs the independent reader and gives its exit status.
    int counterpart() const {
        const std::string command = "python3 tests/unit/audit/verify_log.py --no-signature '" +
                                    (folder_ / "audit").string() + "' >/dev/null 2>&1";
        return WEXITSTATUS(std::system(command.c_str()));
    }
    ino_t inode(std::string_view name) const {
        struct stat status {};
        EXPECT_EQ(::stat((folder_ / "audit" / name).c_str(), &status), 0);
        return status.st_ino;
    }
    void damage(std::string_view name, std::size_t offset) const {
        Bytes octets = content(name);
        ASSERT_LT(offset, octets.size());
        octets[offset] = static_cast<std::uint8_t>(octets[offset] ^ 1U);
        ASSERT_TRUE(write_file_atomically(folder_ / "audit" / name, octets));
    }

    fs::path folder_;
};

TEST(TilePath, IsWrittenAsTheSpecificationDoes) {
    EXPECT_EQ(tile_path(0, 0, 256), "tile/0/000");
    EXPECT_EQ(tile_path(0, 5, 112), "tile/0/005.p/112");
    EXPECT_EQ(tile_path(1, 999, 256), "tile/1/999");
    EXPECT_EQ(tile_path(1, 1000, 256), "tile/1/x001/000");
    EXPECT_EQ(tile_path(2, 1234067, 256), "tile/2/x001/x234/067");
    EXPECT_EQ(tile_path(-1, 1234067, 1), "tile/entries/x001/x234/067.p/1");
    EXPECT_EQ(tile_path(63, 0, 255), "tile/63/000.p/255");
}

TEST_F(Tiles, HasTheFilesThatTheSpecificationNamesForSize70000) {
    Log log;
    log.grow(70000);
    ASSERT_TRUE(export_log(log, 0));
    // "273 full level 0 tiles, one partial level 0 tile of width 112, one full level 1 tile, one partial level 1 tile
    // of width 17, and one partial level 2 tile of width 1."
    std::set<std::string> expected{"checkpoint", "log.vkey",        "tile/0/273.p/112", "tile/entries/273.p/112",
                                   "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"};
    for (unsigned i = 0; i < 273; ++i) {
        expected.insert(tile_path(0, i, 256));
        expected.insert(tile_path(-1, i, 256));
    }
    EXPECT_EQ(files(), expected);
    EXPECT_EQ(content("tile/0/000").size(), 8192U);
    EXPECT_EQ(content("tile/2/000.p/1"), bytes_of(log.nodes.at({16, 0}).view()));
    EXPECT_EQ(content("tile/1/001.p/17").size(), 17U * 32U);
    EXPECT_EQ(counterpart(), 0);
}

TEST_F(Tiles, OfSize256AreOneFullTileAndOneOfWidthOne) {
    Log log;
    log.grow(256);
    ASSERT_TRUE(export_log(log, 0));
    EXPECT_EQ(files(),
              (std::set<std::string>{"checkpoint", "log.vkey", "tile/0/000", "tile/1/000.p/1", "tile/entries/000"}));
    EXPECT_EQ(content("tile/1/000.p/1"), bytes_of(log.range.root().view()));
    EXPECT_EQ(counterpart(), 0);
}

TEST_F(Tiles, PutsTheLengthBeforeEachEntry) {
    Log log;
    log.leaves = {};
    log.grow(2);
    ASSERT_TRUE(export_log(log, 0));
    EXPECT_EQ(text_of(content("tile/entries/000.p/2")), std::string_view("\0\7entry 0\0\7entry 1", 18));
    EXPECT_EQ(text_of(content("checkpoint")), log.note());
    EXPECT_EQ(text_of(content("log.vkey")), "ca.example/audit+00000000+AQ==\n");
}

TEST_F(Tiles, OfAnEmptyLogAreNone) {
    const Log log;
    ASSERT_TRUE(export_log(log, 0));
    EXPECT_EQ(files(), (std::set<std::string>{"checkpoint", "log.vkey"}));
    EXPECT_EQ(counterpart(), 0);
}

TEST_F(Tiles, GrowByStepsToWhatOneExportWrites) {
    Log stepwise;
    std::uint64_t from = 0;
    for (const std::size_t size : {1U, 2U, 255U, 256U, 257U, 300U, 300U, 511U, 512U, 513U, 1030U}) {
        stepwise.grow(size);
        const auto exported = export_log(stepwise, from);
        ASSERT_TRUE(exported) << exported.error().describe();
        EXPECT_EQ(counterpart(), 0) << size;
        from = size;
    }
    const auto names = files();
    std::map<std::string, Bytes> contents;
    for (const auto& name : names) contents[name] = content(name);
    fs::remove_all(folder_ / "audit");
    ASSERT_TRUE(export_log(stepwise, 0));
    EXPECT_EQ(files(), names);
    for (const auto& [name, octets] : contents) EXPECT_EQ(content(name), octets) << name;
}

TEST_F(Tiles, NeverRewritesAFullTile) {
    Log log;
    log.grow(300);
    ASSERT_TRUE(export_log(log, 0));
    const ino_t before = inode("tile/entries/000");
    const ino_t checkpoint_before = inode("checkpoint");
    log.grow(400);
    ASSERT_TRUE(export_log(log, 300));
    EXPECT_EQ(inode("tile/entries/000"), before);
    EXPECT_NE(inode("checkpoint"), checkpoint_before);
    EXPECT_EQ(counterpart(), 0);
}

TEST_F(Tiles, RefuseAnEntryThatIsNotWhatWasHashed) {
    Log log;
    log.grow(10);
    log.leaves[3][0] = static_cast<std::uint8_t>(log.leaves[3][0] ^ 1U);
    EXPECT_EQ(export_log(log, 0).error().code(), ErrorCode::storage);
    EXPECT_FALSE(fs::exists(folder_ / "audit/checkpoint"));
    log.leaves[3][0] = static_cast<std::uint8_t>(log.leaves[3][0] ^ 1U);
    EXPECT_TRUE(export_log(log, 0));
}

TEST_F(Tiles, RefuseNodesThatDoNotHashToTheHead) {
    Log log;
    log.grow(10);
    const Sha256 right = log.nodes[{3, 0}];
    log.nodes[{3, 0}] = leaf_hash({});
    EXPECT_EQ(export_log(log, 0).error().code(), ErrorCode::storage);
    log.nodes[{3, 0}] = right;
    EXPECT_TRUE(export_log(log, 0));
}

TEST_F(Tiles, RefuseACheckpointOfAnotherHead) {
    Log log;
    log.grow(10);
    const std::string old_note = log.note();
    log.grow(11);
    const auto result =
        export_tiles(folder_ / "audit", log.range.head(), old_note, "v", 0, log.leaf_reader(), log.node_reader());
    EXPECT_EQ(result.error().code(), ErrorCode::malformed);
    EXPECT_FALSE(fs::exists(folder_ / "audit"));
}

TEST_F(Tiles, RefuseToGoBack) {
    Log log;
    log.grow(10);
    EXPECT_EQ(export_log(log, 11).error().code(), ErrorCode::conflict);
}

TEST_F(Tiles, LeaveTheOldCheckpointWhenTheyCannotBeWritten) {
    Log log;
    log.grow(10);
    ASSERT_TRUE(export_log(log, 0));
    const std::string old_note = log.note();
    log.grow(20);
    const auto full_disk = [](std::uint64_t, std::uint64_t) -> Result<std::vector<Bytes>> {
        return fail(ErrorCode::storage, "gone");
    };
    EXPECT_FALSE(export_tiles(folder_ / "audit", log.range.head(), log.note(), "v", 10, full_disk, log.node_reader()));
    EXPECT_EQ(text_of(content("checkpoint")), old_note);
    EXPECT_EQ(counterpart(), 0);
}

TEST_F(Tiles, AreRefusedByTheCounterpartWhenOneBitDiffers) {
    Log log;
    log.grow(300);
    ASSERT_TRUE(export_log(log, 0));
    ASSERT_EQ(counterpart(), 0);
    for (const std::string_view name :
         {"tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"}) {
        damage(name, 5);
        EXPECT_EQ(counterpart(), 1) << name;
        damage(name, 5);
        EXPECT_EQ(counterpart(), 0) << name;
    }
}

}  // namespace
}  // namespace sealwright::audit
