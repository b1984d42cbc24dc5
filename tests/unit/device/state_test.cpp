#include "device/state.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "tests/support/openssl_cli.hpp"

namespace sealwright::device::test {
namespace {

namespace fs = std::filesystem;

// p256_area is a TPM2B_PUBLIC of a signing key with this point.
Bytes p256_area(ByteView point) {
    Bytes area{0x00, 0x56, 0x00, 0x23, 0x00, 0x0b, 0x00, 0x04, 0x04, 0x72,
               0x00, 0x00, 0x00, 0x10, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10};
    for (const std::size_t half : {std::size_t{0}, std::size_t{32}}) {
        append(area, Bytes{0x00, 0x20});
        append(area, point.subspan(half, 32));
    }
    area[1] = static_cast<std::uint8_t>(area.size() - 2);
    return area;
}

UtcTime now_of_test() { return SystemClock{}.now(); }

std::vector<x509::Certificate> read(const std::string& chain) { return x509::Certificate::parse_pem(chain).value(); }

class StateTest : public testing::Test {
protected:
    // certified makes a key and a certificate for it by openssl, and a request that it answers.
    std::pair<Pending, std::string> certified(const std::string& replaces = {}) {
        shell_.run(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -subj "
            "/CN=device -days 3 && "
            "openssl x509 -in cert -noout -pubkey | openssl pkey -pubin -outform DER | tail -c 64 > point && cp cert "
            "roots");
        Pending pending;
        pending.stage = Stage::answering;
        pending.server = "https://ca.example.org:8443";
        pending.profile = "device";
        pending.names = {"CN=device", {"a.example.org", "b.example.org"}};
        pending.ak = {Bytes(40, 1), Bytes(40, 2)};
        pending.key = {p256_area(shell_.read("point")), Bytes(40, 3)};
        pending.replaces = replaces;
        pending.is_anew = true;
        pending.challenge = Challenge{std::string(32, 'a'), Bytes(8, 1), Bytes(8, 2), Bytes(32, 3),
                                      from_rfc3339("2026-11-22T12:00:00Z").value()};
        return {pending, std::string{text_of(shell_.read("cert"))}};
    }
    fs::path roots() const { return shell_.path("roots"); }
    fs::path folder() const { return shell_.path("state"); }

