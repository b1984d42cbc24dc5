// The journal's memory, its torn tails, its damage and its full disks.
#include "hsm/signer_process/journal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/file.hpp"
#include "crypto/random.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using ::testing::HasSubstr;

const NodeId kNode = NodeId::from(Bytes(16, 0xaa)).value();
const KeyId kSigningKey = KeyId::from(Bytes(32, 0xbb)).value();
const Sha256 kIssuer = Sha256::from(Bytes(32, 0xcc)).value();

class KeepingLog final : public Log {
public:
    void write(LogLevel, std::string_view, std::string_view text) noexcept override {
        lines += std::string{text} + "\n";
    }
    std::string lines;
};

class JournalTest : public ::testing::Test {
protected:
    JournalTest() {
        std::string name = "/tmp/sealwright-journal-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        folder_ = name;
    }
    ~JournalTest() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path file() const { return folder_ / "journal"; }
    std::unique_ptr<Journal> open() {
        auto journal = Journal::open(file(), clock_, log_, rules_);
        EXPECT_TRUE(journal) << journal.error().describe();
        return journal ? std::move(journal).value() : nullptr;
    }
    // open_fenced also fences epoch 1 of the node.
    std::unique_ptr<Journal> open_fenced() {
        auto journal = open();
        EXPECT_TRUE(journal->stage(FenceRecord{kNode, BootEpoch{1}}));
        if (!journal->has_staged()) return journal;
        EXPECT_TRUE(journal->commit());
        return journal;
    }

    static IntentRecord certificate(std::uint8_t number) {
        IntentRecord intent;
        intent.node = kNode;
        intent.epoch = BootEpoch{1};
        intent.key = kSigningKey;
        intent.purpose = Purpose::certificate;
        intent.intent = IntentId::from(Bytes(16, number)).value();
        intent.subject = CertificateSubject{Bytes{1, 2, number}};
        return intent;
    }
    static IntentRecord crl(std::uint8_t id, std::uint64_t number) {
        auto intent = certificate(id);
        intent.purpose = Purpose::crl;
        intent.subject = CrlSubject{kIssuer, number};
        return intent;
    }
    static IntentRecord checkpoint(std::uint64_t size, std::uint8_t root) {
        auto intent = certificate(0);
        intent.purpose = Purpose::checkpoint;
        intent.subject = CheckpointSubject{kIssuer, size, Sha256::from(Bytes(32, root)).value()};
        return intent;
    }
    static IntentId id(std::uint8_t number) { return IntentId::from(Bytes(16, number)).value(); }

    Bytes octets() const { return read_file(file(), 1U << 24U).value(); }
    void overwrite(const Bytes& content) const {
        std::ofstream out{file(), std::ios::binary | std::ios::trunc};
        out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    }

    std::filesystem::path folder_;
    ManualClock clock_{from_rfc3339("2026-11-22T12:00:00Z").value()};
    JournalRules rules_;
    KeepingLog log_;
};

TEST_F(JournalTest, RemembersEveryOutcomeAcrossRestarts) {
    {
        auto journal = open_fenced();
        for (std::uint8_t i = 1; i <= 4; ++i) ASSERT_TRUE(journal->stage(certificate(i)));
        const auto first = journal->commit();
        ASSERT_TRUE(first);
        EXPECT_EQ(first.value(), 2U);
        journal->stage(ResultRecord{2, id(1), Outcome::signed_, ErrorCode::internal, kIssuer});
        journal->stage(ResultRecord{3, id(2), Outcome::failed, ErrorCode::token, {}});
        journal->stage(ResultRecord{4, id(3), Outcome::unknown, ErrorCode::indeterminate, {}});
        ASSERT_TRUE(journal->commit());
        EXPECT_EQ(journal->look_up(id(1)).value(), JournalState::signed_);
    }
    auto journal = open();
    EXPECT_EQ(journal->last_sequence(), 8U);
    EXPECT_EQ(journal->look_up(id(1)).value(), JournalState::signed_);
    EXPECT_EQ(journal->look_up(id(2)).value(), JournalState::failed);
    EXPECT_EQ(journal->look_up(id(3)).value(), JournalState::may_have_signed);
    EXPECT_EQ(journal->look_up(id(4)).value(), JournalState::may_have_signed);
    EXPECT_EQ(journal->look_up(id(5)).value(), JournalState::never_seen);
}

