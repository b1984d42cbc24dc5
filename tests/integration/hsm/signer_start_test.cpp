// How sealwright-signer starts: with a login that may have spent a try of the PIN when it was ended, beside a token
// that says nothing, and what a closing terminal, a crash and a finding come to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "signer_house.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using std::chrono::seconds;
using test::SignerHouse;
using test::SignerProcess;
using ::testing::HasSubstr;
using ::testing::Not;
using SteadyClock = std::chrono::steady_clock;

const std::string kProgram =
    std::getenv("SEALWRIGHT_TEST_SIGNER") == nullptr ? "" : std::getenv("SEALWRIGHT_TEST_SIGNER");
const std::string kFaulty =
    std::getenv("SEALWRIGHT_TEST_FAULTY_MODULE") == nullptr ? "" : std::getenv("SEALWRIGHT_TEST_FAULTY_MODULE");

// soon waits until something holds, for far longer than it takes.
template <class Condition>
bool soon(Condition&& condition) {
    const auto give_up = SteadyClock::now() + seconds{60};
    while (!condition()) {
        if (SteadyClock::now() > give_up) return false;
        ::usleep(5000);
    }
    return true;
}

std::size_t times(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

class SignerStart : public ::testing::Test {
protected:
    static void SetUpTestSuite() { house_ = new SignerHouse; }
    static void TearDownTestSuite() { delete house_; }

    void SetUp() override {
        std::filesystem::remove(house().journal());
        std::filesystem::remove_all(remembered());
        inject("");
        for (const auto& file : {house().count(), house().logins(), log_file()}) test::write_text(file, "");
        house().write_config(kFaulty);
        signer_.log_to(log_file());
    }
    void TearDown() override { test::write_text(house().softhsm().pin_file(), test::SoftHsm::kPin); }

    static SignerHouse& house() { return *house_; }
    static std::filesystem::path remembered() { return house().journal().string() + ".refused-pins"; }
    static std::filesystem::path log_file() { return house().folder() / "log"; }
    static std::string log() { return test::read_text(log_file()); }
    static std::filesystem::path fired() { return house().folder() / "fired"; }
    static void inject(std::string_view script) { test::write_text(house().script(), script); }
    // once injects an action that fires in one process alone, and lets see that it did.
    static void once(const std::string& what, const std::string& more = {}) {
        std::filesystem::remove(fired());
        inject(what + " once_file=" + fired().string() + "\n" + more);
    }
    static bool has_fired() {
        return soon([] { return std::filesystem::exists(fired()); });
    }

    void launch() { signer_.launch(kProgram, house().config(), house().faulty_environment()); }
    // begin gives the exit status, or none where it serves.
    std::optional<int> begin() {
        launch();
        return signer_.is_ready() ? std::nullopt : std::optional{signer_.wait()};
    }
    void end() {
        signer_.kill(SIGTERM);
        EXPECT_EQ(signer_.wait(), 0);
    }
    std::unique_ptr<Client> connect() {
        auto client = Client::connect(house().client_options(++epoch_), client_log_);
        EXPECT_TRUE(client) << client.error().describe();
        return client ? std::move(client).value() : nullptr;
    }
    static SignRequest certificate() {
        static const Bytes tbs = house().tbs_certificate(1);
        return house().request("issuing", Purpose::certificate, tbs);
    }
    static bool signs_soon(Client& client) {
        return soon([&] { return static_cast<bool>(client.sign(certificate())); });
    }
    // configure_twice gives the token a second process: the configuration names it once by its serial and once by its
    // label.
    static void configure_twice(const std::string& token_extra = {}) {
        house().write_config(kFaulty, {}, token_extra);
        std::string config = test::read_text(house().config());
        const std::size_t begin = config.find("[token]"), keys = config.find("\n[[key]]");
        std::string first = config.substr(begin, keys - begin);
        first.replace(0, 7, "[[token]]");
        std::string second = first;
        const std::size_t serial = second.find("serial = ");
        second.replace(serial, second.find('\n', serial) - serial, "label = \"signer\"");
        test::write_text(house().config(), config.substr(0, begin) + first + "\n" + second + config.substr(keys));
    }

    static SignerHouse* house_;
    static std::uint64_t epoch_;
    NullLog client_log_;
    SignerProcess signer_;
};
SignerHouse* SignerStart::house_ = nullptr;
std::uint64_t SignerStart::epoch_ = 0;

// The whole signer is ended while a login is under way; by an operator, by the machine, by the kernel.
class LoginUnderWay : public SignerStart, public ::testing::WithParamInterface<int> {
protected:
    // is_ended_in_a_login starts the signer and ends it inside C_Login; false where it makes none. The token itself is
    // not reached: SoftHSM writes its files there, and one that is killed meanwhile is lost.
    bool is_ended_in_a_login() {
        once("C_Login hang");
        launch();
        const bool has_tried = has_fired();
        signer_.kill(GetParam());
        signer_.wait();
        return has_tried;
    }
};

TEST_P(LoginUnderWay, WhenTheSignerIsEndedCountsAsOneWithoutAnAnswer) {
    ASSERT_TRUE(is_ended_in_a_login());
    EXPECT_THAT(test::read_text(remembered()), HasSubstr("unclear = 1\n"));
    ASSERT_TRUE(is_ended_in_a_login());
    EXPECT_THAT(log(), HasSubstr("the PIN is tried once more"));
    once("C_Login hang");
    for (int i = 0; i < 2; ++i) EXPECT_EQ(begin(), 3) << log();
    EXPECT_FALSE(std::filesystem::exists(fired()));
    EXPECT_THAT(log(), HasSubstr("logins with this PIN ended twice in a row without a clear answer, the last at 2"));
}

TEST_P(LoginUnderWay, IsForgottenBehindAGoodOne) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(is_ended_in_a_login()) << log();
        inject("");
        EXPECT_EQ(begin(), std::nullopt) << log();
        EXPECT_FALSE(std::filesystem::exists(remembered()));
        EXPECT_TRUE(connect()->sign(certificate()));
        signer_.kill(GetParam());
        signer_.wait();
        EXPECT_FALSE(std::filesystem::exists(remembered()));
    }
}

