#include "policy/decision.hpp"

#include <gmock/gmock.h>

namespace sealwright::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr UtcTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}};
constexpr std::chrono::seconds kSecond{1};

profile::Profile open_profile() {
    profile::Profile profile;
    profile.name = "tls-server";
    profile.who.principals = {"secret", "renewal", "admin"};
    profile.renewal_allowed = true;
    profile.renewal_window = std::chrono::days{30};
    return profile;
}

Principal secret() { return SecretPrincipal{"3f2a", "tls-server", {}}; }
Principal certificate() { return CertificatePrincipal{SerialNumber{}, Sha256{}, "tls-server"}; }
Principal operator_with(std::vector<std::string> roles) { return LocalPrincipal{1234, 1, "olga", std::move(roles)}; }

// Asking is a question with everything it refers to: good until a test changes one thing.
struct Asking {
    Principal principal = secret();
    Channel channel = Channel::https;
    profile::Profile profile = open_profile();
    std::optional<UtcTime> renewed_not_after;
    bool renewed_is_valid = false;
    bool same_key = false;
    unsigned approvals = 0;
    UtcTime now = kNow;

    Decision decision() const {
        return decide({.principal = principal,
                       .channel = channel,
                       .profile = profile,
                       .now = now,
                       .renewed_not_after = renewed_not_after,
                       .renewed_is_valid = renewed_is_valid,
                       .same_key = same_key,
                       .approvals = approvals});
    }
    std::vector<std::string> reasons() const {
        const auto decided = decision();
        const auto* deny = std::get_if<Deny>(&decided);
        return deny == nullptr ? std::vector<std::string>{} : deny->reasons;
    }
    bool issues() const { return std::holds_alternative<Issue>(decision()); }
};

Asking renewing() {
    Asking asking;
    asking.principal = certificate();
    asking.renewed_not_after = kNow + std::chrono::days{10};
    asking.renewed_is_valid = true;
    return asking;
}

Asking locally(std::vector<std::string> roles) {
    Asking asking;
    asking.principal = operator_with(std::move(roles));
    asking.channel = Channel::admin_socket;
    return asking;
}

TEST(Decide, DeniesTheAnonymousWhateverTheProfileSays) {
    Asking asking;
    asking.principal = AnonymousPrincipal{};
    asking.profile.who.principals.emplace_back("anonymous");
    EXPECT_THAT(asking.reasons(), ElementsAre("nobody gets a certificate without saying who asks"));
}

TEST(Decide, IssuesForASecretOfThisProfileAlone) {
    Asking asking;
    EXPECT_TRUE(asking.issues());
    asking.principal = SecretPrincipal{"3f2a", "tls-client", {}};
    EXPECT_THAT(asking.reasons(), ElementsAre("the secret is for another profile"));
}

TEST(Decide, DeniesASecretWhereTheProfileDoesNotNameSecrets) {
    Asking asking;
    asking.profile.who.principals = {"renewal", "admin"};
    EXPECT_THAT(asking.reasons(), ElementsAre("the profile is not open to enrolment secrets"));
}

TEST(Decide, WantsASecretBoundToNamesWhereTheProfileSaysSo) {
    Asking asking;
    asking.profile.who.bound_names = true;
    EXPECT_THAT(asking.reasons(), ElementsAre("the profile wants secrets that are bound to names"));
    asking.principal = SecretPrincipal{"3f2a", "tls-server", {"www.example.org"}};
    EXPECT_TRUE(asking.issues());
}

TEST(Decide, ListsEveryReason) {
    Asking asking;
    asking.principal = SecretPrincipal{"3f2a", "other", {}};
    asking.profile.who.principals = {};
    EXPECT_THAT(asking.reasons(),
                ElementsAre("the profile is not open to enrolment secrets", "the secret is for another profile"));
}

TEST(Decide, RenewsAValidCertificateInItsWindow) { EXPECT_TRUE(renewing().issues()); }

TEST(Decide, OpensTheRenewalWindowToTheSecond) {
    auto asking = renewing();
    asking.renewed_not_after = kNow + std::chrono::days{30};
    EXPECT_TRUE(asking.issues());
    asking.renewed_not_after = kNow + std::chrono::days{30} + kSecond;
    EXPECT_THAT(asking.reasons(), ElementsAre("it is too early: renewal opens 2026-11-22T00:00:01Z"));
}

TEST(Decide, ClosesTheRenewalWindowWithTheLastSecondOfValidity) {
    auto asking = renewing();
    asking.renewed_not_after = kNow;
    EXPECT_TRUE(asking.issues());
    asking.renewed_not_after = kNow - kSecond;
    EXPECT_THAT(asking.reasons(), ElementsAre("the certificate to be renewed has expired"));
}

TEST(Decide, DeniesToRenewWhatIsRevoked) {
    auto asking = renewing();
    asking.renewed_is_valid = false;
    EXPECT_THAT(asking.reasons(), ElementsAre("the certificate to be renewed is revoked, expired or unknown"));
}

TEST(Decide, DeniesToRenewWhatNobodyKnowsTheEndOf) {
    auto asking = renewing();
    asking.renewed_not_after.reset();
    EXPECT_THAT(asking.reasons(), ElementsAre("it is not known when the certificate to be renewed ends"));
}

