#include <gmock/gmock.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

#include "crypto/digest.hpp"
#include "unit/profile/fixture.hpp"

namespace sealwright::profile::testing {
namespace {

using ::testing::HasSubstr;

std::string parse_problems(const std::string& toml) {
    const auto parsed = Profile::parse(toml, "test.toml", site_placeholders());
    if (parsed) return {};
    EXPECT_EQ(parsed.error().code(), ErrorCode::config);
    return parsed.error().public_detail();
}

std::string server() { return installed_text("tls-server"); }
std::string issuing() { return installed_text("issuing-ca"); }
std::string with(std::string text, std::string_view from, std::string_view to) {
    return replaced(std::move(text), from, to);
}
std::string more(std::string text, std::string_view section) { return text + "\n" + std::string{section} + "\n"; }

// --- what a profile says

TEST(ProfileParse, ReadsEveryInstalledProfile) {
    for (const auto* name :
         {"tls-server", "tls-client", "device", "ocsp-signer", "root-ca", "issuing-ca", "service-tls"}) {
        const auto profile = installed(name);
        EXPECT_EQ(profile.name, name);
        EXPECT_FALSE(profile.description.empty());
    }
}

TEST(ProfileParse, ReadsTheServerProfile) {
    const auto profile = installed("tls-server");
    EXPECT_EQ(profile.kind, SubjectKind::end_entity);
    EXPECT_TRUE(profile.empty_subject_allowed);
    ASSERT_EQ(profile.subject.size(), 1U);
    EXPECT_EQ(profile.subject[0].attribute, bytes_of(oid::kCommonName));
    EXPECT_FALSE(profile.subject[0].required);
    ASSERT_EQ(profile.san.size(), 1U);
    EXPECT_EQ(profile.san[0].kind, SanKind::dns);
    EXPECT_EQ(profile.san[0].min_count, 1U);
    EXPECT_EQ(profile.san[0].max_count, 20U);
    EXPECT_EQ(profile.keys.size(), 4U);
    EXPECT_EQ(profile.key_usage, x509::kDigitalSignature);
    EXPECT_EQ(profile.key_usage_rsa, x509::kDigitalSignature | x509::kKeyEncipherment);
    EXPECT_EQ(profile.ext_key_usage, std::vector<Bytes>{bytes_of(oid::kServerAuth)});
    EXPECT_EQ(profile.validity.length, std::chrono::days{90});
    EXPECT_EQ(profile.validity.backdate, std::chrono::minutes{5});
    EXPECT_TRUE(profile.validity.may_shorten);
    EXPECT_EQ(profile.who.principals, (std::vector<std::string>{"secret", "renewal", "admin"}));
    EXPECT_TRUE(profile.renewal_allowed);
    EXPECT_EQ(profile.renewal_window, std::chrono::days{30});
    EXPECT_EQ(std::get<x509::UriName>(profile.authority_info_access[0].location).value, "http://pki.example.org/ocsp");
}

TEST(ProfileParse, ReadsAPolicyWithItsQualifiers) {
    const auto profile = parsed(
        more(server(),
             "[[policy]]\noid = \"1.3.6.1.4.1.99999.1\"\ncps = \"https://example.org/cps\"\nuser_notice = \"Test\""));
    ASSERT_EQ(profile.policies.size(), 1U);
    EXPECT_EQ(profile.policies[0].qualifiers[0].qualifier_der,
              x509::parse_certificate_policies(x509::encode_certificate_policies(profile.policies))
                  .value()[0]
                  .qualifiers[0]
                  .qualifier_der);
    EXPECT_EQ(to_hex(profile.policies[0].qualifiers[1].qualifier_der), "30060c0454657374");
}

TEST(ProfileParse, ReadsNameConstraints) {
    const auto profile = parsed(more(issuing(),
                                     "[name_constraints]\npermitted = [\"DNS:Example.org\", \"IP:192.0.2.0/25\", "
                                     "\"email:.example.org\", \"URI:host.example.org\", "
                                     "\"DirName:O=Example,C=DE\"]\nexcluded = [\"IP:::/0\"]"));
    ASSERT_TRUE(profile.name_constraints);
    const auto& permitted = profile.name_constraints->permitted;
    ASSERT_EQ(permitted.size(), 5U);
    EXPECT_EQ(permitted[0], x509::GeneralName{x509::DnsName{"example.org"}});
    EXPECT_EQ(permitted[1], (x509::GeneralName{x509::IpAddress{{192, 0, 2, 0, 255, 255, 255, 128}}}));
    EXPECT_EQ(permitted[4], x509::GeneralName{x509::DirectoryName{name("O=Example,C=DE")}});
    EXPECT_EQ(profile.name_constraints->excluded, (x509::GeneralNames{x509::IpAddress{Bytes(32, 0)}}));
}

TEST(ProfileParse, ReadsAnExtensionOfItsOwn) {
    const auto profile =
        parsed(more(server(), "[[extension]]\noid = \"1.3.6.1.5.5.7.1.24\"\nvalue_hex = \"3003020105\""));
    ASSERT_EQ(profile.extra_extensions.size(), 1U);
    EXPECT_EQ(profile.extra_extensions[0].extension,
              (x509::Extension{bytes_of(oid::kTlsFeature), false, {0x30, 0x03, 0x02, 0x01, 0x05}}));
    Request request{profile};
    request.requested.san = {x509::DnsName{"www.example.org"}};
    EXPECT_EQ(request.build().value().extensions.back(), profile.extra_extensions[0].extension);
}

TEST(ProfileParse, ReadsTheSignatureAlgorithms) {
    const auto profile = parsed(with(more(server(), "[signature]\nalgorithm = \"ecdsa-sha384\""), "[request]",
                                     "[request]\nsignature_algorithms = [\"ecdsa-sha256\", \"ed25519\"]"));
    EXPECT_EQ(profile.signature_algorithm,
              (crypto::SignatureAlgorithm{crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha384}));
    EXPECT_EQ(profile.request_signature_algorithms, (std::vector<std::string>{"ecdsa-sha256", "ed25519"}));
}

// --- its version

TEST(ProfileDigest, IsThatOfTheFileWhereNoPlaceholderIsUsed) {
    EXPECT_EQ(installed("root-ca").digest, crypto::sha256(view_of(installed_text("root-ca"))));
}

TEST(ProfileDigest, ChangesWithTheTextAndWithThePlaceholdersThatAreUsed) {
    const auto digest = [](const std::string& text, Placeholders placeholders) {
        return Profile::parse(text, "test.toml", placeholders).value().digest;
    };
    auto other = site_placeholders(), unused = site_placeholders();
    other["crl_url"] = "http://pki.example.org/other.crl";
    unused["another"] = "value";
    EXPECT_EQ(digest(server(), site_placeholders()), digest(server(), unused));
    EXPECT_NE(digest(server(), site_placeholders()), digest(server(), other));
    EXPECT_NE(digest(server(), site_placeholders()), digest(server() + "\n", site_placeholders()));
}

// --- placeholders

TEST(Placeholders, ThatHaveNoValueAreErrorsWithKeyAndLine) {
    const auto parsed = Profile::parse(server(), "tls-server.toml", {{"crl_url", "http://pki.example.org/ca.crl"}});
    ASSERT_FALSE(parsed);
    EXPECT_THAT(
        parsed.error().public_detail(),
        HasSubstr("tls-server.toml:47: authority_info_access.ocsp[0]: the placeholder @ocsp_url@ has no value"));
    EXPECT_THAT(parsed.error().public_detail(), HasSubstr("@issuer_url@"));
    EXPECT_FALSE(Profile::parse(server(), "tls-server.toml"));
}

TEST(Placeholders, LeaveLoneAtSignsAlone) {
    const auto profile = parsed(with(installed_text("tls-client"), "*@example.org", "*@mail.example.org"));
    EXPECT_EQ(profile.san[0].allow[0].text, "*@mail.example.org");
}

TEST(Placeholders, AreJudgedLikeTheTextAroundThem) {
    auto placeholders = site_placeholders();
    placeholders["crl_url"] = "not a URL";
    const auto parsed = Profile::parse(server(), "test.toml", placeholders);
    ASSERT_FALSE(parsed);
    EXPECT_THAT(parsed.error().public_detail(), HasSubstr("crl_distribution_points.urls"));
    placeholders["crl_url"] = "http://pki.example.org/\n";
    EXPECT_FALSE(Profile::parse(server(), "test.toml", placeholders));
}

// --- strictness

TEST(ProfileParse, RefusesUnknownKeysWithPathAndLine) {
    EXPECT_EQ(parse_problems(with(server(), "[validity]", "[validity]\nlenght = \"1d\"")),
              "test.toml:54: validity.lenght: is not a key that is known here");
    EXPECT_THAT(parse_problems(with(server(), "min = 1\n", "min = 1\nminimum = 1\n")),
                HasSubstr("san[0].minimum: is not a key that is known here"));
    EXPECT_THAT(parse_problems(more(server(), "[unknown]")), HasSubstr("unknown: is not a key that is known here"));
}

TEST(ProfileParse, ReportsEveryProblemAtOnce) {
    auto text = with(server(), "length = \"90d\"", "length = \"ninety\"");
    text = with(std::move(text), "kind = \"end-entity\"", "kind = \"server\"");
    text = with(std::move(text), "type = \"dns\"", "type = \"host\"");
    const auto found = parse_problems(text);
    for (const auto* part : {"validity.length: a duration must read like", "kind: must be one of end-entity, ca",
                             "san[0].type: must be one of dns, ip, uri, email"}) {
        EXPECT_THAT(found, HasSubstr(part));
    }
}

TEST(ProfileParse, ReportsMissingKeys) {
    const auto found = parse_problems("format = 1\n");
    for (const auto* key : {"name", "version", "kind", "subject", "key_usage", "validity"})
        EXPECT_THAT(found, HasSubstr(std::string{key} + ": is missing"));
}

TEST(ProfileParse, RefusesWhatIsNoToml) {
    EXPECT_THAT(parse_problems("format = \n"), HasSubstr("test.toml:1"));
    EXPECT_NE(parse_problems(with(server(), "version = 1", "version = 1\nversion = 2")), "");
    EXPECT_NE(parse_problems(std::string("\0", 1)), "");
    EXPECT_NE(parse_problems("name = \"\xFF\""), "");
}

TEST(ProfileParse, RefusesAProfileThatIsTooLong) {
    const auto parsed = Profile::parse(server() + std::string(256UL * 1024, '#'), "test.toml", site_placeholders());
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code(), ErrorCode::too_large);
}

TEST(ProfileParse, RefusesAnotherFormat) {
    EXPECT_THAT(parse_problems(with(server(), "format = 1", "format = 2")),
                HasSubstr("format: must be a whole number from 1 to 1"));
}

// Contradiction is one thing wrong with a good profile, and what the parser has to say of it.
struct Contradiction {
    std::string text;
    std::string_view reason;
};

void expect_reasons(const std::vector<Contradiction>& cases) {
    for (const auto& test : cases) EXPECT_THAT(parse_problems(test.text), HasSubstr(test.reason));
}

TEST(ProfileParse, RefusesWrongTypes) {
    expect_reasons(
        {{with(server(), "max = 20", "max = \"20\""), "san[0].max: must be a whole number"},
         {with(server(), "max = 20", "max = -1"), "san[0].max: must be a whole number"},
         {with(server(), "may_shorten = true", "may_shorten = 1"), "validity.may_shorten: must be true or false"},
         {with(server(), "purposes = [\"serverAuth\"]", "purposes = \"serverAuth\""),
          "ext_key_usage.purposes: must be an array of strings"},
         {with(server(), "purposes = [\"serverAuth\"]", "purposes = [1]"),
          "ext_key_usage.purposes[0]: must be a string"},
         {with(server(), "name = \"tls-server\"", "name = 1"), "name: must be a string"},
         {with(server(), "name = \"tls-server\"", "name = \"TLS server\""),
          "name: must have 1 to 64 of a-z, 0-9 and inner hyphens"},
         {with(server(), "name = \"tls-server\"", "name = \"a\\nb\""), "name: has a control character"},
         {with(server(), "[[san]]", "[san]"), "san: must be an array of tables"}});
}

TEST(ProfileParse, RefusesAnEndEntityThatIsHalfACa) {
    expect_reasons(
        {{with(server(), "bits = [\"digitalSignature\"]\nrsa", "bits = [\"digitalSignature\", \"keyCertSign\"]\nrsa"),
          "keyCertSign and cRLSign are for kind = \"ca\""},
         {more(server(), "[basic_constraints]\npath_length = 0"), "path_length is for kind = \"ca\""},
         {more(server(), "[name_constraints]\npermitted = [\"DNS:example.org\"]"),
          "name_constraints: is for kind = \"ca\""},
         {with(server(), "[ext_key_usage]\npurposes = [\"serverAuth\"]", ""),
          "an end entity must have at least one purpose"},
         {with(server(), "purposes = [\"serverAuth\"]", "purposes = [\"serverAuth\", \"2.5.29.37.0\"]"),
          "anyExtendedKeyUsage is no purpose that we certify"}});
}

TEST(ProfileParse, RefusesACaThatCouldNotBeOne) {
    expect_reasons({{with(issuing(), "[\"keyCertSign\", \"cRLSign\"]", "[\"cRLSign\"]"), "a CA must have keyCertSign"},
                    {with(issuing(), "[\"keyCertSign\", \"cRLSign\"]", "[\"keyCertSign\"]\ncritical = false"),
                     "must be critical in a CA certificate"},
                    {more(issuing(), "[subject]\nallow_empty = true"), "a CA must have a subject"},
                    {more(issuing(), "[renewal]\nwindow = \"1d\""), "a CA certificate is made in a ceremony"},
                    {with(issuing(), "kind = \"ca\"", "kind = \"ca\"\nocsp_nocheck = true"),
                     "ocsp_nocheck: is not for CA certificates"}});
}

TEST(ProfileParse, RefusesUsagesThatDoNotFit) {
    expect_reasons(
        {{with(server(), "bits = [\"digitalSignature\"]\nrsa",
               "bits = [\"digitalSignature\", \"keyEncipherment\"]\nrsa"),
          "EC P-256 keys cannot have the usage keyEncipherment"},
         {with(server(), "\"keyEncipherment\"]", "\"keyAgreement\"]"), "RSA keys cannot have the usage keyAgreement"},
         {with(server(), "bits = [\"digitalSignature\"]\nrsa", "bits = [\"digitalSignature\", \"encipherOnly\"]\nrsa"),
          "encipherOnly and decipherOnly mean nothing"},
         {with(server(), "bits = [\"digitalSignature\"]\nrsa", "bits = [\"contentCommitment\"]\nrsa"),
          "id-kp-serverAuth is of no use with contentCommitment"},
         {with(server(), "bits = [\"digitalSignature\"]\nrsa", "bits = []\nrsa"), "must have at least one bit"},
         {with(server(), "bits = [\"digitalSignature\"]\nrsa", "bits = [\"signing\"]\nrsa"),
          "\"signing\" is no key usage"},
         {with(server(), "purposes = [\"serverAuth\"]", "purposes = [\"serverAuth\", \"serverAuth\"]"),
          "a purpose stands there twice"},
         {with(server(), "purposes = [\"serverAuth\"]", "purposes = [\"timeStamping\"]"),
          "timeStamping must stand alone and be critical"},
         {with(server(), "kind = \"end-entity\"", "kind = \"end-entity\"\nocsp_nocheck = true"),
          "is for certificates with the purpose OCSPSigning"}});
}

TEST(ProfileParse, RefusesRulesThatCanNeverMatch) {
    expect_reasons(
        {{with(server(), "allow = [\"example.org\", \"**.example.org\"]\nmin", "allow = []\nmin"),
          "san[0].allow: is empty or missing: the rule can never match"},
         {with(server(), "allow = [\"example.org\", \"**.example.org\"]\nmin", "allow = [\"a_b\"]\nmin"),
          "\"a_b\" can match no DNS name"},
         {with(server(), "allow = [\"example.org\", \"**.example.org\"]\nrequired", "allow = []\nrequired"),
          "subject.rdn[0].allow: is empty or missing"},
         {with(server(), "min = 1", "min = 21"), "san[0].min: must not be greater than max"},
         {with(server(), "type = \"dns\"", "type = \"ip\""), "is no address block"},
         {with(server(), "type = \"dns\"", "type = \"email\""), "can match no mailbox"},
         {with(server(), "type = \"dns\"", "type = \"uri\""), "can match no absolute URI"},
         {with(server(), "min = 1", "wildcard = true\nvalues = [\"a.example.org\"]"),
          "values: is for source = \"fixed\""},
         {with(installed_text("tls-client"), "max = 1", "wildcard = true"), "wildcard: is for type = \"dns\""},
         {with(server(), "min_bits = 2048", "min_bits = 4097"), "min_bits: must not be greater than max_bits"},
         {with(server(), "min_bits = 2048", "min_bits = 1024"), "min_bits: must be a whole number from 2048 to 8192"},
         {with(server(), "type = \"ed25519\"", "type = \"ec-p256\""), "stands there already"},
         {with(server(), "type = \"ed25519\"", "type = \"x25519\""), "must be one of rsa, ec-p256"},
         {with(server(), "type = \"ed25519\"", "type = \"ed25519\"\nmin_bits = 256"),
          "min_bits: is not a key that is known here"}});
}

TEST(ProfileParse, RefusesFixedValuesThatNoCertificateCanCarry) {
    const auto device = installed_text("device");
    expect_reasons({{with(device, "type = \"O\"", "type = \"C\""), "value: must be two capital letters"},
                    {with(device, "value = \"Example\"", "value = \"\""), "value: must not be empty"},
                    {with(device, "value = \"Example\"", "value = \"" + std::string(65, 'a') + "\""), "64"},
                    {with(device, "value = \"Example\"\n", ""), "subject.rdn[0].value: is missing"},
                    {with(device, "value = \"Example\"", "value = \"Example\"\nallow = [\"*\"]"),
                     "has no meaning for source = \"fixed\""},
                    {with(device, "type = \"O\"", "type = \"organisation\""),
                     "is neither the short name nor the OID of an attribute"}});
}

TEST(ProfileParse, RefusesNamesThatNobodyCouldBelieve) {
    expect_reasons({{with(server(),
                          "[[san]]\ntype = \"dns\"\nsource = \"request\"\nallow = [\"example.org\", "
                          "\"**.example.org\"]\nmin = 1\nmax = 20",
                          ""),
                     "a server certificate needs a [[san]] rule of type dns or ip"},
                    {with(installed_text("tls-client"),
                          "[[subject.rdn]]\ntype = \"CN\"\nsource = \"request\"\nallow = [\"**\"]", "[subject]"),
                     "has no [[subject.rdn]], and allow_empty is not true"}});
}

TEST(ProfileParse, RefusesValidityThatContradictsItself) {
    expect_reasons(
        {{with(server(), "backdate = \"5m\"", "backdate = \"90d\""), "backdate must be shorter than length"},
         {with(server(), "backdate = \"5m\"", "granularity = \"90d\""), "backdate and granularity together"},
         {with(server(), "length = \"90d\"", "length = \"0d\""), "validity.length: a duration must read like"}});
}

TEST(ProfileParse, RefusesWhoThatContradictsItself) {
    expect_reasons(
        {{with(server(), "principals = [\"secret\", \"renewal\", \"admin\"]", "principals = [\"secret\", \"admin\"]"),
          "is allowed, but who.principals does not name renewal"},
         {with(server(), "[renewal]\nwindow = \"30d\"", ""), "renewal is named here, but [renewal] does not allow it"},
         {with(server(), "window = \"30d\"", "window = \"90d\""), "window must be shorter than validity.length"},
         {with(server(), "window = \"30d\"", "same_key = true"), "renewal.window: is missing"},
         {with(server(), "\"admin\"]", "\"admin\", \"secret\"]"), "a principal stands there twice"},
         {with(server(), "\"admin\"]", "\"admin\"]\napprovals = 17"), "approvals: must be a whole number from 0 to 16"},
         {more(issuing(), "[who]\nprincipals = []\napprovals = 1"), "approvals without principals"}});
    for (const auto* bad : {"anonymous", "everybody", "uid:", "uid:x", "uid:-1", "uid:01", "uid:4294967296",
                            "user:", "user:a b", "role:", "Secret", ""}) {
        EXPECT_THAT(parse_problems(with(server(), "\"admin\"]", "\"admin\", \"" + std::string{bad} + "\"]")),
                    HasSubstr("is none of secret, renewal, admin"))
            << bad;
    }
    for (const auto* good : {"uid:0", "uid:4294967295", "user:www-data", "role:officer"})
        EXPECT_EQ(parse_problems(with(server(), "\"admin\"]", "\"admin\", \"" + std::string{good} + "\"]")), "");
}

TEST(ProfileParse, RefusesExtensionsThatItWritesItself) {
    const auto extension = [](std::string_view oid, std::string_view value) {
        return more(server(),
                    "[[extension]]\noid = \"" + std::string{oid} + "\"\nvalue_hex = \"" + std::string{value} + "\"");
    };
    expect_reasons({{extension("2.5.29.19", "3000"), "is written by other keys of the profile"},
                    {extension("1.2.3", "3001"), "must be the DER of one value"},
                    {extension("1.2.3", "30000500"), "must be the DER of one value"},
                    {extension("1.2.3", ""), "must be the DER of one value"},
                    {extension("1.2.3", "xx"), "is not hexadecimal"},
                    {extension("1.2.x", "0500"), "is no object identifier"},
                    {more(extension("1.2.3", "0500"), "[[extension]]\noid = \"1.2.3\"\nvalue_hex = \"0500\""),
                     "stands there already"}});
}

TEST(ProfileParse, RefusesPointersThatLeadNowhere) {
    expect_reasons(
        {{with(server(), "urls = [\"@crl_url@\"]", "urls = []"), "crl_distribution_points.urls: must not be empty"},
         {with(server(), "urls = [\"@crl_url@\"]", "urls = [\"ldap://x/\"]"), "is neither http nor https"},
         {with(server(), "ocsp = [\"@ocsp_url@\"]\nca_issuers = [\"@issuer_url@\"]", ""),
          "must have ocsp or ca_issuers"}});
}

TEST(ProfileParse, RefusesPoliciesAndConstraintsThatAreNone) {
    expect_reasons(
        {{more(server(), "[[policy]]\noid = \"x\""), "policy[0].oid: is no object identifier"},
         {more(server(), "[[policy]]\noid = \"1.2.3\"\n[[policy]]\noid = \"1.2.3\""),
          "RFC 5280 4.2.1.4 allows a policy once"},
         {more(server(), "[[policy]]\noid = \"1.2.3\"\ncps = \"cps.html\""), "policy[0].cps: is no absolute URI"},
         {more(server(), "[[policy]]\noid = \"1.2.3\"\nuser_notice = \"" + std::string(201, 'a') + "\""),
          "must have 1 to 200 octets"},
         {more(issuing(), "[name_constraints]"), "must permit or exclude something"},
         {more(issuing(), "[name_constraints]\npermitted = [\"example.org\"]"), "a subtree reads like"},
         {more(issuing(), "[name_constraints]\npermitted = [\"DNS:.example.org\"]"), "a subtree reads like"},
         {more(issuing(), "[name_constraints]\npermitted = [\"IP:192.0.2.1/24\"]"), "bits behind the prefix"}});
}

TEST(ProfileParse, RefusesSignaturesThatNobodyShouldMake) {
    expect_reasons(
        {{more(server(), "[signature]\nalgorithm = \"rsa-pkcs1-sha1\""), "is no signature algorithm that we make"},
         {more(server(), "[signature]"), "signature.algorithm: is missing"},
         {with(server(), "[request]", "[request]\nsignature_algorithms = [\"ecdsa-sha1\"]"),
          "is no signature algorithm that we verify"},
         {with(server(), "tolerate_extensions = [\"2.5.29.14\"]", "tolerate_extensions = [\"x\"]"),
          "is no object identifier"}});
}

// --- folders

class ProfileFolder : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("sealwright-profiles-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void write(std::string_view file, std::string_view text) { std::ofstream{folder_ / file} << text; }
    std::filesystem::path folder_;
};

TEST_F(ProfileFolder, IsReadWhole) {
    write("tls-server.toml", server());
    write("issuing-ca.toml", issuing());
    write("notes.txt", "no profile");
    const auto profiles = load_profiles(folder_, site_placeholders());
    ASSERT_TRUE(profiles) << profiles.error().describe();
    ASSERT_EQ(profiles.value().size(), 2U);
    EXPECT_EQ(profiles.value().at("tls-server")->name, "tls-server");
}

TEST_F(ProfileFolder, ReportsTheProblemsOfAllFiles) {
    write("tls-server.toml", with(server(), "kind = \"end-entity\"", "kind = \"x\""));
    write("issuing-ca.toml", with(issuing(), "path_length = 0", "path_length = \"0\""));
    write("device.toml", server());
    const auto profiles = load_profiles(folder_, site_placeholders());
    ASSERT_FALSE(profiles);
    for (const auto* part : {"tls-server.toml:", "issuing-ca.toml:", "device.toml: name: must be \"device\""})
        EXPECT_THAT(profiles.error().public_detail(), HasSubstr(part));
}

TEST_F(ProfileFolder, MustBeThere) { EXPECT_FALSE(load_profiles(folder_ / "missing", {})); }

}  // namespace
}  // namespace sealwright::profile::testing
