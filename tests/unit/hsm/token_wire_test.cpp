// What the signer's processes say to each other: read back as it was written, refused when one thing is off.
#include "hsm/signer_process/token_wire.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "hsm/signer_process/control.hpp"
#include "hsm/signer_process/findings_mark.hpp"
#include "hsm/signer_process/login_marks.hpp"
#include "hsm/signer_process/started_marks.hpp"

namespace sealwright::hsm::signer_process {
namespace {

KeyId some_key(std::uint8_t value) {
    std::array<std::uint8_t, KeyId::kSize> octets{};
    octets.fill(value);
    return KeyId{octets};
}

TokenJob job(TokenJob::Form form, ByteView octets) {
    return {7, 1234567890123ULL, some_key(3), crypto::default_algorithm(crypto::KeyType::ec_p384), form, octets};
}

// expect_strict: no prefix of a packet is a packet, nor one with an octet more, nor one of another version.
template <class Parse>
void expect_strict(const Bytes& packet, Parse&& parse) {
    ASSERT_TRUE(parse(packet));
    for (std::size_t size = 0; size < packet.size(); ++size) EXPECT_FALSE(parse(ByteView{packet}.first(size))) << size;
    Bytes longer = packet;
    longer.push_back(0);
    EXPECT_FALSE(parse(longer));
    Bytes other = packet;
    other[0] ^= 1U;
    EXPECT_FALSE(parse(other));
}

TEST(TokenWire, CarriesJobs) {
    const Bytes message(300, 9), digest(48, 5), length(8, 1);
    const Bytes packet =
        encode_packet(TokenJobs{{job(TokenJob::Form::message, message), job(TokenJob::Form::digest, digest)}});
    const auto parsed = parse_token_jobs(packet);
    ASSERT_TRUE(parsed) << parsed.error().describe();
    ASSERT_EQ(parsed.value().jobs.size(), 2U);
    const TokenJob& first = parsed.value().jobs[0];
    EXPECT_EQ(first.slot, 7);
    EXPECT_EQ(first.ticket, 1234567890123ULL);
    EXPECT_EQ(first.key, some_key(3));
    EXPECT_EQ(first.algorithm, crypto::default_algorithm(crypto::KeyType::ec_p384));
    EXPECT_TRUE(equal(first.octets, message));
    EXPECT_EQ(parsed.value().jobs[1].form, TokenJob::Form::digest);
    expect_strict(packet, [](ByteView octets) { return static_cast<bool>(parse_token_jobs(octets)); });
    EXPECT_TRUE(parse_token_jobs(encode_packet(TokenJobs{{job(TokenJob::Form::attached, length)}})));
    EXPECT_FALSE(parse_token_jobs(encode_packet(TokenJobs{{job(TokenJob::Form::attached, digest)}})));
    EXPECT_FALSE(parse_token_jobs(
        encode_packet(TokenJobs{{job(TokenJob::Form::attached, length), job(TokenJob::Form::digest, digest)}})));
    EXPECT_FALSE(parse_token_jobs(encode_packet(TokenJobs{})));
    EXPECT_FALSE(parse_token_jobs(
        encode_packet(TokenJobs{std::vector<TokenJob>(kMaxJobsInPacket + 1, job(TokenJob::Form::digest, digest))})));
}

TEST(TokenWire, CarriesWhatATokenSays) {
    const Bytes spki(91, 4), signature(71, 6);
    const auto is_read = [](ByteView octets) { return static_cast<bool>(parse_token_message(octets)); };
    const Bytes notice = encode_packet(TokenMessage{TokenKeyNotice{some_key(1), true, spki}});
    expect_strict(notice, is_read);
    EXPECT_TRUE(std::get<TokenKeyNotice>(parse_token_message(notice).value()).signs_digests);

    const Bytes ready = encode_packet(TokenMessage{TokenReady{"serial", "label", "maker", "model", "/module.so", {}}});
    expect_strict(ready, is_read);
    EXPECT_EQ(std::get<TokenReady>(parse_token_message(ready).value()).module, "/module.so");

    const Bytes refusal =
        encode_packet(TokenMessage{TokenRefusal{Error{ErrorCode::denied, "public", "private"}, Outlook::may_heal}});
    expect_strict(refusal, is_read);
    EXPECT_EQ(std::get<TokenRefusal>(parse_token_message(refusal).value()).outlook, Outlook::may_heal);
    for (const std::uint8_t unknown : Bytes{0, 3}) {
        Bytes other = refusal;
        other[2] = unknown;
        EXPECT_FALSE(parse_token_message(other));
    }
    EXPECT_EQ(std::get<TokenRefusal>(parse_token_message(refusal).value()).why.describe(), "denied: public [private]");

    TokenResults results;
    results.microseconds = 55;
    results.results.push_back({1, 2, std::nullopt, signature});
    results.results.push_back({3, 4, Error{ErrorCode::indeterminate, "what", "why"}, {}});
    const Bytes packet = encode_packet(TokenMessage{results});
    expect_strict(packet, is_read);
    const auto parsed = parse_token_message(packet);
    const auto& read = std::get<TokenResults>(parsed.value());
    EXPECT_TRUE(equal(read.results[0].signature, signature));
    EXPECT_EQ(read.results[1].error->code(), ErrorCode::indeterminate);
}

TEST(TokenWire, TakesAnErrorCodeThatNobodyKnowsForAnInternalOne) {
    Bytes refusal = encode_packet(TokenMessage{TokenRefusal{Error{ErrorCode::denied, "", ""}}});
    refusal[3] = 0xff;
    EXPECT_EQ(std::get<TokenRefusal>(parse_token_message(refusal).value()).why.code(), ErrorCode::internal);
}

TEST(Control, IsReadBackAndStrict) {
    const auto is_request = [](ByteView octets) { return static_cast<bool>(parse_control_request(octets)); };
    const auto is_notice = [](ByteView octets) { return static_cast<bool>(parse_control_notice(octets)); };
    for (const ControlRequest& request : {ControlRequest{StartToken{3}}, ControlRequest{KillToken{1}}}) {
        const Bytes packet = encode_control(request);
        EXPECT_EQ(parse_control_request(packet).value().index(), request.index());
        EXPECT_FALSE(is_request(ByteView{packet}.first(1)));
        EXPECT_FALSE(is_notice(packet));
    }
    for (const bool is_refused : {false, true}) {
        const Bytes packet =
            encode_control(ControlNotice{TokenNotStarted{1, Error{ErrorCode::denied, "a", "b"}, is_refused}});
        const auto parsed = parse_control_notice(packet);
        EXPECT_EQ(std::get<TokenNotStarted>(parsed.value()).is_pin_refused, is_refused);
        EXPECT_EQ(std::get<TokenNotStarted>(parsed.value()).why.describe(), "denied: a [b]");
    }
    const Bytes ended = encode_control(ControlNotice{TokenEnded{2, 4711, true, 11, true}});
    const auto parsed = parse_control_notice(ended);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(std::get<TokenEnded>(parsed.value()).pid, 4711U);
    EXPECT_TRUE(std::get<TokenEnded>(parsed.value()).by_signal);
    EXPECT_TRUE(std::get<TokenEnded>(parsed.value()).is_login_unclear);
    const Bytes clear = encode_control(ControlNotice{TokenEnded{2, 4711, true, 11}});
    EXPECT_FALSE(std::get<TokenEnded>(parse_control_notice(clear).value()).is_login_unclear);
    EXPECT_FALSE(is_notice(ByteView{ended}.first(ended.size() - 1)));
    const Bytes failed = encode_control(ControlNotice{TokenNotStarted{1, Error{ErrorCode::denied, "a", "b"}}});
    EXPECT_EQ(std::get<TokenNotStarted>(parse_control_notice(failed).value()).why.describe(), "denied: a [b]");
}

TEST(LoginMarks, SayWhatTheLoginsOfAProcessCameToWhateverEndedIt) {
    using pkcs11::LoginOutcome;
    const auto left_by = [](auto&& live) {
        auto marks = LoginMarks::create().value();
        const pid_t child = ::fork();
        if (child == 0) {
            live(*marks);
            ::raise(SIGKILL);
        }
        ::waitpid(child, nullptr, 0);
        return marks;
    };
    const auto in_the_middle = left_by([](LoginMarks& marks) { marks.begins(); });
    EXPECT_EQ(in_the_middle->unclear(), 1U);
    EXPECT_FALSE(in_the_middle->has_succeeded());
    const auto after_success = left_by([](LoginMarks& marks) {
        for (const auto outcome : {LoginOutcome::unclear, LoginOutcome::done, LoginOutcome::not_tried}) {
            marks.begins();
            marks.ended(outcome);
        }
    });
    EXPECT_EQ(after_success->unclear(), 0U);
    EXPECT_TRUE(after_success->has_succeeded());
    const auto twice = left_by([](LoginMarks& marks) {
        marks.begins();
        marks.ended(LoginOutcome::unclear);
        marks.begins();
    });
    EXPECT_EQ(twice->unclear(), 2U);
    const auto side_by_side = left_by([](LoginMarks& marks) {
        marks.begins();
        marks.ended(LoginOutcome::done);
        for (int lane = 0; lane < 3; ++lane) marks.begins();
    });
    EXPECT_EQ(side_by_side->unclear(), 1U);
    const auto refused = left_by([](LoginMarks& marks) {
        marks.begins();
        marks.ended(LoginOutcome::refused);
    });
    EXPECT_TRUE(refused->was_refused());
    EXPECT_EQ(refused->unclear(), 0U);
}

// What a process is answered before it logs in, and what it says behind it.
TEST(LoginMarks, AskForLeaveBeforeALogin) {
    using Leave = LoginMarks::Leave;
    const auto answered = [](std::optional<Leave> leave) {
        auto marks = LoginMarks::create().value();
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(marks->descriptor());
            const auto permitted = marks->permit();
            if (permitted) marks->settled();
            ::_exit(permitted ? 0 : static_cast<int>(permitted.error().code()) + 1);
        }
        marks->is_born();
        const auto next = [&] {
            pollfd waiting{marks->descriptor(), POLLIN, 0};
            EXPECT_EQ(::poll(&waiting, 1, 60000), 1);
            return marks->hear();
        };
        EXPECT_EQ(next(), LoginMarks::Says::asks);
        EXPECT_EQ(marks->hear(), std::nullopt);
        if (leave) marks->answer(*leave);
        if (leave == Leave::given) {
            EXPECT_EQ(next(), LoginMarks::Says::settled);
        }
        if (!leave) marks.reset();  // the supervisor is gone
        int status = -1;
        ::waitpid(child, &status, 0);
        return WEXITSTATUS(status);
    };
    EXPECT_EQ(answered(Leave::given), 0);
    EXPECT_EQ(answered(Leave::not_remembered), static_cast<int>(ErrorCode::storage) + 1);
    EXPECT_EQ(answered(Leave::never), static_cast<int>(ErrorCode::denied) + 1);
    EXPECT_EQ(answered(static_cast<Leave>(9)), static_cast<int>(ErrorCode::unavailable) + 1);
    EXPECT_EQ(answered(std::nullopt), static_cast<int>(ErrorCode::unavailable) + 1);
}

// A supervisor that is busy does not hold up the login of a PIN that was good in this life.
TEST(LoginMarks, DoNotWaitForLeaveToTryAPinThatWasGood) {
    auto marks = LoginMarks::create().value();
    marks->begins();
    marks->ended(pkcs11::LoginOutcome::done);
    EXPECT_TRUE(marks->permit());
    marks->answer(LoginMarks::Leave::never);  // too late, and not an answer to the next question
    EXPECT_TRUE(marks->permit());
}

TEST(LoginMarks, HearNobodyWhoTalksNonsense) {
    auto marks = LoginMarks::create().value();
    const std::uint8_t nonsense = 7;
    ASSERT_EQ(::write(marks->descriptor_of_process(), &nonsense, 1), 1);
    EXPECT_EQ(marks->hear(), std::nullopt);
    EXPECT_EQ(marks->descriptor(), -1);
}

TEST(FindingsMark, TellsOtherFindingsFromTheSame) {
    auto mark = FindingsMark::create().value();
    EXPECT_FALSE(mark.is_news({}));
    EXPECT_TRUE(mark.is_news({"a", "b"}));
    EXPECT_FALSE(mark.is_news({"a", "b"}));
    EXPECT_TRUE(mark.is_news({"a"}));
    EXPECT_TRUE(mark.is_news({}));
    mark.share_with_children(false);
    EXPECT_TRUE(mark.is_news({"a"}));
    mark.share_with_children(true);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(mark.is_news({"b"}) ? 0 : 1);
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_FALSE(mark.is_news({"b"}));  // what another life told
}

TEST(StartedMarks, LetOneSideWin) {
    auto made = StartedMarks::create();
    ASSERT_TRUE(made) << made.error().describe();
    StartedMarks& server = made.value();
    auto mapped = StartedMarks::map(Descriptor{::dup(server.descriptor())});
    ASSERT_TRUE(mapped);
    StartedMarks& token = mapped.value();

    server.arm(5, 42);
    EXPECT_TRUE(server.surely_not_asked(5, 42));
    EXPECT_FALSE(server.surely_not_asked(5, 43));  // another ticket's mark says nothing about this one
    EXPECT_FALSE(token.begin(5, 43));
    EXPECT_TRUE(token.begin(5, 42));
    EXPECT_FALSE(server.surely_not_asked(5, 42));
    EXPECT_FALSE(server.cancel(5, 42));
    EXPECT_FALSE(token.begin(5, 42));

    server.arm(6, 43);
    EXPECT_TRUE(server.cancel(6, 43));
    EXPECT_FALSE(token.begin(6, 43));
    EXPECT_TRUE(server.surely_not_asked(6, 43));
    EXPECT_FALSE(token.begin(kMaxSlots, 1));
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
