#include "device/answers.hpp"

#include <gmock/gmock.h>

#include "attestation/verdict.hpp"
#include "device/enrolment.hpp"

namespace sealwright::device::test {
namespace {

using testing::HasSubstr;

std::string challenge_with(std::string_view from = {}, std::string_view to = {}) {
    std::string text = R"({"version":1,"request":"00112233445566778899aabbccddeeff","credential_blob":"AAQBAgME",)"
                       R"("encrypted_secret":"AAQBAgMF","nonce":"bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4=",)"
                       R"("expires_at":"2026-11-22T12:00:00Z"})";
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    return text;
}

TEST(Challenge, IsReadWhole) {
    const auto challenge = parse_challenge(challenge_with());
    ASSERT_TRUE(challenge) << challenge.error().describe();
    EXPECT_EQ(challenge.value().request, "00112233445566778899aabbccddeeff");
    EXPECT_EQ(challenge.value().credential_blob, (Bytes{0, 4, 1, 2, 3, 4}));
    EXPECT_EQ(challenge.value().encrypted_secret, (Bytes{0, 4, 1, 2, 3, 5}));
    EXPECT_EQ(challenge.value().nonce, Bytes(32, 'n'));
    EXPECT_EQ(to_rfc3339(challenge.value().expires_at), "2026-11-22T12:00:00Z");
}

TEST(Challenge, ThatDeviatesInOneThingIsRefused) {
    EXPECT_FALSE(parse_challenge(challenge_with("\"version\":1", "\"version\":2")));
    EXPECT_FALSE(parse_challenge(challenge_with("00112233", "0011223g")));
    EXPECT_FALSE(parse_challenge(challenge_with("00112233", "001122")));
    EXPECT_FALSE(parse_challenge(challenge_with("AAQBAgME", "AAQBAgM")));
    EXPECT_FALSE(parse_challenge(challenge_with("AAQBAgME", "")));
    EXPECT_FALSE(parse_challenge(challenge_with("bm5u", "")));
    EXPECT_FALSE(parse_challenge(challenge_with("12:00:00Z", "12:00:00")));
    EXPECT_FALSE(parse_challenge(challenge_with("nonce", "once")));
    EXPECT_FALSE(parse_challenge(challenge_with() + "x"));
    EXPECT_FALSE(parse_challenge("[]"));
    EXPECT_FALSE(parse_challenge(std::string(kMaxAnswer + 1, ' ')));
}

TEST(Waiting, IsNothingButARequestThatWaitsForApproval) {
    const auto waiting = parse_waiting(
        R"({"state":"awaiting_approval","request":"00112233445566778899aabbccddeeff","approvals_needed":2})");
    ASSERT_TRUE(waiting);
    EXPECT_EQ(waiting.value().approvals_needed, 2U);
    EXPECT_EQ(parse_waiting(R"({"state":"challenged","request":"00112233445566778899aabbccddeeff"})").error().code(),
              ErrorCode::conflict);
    EXPECT_FALSE(parse_waiting(R"({"state":"awaiting_approval","request":"../../etc"})"));
}

TEST(Refusal, OfAnAttestationNamesEachFindingAndWhatToDo) {
    const auto problem = parse_problem(
        403,
        R"({"code":"denied","detail":"refused","request":"00112233445566778899aabbccddeeff","findings":[)"
        R"({"check":"ek_certificate_chain","outcome":"failed","clause":"EK 2.1","text":"no root\nfake: line"},{"check":"from_the_future","text":"?"}]})");
    EXPECT_EQ(problem.code, ErrorCode::denied);
    ASSERT_EQ(problem.findings.size(), 2U);
    const auto error = explain(problem, Occasion::enroll);
    EXPECT_THAT(
        error.public_detail(),
        HasSubstr("\nek_certificate_chain: no root fake: line (EK 2.1)\n  The CA does not know the manufacturer"));
    EXPECT_THAT(error.public_detail(), HasSubstr("\nfrom_the_future: ?\n"));
    EXPECT_THAT(error.public_detail(), HasSubstr("sealwright request show 00112233445566778899aabbccddeeff"));
}

TEST(Refusal, WithoutADocumentIsReadFromItsStatus) {
    EXPECT_EQ(parse_problem(401, "").code, ErrorCode::unauthenticated);
    EXPECT_EQ(parse_problem(409, "<html>").code, ErrorCode::conflict);
    EXPECT_EQ(parse_problem(502, "<html>").code, ErrorCode::internal);
    EXPECT_EQ(parse_problem(403, R"({"code":"expired"})").code, ErrorCode::expired);
    EXPECT_EQ(parse_problem(403, R"({"code":"from the future"})").code, ErrorCode::denied);
}

TEST(End, IsReadFromTheTwoWordsAlone) {
    EXPECT_EQ(parse_problem(503, R"({"code":"unavailable","state":"refused"})").end, End::refused);
    EXPECT_EQ(parse_problem(500, R"({"code":"indeterminate","state":"indeterminate"})").end, End::indeterminate);
    for (const auto* body : {R"({"code":"unavailable"})", R"({"state":"intended"})", R"({"state":"Refused"})",
                             R"({"state":["refused"]})", R"({"state":true})", R"(["refused"])", "refused"})
        EXPECT_FALSE(parse_problem(503, body).end) << body;
    EXPECT_FALSE(parse_problem(503, R"({"state":"refused","x":")" + std::string(kMaxAnswer, 'x') + "\"}").end);
}

TEST(End, IsAReasonToTryAgainWhereTheCaWasAtFault) {
    const auto problem = [](std::string_view code, std::string_view state) {
        return parse_problem(503, R"({"code":")" + std::string{code} + R"(","detail":"why\nfake","request":")" +
                                      std::string(32, 'a') + R"(","state":")" + std::string{state} + "\"}");
    };
    const auto end = explain_end(problem("unavailable", "refused"), Occasion::enroll);
    EXPECT_EQ(end.code(), ErrorCode::unavailable);
    EXPECT_THAT(end.public_detail(), HasSubstr("has ended without a certificate: why fake\n"));
    EXPECT_THAT(end.public_detail(), HasSubstr("request show aaaa"));
    EXPECT_EQ(explain_end(problem("indeterminate", "indeterminate"), Occasion::renew).code(), ErrorCode::unavailable);
    EXPECT_EQ(explain_end(problem("denied", "refused"), Occasion::renew).code(), ErrorCode::denied);
    const auto secret = needs_new_secret(end, fail(ErrorCode::conflict, "used"));
    EXPECT_EQ(secret.code(), ErrorCode::conflict);
    EXPECT_THAT(secret.public_detail(), HasSubstr("secret create"));
}

