// The verifier's reading of a signer's journal, of journals that the signer's own code wrote; and what it finds when it
// compares them with an audit log.
#include "ceremonies/verifier/signer_journal.hpp"

#include <gmock/gmock.h>

#include "ceremonies/verifier/journal_comparison.hpp"
#include "ceremonies/verifier/merkle.hpp"
#include "crypto/digest.hpp"
#include "hsm/signer_process/journal_record.hpp"

namespace sealwright::verifier {
namespace {

using namespace hsm::signer_process;
using ::testing::HasSubstr;

const UtcTime kStart{std::chrono::seconds{1800000000}};

// Scribe writes a journal as the signer does.
class Scribe {
public:
    explicit Scribe(std::uint8_t id = 1) {
        std::array<std::uint8_t, 16> octets{};
        octets[0] = id;
        octets_ = make_journal_header(kStart, octets);
        digest_ = crypto::sha256(octets_);
    }
    Scribe& write(decltype(JournalRecord::what) what) {
        JournalRecord record;
        record.sequence = ++sequence_;
        record.durable = sequence_ - 1;
        record.time = time_;
        record.what = std::move(what);
        ends_.push_back(octets_.size());
        digest_ = append_record(octets_, record, digest_);
        return *this;
    }
    // sign writes an intent and that it was signed.
    Scribe& sign(IntentRecord intent, Outcome outcome = Outcome::signed_) {
        const IntentId id = intent.intent;
        write(std::move(intent));
        return write(ResultRecord{sequence_, id, outcome, ErrorCode::token, {}});
    }
    Scribe& at(std::int64_t seconds) {
        time_ = kStart + std::chrono::seconds{seconds};
        return *this;
    }
    const Bytes& octets() const { return octets_; }
    std::size_t begin_of(std::size_t record) const { return ends_.at(record); }

private:
    Bytes octets_;
    Sha256 digest_;
    std::uint64_t sequence_ = 0;
    UtcTime time_ = kStart;
    std::vector<std::size_t> ends_;
};

template <class Id>
Id filled(std::uint8_t octet) {
    return Id::from(Bytes(Id::kSize, octet)).value();
}

IntentRecord intent(std::uint8_t name, hsm::Purpose purpose, IntentSubject subject) {
    IntentRecord record;
    record.node = filled<NodeId>(9);
    record.epoch = BootEpoch{1};
    record.key = filled<KeyId>(5);
    record.purpose = purpose;
    record.algorithm = crypto::default_algorithm(crypto::KeyType::ec_p256);
    record.intent = filled<IntentId>(name);
    record.tbs = filled<Sha256>(static_cast<std::uint8_t>(name + 100));
    record.subject = std::move(subject);
    return record;
}
IntentRecord certificate(std::uint8_t name) {
    return intent(name, hsm::Purpose::certificate, CertificateSubject{Bytes(16, name)});
}
IntentRecord crl(std::uint8_t name, std::uint64_t number) {
    return intent(name, hsm::Purpose::crl, CrlSubject{filled<Sha256>(3), number});
}
IntentRecord checkpoint(std::uint64_t size, const Sha256& root) {
    return intent(200, hsm::Purpose::checkpoint, CheckpointSubject{filled<Sha256>(4), size, root});
}

SignerJournal read(const Bytes& octets) {
    const auto journal = read_signer_journal(octets);
    EXPECT_TRUE(journal) << journal.error().describe();
    return journal ? journal.value() : SignerJournal{};
}

// Both readers refuse a proof by a way to decrypt that is none.
TEST(SignerJournalReading, RefusesAProofThatNobodyCouldGive) {
    for (const unsigned way : {0U, 4U, 127U}) {
        Scribe scribe;
        const hsm::DecryptionWay unknown{static_cast<hsm::DecryptScheme>(way), crypto::DigestAlgorithm::sha256};
        scribe.write(ProofRecord{filled<KeyId>(6), unknown, filled<Sha256>(1), filled<Sha256>(2)});
        const Bytes octets = scribe.octets();
        EXPECT_FALSE(read_signer_journal(octets)) << way;
        const ByteView record = ByteView{octets}.subspan(kJournalHeader);
        EXPECT_FALSE(read_record(record, crypto::sha256(ByteView{octets}.first(kJournalHeader)))) << way;
    }
}

TEST(SignerJournalReading, GivesWhatTheSignerWrote) {
    Scribe scribe;
    scribe.write(FenceRecord{filled<NodeId>(9), BootEpoch{1}}).sign(certificate(1)).at(5).sign(crl(2, 77));
    scribe.write(ProofRecord{filled<KeyId>(5), {}, filled<Sha256>(1), filled<Sha256>(2)});
    scribe.write(ProofRecord{filled<KeyId>(6), hsm::DecryptionWay{}, filled<Sha256>(1), filled<Sha256>(2)});
    scribe.sign(checkpoint(12, filled<Sha256>(8)), Outcome::unknown).sign(certificate(3), Outcome::failed);
    const SignerJournal journal = read(scribe.octets());
    EXPECT_EQ(journal.records, 11U);
    EXPECT_EQ(journal.proofs, 1U);
    EXPECT_EQ(journal.decryptions, 1U);
    EXPECT_EQ(journal.created, kStart);
    EXPECT_EQ(journal.torn, 0U);
    ASSERT_EQ(journal.intents.size(), 4U);
    EXPECT_EQ(journal.intents[0].serial, to_hex(Bytes(16, 1)));
    EXPECT_EQ(journal.intents[0].tbs_sha256, to_hex(Bytes(32, 101)));
    EXPECT_EQ(journal.intents[0].key, to_hex(Bytes(32, 5)));
    EXPECT_TRUE(journal.intents[0].made);
    EXPECT_EQ(journal.intents[1].number, 77U);
    EXPECT_EQ(journal.intents[1].time, kStart + std::chrono::seconds{5});
    EXPECT_EQ(journal.intents[2].root, filled<Sha256>(8));
    EXPECT_FALSE(journal.intents[2].made || journal.intents[2].failed);
    EXPECT_TRUE(journal.intents[3].failed);
}

TEST(SignerJournalReading, KnowsClocksThatWereSetBackAndWhatWasDecrypted) {
    Scribe scribe;
    scribe.at(100).sign(certificate(1)).at(40).write(ClockRecord{kStart + std::chrono::seconds{100}});
    scribe.write(OpenedRecord{filled<KeyId>(6), 4}).write(OpenedRecord{filled<KeyId>(6), 5});
    const SignerJournal journal = read(scribe.octets());
    ASSERT_EQ(journal.clocks.size(), 1U);
    EXPECT_EQ(journal.clocks[0].sequence, 3U);
    EXPECT_EQ(journal.clocks[0].from, kStart + std::chrono::seconds{100});
    EXPECT_EQ(journal.clocks[0].to, kStart + std::chrono::seconds{40});
    EXPECT_EQ(journal.opened.at(filled<KeyId>(6).hex()), 9U);

    Checks checks;
    checks.begin("journals");
    JournalComparison{checks}.compare({journal}, {});
    EXPECT_THAT(checks.human(), HasSubstr("a person set the clock of journal"));
    EXPECT_THAT(checks.human(), HasSubstr("asked 9 times to decrypt"));

    // A clock that is not set back is no such record.
    Scribe forward;
    forward.at(100).write(ClockRecord{kStart + std::chrono::seconds{100}});
    EXPECT_FALSE(read_signer_journal(forward.octets()));
    EXPECT_FALSE(read_record(ByteView{forward.octets()}.subspan(kJournalHeader),
                             crypto::sha256(ByteView{forward.octets()}.first(kJournalHeader))));
}

TEST(SignerJournalReading, RefusesATypeThatANewerSignerWrote) {
    Scribe scribe;
    scribe.write(FenceRecord{filled<NodeId>(9), BootEpoch{1}});
    Bytes octets = scribe.octets();
    octets[kJournalHeader + 4] = 7;
    const ByteView header = ByteView{octets}.first(kJournalHeader);
    Bytes chained(octets.begin() + kJournalHeader, octets.end() - kJournalDigest);
    octets.resize(octets.size() - kJournalDigest);
    append(octets, record_digest(crypto::sha256(header), chained).view());
    const auto journal = read_signer_journal(octets);
    ASSERT_FALSE(journal);
    EXPECT_EQ(journal.error().code(), ErrorCode::unsupported);
    EXPECT_THAT(journal.error().public_detail(), HasSubstr("type 7"));
}

TEST(SignerJournalReading, WritesSerialsAsTheAuditLogDoes) {
    Scribe scribe;
    scribe.write(intent(1, hsm::Purpose::certificate, CertificateSubject{Bytes{0x00, 0x80}}));
    Bytes long_one(17, 0x81);
    long_one[0] = 0;
    scribe.write(intent(2, hsm::Purpose::certificate, CertificateSubject{long_one}));
    const auto journal = read(scribe.octets());
    EXPECT_EQ(journal.intents[0].serial, std::string(30, '0') + "80");
    EXPECT_EQ(journal.intents[1].serial, to_hex(Bytes(16, 0x81)));
}

TEST(SignerJournalReading, NoFlippedBitOfARecordIsOverlooked) {
    Scribe scribe;
    scribe.sign(certificate(1)).sign(certificate(2)).sign(certificate(3));
    const std::size_t last = scribe.begin_of(5);
    for (std::size_t at = 0; at < last; at += 3) {
        if (at >= 26 && at < 64) continue;  // of the header, only what has a meaning is looked at by itself
        Bytes changed = scribe.octets();
        changed[at] ^= 4U;
        const auto journal = read_signer_journal(changed);
        EXPECT_FALSE(journal && journal.value().intents.size() == 3) << at;
        // Only what no record behind it calls durable can have been torn: here the last two records.
        EXPECT_FALSE(at >= 64 && at < scribe.begin_of(4) && journal) << at;
    }
}

TEST(SignerJournalReading, ATornTailIsNoDamage) {
    Scribe scribe;
    scribe.sign(certificate(1)).sign(certificate(2));
    for (std::size_t size = scribe.begin_of(3); size <= scribe.octets().size(); ++size) {
        const auto journal =
            read(Bytes(scribe.octets().begin(), scribe.octets().begin() + static_cast<std::ptrdiff_t>(size)));
        EXPECT_EQ(journal.records, size == scribe.octets().size() ? 4U : 3U);
        EXPECT_EQ(journal.torn, size == scribe.octets().size() ? 0 : size - scribe.begin_of(3));
    }
}

TEST(SignerJournalReading, RefusesWhatIsNoJournal) {
    Scribe scribe;
    EXPECT_FALSE(read_signer_journal({}));
    EXPECT_FALSE(read_signer_journal(Bytes(64, 'S')));
    Bytes newer = scribe.octets();
    newer[9] = 2;
    EXPECT_EQ(read_signer_journal(newer).error().code(), ErrorCode::unsupported);
    const auto one = Scribe{}.sign(certificate(1)), other = Scribe{2}.sign(certificate(1));
    Bytes spliced(one.octets().begin(), one.octets().begin() + 64);  // the records of another journal
    append(spliced, ByteView{other.octets()}.subspan(64));
    EXPECT_FALSE(read_signer_journal(spliced));
    EXPECT_FALSE(read_signer_journal(Scribe{}.write(ResultRecord{7, {}, Outcome::signed_, {}, {}}).octets()));
    EXPECT_FALSE(read_signer_journal(
        Scribe{}.sign(certificate(1)).write(ResultRecord{1, filled<IntentId>(1), Outcome::failed, {}, {}}).octets()));
}

// Log writes entries as the daemon does, as far as the comparison looks.
class Compared : public ::testing::Test {
protected:
    void entry(const std::string& kind, const std::string& fields, std::int64_t seconds = 0, int version = 1) {
        const std::string text = "{\"actor\":\"daemon\",\"epoch\":\"1\",\"fields\":{" + fields + "},\"kind\":\"" +
                                 kind + "\",\"node\":\"" + to_hex(Bytes(16, 9)) + "\",\"time\":\"" +
                                 to_rfc3339(kStart + std::chrono::seconds{seconds}) +
                                 "\",\"v\":" + std::to_string(version) + "}";
        comparison_->see(view_of(text));
        leaves_.push_back(hash_of_leaf(view_of(text)));
    }
    static std::string named(std::uint8_t name) {
        return "\"intent\":\"" + to_hex(Bytes(16, name)) + "\",\"issuer_key\":\"" + to_hex(Bytes(32, 5)) + "\"";
    }
    static std::string tbs(std::uint8_t name) {
        return ",\"tbs_sha256\":\"" + to_hex(Bytes(32, static_cast<std::uint8_t>(name + 100))) + "\"";
    }
    void intended(std::uint8_t name) {
        entry("certificate.intended", named(name) + ",\"serial\":\"" + to_hex(Bytes(16, name)) + "\"" + tbs(name));
    }
    void issued(std::uint8_t name) { entry("certificate.issued", "\"intent\":\"" + to_hex(Bytes(16, name)) + "\"", 1); }
    std::string compare(const std::vector<Scribe>& scribes) {
        checks_.begin("journal");
        std::vector<SignerJournal> journals;
        for (const auto& scribe : scribes) journals.push_back(read(scribe.octets()));
        comparison_->compare(journals, leaves_);
        return checks_.human();
    }
    Verdict verdict() const { return checks_.verdict(); }

