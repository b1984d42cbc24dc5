// What a person sets by hand after a theft or a wrong clock: only forwards, only what stands where it was seen, and
// never without its entry in the audit log.
#include "tests/contract/sqlite/home.hpp"

namespace sealwright::contract {
namespace {

using audit::EventKind;
using store::sqlite::Standing;

constexpr std::uint64_t kTooMuch = std::uint64_t{1} << 62U;

class Maintenance : public SqliteStoreTest {
protected:
    Maintenance() { open(); }

    Standing standing() { return store().standing().value(); }
    std::uint64_t entries() { return store().audit_head().value().size; }
    BootEpoch boot(UtcTime now = at(0)) {
        return store().open_epoch(standing().node, now, event_of(EventKind::epoch_opened)).value();
    }
    // refused gives the code, and says that nothing was written.
    template <class Verb>
    std::optional<ErrorCode> refused(const Verb& verb) {
        const auto before = entries();
        const auto stood = standing();
        const Result<void> done = verb();
        EXPECT_EQ(entries(), before);
        EXPECT_EQ(standing().boot, stood.boot);
        EXPECT_EQ(standing().last_commit, stood.last_commit);
        EXPECT_EQ(standing().issuers.size(), stood.issuers.size());
        if (done) return std::nullopt;
        return done.error().code();
    }
    Result<void> raise_boot(std::uint64_t from, std::uint64_t to, UtcTime now = at(0)) {
        return store().raise_boot(BootEpoch{from}, BootEpoch{to}, now, event_of(EventKind::epoch_raised));
    }
    Result<void> raise_crl(std::uint64_t from, std::uint64_t to, const KeyId& issuer = kIssuer) {
        return store().raise_crl_number(issuer, from, to, at(0), event_of(EventKind::crl_number_raised));
    }
    Result<void> accept_clock(UtcTime last, UtcTime now) {
        return store().accept_clock(last, now, event_of(EventKind::clock_accepted));
    }
};

TEST_F(Maintenance, ShowsWhatTheStoreGoesOnFrom) {
    EXPECT_EQ(standing().boot, BootEpoch{0});
    EXPECT_EQ(standing().node, store().node_id().value());
    EXPECT_TRUE(standing().issuers.empty());
    boot(at(7));
    ASSERT_TRUE(store().open_epoch(kNode.id, at(7), {}));  // another node's boots are not this one's
    ASSERT_TRUE(store().open_epoch(kNode.id, at(7), {}));
    ASSERT_TRUE(store().reserve_crl_number(kOtherIssuer, at(9)));
    ASSERT_TRUE(store().reserve_crl_number(kIssuer, at(9)));
    ASSERT_TRUE(store().reserve_crl_number(kIssuer, at(9)));
    const auto stands = standing();
    EXPECT_EQ(stands.boot, BootEpoch{1});
    EXPECT_EQ(stands.last_commit, at(9));
    ASSERT_EQ(stands.issuers.size(), 2U);
    EXPECT_EQ(stands.issuers[0].key, kOtherIssuer);
    EXPECT_EQ(stands.issuers[0].crl_number, 1U);
    EXPECT_EQ(stands.issuers[1].key, kIssuer);
    EXPECT_EQ(stands.issuers[1].crl_number, 2U);
}

TEST_F(Maintenance, RaisesTheBootWithItsEntryAndTheNextOneFollowsIt) {
    boot();
    ASSERT_TRUE(raise_boot(1, 65537));
    EXPECT_EQ(entries(), 2U);
    EXPECT_EQ(standing().boot, BootEpoch{65537});
    close();
    open();
    EXPECT_EQ(boot(), BootEpoch{65538});
    EXPECT_EQ(store().open_epoch(kNode.id, at(0), {}).value(), BootEpoch{1}) << "of another node";
}

TEST_F(Maintenance, RaisesTheBootOfANodeThatNeverBooted) {
    ASSERT_TRUE(raise_boot(0, 5));
    EXPECT_EQ(boot(), BootEpoch{6});
}

TEST_F(Maintenance, RaisesABootOnlyForwardsAndFromWhatStands) {
    ASSERT_TRUE(raise_boot(0, 10));
    EXPECT_EQ(refused([&] { return raise_boot(10, 10); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return raise_boot(10, 9); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return raise_boot(9, 11); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return raise_boot(10, kTooMuch); }), ErrorCode::too_large);
    EXPECT_EQ(refused([&] { return raise_boot(10, UINT64_MAX); }), ErrorCode::too_large);
    ASSERT_TRUE(raise_boot(10, 11));
    ASSERT_TRUE(raise_boot(11, kTooMuch - 1));
    EXPECT_EQ(boot(), BootEpoch{kTooMuch}) << "the last that a signer takes";
}

TEST_F(Maintenance, RaisesACrlNumberOfOneIssuerAndTheNextOneFollowsIt) {
    ASSERT_TRUE(store().reserve_crl_number(kIssuer, at(0)));
    ASSERT_TRUE(store().reserve_crl_number(kOtherIssuer, at(0)));
    ASSERT_TRUE(raise_crl(1, 1000));
    EXPECT_EQ(entries(), 1U);
    close();
    open();
    EXPECT_EQ(store().reserve_crl_number(kIssuer, at(0)).value(), 1001U);
    EXPECT_EQ(store().reserve_crl_number(kOtherIssuer, at(0)).value(), 2U);
}

TEST_F(Maintenance, RaisesTheCrlNumberOfAnIssuerThatHadNone) {
    ASSERT_TRUE(raise_crl(0, 3));
    EXPECT_EQ(store().reserve_crl_number(kIssuer, at(0)).value(), 4U);
}

TEST_F(Maintenance, RaisesACrlNumberOnlyForwardsAndFromWhatStands) {
    ASSERT_TRUE(raise_crl(0, 10));
    EXPECT_EQ(refused([&] { return raise_crl(10, 10); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return raise_crl(10, 9); }), ErrorCode::conflict);
    EXPECT_EQ(refused([&] { return raise_crl(0, 11); }), ErrorCode::conflict);
    EXPECT_TRUE(raise_crl(0, 11, kOtherIssuer)) << "which stands at 0";
    EXPECT_EQ(refused([&] { return raise_crl(10, kTooMuch); }), ErrorCode::too_large);
    ASSERT_TRUE(raise_crl(10, kTooMuch - 1));
    EXPECT_EQ(store().reserve_crl_number(kIssuer, at(0)).value(), kTooMuch);
}

TEST_F(Maintenance, RaisesNothingWhileTheClockIsBehind) {
    ASSERT_TRUE(store().record({}, at(1000)));
    EXPECT_EQ(refused([&] { return raise_boot(0, 2, at(994)); }), ErrorCode::clock);
    EXPECT_TRUE(raise_boot(0, 2, at(995)));
}

TEST_F(Maintenance, AcceptsAClockThatIsBehindByMoreThanTheTolerance) {
    ASSERT_TRUE(store().record({}, at(100000)));
    EXPECT_EQ(store().record({}, at(0)).error().code(), ErrorCode::clock);
    EXPECT_EQ(refused([&] { return accept_clock(at(100000), at(99995)); }), ErrorCode::conflict) << "not behind";
    EXPECT_EQ(refused([&] { return accept_clock(at(100000), at(100001)); }), ErrorCode::conflict) << "ahead";
    EXPECT_EQ(refused([&] { return accept_clock(at(99999), at(0)); }), ErrorCode::conflict) << "another last commit";
    ASSERT_TRUE(accept_clock(at(100000), at(0)));
    EXPECT_EQ(entries(), 1U);
    EXPECT_EQ(standing().last_commit, at(0));
    EXPECT_TRUE(store().record({}, at(0)));
    EXPECT_EQ(store().record({}, at(-6)).error().code(), ErrorCode::clock) << "the rule goes on from there";
    EXPECT_EQ(refused([&] { return accept_clock(at(0), at(0)); }), ErrorCode::conflict) << "a second time";
}

TEST_F(Maintenance, OpensAStoreOfThisSchemaAloneWhereItMayNotMigrate) {
    close();
    options_.migrate = false;
    EXPECT_TRUE(try_open());
    meddle("PRAGMA user_version = 1");
    const auto older = try_open();
    ASSERT_FALSE(older);
    EXPECT_EQ(older.error().code(), ErrorCode::conflict);
    EXPECT_EQ(number_in_file("PRAGMA user_version"), 1);
    std::filesystem::remove(file());
    EXPECT_FALSE(try_open()) << "a file that was none";
}

}  // namespace
}  // namespace sealwright::contract
