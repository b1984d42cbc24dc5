// Certificates as the profile room makes them, held against the verifier's own reading of the same profile; then
// against profiles that differ in one place.
#include "ceremonies/verifier/profile_check.hpp"

#include <gtest/gtest.h>

#include "crypto/random.hpp"
#include "profile/template_engine.hpp"
#include "software.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::verifier {
namespace {

using ceremonies::test::SoftwareKey;
using Values = std::map<std::string, std::string>;

constexpr std::string_view kEndEntity = R"(
format = 1
name = "every-key"
version = 3
description = "Shows every key"
kind = "end-entity"

[subject]
[[subject.rdn]]
type = "C"
source = "fixed"
value = "DE"
[[subject.rdn]]
type = "O"
source = "fixed"
value = "@organization@ GmbH"
[[subject.rdn]]
type = "OU"
source = "request"
allow = ["*"]
required = false
[[subject.rdn]]
type = "CN"
source = "principal"

[[san]]
type = "dns"
source = "principal"
allow = ["*.example.org", "localhost"]
[[san]]
type = "ip"
source = "principal"
allow = ["192.0.2.0/24", "2001:db8::/32"]
[[san]]
type = "uri"
source = "fixed"
values = ["https://example.org/device"]

[[key]]
type = "ec-p256"
[[key]]
type = "rsa"
max_bits = 4096

[key_usage]
bits = ["digitalSignature"]
rsa_bits = ["digitalSignature", "keyEncipherment"]

[ext_key_usage]
purposes = ["serverAuth", "1.3.6.1.4.1.99999.2"]

[[policy]]
oid = "1.3.6.1.4.1.99999.1"
cps = "https://example.org/cps"
user_notice = "For tests only"

[authority_info_access]
ocsp = ["http://example.org/ocsp"]
ca_issuers = ["http://example.org/ca.cer"]

[crl_distribution_points]
urls = ["http://example.org/a.crl", "http://example.org/b.crl"]

[[extension]]
oid = "1.3.6.1.5.5.7.1.24"
value_hex = "3003020105"

[validity]
length = "90d"
backdate = "5m"
granularity = "1m"

[who]
principals = ["secret"]
)";

constexpr std::string_view kAuthority = R"(
format = 1
name = "authority"
version = 1
kind = "ca"

[subject]
[[subject.rdn]]
type = "CN"
source = "fixed"
value = "Authority"

[[key]]
type = "ec-p256"

[key_usage]
bits = ["keyCertSign", "cRLSign"]

[basic_constraints]
path_length = 2

[name_constraints]
permitted = ["DNS:Example.org", "email:example.org", "URI:.example.org", "IP:192.0.2.0/23", "DirName:O=Example,C=DE"]
excluded = ["IP:2001:db8::/33"]

[validity]
length = "5y"
)";

const UtcTime kNow = from_rfc3339("2026-11-22T12:00:30Z").value();
const Values kValues{{"organization", "Example"}};
const std::vector<std::string> kNames{"Ca.example.org", "a.b.example.org", "localhost",
                                      "192.0.2.7",      "192.0.3.7",       "2001:db8::1"};

std::string with(std::string_view text, const std::string& from, const std::string& to) {
    std::string out{text};
    const auto at = out.find(from);
    if (at == std::string::npos) throw std::runtime_error("no " + from);
    return out.replace(at, from.size(), to);
}

// Made is a certificate that the profile room made, with what it was made from.
struct Made {
    SoftwareKey key{crypto::KeyType::ec_p256};
    std::optional<x509::Certificate> certificate;

    Made(std::string_view toml, const Made* issuer) {
        const auto profile = profile::Profile::parse(toml, "test", kValues).value();
        const auto& signing = issuer == nullptr ? key : issuer->key;
        const auto algorithm = crypto::default_algorithm(crypto::KeyType::ec_p256);
        profile::IssuerContext context;
        context.signature_algorithm = algorithm;
        context.self_signed = true;
        if (issuer != nullptr) context = profile::issuer_context(*issuer->certificate, algorithm).value();
        crypto::SystemRandom random;
        const auto fields = profile::build_template({profile, profile::RequestedContent{}, key.key.public_key, kNames,
                                                     context, crypto::random_serial(random), kNow})
                                .value();
        const auto tbs = x509::build_tbs_certificate(fields);
        const auto signature =
            signing.token->sign({signing.key.id, hsm::Purpose::certificate, algorithm, IntentId{}, tbs.view()}).value();
        certificate =
            x509::Certificate::parse(x509::assemble_certificate(tbs.view(), algorithm, signature).view()).value();
    }
};