TEST_F(JournalTest, RefusesAnIntentThatWasUsed) {
    {
        auto journal = open_fenced();
        ASSERT_TRUE(journal->stage(certificate(1)));
        EXPECT_EQ(journal->stage(certificate(1)).error().code(), ErrorCode::conflict);  // in the same commit
        ASSERT_TRUE(journal->commit());
        EXPECT_EQ(journal->stage(certificate(1)).error().code(), ErrorCode::conflict);
        EXPECT_TRUE(journal->stage(certificate(2)));
        ASSERT_TRUE(journal->commit());
    }
    auto journal = open();
    EXPECT_EQ(journal->stage(certificate(1)).error().code(), ErrorCode::conflict);
    EXPECT_EQ(journal->stage(crl(2, 1)).error().code(), ErrorCode::conflict);
    EXPECT_TRUE(journal->stage(certificate(3)));
}

TEST_F(JournalTest, RefusesACrlNumberThatDoesNotGrow) {
    {
        auto journal = open_fenced();
        ASSERT_TRUE(journal->stage(crl(1, 7)));
        EXPECT_EQ(journal->stage(crl(2, 7)).error().code(), ErrorCode::conflict);
        ASSERT_TRUE(journal->commit());
    }
    auto journal = open();
    EXPECT_EQ(journal->last_crl_number(kSigningKey, kIssuer), 7U);
    EXPECT_EQ(journal->stage(crl(3, 7)).error().code(), ErrorCode::conflict);
    EXPECT_EQ(journal->stage(crl(4, 6)).error().code(), ErrorCode::conflict);
    EXPECT_TRUE(journal->stage(crl(5, 8)));
    auto of_another_issuer = crl(6, 1);
    of_another_issuer.subject = CrlSubject{Sha256{}, 1};
    EXPECT_TRUE(journal->stage(of_another_issuer));
}

TEST_F(JournalTest, RefusesATreeThatShrinksOrForks) {
    {
        auto journal = open_fenced();
        ASSERT_TRUE(journal->stage(checkpoint(10, 1)));
        ASSERT_TRUE(journal->commit());
    }
    auto journal = open();
    EXPECT_EQ(journal->stage(checkpoint(9, 1)).error().code(), ErrorCode::conflict);
    EXPECT_EQ(journal->stage(checkpoint(10, 2)).error().code(), ErrorCode::conflict);
    EXPECT_TRUE(journal->stage(checkpoint(10, 1)));
    EXPECT_TRUE(journal->stage(checkpoint(11, 3)));
    EXPECT_EQ(journal->stage(checkpoint(10, 1)).error().code(), ErrorCode::conflict);
}

TEST_F(JournalTest, RefusesOlderEpochs) {
    {
        auto journal = open();
        EXPECT_EQ(journal->stage(certificate(1)).error().code(), ErrorCode::denied);  // never fenced
        EXPECT_EQ(journal->stage(FenceRecord{kNode, BootEpoch{0}}).error().code(), ErrorCode::malformed);
        ASSERT_TRUE(journal->stage(FenceRecord{kNode, BootEpoch{2}}));
        ASSERT_TRUE(journal->commit());
    }
    auto journal = open();
    EXPECT_EQ(journal->fenced_epoch(kNode), BootEpoch{2});
    EXPECT_EQ(journal->stage(certificate(1)).error().code(), ErrorCode::denied);  // epoch 1
    EXPECT_EQ(journal->stage(FenceRecord{kNode, BootEpoch{1}}).error().code(), ErrorCode::conflict);
    EXPECT_TRUE(journal->stage(FenceRecord{kNode, BootEpoch{2}}));
    EXPECT_FALSE(journal->has_staged());
    auto newer = certificate(1);
    newer.epoch = BootEpoch{2};
    EXPECT_TRUE(journal->stage(newer));
}