TEST_P(LoginUnderWay, IsNotHeldAgainstAnotherPin) {
    ASSERT_TRUE(is_ended_in_a_login());
    test::write_text(house().softhsm().pin_file(), "31415926");
    ASSERT_TRUE(is_ended_in_a_login());
    EXPECT_THAT(test::read_text(remembered()), HasSubstr("unclear = 1\n"));
    ASSERT_TRUE(is_ended_in_a_login());
    EXPECT_EQ(begin(), 3);
}

// Before C_Login and behind it nothing is open, whatever hangs.
TEST_P(LoginUnderWay, IsNotWhatHangsBesideIt) {
    for (const char* function : {"C_Initialize", "C_OpenSession", "C_FindObjectsInit"}) {
        SCOPED_TRACE(function);
        for (int i = 0; i < 3; ++i) {
            once(std::string{function} + " hang");
            launch();
            ASSERT_TRUE(has_fired());
            EXPECT_TRUE(soon([] { return !std::filesystem::exists(remembered()); }));
            signer_.kill(GetParam());
            signer_.wait();
            EXPECT_FALSE(std::filesystem::exists(remembered()));
        }
    }
    inject("");
    EXPECT_EQ(begin(), std::nullopt) << log();
    end();
}

INSTANTIATE_TEST_SUITE_P(All, LoginUnderWay, ::testing::Values(SIGTERM, SIGKILL),
                         [](const auto& parameters) { return parameters.param == SIGTERM ? "Stopped" : "Killed"; });

// What cannot be remembered is not tried: a directory stands where the file would be written.
TEST_F(SignerStart, TriesNoPinThatItCouldNotRememberToHaveTried) {
    once("C_GetSlotList hang");
    launch();
    ASSERT_TRUE(has_fired());
    std::filesystem::create_directories(remembered() / "in the way");
    ::kill(signer_.child("signer-token"), SIGKILL);
    ASSERT_TRUE(signer_.is_ready()) << log();
    ASSERT_TRUE(soon([] { return times(log(), "no PIN was tried: that a login is under way") > 0; })) << log();
    EXPECT_EQ(house().logins_counted(), 0U);
    std::filesystem::remove_all(remembered());
    const auto client = connect();
    EXPECT_TRUE(signs_soon(*client)) << log();  // by itself
    EXPECT_EQ(house().logins_counted(), 1U);
    // A PIN that was good in this run is tried all the same.
    std::filesystem::create_directories(remembered() / "in the way");
    once("C_Sign crash");
    EXPECT_FALSE(client->sign(certificate()));
    EXPECT_TRUE(signs_soon(*client)) << log();
    EXPECT_EQ(house().logins_counted(), 2U);
    EXPECT_THAT(log(), HasSubstr("what became of its logins cannot be remembered"));
    end();
    EXPECT_EQ(begin(), 1);  // and what cannot be read keeps every PIN from being tried
    EXPECT_EQ(house().logins_counted(), 2U);
}