struct Asked {
    UtcTime earliest = kNow, latest = kNow;
    std::vector<std::string> names = kNames;
    bool rehearsal = false;
};

std::vector<std::string> compare(const Made& made, const Made* issuer, const std::string& toml, const Asked& asked) {
    const auto profile = read_profile(toml, kValues);
    if (!profile) throw std::runtime_error(profile.error().describe());
    return differences(*made.certificate,
                       {profile.value(), asked.names, asked.rehearsal, asked.earliest, asked.latest,
                        issuer == nullptr ? nullptr : &*issuer->certificate, crypto::KeyType::ec_p256});
}

struct Pair {
    Made authority{kAuthority, nullptr};
    Made leaf{kEndEntity, &authority};
};
const Pair& pair() {
    static const Pair instance;
    return instance;
}

using Differences = std::vector<std::string>;

TEST(ProfileCheck, WhatTheProfileRoomMakesIsWhatTheVerifierReads) {
    EXPECT_EQ(compare(pair().authority, nullptr, std::string{kAuthority}, {}), Differences{});
    EXPECT_EQ(compare(pair().leaf, &pair().authority, std::string{kEndEntity}, {}), Differences{});
}

struct Change {
    const char* name;
    const char* from;
    const char* to;
    const char* expected;
};
class ChangedProfile : public ::testing::TestWithParam<Change> {};

TEST_P(ChangedProfile, IsADifference) {
    const bool authority = std::string_view{GetParam().name}.starts_with("Ca");
    const auto found =
        authority ? compare(pair().authority, nullptr, with(kAuthority, GetParam().from, GetParam().to), {})
                  : compare(pair().leaf, &pair().authority, with(kEndEntity, GetParam().from, GetParam().to), {});
    EXPECT_EQ(found, Differences{GetParam().expected});
}

