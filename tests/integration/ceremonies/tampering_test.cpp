// A good bundle, changed in one place each: what the verifier must find without and with the head.
#include <regex>

#include "ceremonies/format/head_words.hpp"
#include "crypto/digest.hpp"
#include "surroundings.hpp"

namespace sealwright::ceremonies::test {
namespace {

using verifier::Verdict;

// The one good bundle that every test copies.
struct Original {
    Site site;
    std::string head;
    Original() {
        QuietDesk desk;
        const auto outcome = site.run(desk);
        if (!outcome) throw std::runtime_error(outcome.error().describe());
        head = outcome.value().head;
    }
};
const Original& original() {
    static const Original instance;
    return instance;
}
Bundle copy() { return Bundle{original().site.out(), original().head}; }

std::vector<std::string> lines_of(const Bundle& bundle) {
    std::vector<std::string> lines;
    std::istringstream in{read_whole(bundle.path() / "transcript/entries.jsonl")};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

void write_lines(const Bundle& bundle, const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    write_whole(bundle.path() / "transcript/entries.jsonl", text);
}

TEST(Tampering, TheUntouchedCopyIsValid) {
    const auto checks = copy().verify();
    EXPECT_EQ(checks.verdict(), Verdict::valid) << checks.human();
}

TEST(Tampering, WithoutHeadOrRootsTheProofIsIncomplete) {
    const auto bundle = copy();
    EXPECT_EQ(bundle.verify(false).verdict(), Verdict::incomplete);
    std::filesystem::remove(bundle.roots());
    EXPECT_EQ(bundle.verify().verdict(), Verdict::incomplete);
}

TEST(Tampering, AnyWrongWordOfTheHeadIsInvalid) {
    const auto bundle = copy();
    const auto typed = parse_head(bundle.head()).value();
    for (std::size_t i = 0; i < kHeadWords; ++i) {
        auto octets = typed.root.octets();
        octets[i] ^= 1U;
        verifier::Checks checks;
        verifier::verify_ceremony({bundle.path(), bundle.roots(), head_line(*typed.size, Sha256{octets}), false},
                                  checks);
        EXPECT_EQ(checks.verdict(), Verdict::invalid) << i;
    }
    for (const auto& head : {head_line(*typed.size + 1, typed.root), bundle.head() + " aardvark",
                             std::string{"aardvark"}, replaced(bundle.head(), " ", " nonsense ")}) {
        verifier::Checks checks;
        verifier::verify_ceremony({bundle.path(), bundle.roots(), head, false}, checks);
        EXPECT_EQ(checks.verdict(), Verdict::invalid) << head;
    }
}

TEST(Tampering, AnotherRootIsInvalid) {
    const auto bundle = copy();
    const Original other;
    std::filesystem::copy_file(other.site.out() / "artefacts/root.pem", bundle.roots(),
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(bundle.verify().verdict(), Verdict::invalid);
    write_whole(bundle.roots(), "no PEM");
    EXPECT_EQ(bundle.verify().verdict(), Verdict::invalid);
}

TEST(Tampering, OneBitFlippedInAnyFileIsInvalid) {
    const auto bundle = copy();
    for (const auto& file : bundle.files()) {
        const auto good = read_whole(file);
        // The two small files that no digest on record covers are changed in every octet.
        const bool sealing = file.filename() == "checkpoint" || file.filename() == "log.vkey";
        const std::size_t stride = sealing ? 1 : std::max<std::size_t>(1, good.size() / 20);
        for (std::size_t at = 0; at < good.size(); at += stride) {
            const int bit = at / stride % 2 == 0 ? 0x01 : 0x20;
            auto bad = good;
            bad[at] = static_cast<char>(bad[at] ^ bit);
            write_whole(file, bad);
            const auto checks = bundle.verify();
            EXPECT_EQ(checks.verdict(), Verdict::invalid) << file << " octet " << at << " bit " << bit << "\n"
                                                          << checks.human();
        }
        // The last octet, one more, one less, none.
        for (const auto& bad : {good.substr(0, good.size() - 1), good + "\n", std::string{}}) {
            write_whole(file, bad);
            const auto checks = bundle.verify();
            EXPECT_NE(checks.verdict(), Verdict::valid) << file << " of " << bad.size() << " octets";
            EXPECT_NE(checks.verdict(), Verdict::deviations) << file << " of " << bad.size() << " octets";
        }
        write_whole(file, good);
    }
    EXPECT_EQ(bundle.verify().verdict(), Verdict::valid);
}

TEST(Tampering, AMissingFileLeavesTheProofIncomplete) {
    const auto bundle = copy();
    for (const auto& file : bundle.files()) {
        const auto away = bundle.roots().string() + ".away";
        std::filesystem::rename(file, away);
        const auto checks = bundle.verify();
        const bool is_transcript = file.filename() == "entries.jsonl";
        EXPECT_EQ(checks.verdict(), is_transcript ? Verdict::invalid : Verdict::incomplete) << file << "\n"
                                                                                            << checks.human();
        std::filesystem::rename(away, file);
    }
}

TEST(Tampering, AnythingMoreInTheFolderIsInvalid) {
    for (const auto* name : {"more", "artefacts/more.pem", "transcript/more", "evidence/root-key.json.bak",
                             "profiles/more.toml", "transcript/tile/0/000.p/12"}) {
        const auto bundle = copy();
        write_whole(bundle.path() / name, "x");
        EXPECT_EQ(bundle.verify().verdict(), Verdict::invalid) << name;
    }
    const auto bundle = copy();
    std::filesystem::rename(bundle.path() / "artefacts/tls.pem", bundle.roots().string() + ".tls");
    std::filesystem::create_symlink(bundle.roots().string() + ".tls", bundle.path() / "artefacts/tls.pem");
    EXPECT_EQ(bundle.verify().verdict(), Verdict::invalid);
}

TEST(Tampering, EveryLineOfTheTranscriptCountsInItsPlace) {
    const auto bundle = copy();
    const auto lines = lines_of(bundle);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto dropped = lines, doubled = lines, swapped = lines, altered = lines;
        dropped.erase(dropped.begin() + static_cast<std::ptrdiff_t>(i));
        doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
        std::swap(swapped[i], swapped[(i + 1) % lines.size()]);
        altered[i] = std::regex_replace(lines[i], std::regex{"\"t\":\"20[0-9][0-9]"}, "\"t\":\"2001");
        for (const auto& changed : {dropped, doubled, swapped, altered}) {
            write_lines(bundle, changed);
            const auto checks = bundle.verify(false);
            EXPECT_EQ(checks.verdict(), Verdict::invalid) << "line " << i << "\n" << checks.human();
        }
    }
}

TEST(Tampering, ATranscriptThatWasCutIsIncompleteAtEveryRecord) {
    const auto bundle = copy();
    const auto lines = lines_of(bundle);
    std::filesystem::remove_all(bundle.path() / "transcript/tile");
    std::filesystem::remove(bundle.path() / "transcript/checkpoint");
    std::filesystem::remove(bundle.path() / "transcript/log.vkey");
    for (std::size_t kept = 0; kept < lines.size(); ++kept) {
        write_lines(bundle, {lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(kept)});
        // Files whose record is gone would be invalid by themselves: a crash leaves none of them.
        const auto text = read_whole(bundle.path() / "transcript/entries.jsonl");
        const auto here = copy();
        for (const auto& file : here.files()) {
            const auto name = file.lexically_relative(here.path()).string();
            const bool artefact =
                name.starts_with("artefacts/") || name.starts_with("evidence/") || name.starts_with("report.");
            if ((artefact && text.find("\"" + name + "\",\"") == std::string::npos) ||
                (name.starts_with("transcript/") && name != "transcript/entries.jsonl"))
                std::filesystem::remove(file);
        }
        write_whole(here.path() / "transcript/entries.jsonl", text);
        const auto checks = here.verify(false);
        EXPECT_EQ(checks.verdict(), Verdict::incomplete) << kept << " records\n" << checks.human();
        // The last record half written.
        write_whole(here.path() / "transcript/entries.jsonl", text + lines[kept].substr(0, lines[kept].size() / 2));
        EXPECT_EQ(here.verify(false).verdict(), Verdict::incomplete) << kept << " records and a half";
    }
}

// --- A forger who writes the transcript anew, coherent in numbers and hashes, and has no head on paper to fear
// -----------------------------------------

using Lines = std::vector<std::string>;

std::size_t find_line(const Lines& lines, const std::vector<std::string>& marks) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (std::all_of(marks.begin(), marks.end(),
                        [&](const auto& mark) { return lines[i].find(mark) != std::string::npos; }))
            return i;
    }
    throw std::runtime_error("no line with " + marks.front());
}

std::string of_step(const std::string& step) { return "\"step\":\"" + step + "\""; }
std::string of_type(const std::string& type) { return "\"type\":\"" + type + "\""; }

void drop(Lines& lines, const std::vector<std::string>& marks) {
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(find_line(lines, marks)));
}
void change(Lines& lines, const std::vector<std::string>& marks, const std::string& from, const std::string& to) {
    auto& line = lines[find_line(lines, marks)];
    line = replaced(line, from, to);
}
std::string member(const Lines& lines, const std::vector<std::string>& marks, const std::string& name) {
    const auto& line = lines[find_line(lines, marks)];
    const auto begin = line.find("\"" + name + "\":\"") + name.size() + 4;
    return line.substr(begin, line.find('"', begin) - begin);
}