    Checks checks_;
    std::optional<JournalComparison> comparison_{std::in_place, checks_};
    std::vector<Sha256> leaves_;
};

TEST_F(Compared, AnHonestRunIsValid) {
    intended(1);
    issued(1);
    entry("crl.intended", named(2) + ",\"number\":\"7\"" + tbs(2));
    entry("crl.issued", "\"intent\":\"" + to_hex(Bytes(16, 2)) + "\",\"number\":\"7\"");
    intended(3);  // in flight: intended, and signed
    intended(4);
    entry("certificate.indeterminate", "\"intent\":\"" + to_hex(Bytes(16, 4)) + "\"");
    intended(5);
    entry("certificate.abandoned", "\"intent\":\"" + to_hex(Bytes(16, 5)) + "\"", 2);
    Scribe scribe;
    scribe.sign(certificate(1)).sign(crl(2, 7)).sign(certificate(3)).sign(certificate(4), Outcome::unknown);
    scribe.sign(certificate(5), Outcome::failed).sign(certificate(6), Outcome::failed);
    for (const std::size_t size : {1U, 2U, 3U, 5U, 8U})
        scribe.sign(checkpoint(size, tree_root(std::span{leaves_}.first(size))));
    scribe.sign(intent(7, hsm::Purpose::tls, NoSubject{}));
    EXPECT_THAT(compare({scribe}), HasSubstr("4 certificates and CRLs stand in the log"));
    EXPECT_EQ(verdict(), Verdict::valid) << checks_.human();
}

TEST_F(Compared, WhatMayHaveBeenSignedWasNotAbandoned) {
    intended(1);
    entry("certificate.abandoned", "\"intent\":\"" + to_hex(Bytes(16, 1)) + "\"", 2);
    Scribe scribe;
    scribe.sign(certificate(1), Outcome::unknown);
    EXPECT_THAT(compare({scribe}), HasSubstr("perhaps signed, though the log says that it never was"));
    EXPECT_EQ(verdict(), Verdict::invalid);
}

TEST_F(Compared, ASignatureWithoutARecordIsFound) {
    intended(1);
    issued(1);
    entry("daemon.stopped", "", 100);
    Scribe scribe;
    scribe.sign(certificate(1)).at(50).sign(certificate(2));
    EXPECT_THAT(compare({scribe}), HasSubstr("signed without a record: certificate " + to_hex(Bytes(16, 2))));
    EXPECT_EQ(verdict(), Verdict::invalid);
}

TEST_F(Compared, SoIsACrlAndOneWhoseResultNobodyKnows) {
    entry("daemon.stopped", "", 100);
    Scribe scribe;
    scribe.sign(crl(1, 8)).write(certificate(2));
    const auto told = compare({scribe});
    EXPECT_THAT(told, HasSubstr("signed without a record: CRL number 8"));
    EXPECT_THAT(told, HasSubstr("perhaps signed without a record: certificate"));
}

TEST_F(Compared, WhatIsYoungerThanTheLogMakesItIncomplete) {
    intended(1);
    issued(1);
    Scribe scribe;
    scribe.sign(certificate(1)).at(50).sign(certificate(2));
    EXPECT_THAT(compare({scribe}), HasSubstr("export the log again"));
    EXPECT_EQ(verdict(), Verdict::incomplete);
}

TEST_F(Compared, BehindTheEndOfAStoppedLogEverySignatureIsTold) {
    comparison_.emplace(checks_, std::nullopt, LogEnd::is_final);
    intended(1);
    issued(1);
    Scribe scribe;
    scribe.sign(certificate(1)).at(50).sign(certificate(2)).sign(crl(3, 8)).sign(checkpoint(3, filled<Sha256>(1)));
    const auto told = compare({scribe});
    EXPECT_THAT(told, HasSubstr("signed behind the end of the log: certificate " + to_hex(Bytes(16, 2))));
    EXPECT_THAT(told, HasSubstr("signed behind the end of the log: CRL number 8"));
    EXPECT_THAT(told, HasSubstr("signed a head with more entries than this log has"));
    EXPECT_THAT(told, ::testing::Not(HasSubstr("export the log again")));
    EXPECT_EQ(verdict(), Verdict::invalid);
}

TEST_F(Compared, OfAStoppedLogWhatIsRecordedIsValid) {
    comparison_.emplace(checks_, std::nullopt, LogEnd::is_final);
    intended(1);
    issued(1);
    compare({Scribe{}.sign(certificate(1))});
    EXPECT_EQ(verdict(), Verdict::valid);
}

// The log's clock ran ahead, and a person set it back: its entries of before are no longer younger than a signature.
TEST_F(Compared, BehindAnAcceptedClockItIsTheTimeFromThereOnThatCounts) {
    entry("daemon.stopped", "", 1000);
    entry("clock.accepted", "", 10, 2);
    compare({Scribe{}.at(50).sign(certificate(2))});
    EXPECT_EQ(verdict(), Verdict::incomplete) << checks_.human();
    entry("daemon.stopped", "", 100);
    EXPECT_THAT(compare({Scribe{}.at(50).sign(certificate(2))}), HasSubstr("signed without a record"));
}

TEST_F(Compared, AnAcceptedClockOfAnotherVersionIsNone) {
    entry("daemon.stopped", "", 1000);
    entry("clock.accepted", "", 10, 1);
    EXPECT_THAT(compare({Scribe{}.at(50).sign(certificate(2))}), HasSubstr("signed without a record"));
}

TEST_F(Compared, WhatOnlyTheLogHasMakesItIncomplete) {
    for (const std::uint8_t name : Bytes{1, 2}) {
        intended(name);
        issued(name);
    }
    Scribe scribe;
    scribe.sign(certificate(1));  // cut at a record's end, or another signer's
    EXPECT_THAT(compare({scribe}), HasSubstr("1 issued under the key 0505050505050505 stand in no journal"));
    EXPECT_EQ(verdict(), Verdict::incomplete);
}

TEST_F(Compared, TwoSignersJournalsCompleteEachOther) {
    for (const std::uint8_t name : Bytes{1, 2}) {
        intended(name);
        issued(name);
    }
    EXPECT_THAT(compare({Scribe{}.sign(certificate(1)), Scribe{2}.sign(certificate(2))}), HasSubstr("2 journals"));
    EXPECT_EQ(verdict(), Verdict::valid);
}

TEST_F(Compared, AnIntentThatTwoSignersSignedIsFound) {
    intended(1);
    issued(1);
    EXPECT_THAT(compare({Scribe{}.sign(certificate(1)), Scribe{2}.sign(certificate(1))}), HasSubstr("signed twice"));
}

TEST_F(Compared, AnythingElseThanWasRecordedIsFound) {
    const std::vector<std::pair<std::string, std::function<void(IntentRecord&)>>> changes{
        {"TBS", [](auto& record) { record.tbs = filled<Sha256>(77); }},
        {"key", [](auto& record) { record.key = filled<KeyId>(77); }},
        {"serial", [](auto& record) { record.subject = CertificateSubject{Bytes(16, 77)}; }},
        {"purpose", [](auto& record) { record = crl(1, 1); }}};
    for (const auto& [what, change] : changes) {
        Checks checks;
        JournalComparison comparison{checks};
        const std::string text = "{\"actor\":\"daemon\",\"epoch\":\"1\",\"fields\":{" + named(1) + ",\"serial\":\"" +
                                 to_hex(Bytes(16, 1)) + "\"" + tbs(1) +
                                 "},\"kind\":\"certificate.intended\",\"node\":\"" + to_hex(Bytes(16, 9)) +
                                 "\",\"time\":\"" + to_rfc3339(kStart) + "\",\"v\":1}";
        comparison.see(view_of(text));
        IntentRecord record = certificate(1);
        change(record);
        checks.begin("journal");
        comparison.compare({read(Scribe{}.sign(record).octets())}, {});
        EXPECT_THAT(checks.human(), HasSubstr("something else than was recorded")) << what;
        EXPECT_EQ(checks.verdict(), Verdict::invalid) << what;
    }
}

TEST_F(Compared, StatesThatContradictAreFound) {
    intended(1);
    entry("certificate.abandoned", "\"intent\":\"" + to_hex(Bytes(16, 1)) + "\"");
    intended(2);
    issued(2);
    const auto told = compare({Scribe{}.sign(certificate(1)).sign(certificate(2), Outcome::failed)});
    EXPECT_THAT(told, HasSubstr("the log says that it never was"));
    EXPECT_THAT(told, HasSubstr("the journal says that it was not signed"));
    EXPECT_EQ(verdict(), Verdict::invalid);
}

TEST_F(Compared, TheHeadOfAnotherLogIsFound) {
    intended(1);
    issued(1);
    Scribe scribe;
    scribe.sign(certificate(1)).sign(checkpoint(2, filled<Sha256>(1)));
    EXPECT_THAT(compare({scribe}), HasSubstr("signed the head of another log"));
    EXPECT_EQ(verdict(), Verdict::invalid);
}

TEST_F(Compared, OfALivingCaWhatIsYoungerThanTheMomentIsLeftOut) {
    for (const bool is_late : {true, false}) {
        Checks checks;
        JournalComparison comparison{checks, kStart + std::chrono::seconds{is_late ? 10 : 60}};
        const auto see = [&](const std::string& kind, const std::string& fields, std::int64_t seconds) {
            const std::string text = "{\"actor\":\"daemon\",\"epoch\":\"1\",\"fields\":{" + fields + "},\"kind\":\"" +
                                     kind + "\",\"node\":\"" + to_hex(Bytes(16, 9)) + "\",\"time\":\"" +
                                     to_rfc3339(kStart + std::chrono::seconds{seconds}) + "\",\"v\":1}";
            comparison.see(view_of(text));
        };
        const auto whole = [&](std::uint8_t name, std::int64_t seconds) {
            see("certificate.intended", named(name) + ",\"serial\":\"" + to_hex(Bytes(16, name)) + "\"" + tbs(name),
                seconds);
            see("certificate.issued", "\"intent\":\"" + to_hex(Bytes(16, name)) + "\"", seconds);
        };
        whole(1, 0);
        whole(2, 50);  // the journal was copied before
        Scribe scribe;
        scribe.sign(certificate(1)).at(50).sign(certificate(3)).sign(checkpoint(99, filled<Sha256>(1)));
        checks.begin("journal");
        comparison.compare({read(scribe.octets())}, {});
        EXPECT_EQ(checks.verdict(), is_late ? Verdict::valid : Verdict::incomplete) << checks.human();
    }
}

TEST_F(Compared, AHeadOfALongerLogMakesItIncomplete) {
    intended(1);
    issued(1);
    EXPECT_THAT(compare({Scribe{}.sign(certificate(1)).sign(checkpoint(3, filled<Sha256>(1)))}),
                HasSubstr("count more entries"));
    EXPECT_EQ(verdict(), Verdict::incomplete);
}

}  // namespace
}  // namespace sealwright::verifier
