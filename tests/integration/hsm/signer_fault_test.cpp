// sealwright-signer over a faulty token, and killed in mid-flight: what was signed, what is known of it, and that the
// two agree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "crypto/digest.hpp"
#include "hsm/signer_process/journal_record.hpp"
#include "hsm/signer_process/unix_socket.hpp"
#include "hsm/signer_process/wire.hpp"
#include "signer_house.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using test::SignerHouse;
using test::SignerProcess;

const std::string kProgram =
    std::getenv("SEALWRIGHT_TEST_SIGNER") == nullptr ? "" : std::getenv("SEALWRIGHT_TEST_SIGNER");
const std::string kFaulty =
    std::getenv("SEALWRIGHT_TEST_FAULTY_MODULE") == nullptr ? "" : std::getenv("SEALWRIGHT_TEST_FAULTY_MODULE");

class SignerFault : public ::testing::Test {
protected:
    static void SetUpTestSuite() { house_ = new SignerHouse; }
    static void TearDownTestSuite() { delete house_; }

    void SetUp() override {
        std::filesystem::remove(house().journal());
        std::filesystem::remove(refused_pins());
        inject("");
        for (const auto& file : {house().count(), house().logins(), house().folder() / "log"})
            test::write_text(file, "");
    }
    static SignerHouse& house() { return *house_; }
    static std::filesystem::path refused_pins() { return house().journal().string() + ".refused-pins"; }
    void start(const std::string& extra = {}, const std::string& token_extra = {}) {
        house().write_config(kFaulty, extra, token_extra);
        ASSERT_TRUE(signer_.start(kProgram, house().config(), house().faulty_environment()))
            << "exit status " << signer_.wait();
        test::write_text(house().count(), "");  // what counts begins behind the proofs of the keys
    }
    std::unique_ptr<Client> connect(std::uint64_t epoch = 1,
                                    std::chrono::milliseconds deadline = std::chrono::seconds{10}) {
        auto options = house().client_options(epoch);
        options.deadline = deadline;
        auto client = Client::connect(options, log_);
        EXPECT_TRUE(client) << client.error().describe();
        return client ? std::move(client).value() : nullptr;
    }
    static void inject(std::string_view script) { test::write_text(house().script(), script); }
    // journaled waits until the proofs of eight keys, a fence and this many certificate intents are in the journal:
    // 159, 85 and 184 octets each (journal_record.hpp).
    static bool journaled(std::size_t intents) {
        const std::size_t expected = 64 + 8 * 159 + 85 + intents * 184;
        for (int i = 0; i < 2000; ++i) {
            std::error_code none_yet;
            if (std::filesystem::file_size(house().journal(), none_yet) >= expected && !none_yet) return true;
            ::usleep(5000);
        }
        return false;
    }
    // expect_dropped: of these journaled requests at most what the two lanes had begun was signed; the rest surely not,
    // and the journal knows.
    static void expect_dropped(Client& client, const std::vector<SignRequest>& requests) {
        std::size_t failed = 0, is_signed = 0;
        for (const auto& request : requests) {
            const auto state = client.look_up(request.intent, BootEpoch{1}).value();
            failed += state == JournalState::failed ? 1 : 0;
            is_signed += state == JournalState::signed_ ? 1 : 0;
        }
        EXPECT_EQ(house().signatures_counted(), is_signed);
        EXPECT_LE(is_signed, 2U);
        EXPECT_EQ(is_signed + failed, requests.size());
    }
    static SignRequest certificate(ByteView tbs) { return house().request("issuing", Purpose::certificate, tbs); }

    static SignerHouse* house_;
    NullLog log_;
    SignerProcess signer_;
};
SignerHouse* SignerFault::house_ = nullptr;

TEST_F(SignerFault, KnowsWhatTheTokenSurelyDidNotSign) {
    start();
    const auto client = connect();
    const Bytes tbs = house().tbs_certificate(1);
    inject("C_Sign count=1 return=CKR_DATA_LEN_RANGE\n");
    const auto sure = certificate(tbs);
    EXPECT_EQ(client->sign(sure).error().code(), ErrorCode::token);
    inject("C_Sign count=1 call=yes return=CKR_DEVICE_ERROR\n");
    const auto unsure = certificate(tbs);
    EXPECT_EQ(client->sign(unsure).error().code(), ErrorCode::indeterminate);
    const auto good = certificate(tbs);
    EXPECT_TRUE(client->sign(good));
    EXPECT_EQ(house().signatures_counted(), 2U);
    EXPECT_EQ(client->look_up(sure.intent, BootEpoch{1}).value(), JournalState::failed);
    EXPECT_EQ(client->look_up(unsure.intent, BootEpoch{1}).value(), JournalState::may_have_signed);
    EXPECT_EQ(client->look_up(good.intent, BootEpoch{1}).value(), JournalState::signed_);
    EXPECT_EQ(client->sign(sure).error().code(), ErrorCode::conflict);  // an intent is for one try
}