INSTANTIATE_TEST_SUITE_P(
    All, ChangedProfile,
    ::testing::Values(
        Change{"Kind", "end-entity", "ca", "has another id-ce-basicConstraints than the profile gives"},
        Change{"FixedValue", "GmbH", "AG", "has another subject than the profile gives"},
        Change{"AttributeOrder", "type = \"C\"", "type = \"L\"", "has another subject than the profile gives"},
        Change{"RequestedAttribute", "required = false", "required = true",
               "has another subject than the profile gives"},
        Change{"DnsPattern", "*.example.org", "**.example.org",
               "has another id-ce-subjectAltName than the profile gives"},
        Change{"OneLabel", "\"localhost\"", "\"local*\"", "has another id-ce-subjectAltName than the profile gives"},
        Change{"AddressBlock", "192.0.2.0/24", "192.0.2.0/23",
               "has another id-ce-subjectAltName than the profile gives"},
        Change{"FixedName", "org/device", "org/devices", "has another id-ce-subjectAltName than the profile gives"},
        Change{"KeyType", "type = \"ec-p256\"", "type = \"ec-p384\"", "has a key that the profile does not allow"},
        Change{"UsageBit", "[\"digitalSignature\"]", "[\"digitalSignature\", \"keyAgreement\"]",
               "has another id-ce-keyUsage than the profile gives"},
        Change{"Purpose", "serverAuth", "clientAuth", "has another id-ce-extKeyUsage than the profile gives"},
        Change{"PurposeMore", "99999.2\"]", "99999.2\", \"clientAuth\"]",
               "has another id-ce-extKeyUsage than the profile gives"},
        Change{"PurposeCritical", "[ext_key_usage]", "[ext_key_usage]\ncritical = true",
               "has another id-ce-extKeyUsage than the profile gives"},
        Change{"Policy", "99999.1", "99999.3", "has another id-ce-certificatePolicies than the profile gives"},
        Change{"Notice", "For tests", "For test", "has another id-ce-certificatePolicies than the profile gives"},
        Change{"OcspPlace", "/ocsp", "/ocps", "has another id-pe-authorityInfoAccess than the profile gives"},
        Change{"CrlPlace", "a.crl", "c.crl", "has another id-ce-cRLDistributionPoints than the profile gives"},
        Change{"NoCheck",
               "kind =", "ocsp_nocheck = true\nkind =", "lacks id-pkix-ocsp-nocheck, which the profile gives"},
        Change{"ExtensionValue", "3003020105", "3003020106", "has another id-pe-tlsfeature than the profile gives"},
        Change{"Length", "90d", "89d", "is valid at other times than the profile gives"},
        Change{"Backdate", "5m", "6m", "is valid at other times than the profile gives"},
        Change{"Granularity", "\"1m\"", "\"1h\"", "is valid at other times than the profile gives"},
        Change{"Signature", "[validity]", "[signature]\nalgorithm = \"ecdsa-sha384\"\n[validity]",
               "is signed with another algorithm"},
        Change{"CaPathLength", "path_length = 2", "path_length = 1",
               "has another id-ce-basicConstraints than the profile gives"},
        Change{"CaSubtree", "192.0.2.0/23", "192.0.2.0/24", "has another id-ce-nameConstraints than the profile gives"},
        Change{"CaSubtreeName", "O=Example", "O=Examples", "has another id-ce-nameConstraints than the profile gives"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

TEST(ProfileCheck, TheSigningTimeMustLieBetweenTheTwoRecords) {
    const std::string toml{kAuthority};
    const Differences other{"is valid at other times than the profile gives"};
    for (const auto& [before, after, expected] : {std::tuple{0, 0, Differences{}},
                                                  {100, 100, Differences{}},
                                                  {0, 100, Differences{}},
                                                  {100, 0, Differences{}},
                                                  {-1, 100, other},
                                                  {100, -1, other}}) {
        Asked asked;
        asked.earliest = kNow - std::chrono::seconds{before};
        asked.latest = kNow + std::chrono::seconds{after};
        EXPECT_EQ(compare(pair().authority, nullptr, toml, asked), expected) << before << " " << after;
    }
}

TEST(ProfileCheck, ARehearsalIsMarkedAndNothingElseIs) {
    const Differences other{"has another subject than the profile gives"};
    Asked asked;
    asked.rehearsal = true;
    EXPECT_EQ(compare(pair().authority, nullptr, std::string{kAuthority}, asked), other);
    const Made marked{
        with(kAuthority, "[[subject.rdn]]",
             "[[subject.rdn]]\ntype = \"OU\"\nsource = \"fixed\"\nvalue = \"REHEARSAL\"\n[[subject.rdn]]"),
        nullptr};
    EXPECT_EQ(compare(marked, nullptr, std::string{kAuthority}, asked), Differences{});
    EXPECT_EQ(compare(marked, nullptr, std::string{kAuthority}, {}), other);
}

TEST(ProfileCheck, TheListOfNamesCounts) {
    Asked asked;
    asked.names.pop_back();
    EXPECT_EQ(compare(pair().leaf, &pair().authority, std::string{kEndEntity}, asked),
              Differences{"has another id-ce-subjectAltName than the profile gives"});
}

TEST(ProfileCheck, AnotherIssuerIsADifference) {
    const Made other{kAuthority, nullptr};
    EXPECT_EQ(compare(pair().leaf, &other, std::string{kEndEntity}, {}),
              Differences{"has another id-ce-authorityKeyIdentifier than the profile gives"});
}

TEST(ProfileReading, RefusesWhatItDoesNotKnow) {
    EXPECT_TRUE(read_profile(kEndEntity, kValues));
    EXPECT_FALSE(read_profile(kEndEntity, {}));
    for (const auto& [from, to] :
         std::vector<std::pair<std::string, std::string>>{{"format = 1", "format = 2"},
                                                          {"[who]", "[whom]"},
                                                          {"serverAuth", "serverAuthentication"},
                                                          {"\"digitalSignature\"", "\"digitalSignatures\""},
                                                          {"source = \"principal\"", "source = \"wish\""},
                                                          {"\"90d\"", "90"},
                                                          {"\"90d\"", "\"90 days\""},
                                                          {"granularity", "grain"},
                                                          {"type = \"CN\"", "type = \"Common\""},
                                                          {"kind = \"end-entity\"", "kind = \"leaf\""},
                                                          {"format = 1", "format = "}}) {
        EXPECT_FALSE(read_profile(with(kEndEntity, from, to), kValues)) << to;
    }
    EXPECT_TRUE(read_profile(kAuthority, kValues));
    for (const auto& [from, to] :
         std::vector<std::pair<std::string, std::string>>{{"path_length = 2", "path_length = 4294967298"},
                                                          {"C=DE", "C=" + std::string(300, 'D')},
                                                          {"DNS:", "Dns:"},
                                                          {"192.0.2.0/23", "192.0.2.0/33"}}) {
        EXPECT_FALSE(read_profile(with(kAuthority, from, to), kValues)) << to;
    }
}

}  // namespace
}  // namespace sealwright::verifier