TEST_F(SignerStart, ReadsNoCountOfLoginsThatItDoesNotWrite) {
    const std::string entry = "format = 1\n[[refused]]\nlabel = \"other\"\nat = \"2026-11-22T10:57:29Z\"\nsalt = \"" +
                              std::string(32, '0') + "\"\ndigest = \"" + std::string(64, '0') + "\"\n";
    for (const char* count : {"unclear = 0\n", "unclear = 3\n", "unclear = \"1\"\n"}) {
        test::write_text(remembered(), entry + count);
        EXPECT_EQ(begin(), 1) << count;
    }
    EXPECT_EQ(house().logins_counted(), 0U);
    for (const char* count : {"", "unclear = 1\n", "unclear = 2\n"}) {
        test::write_text(remembered(), entry + count);
        EXPECT_EQ(begin(), std::nullopt) << count << log();
        EXPECT_EQ(times(test::read_text(remembered()), "label = \"other\""), 1U);
        end();
    }
}

// A token that says nothing, as a network that swallows; with the default bound of a start, a minute.
TEST_F(SignerStart, IsNotHeldUpByASilentTokenBesideOneThatServesEveryKey) {
    configure_twice();
    for (const char* function : {"C_Initialize", "C_GetSlotList", "C_OpenSession"}) {
        SCOPED_TRACE(function);
        once(std::string{function} + " hang");
        const auto begun = SteadyClock::now();
        EXPECT_EQ(begin(), std::nullopt) << log();
        EXPECT_LT(SteadyClock::now() - begun, seconds{20});
        EXPECT_TRUE(connect()->sign(certificate()));
        EXPECT_THAT(log(), HasSubstr("its module says nothing yet; other tokens serve its keys"));
        end();
    }
}

TEST_F(SignerStart, WaitsForASilentTokenBehindASocketThatListens) {
    once("C_Initialize hang");
    const auto begun = SteadyClock::now();
    EXPECT_EQ(begin(), std::nullopt) << log();
    EXPECT_LT(SteadyClock::now() - begun, seconds{30});
    EXPECT_THAT(log(), HasSubstr("its module says nothing yet; unavailable until it comes: issuing, rsa"));
    const auto client = connect();
    EXPECT_EQ(client->sign(certificate()).error().code(), ErrorCode::unavailable);
    EXPECT_EQ(client->keys().value().size(), 8U);
    ::kill(signer_.child("signer-token"), SIGKILL);  // what `start` does in the end
    EXPECT_TRUE(signs_soon(*client)) << log();
    EXPECT_THAT(log(), HasSubstr("token signer serial"));
    end();
}

// Slow is not silent: what does not come by waiting ends the signer as ever.
TEST_F(SignerStart, StillEndsWithTheStatusOfARefusalThatTookItsTime) {
    inject("C_Login delay_ms=2000 call=yes return=CKR_PIN_INCORRECT\n");
    EXPECT_EQ(begin(), 3) << log();
    EXPECT_EQ(house().logins_counted(), 1U);
    std::filesystem::remove(remembered());
    inject("C_Initialize delay_ms=2000\nC_GetAttributeValue attribute=CKA_EXTRACTABLE value=true\n");
    EXPECT_EQ(begin(), 1) << log();
    EXPECT_THAT(log(), HasSubstr("is not served"));
}

TEST_F(SignerStart, OutlivesAHangUpOfEachOfItsProcesses) {
    EXPECT_EQ(begin(), std::nullopt) << log();
    const auto client = connect();
    EXPECT_TRUE(client->sign(certificate()));
    const std::vector<pid_t> processes{signer_.pid(), signer_.child("signer-server"), signer_.child("signer-token")};
    for (const pid_t process : processes) {
        ASSERT_GT(process, 0);
        ::kill(process, SIGHUP);
    }
    EXPECT_TRUE(soon([] { return times(log(), "SIGHUP") > 0; }));
    EXPECT_TRUE(client->sign(certificate()));
    EXPECT_EQ(signer_.child("signer-server"), processes[1]);
    EXPECT_EQ(signer_.child("signer-token"), processes[2]);
    EXPECT_EQ(times(log(), "SIGHUP: nothing is read again"), 1U) << log();
    end();
    EXPECT_THAT(log(), HasSubstr("stopping"));
    EXPECT_FALSE(std::filesystem::exists(house().socket()));
}