TEST_F(JournalTest, KnowsWhichBootsOfANodeItHasSeen) {
    const auto other = NodeId::from(Bytes(16, 0x55)).value();
    {
        auto journal = open_fenced();
        EXPECT_FALSE(journal->has_seen(other, BootEpoch{2}));
        ASSERT_TRUE(journal->stage(FenceRecord{kNode, BootEpoch{2}}));
        ASSERT_TRUE(journal->stage(FenceRecord{other, BootEpoch{2}}));
        ASSERT_TRUE(journal->commit());
    }
    const auto journal = open();
    EXPECT_TRUE(journal->has_seen(kNode, BootEpoch{1}));
    EXPECT_FALSE(journal->has_seen(other, BootEpoch{1}));
    EXPECT_TRUE(journal->has_seen(other, BootEpoch{2}));
    EXPECT_TRUE(journal->has_seen(other, BootEpoch{3}));
}

TEST_F(JournalTest, LetsNoNumberJumpSoFarThatNoneIsLeft) {
    auto journal = open_fenced();
    auto crl = certificate(1);
    crl.purpose = Purpose::crl;
    crl.subject = CrlSubject{Sha256{}, std::uint64_t{1} << 63U};
    EXPECT_EQ(journal->stage(crl).error().code(), ErrorCode::denied);
    crl.subject = CrlSubject{Sha256{}, 1000};
    ASSERT_TRUE(journal->stage(crl));
    crl.intent = id(2);
    crl.subject = CrlSubject{Sha256{}, 1000 + (1U << 20U) + 1};
    EXPECT_EQ(journal->stage(crl).error().code(), ErrorCode::denied);
    crl.subject = CrlSubject{Sha256{}, 1000 + (1U << 20U)};
    EXPECT_TRUE(journal->stage(crl));

    auto tree = certificate(3);
    tree.purpose = Purpose::checkpoint;
    tree.subject = CheckpointSubject{Sha256{}, 10, Sha256{}};
    ASSERT_TRUE(journal->stage(tree));
    tree.subject = CheckpointSubject{Sha256{}, 11 + kTreeSizeStep, Sha256{}};
    EXPECT_EQ(journal->stage(tree).error().code(), ErrorCode::denied);
    tree.subject = CheckpointSubject{Sha256{}, 10 + kTreeSizeStep, Sha256{}};
    EXPECT_TRUE(journal->stage(tree));

    EXPECT_EQ(journal->stage(FenceRecord{kNode, BootEpoch{2 + (1U << 16U)}}).error().code(), ErrorCode::denied);
    EXPECT_TRUE(journal->stage(FenceRecord{kNode, BootEpoch{1 + (1U << 16U)}}));
}

TEST_F(JournalTest, TakesAFenceAndWhatFollowsItInOneCommit) {
    {
        auto journal = open_fenced();
        ASSERT_TRUE(journal->stage(FenceRecord{kNode, BootEpoch{2}}));
        auto newer = certificate(1);
        newer.epoch = BootEpoch{2};
        ASSERT_TRUE(journal->stage(newer));
        EXPECT_EQ(journal->stage(certificate(2)).error().code(), ErrorCode::denied);  // epoch 1
        auto undeclared = certificate(3);
        undeclared.epoch = BootEpoch{3};
        EXPECT_EQ(journal->stage(undeclared).error().code(), ErrorCode::denied);
        EXPECT_EQ(journal->commit().value(), 3U);
    }
    auto journal = open();
    EXPECT_EQ(journal->look_up(id(1)).value(), JournalState::may_have_signed);
    EXPECT_EQ(journal->look_up(id(2)).value(), JournalState::never_seen);
}

