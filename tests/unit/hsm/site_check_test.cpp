// What a configuration names has to be there: each accept stands beside a reject that differs in one thing.
#include "hsm/signer_process/site_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "crypto/digest.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SiteCheck : public ::testing::Test {
protected:
    SiteCheck() : folder_("/tmp/sealwright-site-XXXXXX") {
        if (::mkdtemp(folder_.data()) == nullptr) std::abort();
        write("module.so",
              "\x7f"
              "ELF and more");
        write("pin", "1234\n");
        TokenConfiguration token;
        token.module = folder_ + "/module.so";
        token.serial = "4821";
        token.pin.kind = PinSource::Kind::file;
        token.pin.name = folder_ + "/pin";
        configuration_.tokens.push_back(token);
        configuration_.keys.resize(1);
        configuration_.keys[0].name = "issuing";
    }
    ~SiteCheck() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, const std::string& text, unsigned mode = 0600) const {
        const std::filesystem::path path = folder_ + "/" + name;
        std::ofstream{path} << text;
        std::filesystem::permissions(path, std::filesystem::perms{mode});
    }
    TokenConfiguration& token() { return configuration_.tokens[0]; }
    KeyLimits& key() { return configuration_.keys[0]; }

    // told has what is at least as bad as level, a line each.
    std::string told(LogLevel level = LogLevel::warning) const {
        std::string text;
        for (const auto& finding : check_site(configuration_))
            if (finding.level >= level) text += finding.what + "\n";
        return text;
    }

    std::string folder_;
    Configuration configuration_;
};

TEST_F(SiteCheck, TakesASiteThatHasEverything) { EXPECT_EQ(told(), ""); }

TEST_F(SiteCheck, MissesAModule) {
    token().module = folder_ + "/other.so";
    EXPECT_THAT(told(), AllOf(HasSubstr("4821: the module"), HasSubstr("other.so cannot be read")));
    EXPECT_TRUE(has_error(check_site(configuration_)));
    write("other.so", "not a library");
    EXPECT_THAT(told(), HasSubstr("is no shared object"));
    token().module = "libother.so";
    EXPECT_EQ(told(), "");
    EXPECT_THAT(told(LogLevel::info), HasSubstr("libother.so has no path"));
}

TEST_F(SiteCheck, KnowsAModuleByItsDigest) {
    token().module_sha256 =
        crypto::sha256(view_of(std::string_view{"\x7f"
                                                "ELF and more"}));
    EXPECT_EQ(told(), "");
    token().module_sha256 = crypto::sha256(view_of(std::string_view{"another"}));
    EXPECT_THAT(told(), HasSubstr("another file than module_sha256"));
}

TEST_F(SiteCheck, ReadsThePinsFileAsTheStartWould) {
    write("pin", "1234\n", 0640);
    EXPECT_EQ(told(), "");
    write("pin", "1234\n", 0644);
    EXPECT_THAT(told(), AllOf(HasSubstr("no PIN was tried"), HasSubstr("chmod 600"), Not(HasSubstr("1234"))));
    token().pin.name = folder_ + "/absent";
    EXPECT_THAT(told(), HasSubstr("absent cannot be opened"));
    write("pin", "");
    token().pin.name = folder_ + "/pin";
    EXPECT_THAT(told(), HasSubstr("is empty"));
}

TEST_F(SiteCheck, LooksAtBothHalvesOfAPin) {
    PinSource half;
    half.name = "Ada";
    token().pin.halves = {half, token().pin};
    token().pin.kind = PinSource::Kind::halves;
    EXPECT_EQ(told(), "");
    EXPECT_THAT(told(LogLevel::info), HasSubstr("asked for on the terminal"));
    token().pin.halves[1].name += "-absent";
    EXPECT_THAT(told(), HasSubstr("pin-absent cannot be opened"));
}

TEST_F(SiteCheck, AsksForACredentialWhereSystemdGivesOne) {
    token().pin.kind = PinSource::Kind::credential;
    token().pin.name = "pin";
    ::unsetenv("CREDENTIALS_DIRECTORY");
    EXPECT_EQ(told(), "");
    EXPECT_THAT(told(LogLevel::info), HasSubstr("the credential 'pin'"));
    ::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
    EXPECT_EQ(told(), "");
    std::filesystem::remove(folder_ + "/pin");
    EXPECT_THAT(told(), HasSubstr("pin cannot be opened"));
    ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(SiteCheck, ReadsASealedPinAndWhoseItIs) {
    const std::string head = "format = 1\ntoken_serial = \"",
                      rest =
                          "\"\npcrs = \"sha256:7\"\nstorage_key = \"00\"\npublic = \"00\"\nprivate = "
                          "\"00\"\n[[pcr]]\nnumber = 7\nvalue = \"00\"\n";
    token().pin.kind = PinSource::Kind::sealed;
    token().pin.name = folder_ + "/sealed";
    token().pin.token_serial = token().serial;
    EXPECT_THAT(told(), HasSubstr("sealed"));
    write("sealed", head + "4821" + rest);
    EXPECT_EQ(told(), "");
    write("sealed", head + "4822" + rest);
    EXPECT_THAT(told(), HasSubstr("serial 4822, not of the one with serial 4821"));
    write("sealed", "format = 2\n");
    EXPECT_THAT(told(), HasSubstr("format"));
}

TEST_F(SiteCheck, MissesAPathOfTheSandbox) {
    token().sandbox.read = {folder_};
    token().sandbox.write = {folder_ + "/store"};
    EXPECT_THAT(told(), HasSubstr("the sandbox names " + folder_ + "/store"));
    token().sandbox.level = SandboxRules::Level::off;
    EXPECT_EQ(told(), "");
}

TEST_F(SiteCheck, WarnsOfADeadlineThatEndsBeforeACallIsGivenUp) {
    configuration_.deadline = token().hang;
    EXPECT_EQ(told(), "");
    configuration_.deadline -= std::chrono::milliseconds{1};
    EXPECT_THAT(told(), HasSubstr("deadline is shorter than hang"));
    EXPECT_FALSE(has_error(check_agreement(configuration_)));
}

TEST_F(SiteCheck, SaysWhichLocationNobodyHas) {
    key().locations = {"4821", "9"};
    EXPECT_THAT(told(), AllOf(HasSubstr("the key issuing was enrolled in 9, which"), HasSubstr("have 4821")));
    EXPECT_FALSE(has_error(check_site(configuration_)));
    key().locations = {"8", "9"};
    EXPECT_THAT(told(), HasSubstr("issuing was enrolled in 8, 9 and nowhere else"));
    EXPECT_TRUE(has_error(check_agreement(configuration_)));
    // A token that is known by its label may have any serial.
    TokenConfiguration labelled = token();
    labelled.serial.clear();
    labelled.label = "safe";
    configuration_.tokens.push_back(labelled);
    EXPECT_FALSE(has_error(check_agreement(configuration_)));
    EXPECT_THAT(told(), HasSubstr("unless it is that of safe"));
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
