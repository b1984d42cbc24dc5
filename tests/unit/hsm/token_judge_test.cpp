// The rule table against its published form, verdicts, what a probing child may say, and what a benchmark recommends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <set>

#include "base/file.hpp"
#include "hsm/token_judge/child.hpp"
#include "hsm/token_judge/judge.hpp"

namespace sealwright::hsm::token_judge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TokenRules, ThePublishedTableIsTheProgramsTable) {
    const std::string page = read_text_file("docs/token-rules.md", 1U << 20U).value();
    std::string table;
    for (const Rule& rule : rules()) {
        table += "| `" + std::string{rule.id} + "` | " + std::string{severity_name(rule.severity)} + " | " +
                 std::string{rule.holds} + " | " + std::string{rule.advice} + " |\n";
    }
    EXPECT_THAT(page, HasSubstr(table + "\n## "));
}

TEST(TokenRules, IdsAreUnique) {
    std::set<std::string_view> ids;
    for (const Rule& rule : rules()) EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_EQ(find_rule("sign.any")->severity, Severity::unfit);
    EXPECT_EQ(find_rule("sign.none"), nullptr);
}

// all_hold is a report in which every rule was observed to hold.
Report all_hold() {
    Report report;
    for (const Rule& rule : rules()) report.findings.push_back({std::string{rule.id}, Outcome::holds, {}, {}});
    return report;
}

Verdict verdict_with(std::string_view rule, Outcome outcome) {
    Report report = all_hold();
    std::erase_if(report.findings, [&](const Finding& finding) { return finding.rule == rule; });
    report.findings.push_back({std::string{rule}, outcome, {}, {}});
    return verdict_of(results(report));
}

TEST(TokenVerdict, FollowsFromTheWorstRuleThatIsBroken) {
    EXPECT_EQ(verdict_of(results(all_hold())), Verdict::fit);
    EXPECT_EQ(verdict_with("key.unique-id", Outcome::broken), Verdict::fit);
    EXPECT_EQ(verdict_with("thread.sign", Outcome::broken), Verdict::fit_with_limits);
    EXPECT_EQ(verdict_with("sign.correct", Outcome::broken), Verdict::unfit);
}

TEST(TokenVerdict, WhatWasNotTestedDoesNotHold) {
    EXPECT_EQ(verdict_with("key.unique-id", Outcome::not_tested), Verdict::fit);
    EXPECT_EQ(verdict_with("thread.sign", Outcome::not_tested), Verdict::fit_with_limits);
    EXPECT_EQ(verdict_with("sign.correct", Outcome::not_tested), Verdict::unfit);
    EXPECT_EQ(verdict_with("sign.correct", Outcome::not_applicable), Verdict::fit);
    EXPECT_EQ(verdict_of(results(Report{})), Verdict::unfit);
}

TEST(TokenVerdict, WhatIsUndecidedIsALimitAndOutweighsWhatDoesNotApply) {
    EXPECT_EQ(verdict_with("sign.correct", Outcome::undecided), Verdict::fit_with_limits);
    EXPECT_EQ(verdict_with("thread.sign", Outcome::undecided), Verdict::fit_with_limits);
    EXPECT_EQ(verdict_with("key.unique-id", Outcome::undecided), Verdict::fit);
    Report report;
    const std::string rule{"wrap.unextractable-refused"};
    const auto outcome = [&] {
        for (const RuleResult& result : results(report)) {
            if (result.rule->id == rule) return result.outcome;
        }
        return Outcome::broken;
    };
    report.findings.push_back({rule, Outcome::not_applicable, {}, {}});
    report.findings.push_back({rule, Outcome::undecided, {}, {}});
    EXPECT_EQ(outcome(), Outcome::undecided);
    report.findings.push_back({rule, Outcome::holds, {}, {}});
    EXPECT_EQ(outcome(), Outcome::holds);
}

TEST(TokenVerdict, OneBrokenObservationOutweighsManyThatHold) {
    Report report = all_hold();
    report.findings.insert(report.findings.begin(), {"sign.correct", Outcome::broken, "rsa-2048", {}});
    report.findings.push_back({"sign.correct", Outcome::broken, "rsa-2048", {}});
    report.findings.push_back({"sign.correct", Outcome::broken, "ec-p256", {}});
    const auto list = results(report);
    const auto found = std::find_if(list.begin(), list.end(),
                                    [](const RuleResult& result) { return result.rule->id == "sign.correct"; });
    EXPECT_EQ(found->outcome, Outcome::broken);
    EXPECT_EQ(found->detail, "rsa-2048; ec-p256");
}

TEST(TokenMessages, ComeWholeHoweverTheyWereCut) {
    MessageReader reader;
    ASSERT_TRUE(reader.take("step\tone"));
    EXPECT_FALSE(reader.next());
    ASSERT_TRUE(reader.take("\t60\nend\nfact\ta"));
    const auto first = reader.next();
    EXPECT_EQ(first->kind, "step");
    EXPECT_THAT(first->fields, ElementsAre("one", "60"));
    EXPECT_EQ(reader.next()->kind, "end");
    EXPECT_FALSE(reader.next());
}

