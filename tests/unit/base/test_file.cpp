#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.hpp"

namespace sealwright {
namespace {

class File : public testing::Test {
protected:
    File() {
        std::string pattern = (std::filesystem::temp_directory_path() / "sealwright-file-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"mkdtemp"};
        folder_ = pattern;
    }
    ~File() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder_}, {}));
    }

    std::filesystem::path folder_;
};

TEST_F(File, WritesAtomicallyOverAnExistingFile) {
    const auto path = folder_ / "state";
    ASSERT_TRUE(write_file_atomically(path, view_of("old"), 0600));
    ASSERT_TRUE(write_file_atomically(path, view_of("new"), 0640));
    EXPECT_EQ(read_text_file(path, 100).value(), "new");
    EXPECT_EQ(files(), 1U) << "a temporary file was left over";
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07137U, 0U) << "more permissions than asked for";
}

TEST_F(File, AFailedWriteLeavesTheOldContentAndNoLitter) {
    const auto path = folder_ / "taken";
    ASSERT_TRUE(std::filesystem::create_directory(path));
    ASSERT_TRUE(write_file_atomically(path / "inside", view_of("kept")));
    EXPECT_FALSE(write_file_atomically(path, view_of("new")));  // a folder that is not empty cannot be renamed over
    EXPECT_EQ(files(), 1U);
    EXPECT_EQ(read_text_file(path / "inside", 100).value(), "kept");
    EXPECT_EQ(write_file_atomically(folder_ / "no" / "such" / "folder", view_of("x")).error().code(),
              ErrorCode::not_found);
}

TEST_F(File, CreatesExclusively) {
    const auto path = folder_ / "root.pem";
    ASSERT_TRUE(create_file_exclusively(path, view_of("first")));
    EXPECT_EQ(create_file_exclusively(path, view_of("second")).error().code(), ErrorCode::already_exists);
    EXPECT_EQ(read_text_file(path, 100).value(), "first");
}

TEST_F(File, CreatesExclusivelyNotThroughADanglingLink) {
    std::filesystem::create_symlink(folder_ / "elsewhere", folder_ / "link");
    EXPECT_EQ(create_file_exclusively(folder_ / "link", view_of("x")).error().code(), ErrorCode::already_exists);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
}

TEST_F(File, ReadsWithinItsBound) {
    const auto path = folder_ / "ten";
    ASSERT_TRUE(write_file_atomically(path, view_of("0123456789")));
    EXPECT_EQ(read_file(path, 10).value().size(), 10U);
    EXPECT_EQ(read_file(path, 9).error().code(), ErrorCode::too_large);
    EXPECT_EQ(read_file(folder_ / "none", 10).error().code(), ErrorCode::not_found);
    EXPECT_EQ(read_file(folder_, 10).error().code(), ErrorCode::io);
    ASSERT_TRUE(write_file_atomically(folder_ / "empty", {}));
    EXPECT_TRUE(read_file(folder_ / "empty", 0).value().empty());
}

TEST_F(File, AFileLargerThanOneChunkComesWhole) {
    Bytes content(200000);
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i * 31 % 251);
    ASSERT_TRUE(write_file_atomically(folder_ / "large", content));
    EXPECT_EQ(read_file(folder_ / "large", content.size()).value(), content);
    EXPECT_EQ(read_file(folder_ / "large", content.size() - 1).error().code(), ErrorCode::too_large);
}

}  // namespace
}  // namespace sealwright
