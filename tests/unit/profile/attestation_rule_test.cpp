// The section [attestation] of a profile, and what its level does to a certificate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/profile/fixture.hpp"

namespace sealwright::profile::testing {
namespace {

using attestation::Level;
using ::testing::HasSubstr;

std::string with_section(const std::string& section) {
    const std::string text = installed_text("attested-device");
    return text.substr(0, text.find("# Which ways of trusting")) + section;
}
std::string problems(const std::string& toml) {
    const auto profile = Profile::parse(toml, "test.toml", site_placeholders());
    return profile ? "" : profile.error().public_detail();
}
std::string problems_of(const std::string& section) { return problems(with_section(section)); }

std::vector<std::string> policies(const Request& request) {
    const auto fields = request.build();
    EXPECT_TRUE(fields) << fields.error().public_detail();
    std::vector<std::string> oids;
    const auto* extension = x509::find_extension(fields.value().extensions, oid::kCertificatePolicies);
    if (extension == nullptr) return oids;
    const auto parsed_policies = x509::parse_certificate_policies(extension->value).value();
    for (const auto& policy : parsed_policies) oids.push_back(asn1::format_oid(policy.policy));
    return oids;
}

Request request_for(const std::string& section, Level level) {
    Request request{parsed(with_section(section))};
    request.requested.subject = name("CN=laptop");
    request.attested = level;
    return request;
}

TEST(AttestationRule, TheDefaultsAreThoseOfAdCs) {
    const auto rule = installed("attested-device").attestation;
    ASSERT_TRUE(rule);
    EXPECT_EQ(rule->policy.accepted, (std::set{Level::ek_list, Level::ek_certificate}));
    EXPECT_FALSE(rule->policy.simulators);
    EXPECT_FALSE(rule->policy.endorsement_hierarchy);
    EXPECT_EQ(rule->policy.min_rsa_bits, 2048U);
    EXPECT_EQ(rule->challenge_lifetime, std::chrono::minutes{10});
    EXPECT_FALSE(installed("device").attestation);
}

TEST(AttestationRule, TheLevelGoesIntoTheCertificate) {
    const std::string all = "[attestation]\nlevels = [\"ek-list\", \"ek-certificate\", \"requester\"]\n";
    EXPECT_THAT(policies(request_for(all, Level::ek_list)), ::testing::ElementsAre("1.3.6.1.4.1.311.21.30"));
    EXPECT_THAT(policies(request_for(all, Level::ek_certificate)), ::testing::ElementsAre("1.3.6.1.4.1.311.21.31"));
    EXPECT_THAT(policies(request_for(all, Level::requester)), ::testing::ElementsAre("1.3.6.1.4.1.311.21.32"));
    const std::string own = all + "[attestation.policies]\nek_list = \"1.2.3.4\"\nrequester = \"none\"\n";
    EXPECT_THAT(policies(request_for(own, Level::ek_list)), ::testing::ElementsAre("1.2.3.4"));
    EXPECT_TRUE(policies(request_for(own, Level::requester)).empty());
}

TEST(AttestationRule, NoKeyWithoutALevelThatIsAccepted) {
    const std::string listed = "[attestation]\nlevels = [\"ek-list\"]\n";
    EXPECT_TRUE(request_for(listed, Level::ek_list).build());
    for (const auto level : {Level::none, Level::requester, Level::ek_certificate}) {
        const auto refused = request_for(listed, level).build();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), ErrorCode::denied);
        EXPECT_THAT(refused.error().public_detail(), HasSubstr("TPM"));
    }
}

TEST(AttestationRule, ReadsItsSectionStrictly) {
    EXPECT_EQ(problems_of("[attestation]\nlevels = [\"requester\"]\n"), "");
    EXPECT_THAT(problems_of("[attestation]\n"), HasSubstr("attestation.levels"));
    EXPECT_THAT(problems_of("[attestation]\nlevels = []\n"), HasSubstr("no device could be accepted"));
    EXPECT_THAT(problems_of("[attestation]\nlevels = [\"none\"]\n"), HasSubstr("is none of ek-list"));
    EXPECT_THAT(problems_of("[attestation]\nlevels = [\"ek-list\", \"ek-list\"]\n"), HasSubstr("twice"));
    EXPECT_THAT(problems_of("[attestation]\nlevels = [\"ek-list\"]\nlevel = 1\n"), HasSubstr("attestation.level:"));
    EXPECT_THAT(problems_of("[attestation]\nlevels = [\"ek-list\"]\nchallenge_lifetime = \"1s\"\n"),
                HasSubstr("between 10 seconds and 24 hours"));
    EXPECT_THAT(problems_of("[attestation]\nlevels = [\"ek-list\"]\nmin_rsa_bits = 1024\n"), HasSubstr("min_rsa_bits"));
    const std::string list = "[attestation]\nlevels = [\"ek-list\"]\n[attestation.policies]\n";
    EXPECT_THAT(problems_of(list + "ek_list = \"x\"\n"), HasSubstr("neither an object identifier"));
    EXPECT_THAT(problems_of(list + "ek_lists = \"1.2.3\"\n"), HasSubstr("not a key that is known"));
    EXPECT_THAT(problems_of(list + "ek_list = \"1.3.6.1.4.1.311.21.31\"\n"), HasSubstr("two levels have one OID"));
}

TEST(AttestationRule, NoProfileClaimsALevelByItself) {
    const std::string policy = "\n[[policy]]\noid = \"1.3.6.1.4.1.311.21.30\"\n";
    EXPECT_THAT(problems(installed_text("device") + policy), HasSubstr("claims an attestation level"));
    EXPECT_THAT(problems(installed_text("attested-device") +
                         "[attestation.policies]\nek_list = \"1.2.3.4\"\n[[policy]]\noid = \"1.2.3.4\"\n"),
                HasSubstr("claims an attestation level"));
}

TEST(AttestationRule, IsForDevicesThatCanAsk) {
    const std::string text = installed_text("attested-device");
    EXPECT_THAT(problems(replaced(text, "principals = [\"secret\", \"renewal\"]", "principals = [\"admin\"]")),
                HasSubstr("over HTTPS"));
    EXPECT_THAT(problems(installed_text("issuing-ca") + "\n[attestation]\nlevels = [\"ek-list\"]\n"),
                HasSubstr("end-entity"));
}

}  // namespace
}  // namespace sealwright::profile::testing
