#include "ceremonies/runner/bindings.hpp"

#include "files.hpp"

namespace sealwright::ceremonies {
namespace {

using test::Files;
using test::joined;
using test::mentions;

std::vector<std::string> problems_of(const Files& files) {
    Problems problems;
    const auto script = parse_script(test::read(files.named().script), "two-tier.toml", problems);
    const auto bindings = parse_bindings(test::read(files.named().bindings), "bindings.toml", files.folder(), problems);
    if (problems.empty()) check_bindings(script, bindings, "bindings.toml", problems);
    return problems.lines();
}

struct Mistake {
    const char* name;
    const char* from;
    const char* to;
    const char* expected;
};

class BindingsMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(BindingsMistake, IsNamed) {
    const Files files;
    files.replace("bindings-softhsm.toml", GetParam().from, GetParam().to);
    const auto problems = problems_of(files);
    EXPECT_TRUE(mentions(problems, GetParam().expected)) << joined(problems);
}

INSTANTIATE_TEST_SUITE_P(
    All, BindingsMistake,
    ::testing::Values(
        Mistake{"Mode", "mode = \"rehearsal\"", "mode = \"practice\"", "mode: must be \"production\" or \"rehearsal\""},
        Mistake{"PinValue", "pin = { prompt = true }", "pin = \"1234\"", "pin: must be a table"},
        Mistake{"PinValueInTable", "pin = { prompt = true }", "pin = { value = \"1234\" }",
                "pin.value: is not a key that is known here"},
        Mistake{"PinTwice", "pin = { prompt = true }", "pin = { prompt = true, fd = 3 }", "must be exactly one of"},
        Mistake{"PinMissing", "pin = { prompt = true }", "", "pin: is missing"},
        Mistake{"CredentialPath", "pin = { prompt = true }", "pin = { credential = \"../x\" }",
                "must be a plain file name"},
        Mistake{"NoSelector", "label = \"sealwright-root\"", "", "needs a serial, a label or both"},
        Mistake{"SameToken", "label = \"sealwright-online\"", "label = \"sealwright-root\"",
                "is the same token as that of the role 'root'"},
        Mistake{"SameRole", "role = \"online\"", "role = \"root\"", "two tokens have the role 'root'"},
        Mistake{"ModuleDigest", "label = \"sealwright-root\"", "label = \"sealwright-root\"\nmodule_sha256 = \"12\"",
                "must be 64 hexadecimal digits"},
        Mistake{"KeyDigest", "[logs]", "[keys]\nissuing = \"12\"\n[logs]",
                "keys.issuing: must be 64 hexadecimal digits"},
        Mistake{"KeyNobodyNames", "[logs]",
                "[keys]\nissuing = \"0000000000000000000000000000000000000000000000000000000000000000\"\n[logs]",
                "keys: the script knows no 'issuing'"},
        Mistake{"CertificateWithoutDigest", "[logs]", "[certificates]\nroot = { file = \"root.pem\" }\n[logs]",
                "certificates.root.sha256: is missing"},
        Mistake{"MissingToken", "role = \"online\"", "role = \"onlin\"",
                "token: the script needs 'online', which is not there"},
        Mistake{"UnknownToken", "role = \"online\"", "role = \"onlin\"", "token: the script knows no 'onlin'"},
        Mistake{"MissingPerson", "role = \"witness\"", "role = \"operator\"",
                "the role 'witness' needs 1 people, here are 0"},
        Mistake{"UnknownPersonRole", "role = \"witness\"", "role = \"guest\"", "the script knows no role 'guest'"},
        Mistake{"Initials", "initials = \"FP\"", "initials = \"f\"", "must be 2 to 8 upper-case letters or digits"},
        Mistake{"SameInitials", "initials = \"FP\"", "initials = \"SP\"", "are those of First Person too"},
        Mistake{"MissingNames", "tls = [\"ca.example.org\"]", "tsl = [\"ca.example.org\"]",
                "names: the script needs 'tls'"},
        Mistake{"EmptyNames", "tls = [\"ca.example.org\"]", "tls = []", "names.tls: must not be empty"},
        Mistake{"MissingLog", "audit = \"ca.example.org/audit\"", "", "logs: the script needs 'audit'"},
        Mistake{"SameOrigin", "audit = \"ca.example.org/audit\"", "audit = \"ca.example.org/ceremony/two-tier-1\"",
                "two logs have the origin"},
        Mistake{"OriginWithPlus", "audit = \"ca.example.org/audit\"", "audit = \"a+b\"",
                "must be printable ASCII without spaces and '+'"},
        Mistake{"SigningTime", "mode = \"rehearsal\"", "mode = \"rehearsal\"\nsigning_time = 2027-01-15T10:00:00+02:00",
                "must be a date and time in UTC"},
        Mistake{"UnknownKey", "mode = \"rehearsal\"", "mode = \"rehearsal\"\nmachine = 1",
                "machine: is not a key that is known here"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

TEST(Bindings, TheShippedOnesHaveNoProblem) {
    const Files files;
    EXPECT_EQ(problems_of(files), std::vector<std::string>{});
    Problems problems;
    const auto hsm =
        parse_bindings(test::read(files.folder() / "bindings-hsm.toml"), "bindings-hsm.toml", files.folder(), problems);
    EXPECT_TRUE(problems.empty()) << joined(problems.lines());
    EXPECT_EQ(hsm.mode, Mode::production);
    EXPECT_TRUE(hsm.token("root")->module_sha256.has_value());
}

TEST(Bindings, ARelativePinFileIsThatBesideTheBindings) {
    const Files files;
    files.replace("bindings-softhsm.toml", "pin = { prompt = true }", "pin = { file = \"pins/root\" }");
    Problems problems;
    const auto bindings = parse_bindings(test::read(files.named().bindings), "b", files.folder(), problems);
    EXPECT_EQ(bindings.token("root")->pin_location, (files.folder() / "pins/root").string());
}

TEST(Bindings, TheSigningTimeIsReadAsUtc) {
    const Files files;
    files.replace("bindings-softhsm.toml", "mode = \"rehearsal\"",
                  "mode = \"rehearsal\"\nsigning_time = 2027-01-15T10:00:00Z");
    Problems problems;
    const auto bindings = parse_bindings(test::read(files.named().bindings), "b", files.folder(), problems);
    EXPECT_EQ(bindings.signing_time, from_rfc3339("2027-01-15T10:00:00Z").value());
}

TEST(Bindings, InProductionOnePersonHoldsOneRole) {
    const std::string expected = "First Person holds the roles 'operator' and 'witness'";
    for (const bool is_production : {true, false}) {
        const Files files;
        files.replace("bindings-softhsm.toml", "name = \"Third Person\"\ninitials = \"TP\"",
                      "name = \"First Person\"\ninitials = \"FP\"");
        if (is_production) files.replace("bindings-softhsm.toml", "mode = \"rehearsal\"", "mode = \"production\"");
        EXPECT_EQ(mentions(problems_of(files), expected), is_production);
    }
}

}  // namespace
}  // namespace sealwright::ceremonies
