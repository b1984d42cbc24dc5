#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

using audit::EventKind;
using issuance::RequestState;

class Requests : public StoreContract {};
SEALWRIGHT_EACH_ADAPTER(Requests);

TEST_P(Requests, ThatAreRefusedKeepTheirReason) {
    const auto refusal = refusal_of(1, at(3));
    expect_success(store().refuse(refusal, event_of(EventKind::request_refused)));
    reopen();
    const auto record = store().request(refusal.request).value();
    EXPECT_EQ(record.state, RequestState::refused);
    EXPECT_EQ(record.code, ErrorCode::weak_key);
    EXPECT_EQ(record.reason, refusal.reason);
    EXPECT_EQ(record.proof, refusal.proof);
    EXPECT_EQ(record.principal, refusal.principal);
    EXPECT_EQ(record.peer, refusal.peer);
    EXPECT_FALSE(record.serial);
    EXPECT_EQ(store().audit_head().value().size, 1U);
}

TEST_P(Requests, ThatAreRefusedMayHaveAnEmptyProof) {
    auto refusal = refusal_of(1);
    refusal.proof.clear();
    refusal.profile.clear();
    expect_success(store().refuse(refusal, {}));
    EXPECT_TRUE(store().request(refusal.request).value().proof.empty());
}

TEST_P(Requests, AreNotRefusedTwice) {
    expect_success(store().refuse(refusal_of(1), {}));
    EXPECT_EQ(refused([&] { return store().refuse(refusal_of(1), event_of(EventKind::request_refused)); }),
              ErrorCode::conflict);
    auto resumed = refusal_of(1);
    resumed.resumes_request = true;
    EXPECT_EQ(refused([&] { return store().refuse(resumed, {}); }), ErrorCode::conflict);
    resumed.request = numbered<RequestId>(2);
    EXPECT_EQ(refused([&] { return store().refuse(resumed, {}); }), ErrorCode::not_found);
}

TEST_P(Requests, ThatHaveAnIntentAreNotRefused) {
    intend(1);
    auto refusal = refusal_of(1);
    refusal.resumes_request = true;
    EXPECT_EQ(refused([&] { return store().refuse(refusal, {}); }), ErrorCode::conflict);
    EXPECT_EQ(request_state(1), RequestState::intended);
}

TEST_P(Requests, WaitWithAllThatTheyNeedToGoOn) {
    auto pending = pending_of(1, at(4));
    pending.secret_id = "3f2a000000000000";
    expect_success(store().park(pending, event_of(EventKind::request_awaiting_approval)));
    reopen();
    const auto record = store().request(pending.request).value();
    EXPECT_EQ(record.state, RequestState::awaiting_approval);
    EXPECT_EQ(record.proof, pending.proof);
    EXPECT_EQ(record.resume_token, pending.resume_token);
    EXPECT_EQ(record.secret_id, pending.secret_id);
    EXPECT_EQ(record.received_at, at(4));
    EXPECT_TRUE(record.approvals.empty());
}

TEST_P(Requests, MoveOnlyAlongTheStateMachine) {
    auto pending = pending_of(1);
    pending.state = RequestState::received;
    expect_success(store().park(pending, {}));
    pending.state = RequestState::challenged;
    pending.resume_token = Bytes{9};
    expect_success(store().park(pending, {}));
    EXPECT_EQ(store().request(pending.request).value().resume_token, Bytes{9});
    pending.state = RequestState::awaiting_approval;
    expect_success(store().park(pending, {}));
    pending.state = RequestState::challenged;  // not back
    EXPECT_EQ(refused([&] { return store().park(pending, {}); }), ErrorCode::conflict);
    for (const auto state :
         {RequestState::intended, RequestState::issued, RequestState::refused, RequestState::indeterminate}) {
        pending.state = state;
        EXPECT_EQ(refused([&] { return store().park(pending, {}); }), ErrorCode::conflict);
    }
    EXPECT_EQ(request_state(1), RequestState::awaiting_approval);
}

TEST_P(Requests, OneASecretWaits) {
    auto first = pending_of(1), second = pending_of(2), other = pending_of(3);
    first.secret_id = second.secret_id = "0000000000003f2a";
    other.secret_id = "0000000000003f2b";
    expect_success(store().park(first, {}));
    EXPECT_EQ(refused([&] { return store().park(second, {}); }), ErrorCode::conflict);
    expect_success(store().park(other, {}));
    auto refusal = refusal_of(1, at(9));
    refusal.resumes_request = true;
    expect_success(store().refuse(refusal, {}));
    second.now = at(10);
    expect_success(store().park(second, {}));
}