TEST_F(JournalTest, CountsWhatAKeySignsInAnHourAndStillKnowsBehindARestart) {
    rules_.keys[kSigningKey] = {"issuing", 3, kTreeSizeStep};
    {
        auto journal = open_fenced();
        ASSERT_TRUE(journal->stage(certificate(1)));
        ASSERT_TRUE(journal->stage(certificate(2)));
        ASSERT_TRUE(journal->commit());
        clock_.advance(std::chrono::minutes{30});
        ASSERT_TRUE(journal->stage(certificate(3)));
        EXPECT_EQ(journal->stage(certificate(4)).error().code(), ErrorCode::overloaded);  // what is staged counts
        ASSERT_TRUE(journal->commit());
        EXPECT_EQ(journal->stage(certificate(4)).error().code(), ErrorCode::overloaded);
        auto other = certificate(5);
        other.key = KeyId::from(Bytes(32, 1)).value();
        EXPECT_TRUE(journal->stage(other));  // a key without a limit
        ASSERT_TRUE(journal->commit());
        EXPECT_EQ(log_.lines.find("max_per_hour"), log_.lines.rfind("max_per_hour")) << log_.lines;  // told once
    }
    auto journal = open();
    clock_.advance(std::chrono::minutes{29});
    EXPECT_EQ(journal->stage(certificate(6)).error().code(), ErrorCode::overloaded);
    clock_.advance(std::chrono::minutes{2});  // the first two are more than an hour old
    EXPECT_TRUE(journal->stage(certificate(6)));
    EXPECT_TRUE(journal->stage(certificate(7)));
    EXPECT_EQ(journal->stage(certificate(8)).error().code(), ErrorCode::overloaded);
}

TEST_F(JournalTest, WhatCouldNotBeCommittedIsNotCounted) {
    rules_.keys[kSigningKey] = {"issuing", 1, kTreeSizeStep};
    auto journal = open_fenced();
    // A file that may not grow stands for a full disk.
    const rlimit small{octets().size(), RLIM_INFINITY};
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, SIG_IGN);
    ASSERT_TRUE(journal->stage(certificate(1)));
    ::setrlimit(RLIMIT_FSIZE, &small);
    EXPECT_FALSE(journal->commit());
    ::setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_TRUE(journal->stage(certificate(1)));
    EXPECT_TRUE(journal->commit());
    EXPECT_EQ(journal->stage(certificate(2)).error().code(), ErrorCode::overloaded);
}

TEST_F(JournalTest, NamesTheKeysWithoutALimit) {
    rules_.keys[kSigningKey] = {"issuing", std::nullopt, kTreeSizeStep};
    open();
    EXPECT_THAT(log_.lines, HasSubstr("without end: issuing"));
}

TEST_F(JournalTest, TakesFencesOfItsNodesAlone) {
    const auto node = [](std::uint8_t number) { return NodeId::from(Bytes(16, number)).value(); };
    {
        auto journal = open();
        for (std::uint8_t i = 0; i < kMaxNodes; ++i)
            ASSERT_TRUE(journal->stage(FenceRecord{node(i), BootEpoch{1}})) << int{i};
        EXPECT_EQ(journal->stage(FenceRecord{node(100), BootEpoch{1}}).error().code(), ErrorCode::denied);
        ASSERT_TRUE(journal->commit());
        EXPECT_EQ(journal->stage(FenceRecord{node(100), BootEpoch{1}}).error().code(), ErrorCode::denied);
        EXPECT_TRUE(journal->stage(FenceRecord{node(5), BootEpoch{2}}));
    }
    rules_.nodes = {node(100)};  // a person says which: what others have used up does not matter
    auto journal = open();
    EXPECT_TRUE(journal->stage(FenceRecord{node(100), BootEpoch{1}}));
    EXPECT_EQ(journal->stage(FenceRecord{node(5), BootEpoch{2}}).error().code(), ErrorCode::denied);
}