struct Forgery {
    const char* name;
    std::function<void(Lines&)> forge;
    const char* expected;
};

class Forged : public ::testing::TestWithParam<Forgery> {};

TEST_P(Forged, TranscriptIsInvalidEvenWithoutHead) {
    const auto bundle = copy();
    auto lines = lines_of(bundle);
    GetParam().forge(lines);
    for (std::size_t i = 0; i < lines.size(); ++i)
        lines[i] = std::regex_replace(lines[i], std::regex{"\"n\":[0-9]+"}, "\"n\":" + std::to_string(i),
                                      std::regex_constants::format_first_only);
    write_lines(bundle, lines);
    // Without the tree there is nothing but the records themselves to object to.
    std::filesystem::remove_all(bundle.path() / "transcript/tile");
    std::filesystem::remove(bundle.path() / "transcript/checkpoint");
    std::filesystem::remove(bundle.path() / "transcript/log.vkey");
    const auto checks = bundle.verify(false);
    EXPECT_EQ(checks.verdict(), Verdict::invalid) << checks.human();
    EXPECT_NE(checks.human().find(GetParam().expected), std::string::npos) << checks.human();
    EXPECT_EQ(checks.human().find("in place"), std::string::npos) << "the forgery is not coherent\n" << checks.human();
}

