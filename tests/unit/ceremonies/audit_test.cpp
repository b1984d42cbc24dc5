// Logs are written as the store writes them and read by the verifier's own reading; each accept stands beside logs that
// differ in one place.
#include "ceremonies/verifier/audit.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "audit/checkpoint.hpp"
#include "audit/event.hpp"
#include "audit/tiles.hpp"
#include "files.hpp"
#include "software.hpp"
#include "x509/certificate.hpp"

namespace sealwright::verifier {
namespace {

using audit::Event;
using audit::EventKind;
using ceremonies::test::SoftwareKey;
using Fields = std::map<std::string, std::string>;

constexpr std::string_view kOrigin = "ca.example.org/audit";

std::string hex_of(char digit, std::size_t count) { return std::string(count, digit); }
std::string serial(char digit) { return hex_of(digit, 32); }
std::string digest(char digit) { return hex_of(digit, 64); }

Event event(EventKind kind, Fields fields = {}, int seconds = 0, std::uint64_t epoch = 1) {
    Event out;
    out.kind = kind;
    out.time = from_rfc3339("2026-11-22T12:00:00Z").value() + std::chrono::seconds{seconds};
    out.epoch = BootEpoch{epoch};
    out.actor = "daemon";
    out.fields = std::move(fields);
    return out;
}

Event intended(char digit) {
    return event(EventKind::certificate_intended,
                 {{"serial", serial(digit)}, {"intent", serial(digit)}, {"tbs_sha256", digest(digit)}});
}
Event issued(char digit) {
    return event(EventKind::certificate_issued,
                 {{"serial", serial(digit)}, {"intent", serial(digit)}, {"certificate_sha256", digest(digit)}});
}
Event settled(EventKind kind, char digit) {
    return event(kind, {{"serial", serial(digit)}, {"intent", serial(digit)}, {"tbs_sha256", digest(digit)}});
}
Event status(EventKind kind, char digit) { return event(kind, {{"serial", serial(digit)}}); }
Event crl(EventKind kind, char digit, int number) {
    return event(kind, {{"intent", serial(digit)}, {"number", std::to_string(number)}, {"issuer_key", digest('f')}});
}
Event secret(EventKind kind, const std::string& id) { return event(kind, {{"secret", id}}); }

// Log is an exported log in a folder of its own.
class Log {
public:
    Log() {
        std::string name = (std::filesystem::temp_directory_path() / "sealwright-log-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = name;
    }
    explicit Log(const std::vector<Event>& events) : Log() { write(events); }
    ~Log() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    const std::filesystem::path& folder() const noexcept { return folder_; }
    const SoftwareKey& key() const noexcept { return key_; }

    void write(const std::vector<Event>& events) {
        for (const auto& one : events) append(audit::encode_event(one));
        seal();
    }
    void append(Bytes leaf) {
        range_.append(audit::leaf_hash(leaf), [this](unsigned level, std::uint64_t index, const Sha256& hash) {
            nodes_[{level, index}] = hash;
        });
        leaves_.push_back(std::move(leaf));
    }
    void write_anew(const std::vector<Event>& events) {
        std::filesystem::remove_all(folder_ / "tile");
        range_ = {};
        nodes_.clear();
        leaves_.clear();
        write(events);
    }
    void seal() {
        const auto note =
            audit::sign_checkpoint(kOrigin, range_.head(), key_.key.public_key, *key_.token, IntentId{}).value();
        const auto leaves = [this](std::uint64_t first, std::uint64_t last) -> Result<std::vector<Bytes>> {
            return std::vector<Bytes>(leaves_.begin() + static_cast<std::ptrdiff_t>(first),
                                      leaves_.begin() + static_cast<std::ptrdiff_t>(last));
        };
        const auto nodes = [this](unsigned level, std::uint64_t index) -> Result<Sha256> {
            return nodes_.at({level, index});
        };
        const auto exported = audit::export_tiles(folder_, range_.head(), note,
                                                  audit::vkey(kOrigin, key_.key.public_key), 0, leaves, nodes);
        if (!exported) throw std::runtime_error(exported.error().describe());
    }

    std::string vkey() const { return audit::vkey(kOrigin, key_.key.public_key); }

    // verify gives the log's own key where the question has none; verify_without_key gives none.
    std::string verify(Verdict expected, AuditQuestion question = {}) const {
        if (question.key.empty()) question.key = vkey();
        return verify_without_key(expected, std::move(question));
    }
    std::string verify_without_key(Verdict expected, AuditQuestion question = {}) const {
        question.folder = folder_;
        Checks checks;
        verify_audit(question, checks);
        EXPECT_EQ(checks.verdict(), expected) << checks.human();
        return checks.human();
    }

private:
    std::filesystem::path folder_;
    SoftwareKey key_{crypto::KeyType::ed25519};
    audit::CompactRange range_;
    std::map<std::pair<unsigned, std::uint64_t>, Sha256> nodes_;
    std::vector<Bytes> leaves_;
};

std::vector<Event> good_events() {
    return {event(EventKind::epoch_opened),
            intended('1'),
            intended('2'),
            issued('2'),
            issued('1'),
            secret(EventKind::secret_created, "s1"),
            secret(EventKind::secret_used, "s1"),
            status(EventKind::certificate_held, '1'),
            status(EventKind::certificate_released, '1'),
            status(EventKind::certificate_held, '1'),
            status(EventKind::certificate_revoked, '1'),
            crl(EventKind::crl_intended, 'a', 1),
            crl(EventKind::crl_issued, 'a', 1),
            crl(EventKind::crl_intended, 'b', 2),
            crl(EventKind::crl_abandoned, 'b', 2),
            crl(EventKind::crl_intended, 'c', 5),
            crl(EventKind::crl_issued, 'c', 5),
            intended('3'),
            settled(EventKind::certificate_abandoned, '3'),
            intended('4'),
            settled(EventKind::certificate_indeterminate, '4'),
            event(EventKind::epoch_opened, {}, 60, 2),
            event(EventKind::daemon_started, {}, 50, 2)};
}

TEST(AuditLog, AGoodOneIsValidAndSaysWhatItHolds) {
    const Log log{good_events()};
    const auto text = log.verify(Verdict::valid);
    EXPECT_NE(text.find("23 entries: 4 certificates intended, 2 issued, 2 CRLs, 1 secrets used once, 0 intents open"),
              std::string::npos)
        << text;
}

// A log that was written anew under a key of somebody's own agrees with itself: without the key from elsewhere nothing
// more can be said.
TEST(AuditLog, WithoutItsKeyIsIncompleteAndSaysWhichOptionIsMissing) {
    const Log log{good_events()};
    log.verify(Verdict::valid);
    const auto text = log.verify_without_key(Verdict::incomplete);
    EXPECT_NE(text.find("missing: no --key was given"), std::string::npos) << text;
    const Log forged{{event(EventKind::epoch_opened)}};
    forged.verify_without_key(Verdict::incomplete);
    AuditQuestion question;
    question.key = log.vkey();
    forged.verify(Verdict::invalid, question);
}

TEST(AuditLog, AnAdoptedCertificateCanBeRevoked) {
    auto events = good_events();
    events.push_back(
        event(EventKind::certificate_adopted, {{"serial", serial('8')}, {"certificate_sha256", digest('8')}}, 60, 2));
    events.push_back(event(EventKind::certificate_revoked, {{"serial", serial('8')}}, 60, 2));
    const auto text = Log{events}.verify(Verdict::valid);
    EXPECT_NE(text.find("4 certificates intended, 2 issued, 1 adopted,"), std::string::npos) << text;
}

TEST(AuditLog, AnEmptyOneIsValid) { Log{{}}.verify(Verdict::valid); }

TEST(AuditLog, OpenIntentsAreListedAndHarmNothing) {
    auto events = good_events();
    events.push_back(event(EventKind::certificate_intended,
                           {{"serial", serial('7')}, {"intent", serial('7')}, {"tbs_sha256", digest('7')}}, 60, 2));
    const auto text = Log{events}.verify(Verdict::valid);
    EXPECT_NE(text.find("open intent: serial " + serial('7') + ", entry 23"), std::string::npos) << text;
}

struct Contradiction {
    const char* name;
    std::vector<Event> events;
    const char* expected;
};

class AuditContradiction : public ::testing::TestWithParam<Contradiction> {};

TEST_P(AuditContradiction, IsFound) {
    const auto text = Log{GetParam().events}.verify(Verdict::invalid);
    EXPECT_NE(text.find(GetParam().expected), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    All, AuditContradiction,
    ::testing::Values(
        Contradiction{"IssuedWithoutIntent", {issued('1')}, "which was never intended"},
        Contradiction{"IssuedBeforeIntent", {issued('1'), intended('1')}, "which was never intended"},
        Contradiction{
            "IssuedTwice", {intended('1'), issued('1'), issued('1')}, "settles the intent of entry 0 a second time"},
        Contradiction{
            "SerialIntendedTwice", {intended('1'), intended('1')}, "intends a serial that was intended before"},
        Contradiction{"AdoptedAfterItWasIntended",
                      {intended('1'), event(EventKind::certificate_adopted,
                                            {{"serial", serial('1')}, {"certificate_sha256", digest('1')}})},
                      "adopts a serial that was intended before"},
        Contradiction{
            "IntentUsedTwice",
            {intended('1'), event(EventKind::certificate_intended,
                                  {{"serial", serial('2')}, {"intent", serial('1')}, {"tbs_sha256", digest('2')}})},
            "uses the name of an earlier intent"},
        Contradiction{"IssuedWithOtherIntent",
                      {intended('1'),
                       event(EventKind::certificate_issued,
                             {{"serial", serial('1')}, {"intent", serial('2')}, {"certificate_sha256", digest('1')}})},
                      "names another intent"},
        Contradiction{"IssuedWithOtherTbs",
                      {intended('1'), event(EventKind::certificate_issued, {{"serial", serial('1')},
                                                                            {"intent", serial('1')},
                                                                            {"certificate_sha256", digest('1')},
                                                                            {"tbs_sha256", digest('2')}})},
                      "names another TBS"},
        Contradiction{
            "IssuedWithoutDigest",
            {intended('1'), event(EventKind::certificate_issued, {{"serial", serial('1')}, {"intent", serial('1')}})},
            "has no digest of the certificate"},
        Contradiction{"IntendedWithoutTbs",
                      {event(EventKind::certificate_intended, {{"serial", serial('1')}, {"intent", serial('1')}})},
                      "has no proper serial, intent or TBS digest"},
        Contradiction{"IssuedAfterAbandoned",
                      {intended('1'), settled(EventKind::certificate_abandoned, '1'), issued('1')},
                      "settles the intent of entry 0 a second time"},
        Contradiction{"IssuedAfterIndeterminate",
                      {intended('1'), settled(EventKind::certificate_indeterminate, '1'), issued('1')},
                      "settles the intent of entry 0 a second time"},
        Contradiction{"RevokedUnissued",
                      {intended('1'), status(EventKind::certificate_revoked, '1')},
                      "is about a serial that was not issued"},
        Contradiction{"RevokedTwice",
                      {intended('1'), issued('1'), status(EventKind::certificate_revoked, '1'),
                       status(EventKind::certificate_revoked, '1')},
                      "was revoked before"},
        Contradiction{"ReleasedRevoked",
                      {intended('1'), issued('1'), status(EventKind::certificate_revoked, '1'),
                       status(EventKind::certificate_released, '1')},
                      "releases what was not on hold"},
        Contradiction{"CrlNumberTwice",
                      {crl(EventKind::crl_intended, 'a', 4), crl(EventKind::crl_issued, 'a', 4),
                       crl(EventKind::crl_intended, 'b', 4)},
                      "though number 4 was before it"},
        Contradiction{"CrlNumberBack",
                      {crl(EventKind::crl_intended, 'a', 4), crl(EventKind::crl_intended, 'b', 3)},
                      "though number 4 was before it"},
        Contradiction{"CrlOtherNumber",
                      {crl(EventKind::crl_intended, 'a', 4), crl(EventKind::crl_issued, 'a', 5)},
                      "has another number than entry 0"},
        Contradiction{"CrlWithoutIntent", {crl(EventKind::crl_issued, 'a', 4)}, "names a CRL intent that never was"},
        Contradiction{"CrlAfterAbandoned",
                      {crl(EventKind::crl_intended, 'a', 4), crl(EventKind::crl_abandoned, 'a', 4),
                       crl(EventKind::crl_issued, 'a', 4)},
                      "a second time"},
        Contradiction{"SecretUsedTwice",
                      {secret(EventKind::secret_used, "s1"), secret(EventKind::secret_used, "s1")},
                      "uses a secret a second time"},
        Contradiction{"SecretUsedAfterRevocation",
                      {secret(EventKind::secret_revoked, "s1"), secret(EventKind::secret_used, "s1")},
                      "uses a secret that was revoked"},
        Contradiction{"EpochBack",
                      {event(EventKind::epoch_opened, {}, 0, 2), event(EventKind::daemon_started, {}, 0, 1)},
                      "is of epoch 1 of its node"},
        Contradiction{"EpochNotNew",
                      {event(EventKind::epoch_opened, {}, 0, 2), event(EventKind::epoch_opened, {}, 0, 2)},
                      "opens an epoch that is not new"},
        Contradiction{"TimeBack",
                      {event(EventKind::daemon_started, {}, 1000), event(EventKind::daemon_stopped, {}, 699)},
                      "though one before it is of"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

TEST(AuditLog, TimesMayGoBackByTheTolerance) {
    const Log log{{event(EventKind::daemon_started, {}, 1000), event(EventKind::daemon_stopped, {}, 700)}};
    log.verify(Verdict::valid);
    AuditQuestion strict;
    strict.tolerance = std::chrono::seconds{299};
    log.verify(Verdict::invalid, strict);
}

std::string entry_text(const std::string& kind, const std::string& version = "1", const std::string& epoch = "1",
                       const std::string& fields = "{}") {
    return R"({"actor":"a","epoch":")" + epoch + R"(","fields":)" + fields + R"(,"kind":")" + kind +
           R"(","node":"00000000000000000000000000000000","time":"2026-11-22T12:00:00Z","v":)" + version + "}";
}

std::string verify_entries(Verdict expected, const std::vector<std::string>& entries) {
    Log log;
    for (const auto& entry : entries) log.append(bytes_of(view_of(entry)));
    log.seal();
    return log.verify(expected);
}

TEST(AuditLog, EntriesThatAreNoEventsAreRefused) {
    verify_entries(Verdict::valid, {entry_text("daemon.started")});
    for (const std::string& entry :
         {std::string{}, std::string{"{}"}, std::string{"not json"}, entry_text("daemon.started", "0"),
          entry_text("daemon.started", "\"1\""), entry_text("daemon.started", "1", "01"),
          entry_text("daemon.started", "1", "1", R"({"a":1})"), entry_text(""), entry_text("daemon"),
          entry_text("daemon.Started"), entry_text("daemon.started.twice"),
          entry_text("daemon." + std::string(64, 'a')),
          std::string{R"({"epoch":"1","actor":"a","fields":{},"kind":"daemon.started",)"
                      R"("node":"00000000000000000000000000000000","time":"2026-11-22T12:00:00Z","v":1})"}}) {
        verify_entries(Verdict::invalid, {entry});
    }
}

TEST(AuditLog, AKindThatIsNotKnownIsNotedAndStillHasItsPlaceInTheOrder) {
    const auto text = verify_entries(
        Verdict::valid, {entry_text("daemon.danced"), entry_text("certificate.framed"), entry_text("daemon.danced")});
    EXPECT_NE(text.find("note: 3 entries of kinds that this version does not know: certificate.framed, daemon.danced"),
              std::string::npos)
        << text;
    verify_entries(Verdict::valid, {entry_text("daemon.started", "1", "2"), entry_text("daemon.danced", "1", "2")});
    verify_entries(Verdict::invalid, {entry_text("daemon.started", "1", "2"), entry_text("daemon.danced", "1", "1")});
}

TEST(AuditLog, AnEntryOfANewerVersionIsIncompleteAndTheRulesBehindItTooAreNotProved) {
    const auto text = verify_entries(Verdict::incomplete, {entry_text("daemon.started", "2")});
    EXPECT_NE(text.find("missing: 1 entries are of a newer version"), std::string::npos) << text;
    const auto unintended =
        entry_text("certificate.revoked", "1", "1", R"({"serial":"11111111111111111111111111111111"})");
    verify_entries(Verdict::incomplete, {entry_text("certificate.danced", "2"), unintended});
    verify_entries(Verdict::invalid, {unintended, entry_text("certificate.danced", "2")});
}

Event raised(EventKind kind, const std::string& from, const std::string& to, std::uint64_t epoch = 1) {
    Fields fields{{"from", from}, {"to", to}, {"reason", "a theft"}};
    if (kind == EventKind::crl_number_raised) fields["issuer_key"] = digest('f');
    return event(kind, std::move(fields), 0, epoch);
}

TEST(AuditLog, NumbersThatAPersonRaisedAreNotedAndWhatFollowsGoesOnBehindThem) {
    std::vector<Event> events{
        event(EventKind::epoch_opened, {}, 0, 2),         crl(EventKind::crl_intended, 'a', 4),
        raised(EventKind::epoch_raised, "2", "65538", 2), raised(EventKind::crl_number_raised, "5", "1000", 65538),
        event(EventKind::epoch_opened, {}, 0, 65539),     crl(EventKind::crl_intended, 'b', 1001)};
    events[1].epoch = BootEpoch{2};
    events[5].epoch = BootEpoch{65539};
    const auto text = Log{events}.verify(Verdict::valid);
    EXPECT_NE(text.find("from 2 to 65538: entry 2, 2026-11-22T12:00:00Z, reason: a theft"), std::string::npos) << text;
    EXPECT_NE(text.find("the CRL number of issuer " + digest('f') + " from 5 to 1000"), std::string::npos) << text;
    events[4].epoch = BootEpoch{65538};
    EXPECT_NE(Log{events}.verify(Verdict::invalid).find("opens an epoch that is not new"), std::string::npos);
    events[4].epoch = BootEpoch{65539};
    events[5] = crl(EventKind::crl_intended, 'b', 1000);
    events[5].epoch = BootEpoch{65539};
    EXPECT_NE(Log{events}.verify(Verdict::invalid).find("though number 1000 was before it"), std::string::npos);
}

TEST(AuditLog, ARaiseThatDoesNotGoOnFromWhatWasIsFound) {
    for (const auto kind : {EventKind::epoch_raised, EventKind::crl_number_raised}) {
        for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
                 {"7", "7"}, {"7", "6"}, {"7", ""}, {"", "7"}, {"7", "08"}, {"-1", "7"}, {"7", "18446744073709551616"}})
            Log{{raised(kind, from, to)}}.verify(Verdict::invalid);
        Log{{raised(kind, "7", "8")}}.verify(Verdict::valid);
        Log{{raised(kind, "7", "18446744073709551615")}}.verify(Verdict::valid);
    }
    Log{{event(EventKind::epoch_opened, {}, 0, 7), raised(EventKind::epoch_raised, "6", "9", 7)}}.verify(
        Verdict::invalid);
    Log{{crl(EventKind::crl_intended, 'a', 7), raised(EventKind::crl_number_raised, "6", "9")}}.verify(
        Verdict::invalid);
    Log{{event(EventKind::crl_number_raised, {{"from", "6"}, {"to", "9"}})}}.verify(Verdict::invalid);
}

Event accepted(int seconds, const std::string& from, const std::string& to) {
    return event(EventKind::clock_accepted, {{"from", from}, {"to", to}, {"reason", "it ran ahead"}}, seconds);
}

TEST(AuditLog, AClockThatAPersonAcceptedIsADeviationAndTimesGoOnFromThere) {
    const std::string ahead = "2027-11-22T12:00:00Z", right = "2026-11-22T12:00:00Z";
    const auto far = event(EventKind::daemon_started, {}, 365 * 86400);
    const auto text =
        Log{{far, accepted(0, ahead, right), event(EventKind::daemon_stopped)}}.verify(Verdict::deviations);
    EXPECT_NE(text.find("entry 1 is of " + right + ", what stands before it of up to " + ahead), std::string::npos)
        << text;
    Log{{far, event(EventKind::daemon_stopped)}}.verify(Verdict::invalid);
    // Among themselves the times behind it are in order.
    Log{{far, accepted(0, ahead, right), event(EventKind::daemon_stopped, {}, -301)}}.verify(Verdict::invalid);
    Log{{far, accepted(0, right, right)}}.verify(Verdict::invalid);
    Log{{far, accepted(0, right, ahead)}}.verify(Verdict::invalid);
    Log{{far, accepted(1, ahead, right)}}.verify(Verdict::invalid);
    Log{{far, accepted(0, "", right)}}.verify(Verdict::invalid);
    verify_entries(Verdict::invalid, {entry_text("clock.accepted", "1")});
    verify_entries(Verdict::incomplete, {entry_text("clock.accepted", "3")});
}

// Two lists of kinds, written apart: what the daemon writes today is known here, and has rules.
TEST(AuditLog, EveryKindThatIsWrittenIsKnown) {
    for (unsigned i = 0; i < 64; ++i) {
        const auto name = std::string{audit::event_kind_name(static_cast<EventKind>(i))};
        if (!audit::parse_event_kind(name)) continue;
        Log log{{event(static_cast<EventKind>(i))}};
        Checks checks;
        AuditQuestion question;
        question.folder = log.folder();
        verify_audit(question, checks);
        EXPECT_EQ(checks.human().find("does not know"), std::string::npos) << name;
    }
}

void flip(const std::filesystem::path& file, std::size_t at, int by) {
    auto text = ceremonies::test::read(file);
    text[at] = static_cast<char>(text[at] ^ by);
    std::ofstream{file, std::ios::binary} << text;
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
}

TEST(AuditLog, OneBitFlippedAnywhereIsFound) {
    const Log log{good_events()};
    for (const auto& file : files_of(log.folder())) {
        const auto size = std::filesystem::file_size(file);
        for (std::size_t at = 0; at < size; at += size < 300 ? 1 : 37) {
            for (const int by : {0x01, 0x40}) {
                flip(file, at, by);
                AuditQuestion question;
                question.folder = log.folder();
                Checks checks;
                verify_audit(question, checks);
                EXPECT_EQ(checks.verdict(), Verdict::invalid) << file << " octet " << at << "\n" << checks.human();
                flip(file, at, by);
            }
        }
    }
    log.verify(Verdict::valid);
}

TEST(AuditLog, AMissingFileLeavesTheProofIncomplete) {
    const Log log{good_events()};
    for (const auto& file : files_of(log.folder())) {
        const auto away = file.string() + ".away";
        std::filesystem::rename(file, away);
        // The folder's copy of the key is for convenience: nothing rests on it where the key is given.
        log.verify(file.filename() == "log.vkey" ? Verdict::valid : Verdict::incomplete);
        std::filesystem::rename(away, file);
    }
}

TEST(AuditLog, OfSeveralTilesIsReadWhole) {
    std::vector<Event> events;
    for (int i = 0; i < 600; ++i) events.push_back(event(EventKind::access_denied, {{"n", std::to_string(i)}}, i));
    const Log log{events};
    const auto text = log.verify(Verdict::valid);
    EXPECT_NE(text.find("600 entries hashed again, 7 tiles compared"), std::string::npos) << text;
    flip(log.folder() / "tile/1/000.p/2", 40, 1);
    log.verify(Verdict::invalid);
}

TEST(AuditLog, TheKeyOfTheCeremonyCountsAndAnotherDoesNot) {
    const Log log{good_events()};
    const auto pem_of = [&](const SoftwareKey& key, const std::string& name) {
        const auto path = log.folder().string() + "-" + name + ".pem";
        std::ofstream{path} << x509::encode_pem("PUBLIC KEY", key.key.public_key.spki().view());
        return path;
    };
    AuditQuestion question;
    question.key = pem_of(log.key(), "right");
    log.verify(Verdict::valid, question);
    std::filesystem::remove(question.key);
    question.key = pem_of(SoftwareKey{crypto::KeyType::ed25519}, "wrong");
    log.verify(Verdict::invalid, question);
    std::filesystem::remove(question.key);
    question.key = log.vkey();
    log.verify(Verdict::valid, question);
    question.key = audit::vkey("ca.example.org/other", log.key().key.public_key);
    log.verify(Verdict::invalid, question);
}

TEST(AuditLog, AnEntryIsShownWithAProofThatLeadsToTheRoot) {
    const Log log{good_events()};
    AuditQuestion question;
    question.folder = log.folder();
    question.entry = 3;
    Checks checks;
    const auto shown = verify_audit(question, checks);
    ASSERT_TRUE(shown) << checks.human();
    EXPECT_EQ(bytes_of(view_of(shown->text)), audit::encode_event(good_events()[3]));
    EXPECT_TRUE(audit::verify_inclusion(shown->leaf, 3, {shown->size, shown->root}, shown->proof));
    question.entry = 23;
    log.verify(Verdict::incomplete, question);
}

TEST(AuditLog, AnOlderCheckpointMustBeExtended) {
    Log log{good_events()};
    const auto older = log.folder().string() + "-older";
    std::filesystem::copy_file(log.folder() / "checkpoint", older);
    log.write({event(EventKind::daemon_stopped, {}, 60, 2)});
    AuditQuestion question;
    question.older_checkpoint = older;
    log.verify(Verdict::valid, question);

    // The same key signs a log whose past was written anew, and one that was cut: each is valid by itself.
    auto events = good_events();
    events.front() = event(EventKind::daemon_started);
    log.write_anew(events);
    log.verify(Verdict::valid);
    EXPECT_NE(log.verify(Verdict::invalid, question).find("what it covers was changed"), std::string::npos);
    events = good_events();
    events.pop_back();
    log.write_anew(events);
    log.verify(Verdict::valid);
    EXPECT_NE(log.verify(Verdict::invalid, question).find("the log was cut"), std::string::npos);
    std::filesystem::remove(older);
}

TEST(AuditLog, AnOlderCheckpointOfAnotherKeyIsRefused) {
    const Log log{good_events()}, other{good_events()};
    AuditQuestion question;
    question.older_checkpoint = other.folder() / "checkpoint";
    log.verify(Verdict::invalid, question);
}

TEST(AuditLog, AFolderThatIsNoneIsIncomplete) {
    Checks checks;
    AuditQuestion question;
    question.folder = "/nonexistent";
    verify_audit(question, checks);
    EXPECT_EQ(checks.verdict(), Verdict::incomplete);
}

}  // namespace
}  // namespace sealwright::verifier