TEST(TokenMessages, AreBoundedAndPrintable) {
    MessageReader reader;
    ASSERT_TRUE(reader.take("fact\ta\x1b[31m\x80\tb\n"));
    EXPECT_THAT(reader.next()->fields, ElementsAre("a?[31m?", "b"));
    EXPECT_FALSE(reader.take(std::string(10000, 'x')));
    MessageReader endless;
    bool taken = true;
    for (int i = 0; taken && i < 100000; ++i) taken = endless.take(std::string(1000, 'y') + "\n").has_value();
    EXPECT_FALSE(taken);
}

TEST(TokenChild, GetsThePinAndTellsWhatItWantsTo) {
    const Secret pin = Secret::copy_of(view_of("2718"));
    std::vector<std::string> told;
    const ChildEnd end = run_child(
        pin, 10, true,
        [](Reporter& reporter, Secret own) {
            reporter.fact("size", std::to_string(own.size()));
            reporter.fact("tab\tand\nline", "x");
        },
        [&](const Message& message) {
            for (const auto& field : message.fields) told.push_back(field);
        });
    EXPECT_EQ(end.how, Ending::done);
    EXPECT_THAT(told, ElementsAre("size", "4", "tab?and?line", "x"));
}

TEST(TokenChild, ItsEndIsTold) {
    const auto end_of = [](const std::function<void(Reporter&, Secret)>& body, unsigned patience = 1) {
        return run_child(Secret{}, patience, true, body, [](const Message&) {});
    };
    // A sanitizer would make an exit status of it.
    EXPECT_EQ(end_of([](Reporter&, Secret) {
                  ::signal(SIGSEGV, SIG_DFL);
                  ::raise(SIGSEGV);
              }).detail,
              "SIGSEGV");
    EXPECT_EQ(end_of([](Reporter&, Secret) { ::_exit(3); }).detail, "status 3");
    EXPECT_EQ(end_of([](Reporter&, Secret) { ::_exit(0); }).how, Ending::stopped);
    EXPECT_EQ(end_of([](Reporter&, Secret) { ::pause(); }).how, Ending::hung);
    EXPECT_EQ(end_of(
                  [](Reporter& reporter, Secret) {
                      for (;;) reporter.fact("again", std::string(1000, 'x'));
                  },
                  60)
                  .how,
              Ending::stopped);
    EXPECT_EQ(end_of([](Reporter&, Secret) { throw std::runtime_error{"broken"}; }).how, Ending::done);
    // Its last word is not its end.
    EXPECT_EQ(end_of([](Reporter& reporter, Secret) {
                  reporter.failure(fail(ErrorCode::token, "no"));
                  ::pause();
              }).how,
              Ending::hung);
    EXPECT_EQ(end_of([](Reporter& reporter, Secret) { reporter.failure(fail(ErrorCode::token, "no")); }).how,
              Ending::done);
    request_stop();
    EXPECT_EQ(end_of([](Reporter&, Secret) {}).how, Ending::interrupted);
    forget_stop();
}

TEST(TokenChild, AStepHasItsOwnPatience) {
    const ChildEnd end = run_child(
        Secret{}, 1, true,
        [](Reporter& reporter, Secret) {
            reporter.step("long", 30);
            ::usleep(1300000);
            reporter.step("short", 2);  // another than that before all steps
            ::pause();
        },
        [](const Message&) {});
    EXPECT_EQ(end.how, Ending::hung);
    EXPECT_EQ(end.detail, "over 2 s");
}

Measure measure(unsigned lanes, unsigned long signatures, double longest_ms, unsigned long failures = 0) {
    return {"ecdsa-sha256", lanes, signatures, failures, 1.0, 1, 2, longest_ms};
}

TEST(BenchRecommendation, IsTheSmallestNumberWithinFivePercentOfTheBest) {
    const auto list = recommend({measure(8, 1000, 30), measure(1, 200, 8), measure(4, 951, 20), measure(2, 400, 10)});
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].lanes, 4U);
    EXPECT_EQ(recommend({measure(4, 949, 20), measure(8, 1000, 30)})[0].lanes, 8U);
}

TEST(BenchRecommendation, LanesThatFailAreNotRecommended) {
    EXPECT_EQ(recommend({measure(1, 100, 5), measure(4, 400, 5, 1)})[0].lanes, 1U);
    EXPECT_TRUE(recommend({measure(1, 0, 5, 10)}).empty());
}

TEST(BenchRecommendation, HangAndDeadlineLeaveRoom) {
    EXPECT_EQ(recommend({measure(1, 100, 5)})[0].hang_seconds, 5U);
    EXPECT_EQ(recommend({measure(1, 100, 5)})[0].deadline_seconds, 10U);
    EXPECT_EQ(recommend({measure(1, 1, 3000)})[0].hang_seconds, 30U);
    EXPECT_EQ(recommend({measure(1, 1, 3000)})[0].deadline_seconds, 60U);
}

}  // namespace
}  // namespace sealwright::hsm::token_judge
