// Requests that wait for officers.
#include "house.hpp"

namespace sealwright::issuance {
namespace {

using audit::EventKind;
using test::Verb;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string with_approvals(unsigned count) {
    std::string text = test::profile_text("tls-server");
    const std::string who = "principals = [\"secret\", \"renewal\", \"admin\"]";
    const auto at = text.find(who);
    EXPECT_NE(at, std::string::npos);
    return text.insert(at + who.size(), "\napprovals = " + std::to_string(count));
}

struct Waiting : House {
    explicit Waiting(unsigned approvals = 2) : House(BootEpoch{3}, with_approvals(approvals)) {}
    Pending parked(policy::Principal principal = kOperator) {
        auto outcome = engine->issue(good_request(std::move(principal)));
        EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().describe());
        return std::get<Pending>(std::move(outcome).value());
    }
};

TEST(Approvals, ARequestWaitsForAllOfThem) {
    Waiting house;
    const auto calls = house.ca.signer.calls().size();
    const auto pending = house.parked();
    EXPECT_EQ(pending.approvals_needed, 2U);
    EXPECT_EQ(house.only_request().state, RequestState::awaiting_approval);
    EXPECT_EQ(std::get<Pending>(house.engine->resume(pending.request, kOperator).value()).approvals_needed, 2U);
    EXPECT_EQ(house.engine->approve(pending.request, kOfficer).value(), 1U);
    EXPECT_EQ(std::get<Pending>(house.engine->resume(pending.request, kOperator).value()).approvals_needed, 1U);
    EXPECT_EQ(house.engine->approve(pending.request, kSecondOfficer).value(), 2U);
    EXPECT_EQ(house.ca.signer.calls().size(), calls);

    const auto outcome = house.engine->resume(pending.request, kOperator);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    const auto& issued = std::get<Issued>(outcome.value());
    EXPECT_EQ(issued.request, pending.request);
    EXPECT_EQ(house.only_request().state, RequestState::issued);
    EXPECT_THAT(kinds(house.store.events()),
                ElementsAre("request.awaiting_approval", "request.approved", "request.approved", "certificate.intended",
                            "certificate.issued"));
    // Asked again, it gives the same certificate and signs nothing.
    const auto made = house.ca.signer.signatures_made();
    EXPECT_EQ(std::get<Issued>(house.engine->resume(pending.request, kOperator).value()).certificate,
              issued.certificate);
    EXPECT_EQ(house.ca.signer.signatures_made(), made);
}

TEST(Approvals, OneOfficerCountsOnce) {
    Waiting house;
    const auto pending = house.parked();
    ASSERT_TRUE(house.engine->approve(pending.request, kOfficer));
    EXPECT_EQ(code_of(house.engine->approve(pending.request, kOfficer)), ErrorCode::conflict);
    EXPECT_TRUE(std::holds_alternative<Pending>(house.engine->resume(pending.request, kOperator).value()));
}

TEST(Approvals, NobodyApprovesTheirOwnRequest) {
    Waiting house{1};
    const auto both = local(1005, "otto", {"officer", "operator"});
    const auto pending = house.parked(both);
    EXPECT_EQ(code_of(house.engine->approve(pending.request, both)), ErrorCode::denied);
    EXPECT_EQ(house.store.events(EventKind::access_denied).size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Pending>(house.engine->resume(pending.request, both).value()));
    ASSERT_TRUE(house.engine->approve(pending.request, kOfficer));
    EXPECT_TRUE(std::holds_alternative<Issued>(house.engine->resume(pending.request, both).value()));
}

TEST(Approvals, OnlyOfficersApproveAndDeny) {
    Waiting house{1};
    const auto pending = house.parked();
    for (const auto& other : {kOperator, kAuditor, policy::Principal{policy::AnonymousPrincipal{}}}) {
        EXPECT_EQ(code_of(house.engine->approve(pending.request, other)), ErrorCode::denied);
        EXPECT_EQ(code_of(house.engine->deny(pending.request, other, "no")), ErrorCode::denied);
    }
    EXPECT_EQ(house.store.events(EventKind::access_denied).size(), 6U);
    EXPECT_EQ(house.only_request().state, RequestState::awaiting_approval);
}

TEST(Approvals, ADeniedRequestIsNeverIssued) {
    Waiting house{1};
    const auto pending = house.parked();
    ASSERT_TRUE(house.engine->deny(pending.request, kOfficer, "not that host"));
    EXPECT_EQ(house.only_request().state, RequestState::refused);
    EXPECT_EQ(house.store.events(EventKind::request_denied).at(0).actor, "uid:1002(oscar)");
    EXPECT_EQ(code_of(house.engine->approve(pending.request, kSecondOfficer)), ErrorCode::conflict);
    const auto outcome = house.engine->resume(pending.request, kOperator);
    EXPECT_EQ(code_of(outcome), ErrorCode::denied);
    EXPECT_THAT(outcome.error().public_detail(), HasSubstr("not that host"));
    EXPECT_TRUE(house.store.certificates({}).value().empty());
}

TEST(Approvals, OfficersAreNotAskedAboutWhatCouldNotBeIssued) {
    Waiting house;
    const auto outcome = house.engine->issue(
        house.request_for(house.csr({.subject = "CN=a.example.net", .san = {"DNS:a.example.net"}, .more = {}})));
    EXPECT_EQ(code_of(outcome), ErrorCode::denied);
    EXPECT_EQ(house.only_request().state, RequestState::refused);
}

TEST(Approvals, AWishThatIsNotInTheCsrCannotWait) {
    Waiting house;
    auto request = house.good_request();
    request.requested.san.push_back(x509::DnsName{"b.example.org"});
    EXPECT_EQ(code_of(house.engine->issue(std::move(request))), ErrorCode::unsupported);
}

TEST(Approvals, AShorterValidityIsRemembered) {
    Waiting house{1};
    auto request = house.good_request();
    request.requested.validity = std::chrono::hours{24};
    const auto pending = std::get<Pending>(house.engine->issue(std::move(request)).value());
    ASSERT_TRUE(house.engine->approve(pending.request, kOfficer));
    const auto issued = std::get<Issued>(house.engine->resume(pending.request, kOperator).value());
    const auto record = house.record_of(issued.serial);
    EXPECT_EQ(record.not_after - record.not_before, std::chrono::hours{24} - std::chrono::seconds{1});
}

TEST(Approvals, TheSecretIsUsedUpWhenTheCertificateIsIntended) {
    Waiting house{1};
    const auto secret = house.make_secret();
    const auto pending = house.parked(secret);
    EXPECT_FALSE(house.store.secrets().value().at(0).used_at);
    ASSERT_TRUE(house.engine->approve(pending.request, kOfficer));
    ASSERT_TRUE(house.engine->resume(pending.request, secret));
    EXPECT_TRUE(house.store.secrets().value().at(0).used_at);
    // Its holder may fetch the certificate again.
    EXPECT_TRUE(std::holds_alternative<Issued>(house.engine->resume(pending.request, secret).value()));
}

TEST(Approvals, OneRequestASecretWaits) {
    Waiting house{1};
    const auto secret = house.make_secret();
    const auto first = house.parked(secret);
    EXPECT_EQ(code_of(house.engine->issue(house.good_request(secret))), ErrorCode::conflict);
    EXPECT_EQ(house.store.requests(RequestState::awaiting_approval, 10).value().size(), 1U);
    EXPECT_EQ(house.store.requests(RequestState::refused, 10).value().size(), 1U);
    ASSERT_TRUE(house.engine->approve(first.request, kOfficer));
    EXPECT_TRUE(house.engine->resume(first.request, secret));
}

TEST(Approvals, AnOfficerWhoseAccountIsRenamedIsStillOne) {
    Waiting house{2};
    const auto pending = house.parked();
    auto renamed = std::get<policy::LocalPrincipal>(kOfficer);
    ASSERT_EQ(house.engine->approve(pending.request, renamed).value(), 1U);
    renamed.user.clear();
    EXPECT_EQ(code_of(house.engine->approve(pending.request, renamed)), ErrorCode::conflict);
    renamed.user = "somebody";
    EXPECT_EQ(code_of(house.engine->approve(pending.request, renamed)), ErrorCode::conflict);
}

TEST(Approvals, AnothersRequestIsNotResumed) {
    Waiting house{1};
    const auto secret = house.make_secret();
    const auto other = house.make_secret();
    const auto pending = house.parked(secret);
    ASSERT_TRUE(house.engine->approve(pending.request, kOfficer));
    EXPECT_EQ(code_of(house.engine->resume(pending.request, other)), ErrorCode::denied);
    EXPECT_EQ(code_of(house.engine->resume(pending.request, policy::AnonymousPrincipal{})), ErrorCode::denied);
    EXPECT_EQ(code_of(house.engine->resume(pending.request, kAuditor)), ErrorCode::denied);
    EXPECT_EQ(house.store.events(EventKind::access_denied).size(), 3U);
    // A local operator may carry it through for its owner; the record keeps the owner.
    const auto issued = std::get<Issued>(house.engine->resume(pending.request, kOperator).value());
    EXPECT_EQ(house.record_of(issued.serial).principal, "secret:" + secret.secret_id);
}

TEST(Approvals, AnAnonymousRefusalIsNoDoorToOthers) {
    Waiting house;
    ASSERT_FALSE(house.engine->issue(house.good_request(policy::AnonymousPrincipal{})));
    EXPECT_EQ(code_of(house.engine->resume(house.only_request().id, policy::AnonymousPrincipal{})), ErrorCode::denied);
}

TEST(Approvals, AChangedProfileVoidsThem) {
    Waiting house{1};
    const auto pending = house.parked();
    ASSERT_TRUE(house.engine->approve(pending.request, kOfficer));
    house.profiles["tls-server"] = test::load_profile(with_approvals(1) + "\n# another version\n");
    house.rebuild();
    EXPECT_EQ(code_of(house.engine->resume(pending.request, kOperator)), ErrorCode::conflict);
    EXPECT_EQ(house.only_request().state, RequestState::refused);
    EXPECT_TRUE(house.store.certificates({}).value().empty());
}

TEST(Approvals, ARestartedEngineGoesOnWithIt) {
    Waiting house{1};
    const auto pending = house.parked();
    house.node.epoch = BootEpoch{4};
    house.rebuild();
    ASSERT_TRUE(house.engine->approve(pending.request, kOfficer));
    EXPECT_TRUE(std::holds_alternative<Issued>(house.engine->resume(pending.request, kOperator).value()));
}

TEST(Approvals, TwoThatResumeAtOnceGetOneCertificate) {
    Waiting house{1};
    const auto pending = house.parked();
    ASSERT_TRUE(house.engine->approve(pending.request, kOfficer));
    std::optional<Result<IssueOutcome>> inner;
    house.store.before(Verb::intend, [&] {
        house.store.before(Verb::intend, {});
        inner.emplace(house.engine->resume(pending.request, kOperator));
    });
    const auto outer = house.engine->resume(pending.request, kOperator);
    ASSERT_TRUE(inner && *inner);
    EXPECT_TRUE(std::holds_alternative<Issued>(inner->value()));
    EXPECT_EQ(code_of(outer), ErrorCode::conflict);
    EXPECT_EQ(house.only_request().state, RequestState::issued);
    EXPECT_EQ(house.store.certificates({}).value().size(), 1U);
}

TEST(Approvals, WhileItIsBeingSignedItIsPending) {
    Waiting house{1};
    const auto pending = house.parked();
    ASSERT_TRUE(house.engine->approve(pending.request, kOfficer));
    std::optional<Result<IssueOutcome>> inner;
    house.ca.signer.before_sign(
        [&](const hsm::SignRequest&) { inner.emplace(house.engine->resume(pending.request, kOperator)); });
    ASSERT_TRUE(house.engine->resume(pending.request, kOperator));
    ASSERT_TRUE(inner && *inner);
    EXPECT_EQ(std::get<Pending>(inner->value()).approvals_needed, 0U);
}

TEST(Approvals, ASignerThatIsDownLosesNoApproval) {
    Waiting house{1};
    const auto pending = house.parked();
    ASSERT_TRUE(house.engine->approve(pending.request, kOfficer));
    bool ready = false;
    house.signer_ready = [&] { return ready; };
    house.rebuild();
    EXPECT_EQ(code_of(house.engine->resume(pending.request, kOperator)), ErrorCode::unavailable);
    EXPECT_EQ(house.only_request().state, RequestState::awaiting_approval);
    ready = true;
    EXPECT_TRUE(std::holds_alternative<Issued>(house.engine->resume(pending.request, kOperator).value()));
}

TEST(Approvals, AStoreThatCannotParkPromisesNothing) {
    Waiting house;
    house.store.fail_next(Verb::park, fail(ErrorCode::storage, "the disk is full"));
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::storage);
    EXPECT_EQ(code_of(house.engine->issue(house.good_request())), ErrorCode::unavailable);
}

TEST(Approvals, ARowThatCannotBeReadBackIsNotIssued) {
    Waiting house{1};
    PendingRequest row{.request = crypto::random_id<RequestId>(house.random),
                       .state = RequestState::awaiting_approval,
                       .received_at = kNow,
                       .principal = "uid:1001(olga)",
                       .channel = "admin_socket",
                       .peer = "local",
                       .profile = "tls-server",
                       .proof = house.csr().der.bytes(),
                       .resume_token = {0x30, 0x00},
                       .secret_id = {},
                       .attestation = {},
                       .now = kNow};
    ASSERT_TRUE(house.store.park(row, {}));
    EXPECT_EQ(code_of(house.engine->resume(row.request, kOperator)), ErrorCode::internal);
}

}  // namespace
}  // namespace sealwright::issuance
