#include "issuance/request.hpp"

#include <gtest/gtest.h>

#include "issuance/parked_request.hpp"
#include "issuance/request_ids.hpp"
#include "issuance/serial.hpp"

namespace sealwright::issuance {
namespace {

constexpr std::array kAll{RequestState::received,     RequestState::challenged, RequestState::awaiting_approval,
                          RequestState::intended,     RequestState::issued,     RequestState::refused,
                          RequestState::indeterminate};

TEST(RequestIds, GrowWithinASecondAndWithTheClock) {
    RequestIds ids;
    crypto::SystemRandom random;
    const UtcTime now{std::chrono::seconds{1'800'000'000}};
    RequestId last = ids.next(now, random);
    for (int i = 0; i < 100; ++i) {
        const RequestId next = ids.next(now, random);
        EXPECT_LT(last, next);
        last = next;
    }
    EXPECT_LT(last, ids.next(now + std::chrono::seconds{1}, random));
}

TEST(RequestIds, GrowWhenTheClockGoesBack) {
    RequestIds ids;
    crypto::SystemRandom random;
    const UtcTime now{std::chrono::seconds{1'800'000'000}};
    const RequestId first = ids.next(now, random);
    EXPECT_LT(first, ids.next(now - std::chrono::hours{1}, random));
}

TEST(RequestIds, AreNotGuessedFromTheTime) {
    const UtcTime now{std::chrono::seconds{1'800'000'000}};
    crypto::SystemRandom random;
    std::set<RequestId> drawn;
    for (int i = 0; i < 100; ++i) drawn.insert(RequestIds{}.next(now, random));  // each the first of its process
    EXPECT_EQ(drawn.size(), 100U);
}

TEST(RequestState, NamesAreReadBack) {
    for (const auto state : kAll) EXPECT_EQ(parse_request_state(request_state_name(state)).value(), state);
}

TEST(RequestState, RefusesANameThatIsNone) {
    EXPECT_FALSE(parse_request_state("issue"));
    EXPECT_FALSE(parse_request_state(""));
    EXPECT_FALSE(parse_request_state("Issued"));
}

TEST(RequestState, OnlyTheseFollowEachOther) {
    using enum RequestState;
    const std::set<std::pair<RequestState, RequestState>> allowed{
        {received, challenged},        {received, awaiting_approval},   {received, intended},   {received, refused},
        {challenged, challenged},      {challenged, awaiting_approval}, {challenged, intended}, {challenged, refused},
        {awaiting_approval, intended}, {awaiting_approval, refused},    {intended, issued},     {intended, refused},
        {intended, indeterminate},
    };
    for (const auto from : kAll) {
        for (const auto to : kAll) {
            EXPECT_EQ(may_follow(from, to), allowed.contains({from, to}))
                << request_state_name(from) << " -> " << request_state_name(to);
        }
    }
}

TEST(RequestState, NothingFollowsAnEnd) {
    for (const auto end : {RequestState::issued, RequestState::refused, RequestState::indeterminate}) {
        for (const auto to : kAll) EXPECT_FALSE(may_follow(end, to));
    }
}

TEST(Serial, ReadsWhatWeIssueAndNothingElse) {
    const Bytes sixteen(16, 0x7F);
    EXPECT_EQ(serial_from_integer(sixteen)->view()[0], 0x7F);
    Bytes with_zero(17, 0x80);
    with_zero[0] = 0;
    EXPECT_EQ(serial_from_integer(with_zero)->view()[0], 0x80);
    const Bytes small{0x05};
    EXPECT_EQ(serial_from_integer(small)->hex(), "00000000000000000000000000000005");
}

TEST(Serial, RefusesNegativeZeroAndLongOnes) {
    EXPECT_FALSE(serial_from_integer(Bytes{}));
    EXPECT_FALSE(serial_from_integer(Bytes{0x80}));
    EXPECT_FALSE(serial_from_integer(Bytes{0x00}));
    Bytes seventeen(17, 0x01);
    EXPECT_FALSE(serial_from_integer(seventeen));
    Bytes eighteen(18, 0x01);
    eighteen[0] = 0;
    EXPECT_FALSE(serial_from_integer(eighteen));
}

ParkedRequest parked_with(policy::Principal principal) {
    ParkedRequest parked;
    parked.principal = std::move(principal);
    parked.channel = policy::Channel::admin_socket;
    parked.profile_digest = Sha256{std::array<std::uint8_t, 32>{1, 2, 3}};
    parked.validity = std::chrono::hours{5};
    return parked;
}

TEST(ParkedRequest, EveryKindOfPrincipalIsReadBack) {
    const policy::SecretPrincipal secret{"0011223344556677", "tls-server", {"a.example.org", "192.0.2.1"}};
    const auto read = parse_parked(encode_parked(parked_with(secret))).value();
    const auto& again = std::get<policy::SecretPrincipal>(read.principal);
    EXPECT_EQ(again.secret_id, secret.secret_id);
    EXPECT_EQ(again.profile, secret.profile);
    EXPECT_EQ(again.names, secret.names);
    EXPECT_EQ(read.channel, policy::Channel::admin_socket);
    EXPECT_EQ(read.profile_digest, parked_with(secret).profile_digest);
    EXPECT_EQ(read.validity, std::chrono::hours{5});

    const policy::CertificatePrincipal holder{SerialNumber{std::array<std::uint8_t, 16>{9}},
                                              Sha256{std::array<std::uint8_t, 32>{8}}, "device"};
    const auto holder_read = parse_parked(encode_parked(parked_with(holder))).value();
    const auto& holder_again = std::get<policy::CertificatePrincipal>(holder_read.principal);
    EXPECT_EQ(holder_again.serial, holder.serial);
    EXPECT_EQ(holder_again.fingerprint, holder.fingerprint);
    EXPECT_EQ(holder_again.profile, holder.profile);

    const policy::LocalPrincipal local{.uid = 4294967295U, .pid = 0, .user = "olga", .roles = {"operator", "auditor"}};
    const auto local_read = parse_parked(encode_parked(parked_with(local))).value();
    const auto& local_again = std::get<policy::LocalPrincipal>(local_read.principal);
    EXPECT_EQ(local_again.uid, local.uid);
    EXPECT_EQ(local_again.user, local.user);
    EXPECT_EQ(local_again.roles, local.roles);

    EXPECT_TRUE(std::holds_alternative<policy::AnonymousPrincipal>(
        parse_parked(encode_parked(parked_with(policy::AnonymousPrincipal{}))).value().principal));
}

TEST(ParkedRequest, NoValidityIsNotAValidityOfZero) {
    auto parked = parked_with(policy::AnonymousPrincipal{});
    parked.validity.reset();
    EXPECT_FALSE(parse_parked(encode_parked(parked)).value().validity);
}

TEST(ParkedRequest, RefusesEveryTruncationAndEveryAppendedOctet) {
    const Bytes good =
        encode_parked(parked_with(policy::SecretPrincipal{"0011223344556677", "tls-server", {"a.example.org"}}));
    ASSERT_TRUE(parse_parked(good));
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(parse_parked(ByteView{good}.first(size))) << size;
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_FALSE(parse_parked(longer));
}

TEST(ParkedRequest, RefusesAnotherVersionAndAnUnknownKind) {
    Bytes token = encode_parked(parked_with(policy::AnonymousPrincipal{}));
    ASSERT_EQ(token[4], 1);  // the version's value
    token[4] = 2;
    EXPECT_FALSE(parse_parked(token));
    token[4] = 1;
    ASSERT_EQ(token[token.size() - 2], 0xA0);
    token[token.size() - 2] = 0xA7;
    EXPECT_FALSE(parse_parked(token));
}

}  // namespace
}  // namespace sealwright::issuance