TEST(Fate, OfARequestIsDecidedByTheLastWordAlone) {
    constexpr bool kEnded = true, kGoesOn = false, kEarlier = true, kOurs = false;
    for (const auto code : {ErrorCode::unavailable, ErrorCode::internal, ErrorCode::indeterminate, ErrorCode::token}) {
        EXPECT_EQ(fate_of({code, kGoesOn, kOurs}), Fate::kept);
        EXPECT_EQ(fate_of({code, kGoesOn, kEarlier}), Fate::kept);
        EXPECT_EQ(fate_of({code, kEnded, kOurs}), Fate::anew);
        EXPECT_EQ(fate_of({code, kEnded, kEarlier}), Fate::anew);
    }
    EXPECT_EQ(fate_of({ErrorCode::denied, kEnded, kEarlier}), Fate::over);
    EXPECT_EQ(fate_of({ErrorCode::denied, kGoesOn, kOurs}), Fate::over);
    EXPECT_EQ(fate_of({ErrorCode::denied, kGoesOn, kEarlier}), Fate::anew) << "made with another secret";
    EXPECT_EQ(fate_of({ErrorCode::conflict, kGoesOn, kOurs}), Fate::over);
    EXPECT_EQ(fate_of({ErrorCode::expired, kGoesOn, kOurs}), Fate::anew);
}

// Numbers of checks are stable and stand in blocks of a hundred (attestation/verdict.hpp): a new check must get its
// advice here.
TEST(Refusal, OfEveryCheckHasAdvice) {
    std::size_t known = 0;
    for (std::uint16_t number = 100; number < 1000; ++number) {
        const auto code = attestation::check_code(static_cast<attestation::Check>(number));
        if (code.empty() || !attestation::parse_check_code(code)) continue;
        ++known;
        if (code == "ek_certificate_quirk") continue;  // refuses nothing
        EXPECT_FALSE(advice_for(code).empty()) << code;
    }
    EXPECT_GE(known, 30U);
}

}  // namespace
}  // namespace sealwright::device::test