TEST_F(JournalTest, TakesSoManyNewBootsInAMinute) {
    auto journal = open();
    for (std::uint64_t i = 1; i <= kMaxFencesAMinute; ++i)
        ASSERT_TRUE(journal->stage(FenceRecord{kNode, BootEpoch{i}}));
    const FenceRecord next{kNode, BootEpoch{kMaxFencesAMinute + 1}};
    EXPECT_EQ(journal->stage(next).error().code(), ErrorCode::overloaded);
    EXPECT_TRUE(journal->stage(FenceRecord{kNode, BootEpoch{kMaxFencesAMinute}}));  // known: no record
    clock_.advance(std::chrono::minutes{1});
    EXPECT_TRUE(journal->stage(next));
}

TEST_F(JournalTest, RefusesARecordOfATypeThatANewerSignerWrote) {
    open_fenced();
    Bytes all = octets();
    const Bytes before = all;
    // The last record again, chained behind itself, as one of type 200.
    const Bytes fence(before.begin() + kJournalHeader, before.end());
    Bytes body(fence.begin(), fence.end() - kJournalDigest);
    body[4] = 200;
    body[4 + 8] = 2;  // sequence
    const auto last = Sha256::from(ByteView{fence}.last(kJournalDigest)).value();
    append(all, body);
    append(all, record_digest(last, body).view());
    overwrite(all);
    const auto opened = Journal::open(file(), clock_, log_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::unsupported);
    EXPECT_THAT(opened.error().public_detail(), HasSubstr("type 200"));
    EXPECT_EQ(octets(), all) << "nothing was cut off";
}

TEST_F(JournalTest, RefusesToSignWhenTheClockWentBack) {
    {
        auto journal = open_fenced();
        ASSERT_TRUE(journal->stage(certificate(1)));
        ASSERT_TRUE(journal->commit());
    }
    clock_.advance(std::chrono::seconds{-11});
    auto journal = open();
    EXPECT_EQ(journal->stage(certificate(2)).error().code(), ErrorCode::clock);
    clock_.advance(std::chrono::seconds{1});
    EXPECT_TRUE(journal->stage(certificate(2)));
    ASSERT_TRUE(journal->commit());
    EXPECT_EQ(to_rfc3339(journal->last_time()), "2026-11-22T12:00:00Z");  // records never go back
}

TEST_F(JournalTest, GoesOnAtOnceWhenAPersonAcceptsTheClock) {
    rules_.keys[kSigningKey] = {"issuing", 2, kTreeSizeStep};
    const auto year = std::chrono::hours{24 * 365};
    clock_.advance(year);  // ran ahead
    {
        auto journal = open_fenced();
        EXPECT_FALSE(journal->accept_clock().value());  // nothing to accept
        ASSERT_TRUE(journal->stage(certificate(1)));
        ASSERT_TRUE(journal->commit());
        clock_.advance(-year);
        EXPECT_EQ(journal->stage(certificate(2)).error().code(), ErrorCode::clock);
        const auto given_up = journal->accept_clock();
        ASSERT_TRUE(given_up && given_up.value());
        EXPECT_EQ(*given_up.value(), clock_.now() + year);
        EXPECT_EQ(journal->last_time(), clock_.now());
    }
    auto journal = open();
    EXPECT_EQ(journal->last_time(), clock_.now());
    EXPECT_FALSE(journal->accept_clock().value());
    EXPECT_EQ(journal->stage(certificate(1)).error().code(), ErrorCode::conflict);  // it forgot nothing
    ASSERT_TRUE(journal->stage(certificate(2)));
    EXPECT_EQ(journal->commit().value(), 4U);
    EXPECT_EQ(journal->stage(certificate(3)).error().code(), ErrorCode::overloaded);  // the one before counts
    clock_.advance(std::chrono::seconds{-11});
    EXPECT_EQ(journal->stage(certificate(4)).error().code(), ErrorCode::clock);  // it may not go back again
}