    sealwright::test::OpensslCli shell_;
};

TEST_F(StateTest, KeepsThePendingRequestAsItWas) {
    const auto pending = certified().first;
    {
        auto state = State::open(folder());
        ASSERT_TRUE(state) << state.error().describe();
        ASSERT_TRUE(state.value().save(pending));
    }
    auto state = State::open(folder());
    const auto read = state.value().pending();
    ASSERT_TRUE(read) << read.error().describe();
    ASSERT_TRUE(read.value());
    EXPECT_EQ(encode_pending(*read.value()), encode_pending(pending));
    struct stat status {};
    ASSERT_EQ(::stat((folder() / "pending.json").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat(folder().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(StateTest, IsHeldByOneProgramAtATime) {
    const auto first = State::open(folder());
    ASSERT_TRUE(first);
    EXPECT_EQ(State::open(folder()).error().code(), ErrorCode::unavailable);
}

TEST_F(StateTest, InstallsACertificateWithItsKey) {
    const auto [pending, chain] = certified();
    auto state = State::open(folder());
    ASSERT_TRUE(state.value().save(pending));
    const auto identity = state.value().install(pending, read(chain), roots());
    ASSERT_TRUE(identity) << identity.error().describe();
    EXPECT_EQ(identity.value().key, pending.key);
    EXPECT_EQ(identity.value().terms.names, pending.names);
    EXPECT_FALSE(state.value().pending().value()) << "it is finished";
    EXPECT_EQ(fs::read_symlink(folder() / "current"), "generations/1");
}

TEST_F(StateTest, ACertificateForAnotherKeyIsNeverInstalled) {
    auto [pending, chain] = certified();
    const auto other = certified().first;
    pending.key = other.key;
    auto state = State::open(folder());
    EXPECT_EQ(state.value().install(pending, read(chain), roots()).error().code(), ErrorCode::conflict);
    EXPECT_EQ(check_received(chain, pending.key, {}, now_of_test()).error().code(), ErrorCode::conflict);
    EXPECT_FALSE(fs::exists(folder() / "current"));
}

TEST_F(StateTest, WhatTheCaSentIsChecked) {
    const auto [pending, chain] = certified();
    const auto sent = [&](const std::string& pem, UtcTime now, const std::string& replaces = {}) {
        const auto checked = check_received(pem, pending.key, replaces, now);
        return checked ? "held" : std::string{error_code_name(checked.error().code())};
    };
    const auto leaf = read(chain)[0];
    const auto begin = leaf.fields().not_before, end = leaf.fields().not_after;
    EXPECT_EQ(sent(chain, begin), "held");
    EXPECT_EQ(sent(chain, begin - std::chrono::minutes{5}), "held");
    EXPECT_EQ(sent(chain, begin - std::chrono::minutes{6}), "clock");
    EXPECT_EQ(sent(chain, end), "held");
    EXPECT_EQ(sent(chain, end + std::chrono::seconds{1}), "invalid_signature");
    EXPECT_EQ(sent(chain, begin, serial_of(leaf)), "conflict");
    EXPECT_EQ(sent("", begin), "malformed");
    EXPECT_EQ(sent(chain + chain, begin), "held") << "self-signed";
    const std::string other = certified().second;  // of the same name, with another key
    EXPECT_EQ(sent(chain + other, begin), "invalid_signature");
    EXPECT_EQ(sent(other, begin), "conflict");
}

TEST_F(StateTest, KeepsTheGenerationThatWasInUse) {
    auto state = State::open(folder());
    for (int i = 0; i < 2; ++i) {
        const auto [pending, chain] = certified();
        ASSERT_TRUE(state.value().install(pending, read(chain), roots()));
    }
    fs::create_directories(folder() / "generations/5");  // of a run that was cut short before it switched
    const auto [pending, chain] = certified();
    ASSERT_TRUE(state.value().install(pending, read(chain), roots()));
    EXPECT_EQ(fs::read_symlink(folder() / "current"), "generations/6");
    EXPECT_TRUE(fs::exists(folder() / "generations/2"));
    EXPECT_FALSE(fs::exists(folder() / "generations/5"));
}

TEST_F(StateTest, KeepsOneGenerationBeforeTheCurrentOne) {
    auto state = State::open(folder());
    for (int i = 0; i < 3; ++i) {
        const auto [pending, chain] = certified();
        ASSERT_TRUE(state.value().install(pending, read(chain), roots()));
    }
    EXPECT_EQ(fs::read_symlink(folder() / "current"), "generations/3");
    EXPECT_FALSE(fs::exists(folder() / "generations/1"));
    EXPECT_TRUE(fs::exists(folder() / "generations/2"));
}

TEST_F(StateTest, SettlesARequestWhoseCertificateIsInPlace) {
    const auto [pending, chain] = certified();
    auto state = State::open(folder());
    ASSERT_TRUE(state.value().install(pending, read(chain), roots()));
    ASSERT_TRUE(state.value().save(pending)) << "as if the run had ended before it was dropped";
    EXPECT_TRUE(state.value().settle().value());
    EXPECT_FALSE(state.value().pending().value());
    Pending renewal = pending;  // with the same key, of this very certificate: not finished
    renewal.replaces = state.value().current().value()->serial();
    ASSERT_TRUE(state.value().save(renewal));
    EXPECT_FALSE(state.value().settle().value());
    EXPECT_TRUE(state.value().pending().value());
}

TEST_F(StateTest, RemovesWhatAStepThatDidNotEndLeft) {
    fs::create_directories(folder() / "generations/7.tmp");
    std::ofstream{folder() / "pending.json.tmp.1.0"} << "half";
    fs::create_symlink("generations/7", folder() / "current.tmp");
    const auto state = State::open(folder());
    ASSERT_TRUE(state) << state.error().describe();
    EXPECT_FALSE(fs::exists(folder() / "generations/7.tmp"));
    EXPECT_FALSE(fs::exists(folder() / "pending.json.tmp.1.0"));
    EXPECT_FALSE(fs::is_symlink(folder() / "current.tmp"));
    EXPECT_FALSE(state.value().current().value());
}

TEST_F(StateTest, RemovesNothingThatIsNotItsOwn) {
    const auto names = {"notes.tmp", "a.tmp.b", "pending.json.tmp", "generations/x.tmp", "generations/7.tmp.bak"};
    { ASSERT_TRUE(State::open(folder())); }
    for (const auto* each : names) fs::create_directories(folder() / each);
    fs::create_directories(folder() / "current.tmp");
    { ASSERT_TRUE(State::open(folder())); }
    for (const auto* each : names) EXPECT_TRUE(fs::exists(folder() / each)) << each;
    EXPECT_TRUE(fs::exists(folder() / "current.tmp")) << "no symbolic link";
}

TEST_F(StateTest, WhoOnlyReadsLeavesEverythingAsItIs) {
    fs::create_directories(folder() / "generations/7.tmp");
    std::ofstream{folder() / "pending.json.tmp.1.0"} << "half";
    const auto state = State::open_existing(folder(), Access::read);
    ASSERT_TRUE(state) << state.error().describe();
    EXPECT_TRUE(fs::exists(folder() / "generations/7.tmp"));
    EXPECT_TRUE(fs::exists(folder() / "pending.json.tmp.1.0"));
    EXPECT_FALSE(fs::exists(folder() / "lock"));
}

TEST_F(StateTest, AFolderOfSomethingElseIsRefused) {
    fs::create_directories(folder() / "data.tmp");
    std::ofstream{folder() / "lock"} << "4711";
    EXPECT_THAT(State::open(folder()).error().public_detail(), testing::HasSubstr("in use by something else"));
    EXPECT_EQ(State::open_existing(folder(), Access::read).error().code(), ErrorCode::denied);
    EXPECT_TRUE(fs::exists(folder() / "data.tmp"));
}

TEST_F(StateTest, AFolderOfAnotherUserIsOnlyRead) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
    { ASSERT_TRUE(State::open(folder())); }
    ASSERT_EQ(::chown(folder().c_str(), 65534, 65534), 0);
    const auto state = State::open(folder());
    EXPECT_EQ(state.error().code(), ErrorCode::denied);
    EXPECT_THAT(state.error().public_detail(), testing::HasSubstr("runuser -u nobody -- sealwright-device"));
    EXPECT_TRUE(State::open_existing(folder(), Access::read));
}

TEST_F(StateTest, DamageIsPutAside) {
    auto state = State::open(folder());
    const auto [pending, chain] = certified();
    ASSERT_TRUE(state.value().install(pending, read(chain), roots()));
    ASSERT_TRUE(state.value().save(pending));
    ASSERT_TRUE(state.value().put_aside_damaged());
    EXPECT_TRUE(state.value().pending().value()) << "nothing was damaged";
    EXPECT_TRUE(state.value().current().value());
    std::ofstream{folder() / "pending.json"} << R"({"version":2})";
    std::ofstream{folder() / "generations/1/terms.json"} << "{";
    EXPECT_FALSE(state.value().settle());
    ASSERT_TRUE(state.value().put_aside_damaged());
    EXPECT_FALSE(state.value().pending().value());
    EXPECT_FALSE(state.value().current().value());
    EXPECT_TRUE(fs::exists(folder() / "pending.json.damaged"));
    EXPECT_TRUE(fs::is_symlink(folder() / "current.damaged"));
}

TEST_F(StateTest, WhatCannotBeReadIsNotCalledDamaged) {
    const auto state = State::open(folder());
    fs::create_directory(folder() / "pending.json");
    const auto pending = state.value().pending();
    EXPECT_EQ(pending.error().code(), ErrorCode::io);
    EXPECT_THAT(pending.error().public_detail(), testing::Not(testing::HasSubstr("damaged")));
    EXPECT_TRUE(state.value().put_aside_damaged());
    EXPECT_TRUE(fs::exists(folder() / "pending.json"));
}

TEST_F(StateTest, DamageIsTold) {
    auto state = State::open(folder());
    ASSERT_TRUE(write_file_atomically(folder() / "pending.json", view_of("{\"version\":1}")));
    EXPECT_THAT(state.value().pending().error().public_detail(), testing::HasSubstr("pending.json is damaged"));
    EXPECT_EQ(State::open_existing(shell_.path("nowhere"), Access::write).error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace sealwright::device::test
