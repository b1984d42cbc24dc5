#include "issuance/crl_publisher.hpp"

#include <unistd.h>

#include <filesystem>

#include "base/boundary.hpp"
#include "base/file.hpp"
#include "house.hpp"
#include "issuance/revocation.hpp"

namespace sealwright::issuance {
namespace {

using audit::EventKind;
using test::Tamper;
using test::Verb;
using ::testing::ElementsAre;

class CrlPublisherTest : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ =
            std::filesystem::temp_directory_path() / ("sealwright-crl-" + std::to_string(::getpid()) + "-" +
                                                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(folder_);
        restart();
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void restart() {
        publisher_ = std::make_unique<CrlPublisher>(
            house_.ca.authority,
            CrlPolicy{.validity = std::chrono::hours{24}, .overlap = std::chrono::hours{6}, .file = file()},
            house_.node, house_.store, house_.ca.signer, house_.clock, house_.random, house_.log);
    }
    std::filesystem::path file() const { return folder_ / "issuing.crl"; }
    x509::CertificateList published() {
        return x509::CertificateList::parse(read_file(file(), 1U << 20U).value()).value();
    }
    void revoke(const SerialNumber& serial, x509::RevocationReason reason = x509::RevocationReason::key_compromise) {
        ASSERT_TRUE(house_.store.revoke(serial, {house_.clock.now(), reason, {}}, {}));
    }

    House house_;
    std::filesystem::path folder_;
    std::unique_ptr<CrlPublisher> publisher_;
};

TEST_F(CrlPublisherTest, TheFirstIsDueAtOnceAndEmpty) {
    EXPECT_LE(publisher_->due(), kNow);
    EXPECT_EQ(publisher_->current(), nullptr);
    const auto record = publisher_->publish_now();
    ASSERT_TRUE(record) << record.error().describe();
    const auto crl = published();
    EXPECT_TRUE(crl.verify_signature(house_.ca.authority.key));
    EXPECT_EQ(crl.issuer(), house_.ca.authority.certificate.fields().subject_der);
    EXPECT_EQ(crl.entry_count(), 0U);
    EXPECT_EQ(crl.number(), 1U);
    EXPECT_EQ(crl.this_update(), kNow - std::chrono::seconds{60});
    EXPECT_EQ(crl.next_update() - crl.this_update(), std::chrono::hours{24});
    EXPECT_EQ(publisher_->current()->der, crl.der());
    EXPECT_EQ(publisher_->due(), crl.next_update() - std::chrono::hours{6});
}

TEST_F(CrlPublisherTest, PassesItsBoundariesInOrder) {
    test::take_boundaries();
    ASSERT_TRUE(publisher_->publish_now());
    namespace b = boundary;
    EXPECT_THAT(test::take_boundaries(), ElementsAre(std::string{b::kCrlIntended}, std::string{b::kCrlSigned},
                                                     std::string{b::kCrlCompleted}, std::string{b::kCrlPublished}));
    EXPECT_THAT(kinds(house_.store.events()), ElementsAre("crl.intended", "crl.issued"));
}

TEST_F(CrlPublisherTest, ListsWhatIsRevokedOnHoldOrIndeterminate) {
    const auto good = house_.issued_now(), revoked = house_.issued_now(), held = house_.issued_now();
    revoke(revoked.serial);
    revoke(held.serial, x509::RevocationReason::certificate_hold);
    house_.ca.signer.fail_next(fail(ErrorCode::timed_out, "too late"));
    ASSERT_FALSE(house_.engine->issue(house_.good_request()));
    CertificateFilter filter;
    filter.state = CertificateState::indeterminate;
    const auto indeterminate = house_.store.certificates(filter).value().at(0).serial;
    const auto record = publisher_->publish_now();
    ASSERT_TRUE(record) << record.error().describe();
    EXPECT_EQ(record.value().entries, 3U);
    const auto crl = published();
    EXPECT_FALSE(crl.find(good.serial));
    EXPECT_EQ(crl.find(revoked.serial)->reason, x509::RevocationReason::key_compromise);
    EXPECT_EQ(crl.find(held.serial)->reason, x509::RevocationReason::certificate_hold);
    EXPECT_TRUE(crl.find(indeterminate));
    // A release takes it off again; the others stay.
    ASSERT_TRUE(house_.store.release(held.serial, kNow, {}));
    ASSERT_TRUE(publisher_->publish_now());
    EXPECT_FALSE(published().find(held.serial));
    EXPECT_TRUE(published().find(revoked.serial));
}

TEST_F(CrlPublisherTest, IsNeverDatedBeforeWhatItListsNorBeforeTheLastOne) {
    const auto issued = house_.issued_now();
    ASSERT_TRUE(publisher_->publish_now());
    EXPECT_EQ(published().this_update(), kNow - std::chrono::seconds{60});
    house_.clock.advance(std::chrono::seconds{10});
    revoke(issued.serial, x509::RevocationReason::certificate_hold);
    ASSERT_TRUE(publisher_->publish_now());
    EXPECT_EQ(published().this_update(), kNow + std::chrono::seconds{10});
    EXPECT_EQ(published().next_update(), published().this_update() + std::chrono::hours{24});
    ASSERT_TRUE(house_.store.release(issued.serial, house_.clock.now(), {}));
    house_.clock.advance(std::chrono::seconds{10});
    ASSERT_TRUE(publisher_->publish_now());
    EXPECT_EQ(published().this_update(), kNow + std::chrono::seconds{10});
}

// The clock ran ahead by a year, was put right, and a person accepted that: a list of next year is of use to nobody.
TEST_F(CrlPublisherTest, GoesOnFromTheClockThatAPersonAccepted) {
    const auto early = house_.issued_now(), late = house_.issued_now();
    revoke(early.serial);
    house_.clock.advance(std::chrono::hours{24});  // inside the certificates' validity
    revoke(late.serial);
    ASSERT_TRUE(publisher_->publish_now());
    const auto ahead = published();
    EXPECT_GT(publisher_->due(), house_.clock.now());
    house_.clock.set(kNow + std::chrono::seconds{100});
    EXPECT_LE(publisher_->due(), kNow) << "at once";
    ASSERT_FALSE(publisher_->publish_now()) << "not before somebody has accepted it";
    house_.store.accept_clock(house_.clock.now());
    const auto made = publisher_->publish_now();
    ASSERT_TRUE(made) << made.error().describe();
    const auto crl = published();
    EXPECT_EQ(crl.this_update(), house_.clock.now());
    EXPECT_EQ(crl.entry_count(), 2U);
    EXPECT_EQ(crl.find(early.serial)->revoked_at, kNow);
    EXPECT_EQ(crl.find(late.serial)->revoked_at, house_.clock.now());
    EXPECT_GT(crl.number(), ahead.number());
    EXPECT_EQ(publisher_->due(), crl.next_update() - std::chrono::hours{6});
}

// Its neighbour: of two nodes one has a clock that is a little ahead.
TEST_F(CrlPublisherTest, IsNeverDatedBeforeWhatAnotherNodeRevokedASecondAhead) {
    const auto issued = house_.issued_now();
    ASSERT_TRUE(house_.store.revoke(issued.serial,
                                    {kNow + std::chrono::seconds{4}, x509::RevocationReason::key_compromise, {}}, {}));
    ASSERT_TRUE(publisher_->publish_now());
    EXPECT_EQ(published().this_update(), kNow + std::chrono::seconds{4});
    EXPECT_EQ(published().find(issued.serial)->revoked_at, kNow + std::chrono::seconds{4});
}

TEST_F(CrlPublisherTest, AnExpiredOneStaysUntilItWasListedOnceMore) {
    const auto issued = house_.issued_now();
    revoke(issued.serial);
    house_.clock.set(house_.record_of(issued.serial).not_after + std::chrono::hours{1});
    ASSERT_TRUE(publisher_->publish_now());
    EXPECT_TRUE(published().find(issued.serial));
    house_.clock.advance(std::chrono::hours{1});
    ASSERT_TRUE(publisher_->publish_now());
    EXPECT_FALSE(published().find(issued.serial));
}

TEST_F(CrlPublisherTest, NumbersOnlyGrow) {
    std::uint64_t last = 0;
    for (int i = 0; i < 4; ++i) {
        const auto number = publisher_->publish_now().value().number;
        EXPECT_GT(number, last);
        last = number;
    }
}

TEST_F(CrlPublisherTest, ANumberThatWasNotSignedIsGivenUp) {
    ASSERT_TRUE(publisher_->publish_now());
    const Bytes before = published().der();
    house_.ca.signer.fail_next(fail(ErrorCode::unavailable, "down"));
    EXPECT_EQ(code_of(publisher_->publish_now()), ErrorCode::unavailable);
    EXPECT_EQ(published().der(), before);
    EXPECT_EQ(publisher_->current()->number, 1U);
    EXPECT_EQ(house_.store.events(EventKind::crl_abandoned).at(0).fields.at("number"), "2");
    EXPECT_EQ(publisher_->publish_now().value().number, 3U);
}

TEST_F(CrlPublisherTest, ASignatureThatDoesNotHoldIsNotPublished) {
    ASSERT_TRUE(publisher_->publish_now());
    const Bytes before = published().der();
    for (const auto how : {Tamper::flip_bit, Tamper::truncate, Tamper::empty, Tamper::other_key, Tamper::changed_tbs}) {
        house_.ca.signer.tamper(how);
        EXPECT_EQ(code_of(publisher_->publish_now()), ErrorCode::token);
        EXPECT_EQ(published().der(), before);
        EXPECT_EQ(publisher_->current()->number, 1U);
    }
    house_.ca.signer.tamper(Tamper::none);
    EXPECT_EQ(publisher_->publish_now().value().number, 7U);
}

TEST_F(CrlPublisherTest, AStoreThatFailsKeepsTheLastOneOut) {
    ASSERT_TRUE(publisher_->publish_now());
    const Bytes before = published().der();
    const auto signatures = house_.ca.signer.signatures_made();
    for (const auto verb : {Verb::reserve_crl_number, Verb::for_each_revoked, Verb::latest_crl, Verb::intend_crl}) {
        house_.store.fail_next(verb, fail(ErrorCode::storage, "the disk is full"));
        EXPECT_EQ(code_of(publisher_->publish_now()), ErrorCode::storage);
    }
    EXPECT_EQ(house_.ca.signer.signatures_made(), signatures);
    house_.store.fail_next(Verb::complete_crl, fail(ErrorCode::storage, "the disk is full"));
    EXPECT_EQ(code_of(publisher_->publish_now()), ErrorCode::storage);
    EXPECT_EQ(published().der(), before);
    EXPECT_EQ(publisher_->current()->number, 1U);
    EXPECT_GT(publisher_->publish_now().value().number, 1U);
}

TEST_F(CrlPublisherTest, AFileThatCannotBeWrittenIsSaidAndTheCrlStillServed) {
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(publisher_->publish_now());
    EXPECT_TRUE(publisher_->file_is_behind());
    EXPECT_EQ(publisher_->current()->number, 1U);
    EXPECT_EQ(house_.store.latest_crl(house_.ca.authority.key.id()).value()->number, 1U);
    publisher_->retry_file();
    EXPECT_TRUE(publisher_->file_is_behind());
    std::filesystem::create_directories(folder_);
    publisher_->retry_file();
    EXPECT_FALSE(publisher_->file_is_behind());
    EXPECT_EQ(published().der(), publisher_->current()->der);
}

TEST_F(CrlPublisherTest, AnEndThatCouldNotBeStoredIsStoredBeforeTheNext) {
    house_.store.fail_next(Verb::complete_crl, fail(ErrorCode::storage, "the disk is full"));
    ASSERT_FALSE(publisher_->publish_now());
    const auto calls = house_.store.calls(Verb::abandon_crl);
    ASSERT_TRUE(publisher_->publish_now());
    EXPECT_EQ(house_.store.calls(Verb::abandon_crl), calls + 1);
    ASSERT_TRUE(publisher_->publish_now());
    EXPECT_EQ(house_.store.calls(Verb::abandon_crl), calls + 1);
}

TEST_F(CrlPublisherTest, AfterARestartTheLastOneIsServedAndWrittenAgain) {
    ASSERT_TRUE(publisher_->publish_now());
    const Bytes before = published().der();
    std::filesystem::remove(file());
    house_.node.epoch = BootEpoch{4};
    restart();
    EXPECT_EQ(publisher_->current(), nullptr);
    ASSERT_TRUE(publisher_->settle());
    EXPECT_EQ(publisher_->current()->der, before);
    EXPECT_EQ(published().der(), before);
    EXPECT_EQ(publisher_->publish_now().value().number, 2U);
}

TEST_F(CrlPublisherTest, AfterARestartOpenNumbersAreGivenUp) {
    house_.store.fail_next(Verb::complete_crl, fail(ErrorCode::storage, "the disk is full"));
    ASSERT_FALSE(publisher_->publish_now());
    house_.node.epoch = BootEpoch{4};
    restart();
    ASSERT_TRUE(publisher_->settle());
    EXPECT_EQ(house_.store.events(EventKind::crl_abandoned).at(0).fields.at("number"), "1");
    EXPECT_TRUE(house_.store.open_crl_intents(house_.node, kNow).value().empty());
    EXPECT_EQ(publisher_->current(), nullptr);
    EXPECT_EQ(publisher_->publish_now().value().number, 2U);
}

TEST_F(CrlPublisherTest, AStoredCrlThatWasTamperedWithIsNotServed) {
    ASSERT_TRUE(publisher_->publish_now());
    auto record = house_.store.latest_crl(house_.ca.authority.key.id()).value().value();
    const auto number = house_.store.reserve_crl_number(record.issuer_key, kNow).value();
    CrlIntent intent{.id = crypto::random_id<IntentId>(house_.random),
                     .node = house_.node,
                     .issuer_key = record.issuer_key,
                     .number = number,
                     .this_update = record.this_update,
                     .next_update = record.next_update,
                     .tbs_digest = {},
                     .now = kNow};
    ASSERT_TRUE(house_.store.intend_crl(intent, {}));
    record.number = number;
    ASSERT_TRUE(house_.store.complete_crl(intent.id, record, {}));
    restart();
    ASSERT_TRUE(publisher_->settle());
    EXPECT_EQ(publisher_->current(), nullptr);
    EXPECT_TRUE(house_.log.mentions("not served", LogLevel::error));
}

}  // namespace
}  // namespace sealwright::issuance
