// Each test enters the sandbox in a child process and tries what it must not do, beside what it must.
#include "hsm/signer_process/sandbox.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "hsm/signer_process/landlock.hpp"

namespace sealwright::hsm::signer_process {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsInstrumented = true;
#else
constexpr bool kIsInstrumented = false;
#endif

class Sandbox : public ::testing::Test {
protected:
    void SetUp() override {
        if (kIsInstrumented) GTEST_SKIP() << "a program built with a sanitizer runs without its sandbox";
        if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock: the sandbox was not tried";
        std::string pattern = (std::filesystem::temp_directory_path() / "sealwright-sandbox-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        std::filesystem::create_directory(folder_ / "mine");
        std::ofstream{folder_ / "secret"} << "secret";
    }
    void TearDown() override {
        if (!folder_.empty()) std::filesystem::remove_all(folder_);
    }

    // in_child gives the exit status of what a child does: the number of the first check that failed, 0: none.
    static int in_child(const std::function<int()>& work) {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(work());
        int status = 0;
        ::waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    static bool can_open(const std::filesystem::path& path, int flags) {
        const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
        if (fd >= 0) ::close(fd);
        return fd >= 0;
    }
    static bool can_have_thread() {
        try {
            std::thread{[] {}}.join();
            return true;
        } catch (const std::exception&) {
            return false;
        }
    }

    std::filesystem::path folder_;
    NullLog log_;
};

TEST_F(Sandbox, KeepsATokenToItsFiles) {
    SandboxRules rules;
    rules.level = SandboxRules::Level::required;
    rules.write = {(folder_ / "mine").string()};
    EXPECT_EQ(0, in_child([&] {
                  harden_process();
                  if (!can_open(folder_ / "secret", O_RDONLY)) return 1;
                  if (!enter_token_sandbox(rules, "/usr/lib/module.so", log_)) return 2;
                  if (can_open(folder_ / "secret", O_RDONLY)) return 3;
                  if (can_open(folder_ / "new", O_WRONLY | O_CREAT)) return 4;
                  if (!can_open(folder_ / "mine/new", O_RDWR | O_CREAT)) return 5;
                  if (!can_open("/etc/ld.so.cache", O_RDONLY) || can_open("/etc/passwd", O_RDONLY)) return 6;
                  if (can_open("/etc/ld.so.cache", O_WRONLY)) return 7;
                  // What Landlock does not cover, and what could reach other processes of the same user.
                  if (::chmod((folder_ / "secret").c_str(), 0777) == 0) return 10;
                  if (::truncate((folder_ / "secret").c_str(), 0) == 0) return 11;
                  if (::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0) == 0) return 12;
                  rlimit limit{};
                  if (::prlimit(::getppid(), RLIMIT_FSIZE, nullptr, &limit) == 0) return 13;
                  if (::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0) return 14;
                  if (::fcntl(0, F_SETOWN, ::getppid()) == 0) return 15;
                  if (!can_open("/dev/urandom", O_RDONLY)) return 8;
                  if (!can_have_thread()) return 9;
                  return 0;
              }));
}

TEST_F(Sandbox, GivesATokenNoSocketAndNoProgramUnlessItIsAllowed) {
    const auto tries = [&](std::set<SandboxPermission> permissions) {
        SandboxRules rules;
        rules.level = SandboxRules::Level::required;
        rules.permissions = std::move(permissions);
        return in_child([&] {
            harden_process();
            if (!enter_token_sandbox(rules, "/usr/lib/module.so", log_)) return 100;
            int can = 0;
            if (::socket(AF_UNIX, SOCK_STREAM, 0) >= 0) can += 1;
            if (::socket(AF_INET, SOCK_STREAM, 0) >= 0) can += 2;
            const pid_t child = ::fork();
            if (child == 0) ::_exit(0);
            if (child > 0) can += 4;
            if (::socket(AF_PACKET, SOCK_RAW, 0) >= 0) can += 8;
            return can;
        });
    };
    EXPECT_EQ(tries({}), 0);
    EXPECT_EQ(tries({SandboxPermission::unix_sockets}), 1);
    EXPECT_EQ(tries({SandboxPermission::network}), 2);
    EXPECT_EQ(tries({SandboxPermission::processes}), 4);
}

TEST_F(Sandbox, LeavesTheServerNothingButItsDescriptors) {
    EXPECT_EQ(0, in_child([&] {
                  harden_process();
                  const int journal = ::open((folder_ / "journal").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
                  if (!enter_server_sandbox(SandboxRules::Level::required, log_)) return 1;
                  if (can_open(folder_ / "secret", O_RDONLY)) return 2;
                  if (can_open("/etc/passwd", O_RDONLY)) return 3;
                  if (::socket(AF_UNIX, SOCK_STREAM, 0) >= 0) return 4;
                  if (::fork() >= 0) return 5;
                  char* const words[] = {const_cast<char*>("true"), nullptr};
                  if (::execv("/bin/true", words) == 0) return 6;
                  if (::write(journal, "x", 1) != 1 || ::fdatasync(journal) != 0) return 7;
                  if (!can_have_thread()) return 8;
                  return 0;
              }));
}

TEST_F(Sandbox, NamesAPathThatIsNotThere) {
    SandboxRules rules;
    rules.write = {(folder_ / "missing").string()};
    EXPECT_EQ(0, in_child([&] {
                  harden_process();
                  const auto entered = enter_token_sandbox(rules, "/usr/lib/module.so", log_);
                  return !entered && entered.error().code() == ErrorCode::config ? 0 : 1;
              }));
}

TEST_F(Sandbox, HardensForGood) {
    EXPECT_EQ(0, in_child([] {
                  harden_process();
                  return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0
                                                                                                                    : 1;
              }));
}

TEST(SandboxNames, AreKnownOrNot) {
    EXPECT_EQ(sandbox_permission("network"), SandboxPermission::network);
    EXPECT_EQ(sandbox_permission("everything"), std::nullopt);
    EXPECT_TRUE(is_system_call("shmget"));
    EXPECT_FALSE(is_system_call("shm_get"));
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