TEST_F(SignerFault, HealsALostTokenWithoutTheClientNoticing) {
    start();
    const auto client = connect();
    const Bytes tbs = house().tbs_certificate(1);
    for (const char* code : {"CKR_SESSION_HANDLE_INVALID", "CKR_DEVICE_REMOVED", "CKR_USER_NOT_LOGGED_IN"}) {
        inject(std::string{"C_SignInit count=1 return="} + code + "\n");
        EXPECT_TRUE(client->sign(certificate(tbs))) << code;
    }
    EXPECT_EQ(house().signatures_counted(), 3U);
}

TEST_F(SignerFault, TimesOutAtTheClient) {
    start();
    const auto hasty = connect(1, std::chrono::milliseconds{300});
    const Bytes tbs = house().tbs_certificate(1);
    inject("C_Sign count=1 delay_ms=1000\n");
    const auto slow = certificate(tbs);
    EXPECT_EQ(test::code_of(hasty->sign(slow)), ErrorCode::timed_out);
    const auto patient = connect(1);
    EXPECT_TRUE(patient->sign(certificate(tbs)));  // the other lane
    const auto state = [&] {
        const auto found = patient->look_up(slow.intent, BootEpoch{1});
        return found && found.value() == JournalState::signed_;
    };
    for (int i = 0; i < 200 && !state(); ++i) ::usleep(50000);
    EXPECT_TRUE(state());
}

// once gives an action that fires in one process alone: the token's next process is healthy.
std::string once(const std::filesystem::path& folder, const std::string& what) {
    const auto file = folder / "fired";
    std::filesystem::remove(file);
    return what + " once_file=" + file.string() + "\n";
}

