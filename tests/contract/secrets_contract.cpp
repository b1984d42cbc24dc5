#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

using audit::EventKind;

class Secrets : public StoreContract {
protected:
    issuance::SecretRecord create(std::uint64_t number) {
        auto secret = secret_of(number);
        expect_success(store().create_secret(secret, at(0), event_of(EventKind::secret_created)));
        return secret;
    }
    // using_up is an intent under this secret.
    static issuance::Intent using_up(const std::string& secret, std::uint64_t number, UtcTime now = at(1)) {
        auto intent = intent_of(number, now);
        intent.secret_id = secret;
        return intent;
    }
};
SEALWRIGHT_EACH_ADAPTER(Secrets);

TEST_P(Secrets, AreFoundByTheirHash) {
    const auto secret = create(1);
    create(2);
    reopen();
    const auto found = store().find_secret(secret.secret_hash).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, secret.id);
    EXPECT_EQ(found->profile, secret.profile);
    EXPECT_EQ(found->names, secret.names);
    EXPECT_EQ(found->created_at, secret.created_at);
    EXPECT_EQ(found->expires_at, secret.expires_at);
    EXPECT_EQ(found->created_by, secret.created_by);
    EXPECT_FALSE(found->used_at);
    EXPECT_FALSE(found->revoked_at);
    auto octets = secret.secret_hash.octets();
    octets[31] = static_cast<std::uint8_t>(octets[31] ^ 1U);
    EXPECT_FALSE(store().find_secret(Sha256{octets}).value());
    EXPECT_EQ(store().secrets().value().size(), 2U);
}

TEST_P(Secrets, MayLeaveTheNamesOpen) {
    auto secret = secret_of(1);
    secret.names.clear();
    expect_success(store().create_secret(secret, at(0), {}));
    EXPECT_TRUE(store().find_secret(secret.secret_hash).value()->names.empty());
}

TEST_P(Secrets, RefuseNamesThatCouldBeTakenForOthers) {
    for (const std::string_view name : {"", "a\nb", "\n"}) {
        auto secret = secret_of(1);
        secret.names = {std::string{name}};
        EXPECT_EQ(refused([&] { return store().create_secret(secret, at(0), {}); }), ErrorCode::malformed);
    }
}

TEST_P(Secrets, AreMadeOnce) {
    const auto secret = create(1);
    EXPECT_EQ(refused([&] { return store().create_secret(secret, at(0), event_of(EventKind::secret_created)); }),
              ErrorCode::already_exists);
    auto other = secret_of(2);
    other.id = secret.id;
    EXPECT_EQ(refused([&] { return store().create_secret(other, at(0), {}); }), ErrorCode::already_exists);
    other = secret_of(2);
    other.secret_hash = secret.secret_hash;
    EXPECT_EQ(refused([&] { return store().create_secret(other, at(0), {}); }), ErrorCode::already_exists);
}

TEST_P(Secrets, AreUsedUpByOneIntent) {
    const auto secret = create(1);
    const auto intent = intend(using_up(secret.id, 1));
    const auto used = store().find_secret(secret.secret_hash).value();
    EXPECT_EQ(used->used_at, at(1));
    EXPECT_EQ(used->used_by, intent.request);
    EXPECT_EQ(store().request(intent.request).value().secret_id, secret.id);
    EXPECT_EQ(
        refused([&] { return store().intend(using_up(secret.id, 2), event_of(EventKind::certificate_intended)); }),
        ErrorCode::conflict);
    EXPECT_EQ(store().certificate(numbered<SerialNumber>(2)).error().code(), ErrorCode::not_found);
    EXPECT_EQ(store().request(numbered<RequestId>(2)).error().code(), ErrorCode::not_found);
}

TEST_P(Secrets, StayUnusedWhenTheIntentIsRefused) {
    const auto secret = create(1);
    intend(5);
    auto intent = using_up(secret.id, 1);
    intent.serial = numbered<SerialNumber>(5);
    EXPECT_EQ(refused([&] { return store().intend(intent, {}); }), ErrorCode::already_exists);
    EXPECT_FALSE(store().find_secret(secret.secret_hash).value()->used_at);
    intend(using_up(secret.id, 1));
}

TEST_P(Secrets, ExpireInTheSecondThatTheyName) {
    const auto secret = create(1);  // at(3600)
    EXPECT_EQ(refused([&] { return store().intend(using_up(secret.id, 1, at(3600)), {}); }), ErrorCode::conflict);
    intend(using_up(secret.id, 1, at(3599)));
}

TEST_P(Secrets, AreRevokedOnce) {
    const auto secret = create(1);
    expect_success(store().revoke_secret(secret.id, at(1), event_of(EventKind::secret_revoked)));
    EXPECT_EQ(store().find_secret(secret.secret_hash).value()->revoked_at, at(1));
    EXPECT_EQ(refused([&] { return store().revoke_secret(secret.id, at(1), {}); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return store().revoke_secret("0000000000000000", at(1), {}); }), ErrorCode::not_found);
    EXPECT_EQ(refused([&] { return store().intend(using_up(secret.id, 1), {}); }), ErrorCode::conflict);
}

TEST_P(Secrets, ThatWereUsedAreNotRevoked) {
    const auto secret = create(1);
    intend(using_up(secret.id, 1));
    EXPECT_EQ(refused([&] { return store().revoke_secret(secret.id, at(1), {}); }), ErrorCode::conflict);
}

TEST_P(Secrets, ThatAreUnknownIntendNothing) {
    EXPECT_EQ(refused([&] { return store().intend(using_up("3f2a", 1), {}); }), ErrorCode::conflict);
}

}  // namespace
}  // namespace sealwright::contract
