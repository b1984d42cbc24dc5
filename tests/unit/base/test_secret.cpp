#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <type_traits>

#include "base/secret.hpp"

namespace sealwright {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret> && std::is_nothrow_move_assignable_v<Secret>);

TEST(Secret, MovesAndLeavesNothingBehind) {
    Secret first = Secret::copy_of(view_of("1234"));
    Secret second = std::move(first);
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that it is empty is what is tested
    EXPECT_EQ(text_of(second.reveal()), "1234");
    Secret third = Secret::copy_of(view_of("other"));
    third = std::move(second);
    EXPECT_EQ(text_of(third.reveal()), "1234");
    Secret& same = third;
    third = std::move(same);
    EXPECT_EQ(text_of(third.reveal()), "1234");
}

TEST(Secret, CloneIsACopyOfItsOwn) {
    Secret secret = Secret::copy_of(view_of("pin"));
    const Secret copy = secret.clone();
    secret.clear();
    EXPECT_TRUE(secret.empty());
    EXPECT_EQ(text_of(copy.reveal()), "pin");
}

TEST(Secret, ClearZeroisesThePages) {
    Secret secret = Secret::copy_of(view_of("0123456789"));
    const std::uint8_t* octets = secret.reveal().data();
    secret.clear();
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(octets[i], 0) << i;
}

TEST(Secret, ZeroiseOverwrites) {
    std::array<std::uint8_t, 4> octets{1, 2, 3, 4};
    zeroise(octets.data(), octets.size());
    EXPECT_EQ(octets, (std::array<std::uint8_t, 4>{}));
    zeroise(nullptr, 0);
}

TEST(Secret, AppendStopsAtTheCapacity) {
    Secret secret = Secret::with_capacity(2);
    EXPECT_TRUE(secret.append('a'));
    EXPECT_TRUE(secret.append('b'));
    EXPECT_FALSE(secret.append('c'));
    EXPECT_EQ(text_of(secret.reveal()), "ab");
    EXPECT_FALSE(Secret{}.append('a'));
    EXPECT_TRUE(Secret::copy_of({}).empty());
}

TEST(Secret, WorksWhereMemoryCannotBeLocked) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_MEMLOCK, &before), 0);
    rlimit none = before;
    none.rlim_cur = 0;
    ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &none), 0);
    const Secret secret = Secret::copy_of(view_of("1234"));
    EXPECT_EQ(text_of(secret.reveal()), "1234");
    ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &before), 0);
}

class Pipe {
public:
    explicit Pipe(std::string_view content) {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe2"};
        if (::write(ends_[1], content.data(), content.size()) != static_cast<ssize_t>(content.size()))
            throw std::runtime_error{"write"};
        ::close(ends_[1]);
    }
    ~Pipe() { ::close(ends_[0]); }
    int get() const { return ends_[0]; }

private:
    std::array<int, 2> ends_{};
};

TEST(Secret, ReadsOneLineFromADescriptorAndLeavesTheRest) {
    const Pipe pipe{"1234\nnext"};
    EXPECT_EQ(text_of(read_secret_from_fd(pipe.get()).value().reveal()), "1234");
    EXPECT_EQ(text_of(read_secret_from_fd(pipe.get()).value().reveal()), "next");
    EXPECT_EQ(read_secret_from_fd(pipe.get()).error().code(), ErrorCode::malformed);
}

TEST(Secret, RefusesASecretLongerThanItsLimit) {
    EXPECT_TRUE(read_secret_from_fd(Pipe{"12345678\n"}.get(), 8));
    EXPECT_EQ(read_secret_from_fd(Pipe{"123456789\n"}.get(), 8).error().code(), ErrorCode::too_large);
    EXPECT_EQ(read_secret_from_fd(-1).error().code(), ErrorCode::io);
}

TEST(Secret, RefusesACredentialsFileThatOthersCanRead) {
    const auto path = std::filesystem::temp_directory_path() / ("sealwright-secret-" + std::to_string(::getpid()));
    std::ofstream{path} << "1234\n";
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    EXPECT_EQ(text_of(read_secret_from_file(path.string()).value().reveal()), "1234");
    for (const ::mode_t mode : {0604U, 0620U, 0602U}) {
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
        EXPECT_EQ(read_secret_from_file(path.string()).error().code(), ErrorCode::denied) << mode;
    }
    std::filesystem::remove(path);
    EXPECT_EQ(read_secret_from_file(path.string()).error().code(), ErrorCode::io);
}

}  // namespace
}  // namespace sealwright