TEST_F(SignerFault, EndsATokenThatHangsAndGoesOnWithTheNextProcess) {
    start({}, "hang = \"1s\"\n");
    const auto client = connect();
    const Bytes tbs = house().tbs_certificate(1);
    inject(once(house().folder(), "C_Sign hang"));
    std::vector<std::thread> threads;
    std::atomic<int> timed_out{0};
    for (int i = 0; i < 1; ++i) {
        threads.emplace_back([&] {
            const auto signature = client->sign(certificate(tbs));
            timed_out += !signature && signature.error().code() == ErrorCode::timed_out ? 1 : 0;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(timed_out, 1);
    EXPECT_TRUE(client->sign(certificate(tbs)));
}

// Logins of the only token, at the start, that leave open whether they spent a try of the PIN. real is called first:
// the try counts.
class UnclearLogin : public SignerFault, public ::testing::WithParamInterface<const char*> {
protected:
    // begin starts the signer; its exit status, or none where it serves.
    std::optional<int> begin() {
        house().write_config(kFaulty, {}, "start = \"1s\"\n");
        signer_.log_to(house().folder() / "log");
        if (signer_.start(kProgram, house().config(), house().faulty_environment())) return std::nullopt;
        return signer_.wait();
    }
    static std::string log() { return test::read_text(house().folder() / "log"); }
};

TEST_P(UnclearLogin, IsTriedOnceMoreAndThenNeverAgain) {
    inject(std::string{"C_Login count=0 call=yes "} + GetParam() + "\n");
    EXPECT_EQ(begin(), 3);  // the unit does not start it again
    EXPECT_EQ(house().logins_counted(), 2U);
    EXPECT_THAT(log(), ::testing::HasSubstr("it may have spent a try of the PIN"));
    EXPECT_THAT(log(), ::testing::HasSubstr("the PIN is not tried again"));
    EXPECT_THAT(log(), ::testing::HasSubstr("the token is left alone"));
}

TEST_P(UnclearLogin, IsForgottenBehindAGoodOne) {
    inject(once(house().folder(), std::string{"C_Login call=yes "} + GetParam()));
    EXPECT_EQ(begin(), std::nullopt) << log();
    EXPECT_EQ(house().logins_counted(), 2U);
    const Bytes tbs = house().tbs_certificate(1);
    {
        const auto client = connect(1);
        EXPECT_TRUE(client->sign(certificate(tbs)));
        // The next process, and its first unclear login: not the second in a row.
        inject(once(house().folder(), "C_Sign crash"));
        EXPECT_FALSE(client->sign(certificate(tbs)));
        inject(once(house().folder(), std::string{"C_Login call=yes "} + GetParam()));
        Result<Bytes> again = fail(ErrorCode::unavailable, "");
        for (int i = 0; i < 100 && !again; ++i) {
            ::usleep(100000);
            again = client->sign(certificate(tbs));
        }
        EXPECT_TRUE(again);
    }
    signer_.kill(SIGTERM);
    EXPECT_EQ(signer_.wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, UnclearLogin,
                         ::testing::Values("crash", "hang", "exit", "return=CKR_FUNCTION_FAILED",
                                           "return=CKR_DEVICE_ERROR"),
                         [](const auto& parameters) {
                             std::string name = parameters.param;
                             std::erase_if(name, [](char c) { return c == '=' || c == '_'; });
                             return name;
                         });

// A PIN that was refused once is not tried by any start behind it, until it is another one or a person says so.
class RefusedPin : public SignerFault {
protected:
    static constexpr std::string_view kWrong = "31415926";
    void TearDown() override { test::write_text(house().softhsm().pin_file(), test::SoftHsm::kPin); }
    std::optional<int> begin() {
        house().write_config(kFaulty);
        test::write_text(house().folder() / "log", "");
        signer_.log_to(house().folder() / "log");
        if (signer_.start(kProgram, house().config(), house().faulty_environment())) return std::nullopt;
        return signer_.wait();
    }
    void end() {
        signer_.kill(SIGTERM);
        EXPECT_EQ(signer_.wait(), 0);
    }
    static std::string log() { return test::read_text(house().folder() / "log"); }
    static std::string try_again(const std::string& token) {
        return test::run_command(kProgram + " --config " + house().config().string() + " --try-pin-again '" + token +
                                 "' 2>&1; echo status $?");
    }
};

TEST_F(RefusedPin, IsNotTriedByTheStartsToCome) {
    test::write_text(house().softhsm().pin_file(), kWrong);
    EXPECT_EQ(begin(), 3);
    EXPECT_THAT(log(), ::testing::HasSubstr("the token refused the PIN; it is not tried again"));
    EXPECT_EQ(house().logins_counted(), 1U);
    struct stat status {};
    ASSERT_EQ(::stat(refused_pins().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    const std::string kept = test::read_text(refused_pins());
    EXPECT_THAT(kept, ::testing::Not(::testing::HasSubstr(std::string{kWrong})));
    EXPECT_THAT(kept, ::testing::Not(::testing::HasSubstr(crypto::sha256(view_of(kWrong)).hex())));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(begin(), 3);
        EXPECT_THAT(log(), ::testing::HasSubstr("the token refused this PIN before, at 2"));
    }
    EXPECT_EQ(house().logins_counted(), 1U);
    // The PIN that was refused is what counts, not the file's age.
    std::filesystem::last_write_time(house().softhsm().pin_file(), std::filesystem::file_time_type::clock::now());
    EXPECT_EQ(begin(), 3);
    EXPECT_EQ(house().logins_counted(), 1U);
    // Another wrong one has a try of its own, and is remembered in its place.
    test::write_text(house().softhsm().pin_file(), "11111111");
    EXPECT_EQ(begin(), 3);
    EXPECT_EQ(begin(), 3);
    EXPECT_EQ(house().logins_counted(), 2U);
    test::write_text(house().softhsm().pin_file(), test::SoftHsm::kPin);
    EXPECT_EQ(begin(), std::nullopt) << log();
    EXPECT_EQ(house().logins_counted(), 3U);
    EXPECT_FALSE(std::filesystem::exists(refused_pins()));
    end();
}

TEST_F(RefusedPin, IsTriedAgainWhenAPersonSaysSo) {
    inject("C_Login count=1 call=yes return=CKR_PIN_INCORRECT\n");
    EXPECT_EQ(begin(), 3);
    inject("");
    EXPECT_EQ(begin(), 3);  // the right one, by now; but nobody can know
    EXPECT_EQ(house().logins_counted(), 1U);
    const std::string serial = log().substr(log().find("--try-pin-again '") + 17);
    const std::string name = serial.substr(0, serial.find('\''));
    EXPECT_THAT(try_again("nobody"), ::testing::HasSubstr("status 1"));
    EXPECT_TRUE(std::filesystem::exists(refused_pins()));
    EXPECT_THAT(try_again(name), ::testing::HasSubstr("status 0"));
    EXPECT_THAT(try_again(name), ::testing::HasSubstr("status 1"));  // there is nothing more to forget
    EXPECT_EQ(begin(), std::nullopt) << log();
    EXPECT_EQ(house().logins_counted(), 2U);
    end();
}

TEST_F(RefusedPin, IsRememberedWhereLoginsStayedUnclear) {
    inject("C_Login count=0 call=yes crash\n");
    EXPECT_EQ(begin(), 3);
    EXPECT_EQ(house().logins_counted(), 2U);
    inject("");
    EXPECT_EQ(begin(), 3);
    EXPECT_EQ(house().logins_counted(), 2U);
}

TEST_F(RefusedPin, InAFileThatCannotBeReadKeepsEveryPinFromBeingTried) {
    for (const char* text : {"", "format = 2\n", "format = 1\n[[refused]]\nserial = \"1\"\n",
                             "format = 1\n[[refused]]\nat = \"2026-11-22T10:57:29Z\"\nsalt = \"00\"\ndigest = "
                             "\"00\"\n"}) {
        SCOPED_TRACE(text);
        test::write_text(refused_pins(), text);
        EXPECT_EQ(begin(), 1);
        EXPECT_THAT(log(), ::testing::HasSubstr("refused-pins"));
    }
    EXPECT_EQ(house().logins_counted(), 0U);
}

// No PIN was tried: the log does not say that one was wrong.
TEST_F(RefusedPin, IsNotWhatAFileOpenToOthersIsCalled) {
    ASSERT_EQ(::chmod(house().softhsm().pin_file().c_str(), 0644), 0);
    EXPECT_EQ(begin(), 1);
    EXPECT_THAT(log(), ::testing::HasSubstr("no PIN was tried: the credentials file"));
    EXPECT_THAT(log(), ::testing::HasSubstr("chmod 600"));
    EXPECT_THAT(log(), ::testing::Not(::testing::HasSubstr("right PIN")));
    EXPECT_THAT(log(), ::testing::Not(::testing::HasSubstr("left alone")));
    std::filesystem::remove(house().softhsm().pin_file());
    EXPECT_EQ(begin(), 1);
    EXPECT_THAT(log(), ::testing::HasSubstr("no PIN was tried: the credentials file"));
    EXPECT_FALSE(std::filesystem::exists(refused_pins()));
    EXPECT_EQ(house().logins_counted(), 0U);
    test::write_text(house().softhsm().pin_file(), test::SoftHsm::kPin);
    std::filesystem::permissions(house().softhsm().pin_file(), std::filesystem::perms{0600});
    EXPECT_EQ(begin(), std::nullopt) << "the source is mended, and nothing was remembered";
    end();
}

// Two custodians at one terminal, which shows nothing of what they type.
TEST_F(RefusedPin, IsNotAskedForBehindTwoCustodiansWhoTypedTheirHalves) {
    house().write_config(kFaulty);
    std::string config = test::read_text(house().config());
    const std::string file = "pin = {file = \"pin\"}";
    config.replace(config.find(file), file.size(), "pin = {halves = [{prompt = \"Ada\"}, {prompt = \"Grace\"}]}");
    test::write_text(house().config(), config);
    const auto launched = test::launch_on_terminal(kProgram, house().config(), house().faulty_environment());
    const pid_t child = launched.pid;
    const int terminal = launched.terminal;
    ASSERT_GE(child, 0);
    std::string screen;
    const auto wait_for = [&](std::string_view text) {
        std::array<char, 512> octets{};
        while (screen.find(text) == std::string::npos) {
            pollfd waiting{terminal, POLLIN, 0};
            if (::poll(&waiting, 1, 10000) <= 0) return false;
            const ssize_t count = ::read(terminal, octets.data(), octets.size());
            if (count <= 0) return false;
            screen.append(octets.data(), static_cast<std::size_t>(count));
        }
        return true;
    };
    const std::string first{test::SoftHsm::kPin.substr(0, 3)}, second{test::SoftHsm::kPin.substr(3)};
    const auto type = [&](const std::string& half) {
        // What is typed before the echo is off is thrown away.
        termios mode{};
        for (int i = 0; i < 1000 && ::tcgetattr(terminal, &mode) == 0 && (mode.c_lflag & ECHO) != 0; ++i)
            ::usleep(10000);
        const std::string line = half + "\n";
        EXPECT_EQ(::write(terminal, line.data(), line.size()), static_cast<ssize_t>(line.size()));
    };
    EXPECT_TRUE(wait_for("First half of the PIN of the token")) << screen;
    EXPECT_TRUE(wait_for("by Ada: ")) << screen;
    type(first);
    EXPECT_TRUE(wait_for("by Grace: ")) << screen;
    type(second);
    EXPECT_TRUE(wait_for("listening on")) << screen;
    EXPECT_EQ(house().logins_counted(), 1U);
    const Bytes tbs = house().tbs_certificate(1);
    EXPECT_TRUE(connect()->sign(certificate(tbs)));
    ::kill(child, SIGTERM);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    ::close(terminal);
    EXPECT_EQ(screen.find(second), std::string::npos) << screen;
}

// What is away when the signer starts, and comes later.
class AwayAtStart : public SignerFault, public ::testing::WithParamInterface<const char*> {
protected:
    static std::string log() { return test::read_text(house().folder() / "log"); }
    // signs_soon asks until the token has come, for at most ten seconds.
    static bool signs_soon(Client& client) {
        const Bytes tbs = house().tbs_certificate(1);
        for (int i = 0; i < 100; ++i) {
            if (client.sign(certificate(tbs))) return true;
            ::usleep(100000);
        }
        return false;
    }
};

TEST_P(AwayAtStart, IsWaitedForByASignerThatListens) {
    inject(std::string{GetParam()} + "\n");
    signer_.log_to(house().folder() / "log");
    start();
    EXPECT_THAT(log(), ::testing::HasSubstr("waiting for token"));
    EXPECT_THAT(log(), ::testing::HasSubstr("unavailable until it comes: issuing, rsa, edwards, ocsp, audit, opener"));
    const auto client = connect();
    const Bytes tbs = house().tbs_certificate(1);
    const auto early = certificate(tbs);
    EXPECT_EQ(client->sign(early).error().code(), ErrorCode::unavailable);
    EXPECT_EQ(client->public_key(early.key).error().code(), ErrorCode::unavailable);
    EXPECT_EQ(client->sign(house().request("agreer", Purpose::certificate, tbs)).error().code(), ErrorCode::not_found);
    EXPECT_EQ(client->keys().value().size(), 8U);  // what the daemon looks for when it starts
    ::usleep(1500000);                             // several processes
    EXPECT_EQ(client->sign(early).error().code(), ErrorCode::unavailable);
    EXPECT_EQ(client->look_up(early.intent, BootEpoch{1}).value(), JournalState::never_seen);
    EXPECT_EQ(house().logins_counted(), 0U);
    inject("");
    EXPECT_TRUE(signs_soon(*client)) << log();
    EXPECT_EQ(house().logins_counted(), 1U);
    EXPECT_TRUE(client->public_key(early.key));
    EXPECT_TRUE(client->sign(early));  // nothing was remembered of it
    EXPECT_THAT(log(), ::testing::HasSubstr("key issuing " + early.key.hex() + ": certificate crl csr"));
    signer_.kill(SIGTERM);
    EXPECT_EQ(signer_.wait(), 0);
}

TEST_P(AwayAtStart, IsNoReasonNotToEndInOrder) {
    inject(std::string{GetParam()} + "\n");
    start();
    signer_.kill(SIGTERM);
    EXPECT_EQ(signer_.wait(), 0);
    EXPECT_FALSE(std::filesystem::exists(house().socket()));
}

// A process that hangs before it has come up holds nobody's request.
TEST_P(AwayAtStart, MayHangWhenTheSignerIsStopped) {
    inject(std::string{GetParam()} + "\n");
    signer_.log_to(house().folder() / "log");
    start();
    inject("C_Initialize hang\n");
    ::usleep(1500000);  // until the next process hangs
    signer_.kill(SIGTERM);
    EXPECT_EQ(signer_.wait(), 0) << log();
}

INSTANTIATE_TEST_SUITE_P(All, AwayAtStart,
                         ::testing::Values("C_GetTokenInfo count=0 return=CKR_TOKEN_NOT_PRESENT",
                                           "C_OpenSession count=0 return=CKR_DEVICE_REMOVED",
                                           "C_Initialize count=0 return=CKR_GENERAL_ERROR",
                                           "C_Initialize count=0 crash", "C_GetSlotList count=0 exit"),
                         [](const auto& parameters) {
                             std::string name = parameters.param;
                             std::erase_if(name, [](char c) { return c == '=' || c == '_' || c == ' '; });
                             return name;
                         });

// What waiting does not mend ends the signer as before.
TEST_F(SignerFault, DoesNotWaitForWhatDoesNotCome) {
    signer_.log_to(house().folder() / "log");
    const auto begin = [&] {
        EXPECT_FALSE(signer_.start(kProgram, house().config(), house().faulty_environment()));
        return signer_.wait();
    };
    const auto log = [] { return test::read_text(house().folder() / "log"); };
    house().write_config("/nowhere/module.so");
    EXPECT_EQ(begin(), 1);
    EXPECT_THAT(log(), ::testing::HasSubstr("/nowhere/module.so cannot be loaded"));
    house().write_config(kFaulty, {}, "module_sha256 = \"" + std::string(64, '0') + "\"\n");
    EXPECT_EQ(begin(), 1);
    EXPECT_THAT(log(), ::testing::HasSubstr("another file than module_sha256 says"));
    house().write_config(kFaulty);
    inject("C_Login count=1 call=yes return=CKR_PIN_INCORRECT\n");
    EXPECT_EQ(begin(), 3);
    EXPECT_EQ(house().logins_counted(), 1U);
    std::filesystem::remove(refused_pins());
    inject("C_GetAttributeValue attribute=CKA_EXTRACTABLE value=true\n");
    EXPECT_EQ(begin(), 1);
    EXPECT_THAT(log(), ::testing::HasSubstr("is not served"));
    inject("");
    start();
}

// A key that only decrypts proves itself by decrypting: what the token shows of it could belong to another private key.
class DecryptingKey : public SignerFault {
protected:
    // configure has the signer serve this key alone, by these schemes.
    static void configure(const crypto::PublicKey& key, const std::string& schemes) {
        house().write_config(kFaulty, {}, "evidence = \"none\"\n");
        std::string config = test::read_text(house().config());
        config.resize(config.find("\n[[key]]"));
        config += "\n[[key]]\nid = \"" + key.id().hex() +
                  "\"\nname = \"opener\"\npurposes = [\"decrypt\"]\n[key.decrypt]\nschemes = [" + schemes + "]\n";
        test::write_text(house().config(), config);
    }
    // begin gives the signer's exit status, or none where it serves.
    std::optional<int> begin() {
        signer_.log_to(house().folder() / "log");
        if (!signer_.start(kProgram, house().config(), house().faulty_environment())) return signer_.wait();
        signer_.kill(SIGTERM);
        EXPECT_EQ(signer_.wait(), 0);
        return std::nullopt;
    }
    static std::string log() { return test::read_text(house().folder() / "log"); }
    // altered is the key as the faulty module shows it with alter=key.
    static crypto::PublicKey altered(const crypto::PublicKey& key) {
        Bytes spki = bytes_of(key.spki().view());
        if (key.type() == crypto::KeyType::rsa) {
            spki[spki.size() - 5 - 64] ^= 1U;
        } else {
            const Bytes base = from_hex(
                                   "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8"
                                   "ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
                                   .value();
            std::copy(base.begin(), base.end(), spki.end() - static_cast<std::ptrdiff_t>(base.size()));
        }
        return crypto::PublicKey::parse(spki).value();
    }
    // proofs gives how the keys in the journal proved themselves, in order.
    static std::vector<DecryptionWay> proofs() {
        const std::string text = test::read_text(house().journal());
        ByteView rest = view_of(text);
        Sha256 previous = crypto::sha256(rest.first(kJournalHeader));
        rest = rest.subspan(kJournalHeader);
        std::vector<DecryptionWay> ways;
        while (!rest.empty()) {
            const auto at = read_record(rest, previous);
            EXPECT_TRUE(at) << at.error().describe();
            if (!at) break;
            if (const auto* proof = std::get_if<ProofRecord>(&at.value().record.what))
                ways.push_back(std::get<DecryptionWay>(proof->how));
            previous = at.value().digest;
            rest = rest.subspan(at.value().size);
        }
        return ways;
    }
    static constexpr DecryptionWay kOaep{DecryptScheme::rsa_oaep, crypto::DigestAlgorithm::sha1};
    static constexpr DecryptionWay kOaepSha256{DecryptScheme::rsa_oaep, crypto::DigestAlgorithm::sha256};
    static constexpr DecryptionWay kPkcs1{DecryptScheme::rsa_pkcs1, crypto::DigestAlgorithm::sha256};
    static constexpr DecryptionWay kEcdh{DecryptScheme::ecdh, crypto::DigestAlgorithm::sha256};
};

TEST_F(DecryptingKey, ProvesItselfInAWayThatItsLimitsName) {
    const struct {
        const char *name, *schemes;
        DecryptionWay way;
    } kRows[] = {{"opener", "\"rsa-oaep\"", kOaep},
                 {"opener", "\"rsa-pkcs1\"", kPkcs1},
                 {"opener", "\"rsa-pkcs1\", \"rsa-oaep\"", kOaep},
                 {"agreer", "\"ecdh\"", kEcdh}};
    for (const auto& row : kRows) {
        SCOPED_TRACE(row.schemes);
        std::filesystem::remove(house().journal());
        configure(house().key(row.name).public_key, row.schemes);
        EXPECT_EQ(begin(), std::nullopt) << log();
        EXPECT_EQ(proofs(), std::vector{row.way});
    }
}

TEST_F(DecryptingKey, ProvesItselfInAnotherWayWhereTheTokenLacksTheFirst) {
    configure(house().key("opener").public_key, "\"rsa-oaep\", \"rsa-pkcs1\"");
    inject("C_DecryptInit count=2 return=CKR_MECHANISM_PARAM_INVALID\n");
    EXPECT_EQ(begin(), std::nullopt) << log();
    EXPECT_EQ(proofs(), (std::vector{kOaep, kOaepSha256, kPkcs1}));
    // Where the key may not decrypt so, it does not prove itself so.
    configure(house().key("opener").public_key, "\"rsa-oaep\"");
    inject("C_DecryptInit count=2 return=CKR_MECHANISM_PARAM_INVALID\n");
    EXPECT_EQ(begin(), 1);
    EXPECT_THAT(log(), ::testing::HasSubstr("does not prove that it holds the key opener"));
}

TEST_F(DecryptingKey, IsRefusedWhereThePrivateHalfIsAnotherOne) {
    inject("C_GetAttributeValue alter=key\n");
    const struct {
        const char *name, *schemes;
    } kRows[] = {{"opener", "\"rsa-oaep\""}, {"opener", "\"rsa-pkcs1\""}, {"agreer", "\"ecdh\""}};
    for (const auto& row : kRows) {
        SCOPED_TRACE(row.schemes);
        test::write_text(house().folder() / "log", "");
        // The token shows the key that is asked for.
        configure(altered(house().key(row.name).public_key), row.schemes);
        EXPECT_EQ(begin(), 1);
        EXPECT_THAT(log(), ::testing::HasSubstr("does not prove that it holds the key opener"));
    }
    // Under the label and CKA_ID of the key stands another one.
    test::write_text(house().folder() / "log", "");
    configure(house().key("opener").public_key, "\"rsa-oaep\"");
    EXPECT_EQ(begin(), 1);
    EXPECT_THAT(log(), ::testing::HasSubstr("the token does not hold the key opener"));
}

// A device that is not there took no try: it is asked for as long as it takes.
TEST_F(SignerFault, ATokenThatIsNotThereTakesNoTryOfThePin) {
    start();
    const auto client = connect();
    const Bytes tbs = house().tbs_certificate(1);
    inject(once(house().folder(), "C_Sign crash") + "C_Login count=0 return=CKR_TOKEN_NOT_PRESENT\n");
    EXPECT_FALSE(client->sign(certificate(tbs)));
    ::usleep(2000000);  // four processes and more
    inject("");
    Result<Bytes> again = fail(ErrorCode::unavailable, "");
    for (int i = 0; i < 100 && !again; ++i) {
        ::usleep(100000);
        again = client->sign(certificate(tbs));
    }
    EXPECT_TRUE(again);
}

TEST_F(SignerFault, RefusesMoreThanItCanHold) {
    start("max_outstanding = 4\n");
    const auto client = connect();
    const Bytes tbs = house().tbs_certificate(1);
    inject("C_Sign count=0 delay_ms=300\n");
    std::vector<std::thread> threads;
    std::atomic<int> signatures{0}, overloaded{0};
    for (int i = 0; i < 12; ++i) {
        threads.emplace_back([&] {
            const auto signature = client->sign(certificate(tbs));
            signatures += signature ? 1 : 0;
            overloaded += !signature && signature.error().code() == ErrorCode::overloaded ? 1 : 0;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(signatures + overloaded, 12);
    EXPECT_GE(signatures, 4);
    EXPECT_GT(overloaded, 0);
    EXPECT_EQ(static_cast<int>(house().signatures_counted()), signatures.load());
}

// What waits behind a slow token is dropped when its client dies or is fenced off: it is journaled, and never signed.
TEST_F(SignerFault, DropsWhatADeadClientLeftInTheQueue) {
    start();
    inject("C_Sign count=2 delay_ms=3000\n");
    const Bytes tbs = house().tbs_certificate(1);
    std::vector<SignRequest> requests;
    for (int i = 0; i < 12; ++i) requests.push_back(certificate(tbs));
    {
        auto client = connect(1);
        std::vector<std::thread> threads;
        for (const auto& request : requests) threads.emplace_back([&] { (void)client->sign(request); });
        EXPECT_TRUE(journaled(requests.size()));
        std::thread closing{[&] { connect(2); }};  // the next boot of the same node
        for (auto& thread : threads) thread.join();
        closing.join();
    }
    const auto client = connect(3);
    expect_dropped(*client, requests);
}

// The same for a client whose process is gone: its socket closes behind requests that the signer has read already.
TEST_F(SignerFault, DropsWhatAClosedConnectionLeftInTheQueue) {
    start();
    inject("C_Sign count=2 delay_ms=3000\n");
    const Bytes tbs = house().tbs_certificate(1);
    std::vector<SignRequest> requests;
    {
        auto socket = connect_unix(house().socket().string());
        ASSERT_TRUE(socket);
        Bytes out;
        append_message(out, 0, ClientMessage{Hello{}});
        append_message(out, 0, ClientMessage{Fence{house().client_options().node, BootEpoch{1}}});
        for (std::uint64_t i = 0; i < 12; ++i) {
            requests.push_back(certificate(tbs));
            const SignHead head{requests.back().key, Purpose::certificate, requests.back().algorithm,
                                requests.back().intent, 10000};
            append_message(out, i + 1, ClientMessage{Sign{head, tbs}});
        }
        std::size_t sent = 0;
        ASSERT_TRUE(send_all(socket.value().get(), out, std::chrono::seconds{5}, sent));
        EXPECT_TRUE(journaled(requests.size()));
    }
    const auto client = connect(2);  // its fence is answered when nothing of the older epoch is under way
    expect_dropped(*client, requests);
}

TEST_F(SignerFault, FenceWaitsForSignaturesOfOlderEpochs) {
    start();
    const auto old_client = connect(1);
    const Bytes tbs = house().tbs_certificate(1);
    const auto request = certificate(tbs);
    inject("C_Sign count=1 delay_ms=3000\n");
    std::thread asking{[&] { (void)old_client->sign(request); }};
    EXPECT_TRUE(journaled(1));
    const auto client = connect(2);
    EXPECT_EQ(client->look_up(request.intent, BootEpoch{1}).value(), JournalState::signed_);
    asking.join();
}

// Sixteen threads ask, the signer is killed at some moment; then everything that is known must fit what the token
// counted.
TEST_F(SignerFault, AgreesWithTheTokenAfterAKillInMidFlight) {
    std::uint64_t epoch = 1;
    std::size_t ever_answered = 0, ever_cut_off = 0;  // a kill that cuts nothing off would prove nothing
    for (int round = 0; round < 8; ++round) {
        SCOPED_TRACE(round);
        std::filesystem::remove(house().journal());
        test::write_text(house().count(), "");
        start();
        struct Asked {
            SignRequest request;
            std::optional<ErrorCode> error;
        };
        std::vector<std::vector<Asked>> asked(16);
        const Bytes tbs = house().tbs_certificate(1);
        const BootEpoch boot{epoch++};
        {
            const auto client = connect(boot.value());
            std::atomic<bool> killed{false};
            std::vector<std::thread> threads;
            for (auto& mine : asked) {
                threads.emplace_back([&] {
                    while (!killed) {
                        Asked one{certificate(tbs), std::nullopt};
                        const auto signature = client->sign(one.request);
                        if (!signature) one.error = signature.error().code();
                        mine.push_back(one);
                        if (one.error == ErrorCode::unavailable) ::usleep(1000);
                    }
                });
            }
            ::usleep(static_cast<useconds_t>(30000 + 17000 * round));
            signer_.kill(SIGKILL);
            signer_.wait();
            killed = true;
            for (auto& thread : threads) thread.join();
        }
        const std::size_t counted = house().signatures_counted();
        start();
        const auto client = connect(epoch++);
        std::size_t answered = 0, known_signed = 0, open = 0;
        for (const auto& mine : asked) {
            for (const Asked& one : mine) {
                const auto state = client->look_up(one.request.intent, boot).value();
                known_signed += state == JournalState::signed_ ? 1 : 0;
                open += state == JournalState::may_have_signed ? 1 : 0;
                if (!one.error) {
                    ++answered;
                    EXPECT_TRUE(state == JournalState::signed_ || state == JournalState::may_have_signed);
                } else if (one.error == ErrorCode::unavailable) {
                    EXPECT_EQ(state, JournalState::never_seen);  // surely not signed, and the journal says so too
                } else {
                    EXPECT_EQ(*one.error, ErrorCode::indeterminate);
                    ++ever_cut_off;
                }
            }
        }
        EXPECT_GE(counted, answered);
        EXPECT_GE(counted, known_signed);
        EXPECT_LE(counted, known_signed + open);
        ever_answered += answered;
        signer_.kill(SIGTERM);
        EXPECT_EQ(signer_.wait(), 0);
    }
    EXPECT_GT(ever_answered, 0U);
    EXPECT_GT(ever_cut_off, 0U);
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
