#include "ceremonies/runner/script.hpp"

#include "ceremonies/runner/bindings.hpp"
#include "files.hpp"

namespace sealwright::ceremonies {
namespace {

using test::Files;
using test::joined;
using test::mentions;

struct Mistake {
    const char* name;
    const char* from;
    const char* to;
    const char* expected;
};

class ScriptMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(ScriptMistake, IsNamedWithItsLine) {
    const Files files;
    const auto& mistake = GetParam();
    files.replace("two-tier.toml", mistake.from, mistake.to);
    Problems problems;
    parse_script(test::read(files.named().script), "two-tier.toml", problems);
    EXPECT_TRUE(mentions(problems.lines(), mistake.expected)) << joined(problems.lines());
    EXPECT_TRUE(mentions(problems.lines(), "two-tier.toml:")) << joined(problems.lines());
}

INSTANTIATE_TEST_SUITE_P(
    All, ScriptMistake,
    ::testing::Values(
        Mistake{"Format", "format = 1", "format = 2", "two-tier.toml:6: format: is 2; this program reads format 1"},
        Mistake{"UnknownRootKey", "kind = \"two-tier\"", "kind = \"two-tier\"\nkin = 1",
                "two-tier.toml:9: kin: is not a key that is known here"},
        Mistake{"UnknownStepKey", "label = \"root-ca\"", "label = \"root-ca\"\nlabell = \"x\"",
                "labell: is not a key that is known here"},
        Mistake{"Syntax", "kind = \"two-tier\"", "kind = two-tier", "two-tier.toml:8: "},
        Mistake{"KeyTwice", "kind = \"two-tier\"", "kind = \"two-tier\"\nkind = \"x\"", "two-tier.toml:9: "},
        Mistake{"NoTitle", "title = \"Two-tier CA: offline root, issuing CA, OCSP signer, audit key, TLS\"", "",
                "title: is missing"},
        Mistake{"TwoRoles", "id = \"custodian\"", "id = \"operator\"", "two roles have the id 'operator'"},
        Mistake{"UnknownRole", "by = \"custodian\"", "by = \"custodain\"", "no role has the id 'custodain'"},
        Mistake{"TwoSteps", "id = \"machine\"", "id = \"room\"", "two steps have the id 'room'"},
        Mistake{"BadId", "id = \"machine\"", "id = \"Machine\"", "must be a lower-case letter"},
        Mistake{"UnknownAction", "do = \"x509.selfsign\"", "do = \"x509.sign\"", "'x509.sign' is no action"},
        Mistake{"UnknownKeyKind", "key = \"EC-P384\"", "key = \"EC-P385\"", "'EC-P385' is no kind of key"},
        Mistake{"UnknownEvidence", "evidence = \"non-extractable-v1\"", "evidence = \"any\"",
                "'any' is no template of evidence"},
        Mistake{"KeyOfLaterStep", "key = \"root-key\"", "key = \"tls-key\"", "no earlier step has the id 'tls-key'"},
        Mistake{"KeyOfWrongStep", "key = \"root-key\"", "key = \"root-token\"",
                "the step 'root-token' is not a p11.generate or p11.find step"},
        Mistake{"TokenOfWrongStep", "token = \"root-token\"", "token = \"room\"",
                "the step 'room' is not a token.open step"},
        Mistake{"IssuerOfWrongStep", "issuer = \"root\"", "issuer = \"root-key\"",
                "is not an x509.selfsign, x509.issue or x509.import step"},
        Mistake{"SameLabel", "label = \"ocsp-signer\"", "label = \"issuing-ca\"",
                "two keys of one token have the label 'issuing-ca'"},
        Mistake{"SameArtefact", "artefact = \"ocsp.pem\"", "artefact = \"root.pem\"",
                "two artefacts have the name 'root.pem'"},
        Mistake{"ArtefactOutside", "artefact = \"ocsp.pem\"", "artefact = \"../ocsp.pem\"", "must be a file name"},
        Mistake{"ProfileOutside", "profile = \"profiles/root.toml\"", "profile = \"../root.toml\"",
                "must be \"profiles/NAME.toml\""},
        Mistake{"CrlNumber", "number = 1", "number = 0", "number: must be a whole number from 1"},
        Mistake{"CrlValidity", "validity = \"1y\"", "validity = \"forever\"", "validity: "},
        Mistake{"OnFail", "on_fail = \"deviation\"", "on_fail = \"ignore\"", "must be \"abort\" or \"deviation\""},
        Mistake{"OnFailOfToken", "label = \"root-ca\"", "label = \"root-ca\"\non_fail = \"deviation\"",
                "on_fail: is not a key that is known here"},
        Mistake{"UnknownPurpose", "purposes = [\"tls\"]", "purposes = [\"https\"]", "'https' is no purpose"},
        Mistake{"NoPurpose", "purposes = [\"tls\"]", "purposes = []", "purposes: must not be empty"},
        Mistake{"LimitsWithoutPurpose", "purposes = [\"ocsp\"]",
                "purposes = [\"ocsp\"]\n  crl = { issuer = \"issuing\", max_validity = \"1d\" }",
                "the purposes of this key do not have 'crl'"},
        Mistake{"PurposeWithoutLimits", "checkpoint = { log = \"audit\" }", "", "checkpoint: is missing"},
        Mistake{"PathLengthWithoutCa", "ca = false,", "ca = false, max_path_length = 0,",
                "has a meaning only with ca = true"},
        Mistake{"KeyListedTwice", "key = \"tls-key\"\n  name", "key = \"ocsp-key\"\n  name",
                "the key of 'ocsp-key' is listed twice"},
        Mistake{"StepBehindClose", "key = \"audit-key\"\nlog = \"transcript\"",
                "key = \"audit-key\"\nlog = \"transcript\"\n[[step]]\nid = \"late\"\ndo = \"confirm\"\nby = "
                "\"witness\"\ntext = \"x\"",
                "stands behind bundle.close"},
        Mistake{"NoClose", "do = \"bundle.close\"", "do = \"confirm\"\ntext = \"x\"",
                "the last step must be bundle.close"},
        Mistake{"CloseWithoutLog", "log = \"transcript\"", "", "log: is missing"},
        Mistake{"NumberForText", "label = \"root-ca\"", "label = 7", "label: must be a string"},
        Mistake{"EmptyText", "label = \"root-ca\"", "label = \"\"", "label: must not be empty"},
        Mistake{"ControlCharacter", "label = \"root-ca\"", "label = \"root\\u001bca\"",
                "label: has a control character"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

class RenewalMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(RenewalMistake, IsNamed) {
    const Files files;
    files.replace("renew-service.toml", GetParam().from, GetParam().to);
    Problems problems;
    parse_script(test::read(files.folder() / "renew-service.toml"), "renew-service.toml", problems);
    EXPECT_TRUE(mentions(problems.lines(), GetParam().expected)) << joined(problems.lines());
}

INSTANTIATE_TEST_SUITE_P(
    All, RenewalMistake,
    ::testing::Values(
        Mistake{"NoDigest", "spki = \"ocsp\"\n", "", "spki: is missing"},
        Mistake{"DigestInTheScript", "spki = \"ocsp\"", "spki = \"0011\"", "spki: must be a lower-case letter"},
        Mistake{"NoEvidence", "evidence = \"non-extractable-v1\"", "", "evidence: is missing"},
        Mistake{"FoundTwice", "label = \"ocsp-signer\"", "label = \"issuing-ca\"",
                "two keys of one token have the label 'issuing-ca'"},
        Mistake{"ImportOfGeneratedKey",
                "do = \"p11.find\"\nby = \"operator\"\ntoken = \"online-token\"\nlabel = "
                "\"issuing-ca\"\nkey = \"EC-P256\"\nspki = \"issuing\"",
                "do = \"p11.generate\"\nby = \"operator\"\ntoken = \"online-token\"\nlabel = \"issuing-ca\"\nkey = "
                "\"EC-P256\"",
                "the step 'issuing-key' is not a p11.find step"},
        Mistake{"ImportUnderAKey", "issuer = \"root\"", "issuer = \"issuing-key\"",
                "the step 'issuing-key' is not an x509.import step"},
        Mistake{"IssuerWithoutKey", "issuer = \"root\"\nkey = \"issuing-key\"", "issuer = \"root\"",
                "imports a certificate without its key, which cannot issue"},
        Mistake{"NoArtefact", "artefact = \"root.pem\"", "", "artefact: is missing"},
        Mistake{"Generation", "spki = \"tls\"", "spki = \"tls\"\nartefact = \"tls-key.pem\"",
                "artefact: is not a key that is known here"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

TEST(Script, TheShippedRenewalHasNoProblemAndGeneratesNothing) {
    Problems problems;
    const auto script =
        parse_script(test::read("ceremonies/scripts/renew-service.toml"), "renew-service.toml", problems);
    EXPECT_TRUE(problems.empty()) << joined(problems.lines());
    EXPECT_EQ(script.steps.size(), 12U);
    EXPECT_EQ(script.profiles(), (std::vector<std::string>{"profiles/ocsp.toml", "profiles/tls.toml"}));
    for (const auto& step : script.steps) EXPECT_NE(action_name(step), "p11.generate");
    const auto bindings = parse_bindings(test::read("ceremonies/scripts/bindings-renew.toml"), "bindings-renew.toml",
                                         "ceremonies/scripts", problems);
    check_bindings(script, bindings, "bindings-renew.toml", problems);
    EXPECT_TRUE(problems.empty()) << joined(problems.lines());
}

TEST(Script, TheShippedOneHasNoProblem) {
    Problems problems;
    const auto script = parse_script(test::read("ceremonies/scripts/two-tier.toml"), "two-tier.toml", problems);
    EXPECT_TRUE(problems.empty()) << joined(problems.lines());
    EXPECT_EQ(script.steps.size(), 19U);
    EXPECT_EQ(script.profiles(), (std::vector<std::string>{"profiles/root.toml", "profiles/issuing.toml",
                                                           "profiles/ocsp.toml", "profiles/tls.toml"}));
}

TEST(Script, AllMistakesAreReportedAtOnce) {
    const Files files;
    files.replace("two-tier.toml", "key = \"EC-P384\"", "key = \"EC-P385\"");
    files.replace("two-tier.toml", "on_fail = \"deviation\"", "on_fail = \"ignore\"");
    files.replace("two-tier.toml", "number = 1", "number = 0");
    Problems problems;
    parse_script(test::read(files.named().script), "two-tier.toml", problems);
    EXPECT_EQ(problems.size(), 3U) << joined(problems.lines());
}

TEST(Script, AMillionProblemsAreBounded) {
    std::string toml = "format = 1\n";
    for (int i = 0; i < 5000; ++i) toml += "a" + std::to_string(i) + " = 1\n";
    Problems problems;
    parse_script(toml, "x", problems);
    EXPECT_LE(problems.size(), 201U);
}

}  // namespace
}  // namespace sealwright::ceremonies
