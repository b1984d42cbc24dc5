#include <gtest/gtest.h>
#include <unistd.h>

#include "policy/decision.hpp"

namespace sealwright::policy {
namespace {

constexpr Action kActions[] = {Action::read,    Action::issue,   Action::revoke,   Action::manage_secrets,
                               Action::publish, Action::approve, Action::configure};

std::set<std::string> allowed_to(const Principal& principal) {
    std::set<std::string> out;
    for (const Action action : kActions) {
        if (check_role(principal, action)) out.emplace(action_name(action));
    }
    return out;
}

// A uid that is neither root's nor ours.
std::uint32_t stranger() { return ::geteuid() == 4711 ? 4712 : 4711; }
Principal local(std::uint32_t uid, std::vector<std::string> roles) {
    return LocalPrincipal{uid, 1, "x", std::move(roles)};
}

TEST(Roles, HaveTheirActionsAndNoOthers) {
    using Names = std::set<std::string>;
    EXPECT_EQ(allowed_to(local(stranger(), {"auditor"})), (Names{"read"}));
    EXPECT_EQ(allowed_to(local(stranger(), {"officer"})), (Names{"read", "approve", "revoke"}));
    EXPECT_EQ(allowed_to(local(stranger(), {"operator"})), (Names{"read", "issue", "manage_secrets", "publish"}));
    EXPECT_EQ(allowed_to(local(stranger(), {"administrator"})), (Names{"read", "configure"}));
}

TEST(Roles, AddUp) {
    EXPECT_EQ(allowed_to(local(stranger(), {"auditor", "officer", "operator", "administrator"})).size(),
              std::size(kActions));
}

TEST(Roles, ThatNobodyKnowsAllowNothing) {
    EXPECT_TRUE(allowed_to(local(stranger(), {"Officer", "root", ""})).empty());
    EXPECT_FALSE(is_role("Officer"));
    EXPECT_TRUE(is_role("officer"));
}

TEST(Roles, AreAllRootsAndTheDaemonsUnlessConfiguredOtherwise) {
    for (const std::uint32_t uid : {std::uint32_t{0}, static_cast<std::uint32_t>(::geteuid())}) {
        EXPECT_EQ(allowed_to(local(uid, {})).size(), std::size(kActions));
        EXPECT_EQ(allowed_to(local(uid, {"auditor"})), (std::set<std::string>{"read"}));
    }
    EXPECT_TRUE(allowed_to(local(stranger(), {})).empty());
}

TEST(Roles, AreForLocalOperatorsAlone) {
    EXPECT_TRUE(allowed_to(AnonymousPrincipal{}).empty());
    EXPECT_TRUE(allowed_to(SecretPrincipal{"3f2a", "tls-server", {}}).empty());
    EXPECT_TRUE(allowed_to(CertificatePrincipal{}).empty());
}

TEST(Roles, AreNamedInTheRefusal) {
    const auto refused = check_role(local(stranger(), {"auditor"}), Action::revoke);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::denied);
    EXPECT_EQ(refused.error().public_detail(), "revoke needs the role officer");
}

}  // namespace
}  // namespace sealwright::policy