const std::vector<std::string> kRootSign{of_step("root"), of_type("p11.intent"), "\"op\":\"sign\""};
const std::vector<std::string> kRootSigned{of_step("root"), of_type("p11.result"), "\"op\":\"sign\""};
const std::vector<std::string> kRootGenerate{of_step("root-key"), of_type("p11.intent"), "\"op\":\"generate\""};
const std::vector<std::string> kRootGenerated{of_step("root-key"), of_type("p11.result"), "\"op\":\"generate\""};

INSTANTIATE_TEST_SUITE_P(
    All, Forged,
    ::testing::Values(
        Forgery{"IntentLeftOut", [](Lines& l) { drop(l, kRootSign); },
                "is the result of no use of a token directly before it"},
        Forgery{"ResultLeftOut", [](Lines& l) { drop(l, kRootSigned); },
                "stands between a use of a token and its result"},
        Forgery{"UseLeftOut",
                [](Lines& l) {
                    drop(l, kRootSign);
                    drop(l, kRootSigned);
                },
                "no use of a token is on record that signed it"},
        Forgery{"LintLeftOut",
                [](Lines& l) {
                    drop(l, {of_step("root"), of_type("lint")});
                },
                "artefacts/root.pem: it was not linted before it was signed"},
        Forgery{"LintAfterSigning",
                [](Lines& l) {
                    const auto at = find_line(l, {of_step("root"), of_type("lint")});
                    const auto lint = l[at];
                    l.erase(l.begin() + static_cast<std::ptrdiff_t>(at));
                    l.insert(l.begin() + static_cast<std::ptrdiff_t>(find_line(l, kRootSigned)) + 1, lint);
                },
                "artefacts/root.pem: it was not linted before it was signed"},
        Forgery{"LintRefused",
                [](Lines& l) {
                    change(l, {of_step("root"), of_type("lint")}, "accepted", "refused");
                },
                "it was not linted before it was signed"},
        Forgery{"EvidenceLeftOut",
                [](Lines& l) {
                    drop(l, {of_step("root-key"), of_type("evidence")});
                },
                "uses a key whose evidence was not accepted before"},
        Forgery{"EvidenceRefused",
                [](Lines& l) {
                    change(l, {of_step("root-key"), of_type("evidence")}, "accepted", "refused");
                },
                "did not accept its evidence"},
        Forgery{"EvidenceOfAnotherKey",
                [](Lines& l) {
                    change(l, {of_step("root-key"), of_type("evidence")}, "evidence/root-key.json",
                           "evidence/tls-key.json");
                },
                "evidence/tls-key.json is not what the token said"},
        Forgery{"HiddenSignature",
                [](Lines& l) {
                    auto intent = l[find_line(l, kRootSign)], result = l[find_line(l, kRootSigned)];
                    const auto id = member(l, kRootSign, "intent");
                    intent = replaced(intent, id, std::string(32, 'e'));
                    intent = replaced(intent, member(l, kRootSign, "tbs_sha256"), std::string(64, 'e'));
                    result = replaced(result, id, std::string(32, 'e'));
                    const auto at = static_cast<std::ptrdiff_t>(find_line(l, kRootSigned)) + 1;
                    l.insert(l.begin() + at, {intent, result});
                },
                "no file of the bundle carries it"},
        Forgery{"IntentNamedTwice",
                [](Lines& l) {
                    const auto first = member(l, kRootGenerate, "intent"), second = member(l, kRootSign, "intent");
                    change(l, kRootSign, second, first);
                    change(l, kRootSigned, second, first);
                },
                "its intent was used before"},
        Forgery{"OtherTbsSigned",
                [](Lines& l) { change(l, kRootSign, member(l, kRootSign, "tbs_sha256"), std::string(64, 'e')); },
                "no use of a token is on record that signed it"},
        Forgery{"OtherKeySigned",
                [](Lines& l) {
                    const auto root = member(l, kRootSign, "key"),
                               tls =
                                   member(l, {of_step("tls-key"), of_type("p11.result"), "\"op\":\"generate\""}, "key");
                    change(l, {of_step("tls"), of_type("p11.intent")},
                           member(l, {of_step("tls"), of_type("p11.intent")}, "key"), tls);
                    (void)root;
                },
                "is of another key"},
        Forgery{
            "OtherSignature",
            [](Lines& l) { change(l, kRootSigned, member(l, kRootSigned, "signature_sha256"), std::string(64, 'e')); },
            "its signature is not the one that the token gave"},
        Forgery{"OtherPurpose",
                [](Lines& l) { change(l, kRootSign, "\"purpose\":\"certificate\"", "\"purpose\":\"crl\""); },
                "was signed for another purpose"},
        Forgery{"OtherLabel",
                [](Lines& l) {
                    change(l, kRootGenerate, "root-ca", "root-cb");
                    change(l, kRootGenerated, "root-ca", "root-cb");
                },
                "has another label than in the script"},
        Forgery{"OtherKeyType", [](Lines& l) { change(l, kRootGenerate, "EC P-384", "EC P-256"); },
                "is of another type than was asked for"},
        Forgery{"OtherPublicKey",
                [](Lines& l) {
                    const auto other =
                        member(l, {of_step("tls-key"), of_type("p11.result"), "\"op\":\"generate\""}, "spki");
                    change(l, kRootGenerated, member(l, kRootGenerated, "spki"), other);
                },
                "its digest is not that of its public key"},
        Forgery{"OtherToken", [](Lines& l) { change(l, kRootSign, "\"token\":\"root\"", "\"token\":\"online\""); },
                "uses a token that is not open"},
        Forgery{"OtherTokenSerial",
                [](Lines& l) {
                    change(l, {of_step("root-token"), of_type("p11.result")}, "\"serial\":\"", "\"serial\":\"0");
                },
                "its evidence comes from another token"},
        Forgery{"OtherTokenLabel",
                [](Lines& l) {
                    change(l, {of_step("root-token"), of_type("p11.result")}, "\"label\":\"", "\"label\":\"x");
                },
                "its label is not that of the bindings"},
        Forgery{"FailureGoneOnWith",
                [](Lines& l) {
                    l[find_line(l, kRootSigned)] = R"({"body":{"detail":"","error":"token","intent":")" +
                                                   member(l, kRootSigned, "intent") +
                                                   R"(","op":"sign","outcome":"failed"},"n":0,"step":"root","t":")" +
                                                   member(l, kRootSigned, "t") + R"(","type":"p11.result","v":1})";
                },
                "a use of a token failed, and the ceremony went on"},
        Forgery{"NobodyConfirmed",
                [](Lines& l) {
                    drop(l, {of_step("machine"), of_type("confirmation")});
                },
                "nobody has confirmed it"},
        Forgery{"ConfirmedByStranger",
                [](Lines& l) {
                    change(l, {of_step("machine"), of_type("confirmation")}, "First Person", "Somebody Else");
                },
                "is by nobody who holds that role"},
        Forgery{"ConfirmedByOtherRole",
                [](Lines& l) {
                    change(l, {of_step("machine"), of_type("confirmation")}, "\"role\":\"operator\"",
                           "\"role\":\"witness\"");
                },
                "is by a role that the script does not name here"},
        Forgery{"OtherTextConfirmed",
                [](Lines& l) {
                    change(l, {of_step("machine"), of_type("confirmation")}, "has no network", "has a network");
                },
                "what was confirmed is not the script's text"},
        Forgery{"StepLeftOut",
                [](Lines& l) {
                    for (const auto* type : {"step.begin", "confirmation", "step.end"})
                        drop(l, {of_step("machine"), of_type(type)});
                },
                "the script has the step 'machine' here"},
        Forgery{"StepNotEnded",
                [](Lines& l) {
                    drop(l, {of_step("machine"), of_type("step.end")});
                },
                "begins before the step 'machine' has ended"},
        Forgery{
            "OtherAction",
            [](Lines& l) {
                change(l, {of_step("machine"), of_type("step.begin")}, "\"do\":\"confirm\"", "\"do\":\"token.open\"");
            },
            "its action or role is not that of the script"},
        Forgery{"DeviationHidden",
                [](Lines& l) {
                    change(l, {of_step("machine"), of_type("step.end")}, "\"done\"", "\"deviation\"");
                },
                "its outcome does not agree"},
        Forgery{
            "DeviationNotAllowed",
            [](Lines& l) {
                const auto at = find_line(l, {of_step("machine"), of_type("step.end")});
                l[at] = replaced(l[at], "\"done\"", "\"deviation\"");
                l.insert(
                    l.begin() + static_cast<std::ptrdiff_t>(at),
                    R"({"body":{"detail":"","ends":false,"error":"","what":"skipped"},"n":0,"step":"machine","t":")" +
                        member(l, {of_type("header")}, "t") + R"(","type":"deviation","v":1})");
            },
            "the script allows no deviation here"},
        Forgery{"OtherPeople", [](Lines& l) { change(l, {of_type("roster")}, "First Person", "Nobody"); },
                "its people are not those of the bindings"},
        Forgery{"NoModule", [](Lines& l) { drop(l, {of_type("module")}); }, "no module is on record"},
        Forgery{"OtherMode",
                [](Lines& l) { change(l, {of_type("header")}, "\"mode\":\"production\"", "\"mode\":\"rehearsal\""); },
                "says mode 'rehearsal', the bindings 'production'"},
        Forgery{"OtherTitle", [](Lines& l) { change(l, {of_type("header")}, "Two-tier", "Three-tier"); },
                "names another script"},
        Forgery{"OtherFormat", [](Lines& l) { change(l, {of_type("header")}, "\"format\":1", "\"format\":2"); },
                "is of another format"},
        Forgery{"ArtefactLeftOut", [](Lines& l) { drop(l, {"artefacts/tls-chain.pem"}); },
                "the chain of step 'tls' was not kept"},
        Forgery{"CrlLeftOut", [](Lines& l) { drop(l, {"artefacts/root.crl"}); },
                "the CRL of step 'root-crl' was not kept"},
        Forgery{"LimitsLeftOut", [](Lines& l) { drop(l, {"artefacts/signer-keys.toml"}); },
                "the signer's keys of step 'signer-keys' were not kept"},
        Forgery{"ArtefactOutside",
                [](Lines& l) { change(l, {"artefacts/tls.pem"}, "artefacts/tls.pem", "../tls.pem"); },
                "names a place where no artefact belongs"},
        Forgery{"CertificateOfOtherStep",
                [](Lines& l) { change(l, {"artefacts/tls.pem"}, "\"issuer_key\":\"", "\"issuer_key\":\"0"); },
                "the script has it signed by another key"},
        Forgery{"EndCountsLess", [](Lines& l) { change(l, {of_type("end")}, "\"artefacts\":16", "\"artefacts\":15"); },
                "counts other artefacts than there are"},
        Forgery{"EndDeviations", [](Lines& l) { change(l, {of_type("end")}, "\"deviations\":0", "\"deviations\":1"); },
                "counts other deviations than there are"},
        Forgery{"EndAborted", [](Lines& l) { change(l, {of_type("end")}, "complete", "aborted"); },
                "its outcome does not agree"},
        Forgery{"RecordBehindEnd", [](Lines& l) { l.push_back(replaced(l.back(), "complete", "complete")); },
                "stands behind the end"},
        Forgery{
            "UnknownKind",
            [](Lines& l) {
                change(l, {of_step("machine"), of_type("confirmation")}, of_type("confirmation"), of_type("confirmed"));
            },
            "is of a kind that this program does not know"},
        Forgery{"MemberMore", [](Lines& l) { change(l, {of_type("end")}, "\"outcome\"", "\"other\":1,\"outcome\""); },
                "has members that such a record does not have"},
        Forgery{"NotCanonical", [](Lines& l) { change(l, {of_type("end")}, "\"outcome\":", "\"outcome\": "); },
                "not in canonical form"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

TEST(Tampering, AClockThatWentBackIsADeviation) {
    const auto bundle = copy();
    auto lines = lines_of(bundle);
    const auto at = find_line(lines, {of_step("machine"), of_type("step.end")});
    lines[at] = std::regex_replace(lines[at], std::regex{"\"t\":\"20[0-9][0-9]"}, "\"t\":\"2001");
    write_lines(bundle, lines);
    EXPECT_NE(bundle.verify(false).human().find("the clock went back"), std::string::npos);
}

// --- A forger who changes a file and every digest of it in the transcript
// ------------------------------------------------------------------------------

struct Substitution {
    const char* name;
    const char* file;
    const char* from;
    const char* to;
    const char* expected;
};

class Substituted : public ::testing::TestWithParam<Substitution> {};

// substitute puts other octets in the place of a file's, and their digest and size in the place of its own.
void substitute(const Bundle& bundle, const std::string& file, const std::string& from, const std::string& to) {
    const auto path = bundle.path() / file;
    const auto good = read_whole(path);
    const auto bad = replaced(good, from, to);
    write_whole(path, bad);
    auto lines = lines_of(bundle);
    const auto good_digest = crypto::sha256(view_of(good)).hex(), bad_digest = crypto::sha256(view_of(bad)).hex();
    for (auto& line : lines) {
        if (line.find(good_digest) == std::string::npos) continue;
        line = replaced(line, good_digest, bad_digest);
        const std::string size = "\"size\":" + std::to_string(good.size()) + "}";
        if (line.find(size) != std::string::npos)
            line = replaced(line, size, "\"size\":" + std::to_string(bad.size()) + "}");
    }
    write_lines(bundle, lines);
}

TEST_P(Substituted, FileIsInvalidThoughItsDigestsAgree) {
    const auto bundle = copy();
    substitute(bundle, GetParam().file, GetParam().from, GetParam().to);
    const auto checks = bundle.verify(false);
    EXPECT_EQ(checks.verdict(), Verdict::invalid) << checks.human();
    EXPECT_NE(checks.human().find(GetParam().expected), std::string::npos) << checks.human();
}

// What says nothing of the certificate may differ; what this program does not know may say something.
TEST(Tampering, AProfileThatSaysMoreThanIsKnownLeavesTheProofIncomplete) {
    const auto bundle = copy();
    substitute(bundle, "profiles/tls.toml", "[validity]", "[validity]\nmay_shorten = true");
    EXPECT_EQ(bundle.verify(false).human().find("profiles/tls.toml"), std::string::npos)
        << bundle.verify(false).human();
    substitute(bundle, "profiles/tls.toml", "may_shorten", "may_lengthen");
    EXPECT_NE(bundle.verify(false).human().find(
                  "missing: artefacts/tls.pem: cannot be compared with its profile: profiles/tls.toml its key "
                  "'validity.may_lengthen' is not known to this program"),
              std::string::npos)
        << bundle.verify(false).human();
}

INSTANTIATE_TEST_SUITE_P(
    All, Substituted,
    ::testing::Values(
        Substitution{"LongerValidity", "artefacts/signer-keys.toml", "max_validity = \"398d\"",
                     "max_validity = \"998d\"", "the key 'issuing' has other limits"},
        Substitution{"MayCertifyCas", "artefacts/signer-keys.toml", "ca = false", "ca = true",
                     "the key 'issuing' has other limits"},
        Substitution{"MayCertifyOcspSigners", "artefacts/signer-keys.toml", "ocsp_signing = false",
                     "ocsp_signing = true", "the key 'issuing' has other limits"},
        Substitution{"NoMaxBackdate", "artefacts/signer-keys.toml", "max_backdate = \"2d\"\n", "",
                     "the key 'issuing' has other limits"},
        Substitution{"OtherIssuer", "artefacts/signer-keys.toml", "issuer_sha256 = \"", "issuer_sha256 = \"0",
                     "the key 'issuing' has other limits"},
        Substitution{"OtherPurpose", "artefacts/signer-keys.toml", "purposes = [\"tls\"]", "purposes = [\"csr\"]",
                     "the key 'tls' has other purposes"},
        Substitution{"OtherAlgorithm", "artefacts/signer-keys.toml", "ecdsa-sha256", "ecdsa-sha512",
                     "the key 'issuing' has other algorithms"},
        Substitution{"OtherOrigin", "artefacts/signer-keys.toml", "origin = \"ca.example.org/audit\"",
                     "origin = \"ca.example.org/other\"", "the key 'audit' has other limits"},
        Substitution{"SettingMore", "artefacts/signer-keys.toml", "name = \"issuing\"",
                     "name = \"issuing\"\nanything = true", "the key 'issuing' has other limits"},
        Substitution{"TableMore", "artefacts/signer-keys.toml", "[[key]]", "[other]\n[[key]]",
                     "which no list of keys has"},
        Substitution{"Extractable", "evidence/root-key.json",
                     R"("attribute":"CKA_EXTRACTABLE","object":"private","value":"false")",
                     R"("attribute":"CKA_EXTRACTABLE","object":"private","value":"true")",
                     "the key of step 'root-key': CKA_EXTRACTABLE is true"},
        Substitution{"NotLocal", "evidence/root-key.json",
                     R"("attribute":"CKA_LOCAL","object":"private","value":"true")",
                     R"("attribute":"CKA_LOCAL","object":"private","value":null)",
                     "the key of step 'root-key': CKA_LOCAL is not known"},
        Substitution{"EvidenceOfOtherToken", "evidence/root-key.json", R"("serial":")", R"("serial":"0)",
                     "its evidence comes from another token"},
        Substitution{"ChainOrder", "artefacts/tls-chain.pem", "-----END CERTIFICATE-----\n-----BEGIN",
                     "-----END CERTIFICATE-----\n\n-----BEGIN", "is not the chain of its certificate"},
        Substitution{"PublicKey", "artefacts/audit-key.pem", "PUBLIC KEY-----\nM", "PUBLIC KEY-----\nN",
                     "artefacts/audit-key.pem"},
        Substitution{"ScriptLabel", "script.toml", "label = \"root-ca\"", "label = \"root-cb\"",
                     "has another label than in the script"},
        Substitution{"ScriptKeyKind", "script.toml", "key = \"EC-P384\"", "key = \"EC-P256\"",
                     "is of another kind than in the script"},
        Substitution{"ScriptIssuer", "script.toml", "issuer = \"root\"\nkey = \"issuing-key\"",
                     "issuer = \"issuing\"\nkey = \"issuing-key\"", "artefacts/issuing.pem"},
        Substitution{"ScriptSubjectKey", "script.toml", "key = \"ocsp-key\"\nprofile", "key = \"audit-key\"\nprofile",
                     "the script certifies another key"},
        Substitution{"ScriptProfile", "script.toml", "profile = \"profiles/ocsp.toml\"",
                     "profile = \"profiles/tls.toml\"", "was made by another profile than the script's"},
        // The certificates stay, what their profiles ask for is another: a runner that made other certificates than the
        // profiles of its bundle leaves just this.
        Substitution{"ProfileCa", "profiles/tls.toml", "kind = \"end-entity\"", "kind = \"ca\"",
                     "artefacts/tls.pem: has another id-ce-basicConstraints than the profile gives"},
        Substitution{"ProfilePathLength", "profiles/issuing.toml", "path_length = 0", "path_length = 1",
                     "artefacts/issuing.pem: has another id-ce-basicConstraints than the profile gives"},
        Substitution{"ProfileNoPathLength", "profiles/issuing.toml", "path_length = 0", "",
                     "artefacts/issuing.pem: has another id-ce-basicConstraints than the profile gives"},
        Substitution{"ProfileKeyUsage", "profiles/issuing.toml", "\"cRLSign\"]", "\"cRLSign\", \"contentCommitment\"]",
                     "artefacts/issuing.pem: has another id-ce-keyUsage than the profile gives"},
        Substitution{"ProfileKeyUsageNotCritical", "profiles/tls.toml", "[key_usage]", "[key_usage]\ncritical = false",
                     "artefacts/tls.pem: has another id-ce-keyUsage than the profile gives"},
        Substitution{"ProfilePurpose", "profiles/tls.toml", "serverAuth", "clientAuth",
                     "artefacts/tls.pem: has another id-ce-extKeyUsage than the profile gives"},
        Substitution{"ProfileNoPurpose", "profiles/tls.toml", "[ext_key_usage]\npurposes = [\"serverAuth\"]", "",
                     "artefacts/tls.pem: has id-ce-extKeyUsage, which the profile does not give"},
        Substitution{"ProfileNoCheck", "profiles/ocsp.toml", "ocsp_nocheck = true", "ocsp_nocheck = false",
                     "artefacts/ocsp.pem: has id-pkix-ocsp-nocheck, which the profile does not give"},
        Substitution{"ProfileValidity", "profiles/tls.toml", "length = \"90d\"", "length = \"91d\"",
                     "artefacts/tls.pem: is valid at other times than the profile gives"},
        Substitution{"ProfileBackdate", "profiles/root.toml", "length = \"20y\"", "length = \"20y\"\nbackdate = \"1h\"",
                     "artefacts/root.pem: is valid at other times than the profile gives"},
        Substitution{"ProfileSubject", "profiles/ocsp.toml", "@issuing_name@ OCSP", "@issuing_name@ Responder",
                     "artefacts/ocsp.pem: has another subject than the profile gives"},
        Substitution{"ProfileKey", "profiles/ocsp.toml", "type = \"ec-p256\"", "type = \"ec-p384\"",
                     "artefacts/ocsp.pem: has a key that the profile does not allow"},
        Substitution{"ProfileSignature", "profiles/ocsp.toml", "[validity]",
                     "[signature]\nalgorithm = \"ecdsa-sha384\"\n[validity]",
                     "artefacts/ocsp.pem: is signed with another algorithm"},
        Substitution{"BindingsNames", "bindings.toml", "tls = [\"ca.example.org\"]",
                     "tls = [\"ca.example.org\", \"b.org\"]",
                     "artefacts/tls.pem: has another id-ce-subjectAltName than the profile gives"},
        Substitution{"BindingsCrlPlace", "bindings.toml", "/crl/issuing.crl", "/crl/another.crl",
                     "artefacts/tls.pem: has another id-ce-cRLDistributionPoints than the profile gives"},
        Substitution{"BindingsSigningTime", "bindings.toml", "mode = \"production\"",
                     "mode = \"production\"\nsigning_time = 2027-01-15T10:00:00Z",
                     "artefacts/root.pem: is valid at other times than the profile gives"},
        Substitution{"ScriptNames", "script.toml", "names = \"tls\"", "",
                     "artefacts/tls.pem: has id-ce-subjectAltName, which the profile does not give"},
        Substitution{"ScriptCrlNumber", "script.toml", "number = 1", "number = 2",
                     "its number is not that of the script"},
        Substitution{"ScriptCrlValidity", "script.toml", "validity = \"1y\"", "validity = \"2y\"",
                     "artefacts/root.crl: its validity is not that of the script"},
        Substitution{"ScriptLimits", "script.toml", "max_validity = \"398d\"", "max_validity = \"90d\"",
                     "the key 'issuing' has other limits"},
        Substitution{"ScriptCloseKey", "script.toml", "key = \"audit-key\"\nlog", "key = \"tls-key\"\nlog",
                     "announces another key for its head"},
        Substitution{"BindingsOrigin", "bindings.toml", "transcript = \"ca.example.org/ceremony/two-tier-1\"",
                     "transcript = \"ca.example.org/ceremony/two-tier-2\"",
                     "announces another origin than the bindings"},
        Substitution{"BindingsPeople", "bindings.toml", "Third Person", "Fourth Person",
                     "its people are not those of the bindings"},
        Substitution{
            "BindingsModule", "bindings.toml", "role = \"root\"",
            "role = \"root\"\nmodule_sha256 = \"0000000000000000000000000000000000000000000000000000000000000000\"",
            "the bindings pin the module"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace sealwright::ceremonies::test