TEST_F(JournalTest, CountsWhatIsDecryptedOnceAMinute) {
    rules_.keys[kSigningKey] = {"opener", 3, kTreeSizeStep};
    {
        auto journal = open();
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(journal->note_opening(kSigningKey));
        EXPECT_EQ(journal->note_opening(kSigningKey).error().code(), ErrorCode::overloaded);
        EXPECT_TRUE(journal->note_opening(KeyId{}));  // a key without a limit
        journal->stage_openings(false);
        EXPECT_FALSE(journal->has_staged());
        clock_.advance(std::chrono::minutes{1});
        journal->stage_openings(false);
        EXPECT_FALSE(journal->has_openings());
        ASSERT_TRUE(journal->has_staged());
        EXPECT_EQ(journal->note_opening(kSigningKey).error().code(), ErrorCode::overloaded);
        ASSERT_TRUE(journal->commit());
        EXPECT_EQ(journal->last_sequence(), 2U);
    }
    auto journal = open();
    EXPECT_EQ(journal->note_opening(kSigningKey).error().code(), ErrorCode::overloaded);
    clock_.advance(std::chrono::minutes{61});
    EXPECT_TRUE(journal->note_opening(kSigningKey));
    journal->stage_openings(true);
    EXPECT_TRUE(journal->has_staged());
}