TEST_F(SignerStart, OutlivesItsTerminal) {
    const auto launched = test::launch_on_terminal(kProgram, house().config(), house().faulty_environment());
    const pid_t child = launched.pid;
    const int terminal = launched.terminal;
    ASSERT_GE(child, 0);
    std::string screen;
    std::array<char, 512> octets{};
    while (screen.find("listening on") == std::string::npos) {
        const ssize_t count = ::read(terminal, octets.data(), octets.size());
        if (count <= 0) break;
        screen.append(octets.data(), static_cast<std::size_t>(count));
    }
    EXPECT_THAT(screen, HasSubstr("listening on"));
    ::close(terminal);
    const auto client = connect();
    ASSERT_TRUE(client);
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(client->sign(certificate()));
        ::usleep(10000);
    }
    EXPECT_EQ(::waitpid(child, nullptr, WNOHANG), 0);
    ::kill(child, SIGTERM);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

// All of it is gone at once, and started again after what the unit says (RestartSec).
TEST_F(SignerStart, SignsAgainSoonBehindACrashOfItsSupervisor) {
    EXPECT_EQ(begin(), std::nullopt) << log();
    const auto client = connect();
    EXPECT_TRUE(client->sign(certificate()));
    const auto crashed = SteadyClock::now();
    signer_.kill(SIGKILL);
    signer_.wait();
    ::usleep(250000);
    EXPECT_EQ(begin(), std::nullopt) << log();
    EXPECT_TRUE(signs_soon(*client));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - crashed);
    std::cout << "    signs again after " << took.count() << " ms\n";
    EXPECT_LT(took, seconds{10});
    end();
}

// However long the signer was away.
TEST_F(SignerStart, IsFoundAgainByItsClientWithinAMoment) {
    EXPECT_EQ(begin(), std::nullopt) << log();
    const auto client = connect();
    EXPECT_TRUE(client->sign(certificate()));
    signer_.kill(SIGKILL);
    signer_.wait();
    // 50, 100 ... 3200 ms: a client whose pauses grew on would be in one of five seconds.
    ::usleep(6500000);
    EXPECT_EQ(begin(), std::nullopt) << log();
    const auto listening = SteadyClock::now();
    EXPECT_TRUE(signs_soon(*client));
    EXPECT_LT(SteadyClock::now() - listening, seconds{3});
    end();
}

// A start that fails under a service manager, which starts it again at once, does so slowly; one by hand does not.
TEST_F(SignerStart, DoesNotFailSeveralTimesASecondUnderAServiceManager) {
    house().write_config("/nowhere/module.so");
    std::vector<std::string> environment = house().faulty_environment();
    environment.push_back("NOTIFY_SOCKET=" + (house().folder() / "nobody").string());
    auto begun = SteadyClock::now();
    EXPECT_FALSE(signer_.start(kProgram, house().config(), environment));
    EXPECT_EQ(signer_.wait(), 1);
    EXPECT_GE(SteadyClock::now() - begun, seconds{3});
    // Who stops it meanwhile need not wait.
    const std::size_t failures = times(log(), "cannot be loaded");
    signer_.launch(kProgram, house().config(), environment);
    ASSERT_TRUE(soon([&] { return times(log(), "cannot be loaded") > failures; }));
    begun = SteadyClock::now();
    signer_.kill(SIGTERM);
    signer_.wait();
    EXPECT_LT(SteadyClock::now() - begun, seconds{3});
}

TEST_F(SignerStart, TellsEachFindingOnceAndWhoseItIs) {
    configure_twice("evidence = \"none\"\n");
    inject("C_GetAttributeValue attribute=CKA_EXTRACTABLE value=true\n");
    EXPECT_EQ(begin(), std::nullopt) << log();
    const std::string finding = ": key issuing: key_extractable";
    ASSERT_TRUE(soon([&] { return times(log(), finding) == 2; })) << log();
    EXPECT_EQ(times(log(), "signer" + finding), 1U) << log();
    // Both have come up when nothing more is signed as a proof.
    for (std::size_t proofs = 0; proofs != house().signatures_counted(); ::sleep(3))
        proofs = house().signatures_counted();
    // The next process finds the same.
    const auto client = connect();
    const std::size_t logins = house().logins_counted();
    for (const pid_t process : {signer_.child("signer-token")}) ::kill(process, SIGKILL);
    ASSERT_TRUE(soon([&] { return house().logins_counted() == logins + 1 && times(log(), "signs again") == 1; }))
        << log();
    EXPECT_TRUE(signs_soon(*client));
    EXPECT_EQ(times(log(), finding), 2U) << log();
    // Another finding is told.
    inject(
        "C_GetAttributeValue attribute=CKA_EXTRACTABLE value=true\n"
        "C_GetAttributeValue attribute=CKA_SENSITIVE value=false\n");
    ::kill(signer_.child("signer-token"), SIGKILL);
    ASSERT_TRUE(soon([&] { return times(log(), "signs again") == 2; }));
    EXPECT_EQ(times(log(), finding), 3U) << log();
    end();
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