TEST(Decide, DeniesToRenewUnderAnotherProfile) {
    auto asking = renewing();
    asking.principal = CertificatePrincipal{SerialNumber{}, Sha256{}, "device"};
    EXPECT_THAT(asking.reasons(), ElementsAre("the certificate was issued under another profile"));
}

TEST(Decide, DeniesToRenewWhereTheProfileAllowsNone) {
    auto asking = renewing();
    asking.profile.renewal_allowed = false;
    EXPECT_THAT(asking.reasons(), ElementsAre("the profile allows no renewal"));
    asking = renewing();
    asking.profile.who.principals = {"secret"};
    EXPECT_THAT(asking.reasons(), ElementsAre("the profile allows no renewal"));
}

TEST(Decide, DeniesTheSameKeyWhereTheProfileWantsANewOne) {
    auto asking = renewing();
    asking.profile.same_key_renewal = false;
    EXPECT_TRUE(asking.issues());
    asking.same_key = true;
    EXPECT_THAT(asking.reasons(), ElementsAre("the profile wants a new key at each renewal"));
    asking.profile.same_key_renewal = true;
    EXPECT_TRUE(asking.issues());
}

TEST(Decide, DeniesACertificateThatComesOverTheAdminSocket) {
    auto asking = renewing();
    asking.channel = Channel::admin_socket;
    EXPECT_THAT(asking.reasons(), ElementsAre("a certificate speaks over TLS alone"));
}

TEST(Decide, IssuesForAnOperatorWhoMayIssue) {
    EXPECT_TRUE(locally({"operator"}).issues());
    EXPECT_THAT(locally({"auditor"}).reasons(), ElementsAre("issue needs the role operator"));
    EXPECT_THAT(locally({"officer"}).reasons(), ElementsAre("issue needs the role operator"));
}

TEST(Decide, DeniesAnOperatorWhoComesOverHttps) {
    auto asking = locally({"operator"});
    asking.channel = Channel::https;
    EXPECT_THAT(asking.reasons(), ElementsAre("a local operator comes over the admin socket alone"));
}

TEST(Decide, KnowsOperatorsByUidUserAndRole) {
    for (const std::string entry : {"uid:1234", "user:olga", "role:auditor"}) {
        auto asking = locally({"auditor"});
        asking.profile.who.principals = {entry};
        EXPECT_TRUE(asking.issues()) << entry;
    }
    for (const std::string entry :
         {"uid:123", "uid:12345", "user:olg", "user:", "role:audito", "role:", "secret", "renewal"}) {
        auto asking = locally({"auditor"});
        asking.profile.who.principals = {entry};
        EXPECT_THAT(asking.reasons(), ElementsAre("the profile does not name this operator")) << entry;
    }
}

TEST(Decide, WaitsForAllApprovals) {
    Asking asking;
    asking.profile.who.approvals = 2;
    for (unsigned given : {0U, 1U}) {
        asking.approvals = given;
        const auto decided = asking.decision();
        ASSERT_TRUE(std::holds_alternative<AwaitApprovals>(decided));
        EXPECT_EQ(std::get<AwaitApprovals>(decided).needed, 2 - given);
    }
    asking.approvals = 2;
    EXPECT_TRUE(asking.issues());
}

TEST(Decide, DeniesAtOnceWhatNoApprovalCouldHeal) {
    Asking asking;
    asking.profile.who.approvals = 2;
    asking.principal = SecretPrincipal{"3f2a", "other", {}};
    EXPECT_THAT(asking.reasons(), ElementsAre("the secret is for another profile"));
}

TEST(Decide, IsClosedToAllWhereTheProfileNamesNobody) {
    for (auto asking : {Asking{}, renewing(), locally({"operator"})}) {
        asking.profile.who.principals = {};
        EXPECT_FALSE(asking.issues());
        EXPECT_THAT(asking.reasons(), ::testing::Not(IsEmpty()));
    }
}

TEST(Principals, DescribeThemselvesForTheAuditLog) {
    EXPECT_EQ(describe(AnonymousPrincipal{}), "anonymous");
    EXPECT_EQ(describe(secret()), "secret:3f2a");
    EXPECT_EQ(describe(certificate()), "cert:00000000000000000000000000000000");
    EXPECT_EQ(describe(operator_with({})), "uid:1234(olga)");
    EXPECT_EQ(describe(LocalPrincipal{7, 1, "", {}}), "uid:7");
    EXPECT_EQ(describe(LocalPrincipal{7, 1, "a\nb", {}}), "uid:7(a\\x0ab)");
}

TEST(Principals, NameTheirKindAndChannel) {
    EXPECT_EQ(kind_name(AnonymousPrincipal{}), "anonymous");
    EXPECT_EQ(kind_name(secret()), "secret");
    EXPECT_EQ(kind_name(certificate()), "renewal");
    EXPECT_EQ(kind_name(operator_with({})), "admin");
    EXPECT_EQ(channel_name(Channel::https), "https");
    EXPECT_EQ(channel_name(Channel::admin_socket), "admin_socket");
}

}  // namespace
}  // namespace sealwright::policy