TEST_F(JournalTest, DropsATornTailWhereverItIsTorn) {
    std::size_t before = 0;
    {
        auto journal = open_fenced();
        before = octets().size();
        ASSERT_TRUE(journal->stage(certificate(1)));
        ASSERT_TRUE(journal->commit());
    }
    const Bytes whole = octets();
    for (std::size_t size = before + 1; size < whole.size(); ++size) {
        overwrite(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
        log_.lines.clear();
        auto journal = open();
        ASSERT_TRUE(journal);
        EXPECT_THAT(log_.lines, HasSubstr("torn tail"));
        EXPECT_EQ(octets().size(), before);
        EXPECT_EQ(journal->look_up(id(1)).value(), JournalState::never_seen);
        EXPECT_TRUE(journal->stage(certificate(2)));
        EXPECT_TRUE(journal->commit());
    }
}

TEST_F(JournalTest, DropsATailOfZerosThatAPowerLossLeaves) {
    { open_fenced(); }
    Bytes zeros = octets();
    const std::size_t before = zeros.size();
    zeros.resize(before + 5000);
    overwrite(zeros);
    EXPECT_TRUE(open());
    EXPECT_EQ(octets().size(), before);
}

// Each octet of each durable record, but the last record, which nothing later vouches for, is flipped in turn.
TEST_F(JournalTest, RefusesToStartOnDamageInTheMiddle) {
    {
        auto journal = open_fenced();
        for (std::uint8_t i = 1; i <= 3; ++i) {
            ASSERT_TRUE(journal->stage(certificate(i)));
            ASSERT_TRUE(journal->commit());
        }
    }
    const Bytes whole = octets();
    std::size_t last = kJournalHeader;
    Sha256 digest = crypto::sha256(ByteView{whole}.first(kJournalHeader));
    for (std::size_t at = kJournalHeader; at < whole.size();) {
        const auto record = read_record(ByteView{whole}.subspan(at), digest);
        ASSERT_TRUE(record);
        last = at;
        digest = record.value().digest;
        at += record.value().size;
    }
    for (std::size_t at = kJournalHeader; at < last; ++at) {
        Bytes damaged = whole;
        damaged[at] ^= 0x10;
        overwrite(damaged);
        const auto journal = Journal::open(file(), clock_, log_);
        ASSERT_FALSE(journal) << "octet " << at;
        EXPECT_EQ(journal.error().code(), ErrorCode::storage);
        EXPECT_EQ(octets(), damaged);  // nothing was repaired away
    }
    overwrite(whole);
    EXPECT_TRUE(open());
}

TEST_F(JournalTest, RefusesARecordThatWasTakenOut) {
    std::vector<std::size_t> ends;
    {
        auto journal = open_fenced();
        for (std::uint8_t i = 1; i <= 3; ++i) {
            ends.push_back(octets().size());
            ASSERT_TRUE(journal->stage(certificate(i)));
            ASSERT_TRUE(journal->commit());
        }
    }
    Bytes cut = octets();
    cut.erase(cut.begin() + static_cast<std::ptrdiff_t>(ends[0]), cut.begin() + static_cast<std::ptrdiff_t>(ends[1]));
    overwrite(cut);
    EXPECT_FALSE(Journal::open(file(), clock_, log_));
}

TEST_F(JournalTest, RefusesAFileOfAnotherKindOrVersion) {
    overwrite(Bytes(200, 'x'));
    EXPECT_EQ(Journal::open(file(), clock_, log_).error().code(), ErrorCode::malformed);
    std::filesystem::remove(file());
    { open_fenced(); }
    Bytes other = octets();
    other[9] = 2;
    overwrite(other);
    EXPECT_EQ(Journal::open(file(), clock_, log_).error().code(), ErrorCode::unsupported);
}

TEST_F(JournalTest, IsOpenedByOneSignerAlone) {
    auto first = open();
    EXPECT_EQ(Journal::open(file(), clock_, log_).error().code(), ErrorCode::conflict);
    first.reset();
    EXPECT_TRUE(open());
}

// A file that may not grow is what a full disk is to the journal; the record that does not fit is half-written first.
TEST_F(JournalTest, RefusesToCommitOnAFullDiskAndResumesUndamaged) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto journal = open_fenced();
    ASSERT_TRUE(journal->stage(certificate(1)));
    ASSERT_TRUE(journal->commit());
    const Bytes before = octets();
    rlimit unlimited{};
    ::getrlimit(RLIMIT_FSIZE, &unlimited);
    const rlimit full{before.size() + 50, unlimited.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
    ASSERT_TRUE(journal->stage(certificate(2)));
    journal->stage(ResultRecord{2, id(1), Outcome::signed_, ErrorCode::internal, kIssuer});
    const auto refused = journal->commit();
    ::setrlimit(RLIMIT_FSIZE, &unlimited);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::storage);
    EXPECT_FALSE(journal->healthy());
    EXPECT_EQ(octets(), before);
    // The intent was not journaled, so it may come again; the result was kept.
    EXPECT_EQ(journal->look_up(id(2)).value(), JournalState::never_seen);
    ASSERT_TRUE(journal->stage(certificate(2)));
    ASSERT_TRUE(journal->commit());
    EXPECT_TRUE(journal->healthy());
    journal.reset();
    journal = open();
    EXPECT_EQ(journal->look_up(id(1)).value(), JournalState::signed_);
    EXPECT_EQ(journal->look_up(id(2)).value(), JournalState::may_have_signed);
}

TEST_F(JournalTest, FindsIntentsAmongManyThousands) {
    crypto::SystemRandom random;
    std::vector<IntentId> ids;
    {
        auto journal = open_fenced();
        for (int batch = 0; batch < 20; ++batch) {
            for (int i = 0; i < 500; ++i) {
                auto intent = certificate(0);
                intent.intent = crypto::random_id<IntentId>(random);
                ids.push_back(intent.intent);
                ASSERT_TRUE(journal->stage(intent));
            }
            ASSERT_TRUE(journal->commit());
        }
    }
    auto journal = open();
    for (const IntentId& intent : ids) ASSERT_EQ(journal->look_up(intent).value(), JournalState::may_have_signed);
    for (int i = 0; i < 1000; ++i)
        ASSERT_EQ(journal->look_up(crypto::random_id<IntentId>(random)).value(), JournalState::never_seen);
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