TEST_P(Requests, ThatWaitMayBeRefused) {
    expect_success(store().park(pending_of(1), {}));
    auto refusal = refusal_of(1, at(9));
    refusal.resumes_request = true;
    expect_success(store().refuse(refusal, event_of(EventKind::request_denied)));
    const auto record = store().request(refusal.request).value();
    EXPECT_EQ(record.state, RequestState::refused);
    EXPECT_EQ(record.received_at, at(0));
    EXPECT_EQ(record.updated_at, at(9));
    EXPECT_EQ(record.proof, pending_of(1).proof);
}

TEST_P(Requests, CountApprovalsOfDifferentOfficers) {
    const auto pending = pending_of(1);
    expect_success(store().park(pending, {}));
    EXPECT_EQ(store().approve(pending.request, "uid:1001(ann)", at(1), event_of(EventKind::request_approved)).value(),
              1U);
    EXPECT_EQ(refused([&] {
                  return store().approve(pending.request, "uid:1001(ann)", at(2),
                                         event_of(EventKind::request_approved));
              }),
              ErrorCode::conflict);
    EXPECT_EQ(store().approve(pending.request, "uid:1002(bob)", at(3), event_of(EventKind::request_approved)).value(),
              2U);
    reopen();
    EXPECT_EQ(store().request(pending.request).value().approvals,
              (std::vector<std::string>{"uid:1001(ann)", "uid:1002(bob)"}));
}

TEST_P(Requests, TakeApprovalsOnlyWhileTheyAwaitThem) {
    const auto approve = [&](std::uint64_t number) {
        return store().approve(numbered<RequestId>(number), "ann", at(0), {});
    };
    EXPECT_EQ(refused([&] { return approve(9); }), ErrorCode::not_found);
    intend(1);
    EXPECT_EQ(refused([&] { return approve(1); }), ErrorCode::conflict);
    auto challenged = pending_of(2);
    challenged.state = RequestState::challenged;
    expect_success(store().park(challenged, {}));
    EXPECT_EQ(refused([&] { return approve(2); }), ErrorCode::conflict);
    expect_success(store().park(pending_of(3), {}));
    EXPECT_EQ(approve(3).value(), 1U);
}

TEST_P(Requests, AreListedByStateNewestFirst) {
    intend(1);
    issue(2);
    expect_success(store().refuse(refusal_of(3), {}));
    expect_success(store().park(pending_of(4), {}));
    expect_success(store().park(pending_of(5), {}));
    const auto abandoned = intend(6);
    expect_success(store().settle(abandoned.id, issuance::Settlement::abandoned, at(0), {}));
    const auto doubtful = intend(7);
    expect_success(store().settle(doubtful.id, issuance::Settlement::indeterminate, at(0), {}));

    const auto listed = [&](std::optional<RequestState> state, std::size_t limit) {
        std::vector<int> numbers;
        const auto records = store().requests(state, limit).value();
        for (const auto& record : records) {
            numbers.push_back(record.id.octets()[15]);
            EXPECT_TRUE(!state || record.state == *state);
        }
        return numbers;
    };
    using Numbers = std::vector<int>;
    EXPECT_EQ(listed({}, 100), (Numbers{7, 6, 5, 4, 3, 2, 1}));
    EXPECT_EQ(listed({}, 2), (Numbers{7, 6}));
    EXPECT_EQ(listed(RequestState::intended, 100), Numbers{1});
    EXPECT_EQ(listed(RequestState::issued, 100), Numbers{2});
    EXPECT_EQ(listed(RequestState::refused, 100), (Numbers{6, 3}));
    EXPECT_EQ(listed(RequestState::awaiting_approval, 100), (Numbers{5, 4}));
    EXPECT_EQ(listed(RequestState::awaiting_approval, 1), Numbers{5});
    EXPECT_EQ(listed(RequestState::indeterminate, 100), Numbers{7});
    EXPECT_EQ(listed(RequestState::challenged, 100), Numbers{});
}

}  // namespace
}  // namespace sealwright::contract
