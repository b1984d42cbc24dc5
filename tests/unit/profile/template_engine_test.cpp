#include <gmock/gmock.h>

#include "unit/profile/fixture.hpp"

namespace sealwright::profile::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Bytes usage(x509::KeyUsage bits) { return x509::encode_key_usage(bits); }

x509::GeneralNames san_of(const x509::TbsCertificateFields& fields) {
    const auto* extension = find(fields, oid::kSubjectAltName);
    return extension == nullptr ? x509::GeneralNames{} : x509::parse_general_names(extension->value).value();
}

std::string order_of(const x509::TbsCertificateFields& fields) {
    std::string out;
    for (const auto& extension : fields.extensions) out += (out.empty() ? "" : " ") + asn1::format_oid(extension.oid);
    return out;
}

// --- what a certificate says

TEST(TemplateEngine, WritesTheExtensionsInTheDocumentedOrder) {
    const auto fields = host_request().build().value();
    EXPECT_EQ(order_of(fields),
              "2.5.29.35 2.5.29.14 2.5.29.15 2.5.29.17 2.5.29.19 2.5.29.37 2.5.29.31 1.3.6.1.5.5.7.1.1");
}

TEST(TemplateEngine, MakesTheSameBytesForTheSameInput) {
    const auto request = host_request();
    EXPECT_EQ(x509::build_tbs_certificate(request.build().value()),
              x509::build_tbs_certificate(request.build().value()));
}

TEST(TemplateEngine, MarksSubjectAltNameCriticalOnlyWhenTheSubjectIsEmpty) {
    auto request = host_request();
    EXPECT_TRUE(find(request.build().value(), oid::kSubjectAltName)->critical);
    request.requested.subject = name("CN=www.example.org");
    EXPECT_FALSE(find(request.build().value(), oid::kSubjectAltName)->critical);
}

TEST(TemplateEngine, TakesTheKeyIdentifiersFromTheKeys) {
    const auto request = host_request();
    const auto fields = request.build().value();
    EXPECT_EQ(x509::parse_subject_key_identifier(find(fields, oid::kSubjectKeyIdentifier)->value).value(),
              x509::subject_key_identifier(request.key.public_bits()));
    EXPECT_EQ(
        x509::parse_authority_key_identifier(find(fields, oid::kAuthorityKeyIdentifier)->value).value().key_identifier,
        x509::subject_key_identifier(public_key(kP256).public_bits()));
}

TEST(TemplateEngine, GivesRsaKeysTheirOwnKeyUsage) {
    EXPECT_EQ(find(host_request(kRsa2048).build().value(), oid::kKeyUsage)->value,
              usage(x509::kDigitalSignature | x509::kKeyEncipherment));
    EXPECT_EQ(find(host_request(kOtherP256).build().value(), oid::kKeyUsage)->value, usage(x509::kDigitalSignature));
}

TEST(TemplateEngine, CountsBothEndsOfTheValidity) {
    const auto fields = host_request().build().value();
    EXPECT_EQ(to_rfc3339(fields.not_before), "2026-11-22T11:55:00Z");
    EXPECT_EQ(to_rfc3339(fields.not_after), "2027-02-20T11:54:59Z");
    EXPECT_EQ(fields.not_after - fields.not_before + std::chrono::seconds{1}, std::chrono::days{90});
}

TEST(TemplateEngine, RoundsNotBeforeDownToTheGranularity) {
    auto request =
        Request{parsed(replaced(installed_text("tls-server"), "backdate = \"5m\"", "granularity = \"12h\""))};
    request.requested.san = {x509::DnsName{"www.example.org"}};
    request.now = at("2026-11-22T13:17:05Z");
    EXPECT_EQ(to_rfc3339(request.build().value().not_before), "2026-11-22T12:00:00Z");
    request.now = at("2026-11-22T12:00:00Z");
    EXPECT_EQ(to_rfc3339(request.build().value().not_before), "2026-11-22T12:00:00Z");
    request.now = at("2026-11-22T11:59:59Z");
    EXPECT_EQ(to_rfc3339(request.build().value().not_before), "2026-11-22T00:00:00Z");
}

TEST(TemplateEngine, SignsAsTheProfileSaysElseAsTheIssuerDoes) {
    auto request = host_request();
    EXPECT_EQ(request.build().value().signature_algorithm, request.issuer.signature_algorithm);
    request.profile.signature_algorithm =
        crypto::SignatureAlgorithm{crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha512};
    EXPECT_EQ(request.build().value().signature_algorithm, request.profile.signature_algorithm);
}

TEST(TemplateEngine, MakesASelfSignedRootWithoutPointers) {
    const auto fields = root_fields();
    EXPECT_EQ(fields.issuer, fields.subject);
    EXPECT_EQ(order_of(fields), "2.5.29.14 2.5.29.15 2.5.29.19");
    EXPECT_EQ(fields.not_after - fields.not_before + std::chrono::seconds{1}, std::chrono::days{20 * 365});
    const auto constraints = x509::parse_basic_constraints(find(fields, oid::kBasicConstraints)->value).value();
    EXPECT_TRUE(constraints.ca);
    EXPECT_EQ(constraints.path_length, 1U);
    EXPECT_TRUE(find(fields, oid::kBasicConstraints)->critical);
}

TEST(TemplateEngine, MakesAnIssuingCaUnderTheRoot) {
    const auto fields = issuing_ca_fields();
    EXPECT_EQ(fields.issuer, root().fields().subject_der);
    EXPECT_EQ(x509::parse_basic_constraints(find(fields, oid::kBasicConstraints)->value).value().path_length, 0U);
    EXPECT_NE(find(fields, oid::kAuthorityKeyIdentifier), nullptr);
    EXPECT_NE(find(fields, oid::kCrlDistributionPoints), nullptr);
}

TEST(TemplateEngine, PutsOcspNocheckIntoTheRespondersCertificate) {
    Request request{installed("ocsp-signer")};
    request.requested.subject = name("CN=OCSP");
    const auto fields = request.build().value();
    EXPECT_EQ(find(fields, oid::kOcspNoCheck)->value, (Bytes{0x05, 0x00}));
    EXPECT_EQ(find(host_request().build().value(), oid::kOcspNoCheck), nullptr);
}

// --- subject

TEST(Subject, StandsInTheOrderOfTheProfile) {
    Request request{installed("device")};
    request.authorised_names = {"dev-1", "4711"};
    request.requested.subject = name("serialNumber=4711,CN=dev-1");
    EXPECT_EQ(request.build().value().subject, name_der("serialNumber=4711,CN=dev-1,O=Example"));
    std::reverse(request.requested.subject.rdns.begin(), request.requested.subject.rdns.end());
    EXPECT_EQ(request.build().value().subject, name_der("serialNumber=4711,CN=dev-1,O=Example"));
}

TEST(Subject, WritesSerialNumberAsPrintableStringAndCommonNameAsUtf8) {
    Request request{installed("device")};
    request.requested.subject = name("serialNumber=4711,CN=dev-1");
    const auto subject = x509::parse_name(request.build().value().subject.view()).value();
    EXPECT_EQ(subject.rdns[1][0].tag, asn1::kUtf8String);
    EXPECT_EQ(subject.rdns[2][0].tag, asn1::kPrintableString);
}

TEST(Subject, TakesAFixedValueWithoutBeingAsked) {
    Request request{installed("device")};
    request.requested.subject = name("CN=dev-1");
    EXPECT_EQ(request.refusal(), "");
    request.requested.subject = name("CN=dev-1,O=Example");
    EXPECT_EQ(request.refusal(), "");
    request.requested.subject = name("CN=dev-1,O=Other");
    EXPECT_THAT(request.refusal(), HasSubstr("subject O \"Other\" is not given by the profile"));
}

TEST(Subject, RefusesAnAttributeThatTheProfileDoesNotName) {
    auto request = host_request();
    request.requested.subject = name("CN=www.example.org,OU=Web");
    EXPECT_EQ(request.refusal(), "subject OU \"Web\" is not given by the profile");
    EXPECT_EQ(request.refusal_code(), ErrorCode::denied);
}

TEST(Subject, RefusesASecondValueOfARuleThatGivesOne) {
    Request request{installed("device")};
    request.requested.subject = name("CN=dev-2,CN=dev-1");
    EXPECT_EQ(request.refusal(), "subject CN \"dev-2\" is not given by the profile");
}

TEST(Subject, RefusesAValueThatNoPatternMatches) {
    Request request{installed("device")};
    request.requested.subject = name("CN=a.devices.example.org");
    EXPECT_EQ(request.refusal(), "");
    request.requested.subject = name("CN=a.devices.example.net");
    EXPECT_EQ(request.refusal(), "subject CN \"a.devices.example.net\" is not allowed by the profile");
}

TEST(Subject, RefusesAMissingRequiredAttribute) {
    Request request{installed("device")};
    EXPECT_EQ(request.refusal(), "the subject needs a CN");
}

TEST(Subject, RefusesControlCharactersAndOuterSpacesAndShowsThemEscaped) {
    Request request{installed("tls-client")};
    request.requested.subject = {{{x509::Attribute{bytes_of(oid::kCommonName), "a\nb", 0}}}};
    EXPECT_THAT(request.refusal(), HasSubstr("\\x0a"));
    EXPECT_THAT(request.refusal(), Not(HasSubstr("\n")));
    request.requested.subject = {{{x509::Attribute{bytes_of(oid::kCommonName), "a ", 0}}}};
    EXPECT_THAT(request.refusal(), HasSubstr("begins or ends with a space"));
    request.requested.subject = {{{x509::Attribute{bytes_of(oid::kCommonName), "a b", 0}}}};
    EXPECT_EQ(request.refusal(), "");
}

TEST(Subject, CountsCharactersNotOctets) {
    Request request{installed("tls-client")};
    std::string sixty_four;
    for (int i = 0; i < 64; ++i) sixty_four += "ü";
    request.requested.subject = {{{x509::Attribute{bytes_of(oid::kCommonName), sixty_four, 0}}}};
    EXPECT_EQ(request.refusal(), "");
    request.requested.subject = {{{x509::Attribute{bytes_of(oid::kCommonName), sixty_four + "ü", 0}}}};
    EXPECT_THAT(request.refusal(), HasSubstr("longer than the profile allows"));
}

TEST(Subject, MayBeEmptyOnlyIfTheProfileSaysSo) {
    EXPECT_EQ(host_request().refusal(), "");
    auto request = host_request();
    request.profile.empty_subject_allowed = false;
    EXPECT_EQ(request.refusal(), "the profile allows no empty subject");
}

TEST(Subject, OfAServerMustHaveItsCommonNameAmongItsNames) {
    auto request = host_request();
    request.requested.subject = name("CN=WWW.example.org");
    EXPECT_EQ(request.refusal(), "");
    request.requested.subject = name("CN=web.example.org");
    EXPECT_EQ(request.refusal(),
              "subject CN \"web.example.org\" is not among the DNS names and addresses of the request");
}

TEST(Subject, OfAServerMayBeAnAddressThatIsAmongItsNames) {
    Request request{installed("service-tls")};
    request.requested.subject = name("CN=127.0.0.1");
    request.requested.san = {x509::IpAddress{{127, 0, 0, 1}}};
    EXPECT_EQ(request.refusal(), "");
    request.requested.san = {x509::IpAddress{{127, 0, 0, 2}}};
    EXPECT_THAT(request.refusal(), HasSubstr("is not among"));
}

TEST(Subject, OfAServerNeedsADnsNameOrAnAddress) {
    Request request{installed("service-tls")};
    EXPECT_THAT(request.refusal(), HasSubstr("neither a subject nor"));
    request.requested.subject = name("O=Example");
    EXPECT_EQ(request.refusal(), "a server's certificate needs a DNS name or an address");
    request.requested.san = {x509::IpAddress{{127, 0, 0, 1}}};
    EXPECT_EQ(request.refusal(), "");
}

TEST(Subject, MayHaveAMailAddressThatIsAmongTheNamesToo) {
    auto profile = installed("tls-client");
    profile.subject.push_back({bytes_of(oid::kEmailAddress), ValueSource::request, "", {{"**"}}, 255, false});
    Request request{profile};
    request.requested.subject = name("emailAddress=Alice@example.org,CN=alice");
    EXPECT_EQ(request.refusal(),
              "subject emailAddress \"Alice@example.org\" is not among the mailboxes of the request");
    request.requested.san = {x509::Rfc822Name{"alice@example.org"}};
    EXPECT_EQ(request.refusal(), "");
    request.requested.san = {x509::Rfc822Name{"alicf@example.org"}};
    EXPECT_THAT(request.refusal(), HasSubstr("is not among the mailboxes"));
}

TEST(Subject, HasACountryOfTwoCapitalLetters) {
    Request request{installed("ocsp-signer")};
    request.requested.subject = name("CN=OCSP,C=DE");
    EXPECT_EQ(request.refusal(), "");
    for (const auto* bad : {"CN=OCSP,C=de", "CN=OCSP,C=D1"}) {
        request.requested.subject = name(bad);
        EXPECT_THAT(request.refusal(), HasSubstr("is no country of two capital letters")) << bad;
    }
}

TEST(Subject, TakesThePrincipalsNameWhereTheRuleSaysSo) {
    auto profile = installed("tls-client");
    profile.subject[0].source = ValueSource::principal;
    profile.subject[0].allow.clear();
    Request request{profile};
    request.authorised_names = {"alice", "bob"};
    EXPECT_EQ(request.build().value().subject, name_der("CN=alice"));
    request.requested.subject = name("CN=bob");
    EXPECT_EQ(request.build().value().subject, name_der("CN=bob"));
    request.requested.subject = name("CN=carol");
    EXPECT_EQ(request.refusal(), "subject CN \"carol\" is no name of the requester");
    request.authorised_names.clear();
    EXPECT_EQ(request.refusal(), "subject CN \"carol\" is no name of the requester");
    request.requested.subject = {};
    EXPECT_EQ(request.refusal(), "the subject needs a CN");
}

TEST(Subject, IsBoundToThePrincipalsNamesWhereThereAreAny) {
    Request request{installed("tls-client")};
    request.requested.subject = name("CN=alice");
    EXPECT_EQ(request.refusal(), "");
    request.authorised_names = {"alice"};
    EXPECT_EQ(request.refusal(), "");
    request.authorised_names = {"alicf"};
    EXPECT_EQ(request.refusal(), "subject CN \"alice\" is no name of the requester");
}

// --- subject alternative names

TEST(San, IsWrittenInSmallLettersOnce) {
    auto request = host_request();
    request.requested.san = {x509::DnsName{"WWW.Example.org"}, x509::DnsName{"www.example.ORG"},
                             x509::DnsName{"a.example.org"}};
    EXPECT_EQ(san_of(request.build().value()),
              (x509::GeneralNames{x509::DnsName{"www.example.org"}, x509::DnsName{"a.example.org"}}));
}

TEST(San, RefusesANameOutsideOfThePatterns) {
    auto request = host_request();
    request.requested.san = {x509::DnsName{"www.example.net"}};
    EXPECT_EQ(request.refusal(), "name \"DNS:www.example.net\" is not allowed by the profile");
    EXPECT_EQ(request.refusal_code(), ErrorCode::denied);
}

TEST(San, RefusesAKindThatTheProfileGivesNoneOf) {
    auto request = host_request();
    request.requested.san.emplace_back(x509::IpAddress{{192, 0, 2, 1}});
    EXPECT_EQ(request.refusal(), "name \"IP:192.0.2.1\" is of a kind that the profile gives none of");
    request.requested.san.back() = x509::OtherName{bytes_of(oid::kUpn), {0x0C, 0x01, 'a'}};
    EXPECT_THAT(request.refusal(), HasSubstr("is of a kind that the profile gives none of"));
}

TEST(San, ListsEveryReasonAtOnce) {
    auto request = host_request(kRsa1024);
    request.requested.san = {x509::DnsName{"www.example.net"}, x509::DnsName{"bad_name.example.org"}};
    request.requested.subject = name("OU=Web");
    request.ask_for(oid::kNameConstraints, {0x30, 0x00});
    const auto refusal = request.refusal();
    for (const auto* part : {"1024 bits", "OU \"Web\"", "www.example.net", "bad_name", "id-ce-nameConstraints"})
        EXPECT_THAT(refusal, HasSubstr(part));
    EXPECT_EQ(request.refusal_code(), ErrorCode::denied);
}

TEST(San, RefusesWhatIsNoHostName) {
    for (const std::string bad : {"a_b.example.org", "www.example.org.", "-a.example.org", "a..example.org",
                                  "example.123", "", "xy--z.example.org"}) {
        auto request = host_request();
        request.profile.san[0].allow = {{"**"}};
        request.requested.san = {x509::DnsName{bad}};
        EXPECT_NE(request.refusal(), "") << bad;
    }
}

TEST(San, TakesOneLabelOnlyWhereAPatternSaysIt) {
    Request request{installed("service-tls")};
    request.requested.san = {x509::DnsName{"localhost"}};
    EXPECT_EQ(request.refusal(), "");
    request.requested.san = {x509::DnsName{"localhosu"}};
    EXPECT_THAT(request.refusal(), HasSubstr("is not allowed"));
}

TEST(San, TakesAWildcardOnlyWhereTheRuleSaysSo) {
    auto request = host_request();
    request.requested.san = {x509::DnsName{"*.example.org"}};
    EXPECT_THAT(request.refusal(), HasSubstr("is not allowed"));
    request.profile.san[0].wildcard = true;
    EXPECT_EQ(request.refusal(), "");
    request.requested.san = {x509::DnsName{"*.org"}};
    EXPECT_THAT(request.refusal(), HasSubstr("wildcard with fewer than two labels"));
    request.requested.san = {x509::DnsName{"a.*.example.org"}};
    EXPECT_THAT(request.refusal(), HasSubstr("wildcard that is not allowed there"));
}

TEST(San, HoldsAddressesAgainstTheirBlock) {
    Request request{installed("service-tls")};
    request.profile.san[1].allow = {{"192.0.2.0/25"}, {"2001:db8::/33"}};
    request.requested.san = {x509::IpAddress{{192, 0, 2, 127}}};
    EXPECT_EQ(request.refusal(), "");
    request.requested.san = {x509::IpAddress{{192, 0, 2, 128}}};
    EXPECT_NE(request.refusal(), "");
    Bytes six(16, 0);
    six[0] = 0x20, six[1] = 0x01, six[2] = 0x0D, six[3] = 0xB8, six[4] = 0x7F;
    request.requested.san = {x509::IpAddress{six}};
    EXPECT_EQ(request.refusal(), "");
    six[4] = 0x80;
    request.requested.san = {x509::IpAddress{six}};
    EXPECT_NE(request.refusal(), "");
}

TEST(San, RefusesAddressesOfOddLength) {
    Request request{installed("service-tls")};
    request.requested.san = {x509::IpAddress{{192, 0, 2, 1, 255}}};
    EXPECT_THAT(request.refusal(), HasSubstr("neither 4 nor 16 octets"));
}

TEST(San, CountsNames) {
    auto request = host_request();
    request.requested.san = {};
    EXPECT_THAT(request.refusal(),
                HasSubstr("at least 1 subject alternative name of type dns, the request leads to 0"));
    for (int i = 0; i < 20; ++i)
        request.requested.san.emplace_back(x509::DnsName{"h" + std::to_string(i) + ".example.org"});
    EXPECT_EQ(request.refusal(), "");
    request.requested.san.emplace_back(x509::DnsName{"one-more.example.org"});
    EXPECT_THAT(request.refusal(), HasSubstr("at most 20"));
}

TEST(San, IsBoundToThePrincipalsNamesWhereThereAreAny) {
    auto request = host_request();
    request.authorised_names = {"WWW.example.org"};
    EXPECT_EQ(request.refusal(), "");
    request.authorised_names = {"web.example.org"};
    EXPECT_EQ(request.refusal(), "name \"DNS:www.example.org\" is no name of the requester");
}

TEST(San, OfAddressesIsBoundByValueNotByText) {
    Request request{installed("service-tls")};
    Bytes loopback(16, 0);
    loopback[15] = 1;
    request.requested.san = {x509::IpAddress{loopback}};
    request.authorised_names = {"0:0::0:1"};
    EXPECT_EQ(request.refusal(), "");
    request.authorised_names = {"::2"};
    EXPECT_THAT(request.refusal(), HasSubstr("is no name of the requester"));
}

TEST(San, GivesThePrincipalsNamesWhereNothingIsAsked) {
    auto request = host_request();
    request.profile.san[0].source = ValueSource::principal;
    request.profile.san[0].allow.clear();
    request.requested.san = {};
    request.authorised_names = {"a.example.org", "192.0.2.1", "b.example.org"};
    EXPECT_EQ(san_of(request.build().value()),
              (x509::GeneralNames{x509::DnsName{"a.example.org"}, x509::DnsName{"b.example.org"}}));
    request.requested.san = {x509::DnsName{"b.example.org"}};
    EXPECT_EQ(san_of(request.build().value()), (x509::GeneralNames{x509::DnsName{"b.example.org"}}));
    request.requested.san = {x509::DnsName{"c.example.org"}};
    EXPECT_THAT(request.refusal(), HasSubstr("is no name of the requester"));
    request.authorised_names = {};
    EXPECT_THAT(request.refusal(), HasSubstr("is no name of the requester"));
}

TEST(San, GivesTheProfilesOwnNames) {
    auto request = Request{
        parsed(replaced(installed_text("tls-server"),
                        "source = \"request\"\nallow = [\"example.org\", \"**.example.org\"]\nmin = 1\nmax = 20",
                        "source = \"fixed\"\nvalues = [\"Fixed.example.org\"]"))};
    EXPECT_EQ(san_of(request.build().value()), (x509::GeneralNames{x509::DnsName{"fixed.example.org"}}));
    request.requested.san = {x509::DnsName{"fixed.example.org"}};
    EXPECT_EQ(request.refusal(), "");
    request.requested.san = {x509::DnsName{"other.example.org"}};
    EXPECT_THAT(request.refusal(), HasSubstr("is not allowed by the profile"));
}

// --- key

TEST(RequestedKey, MustBeOfATypeThatTheProfileNames) {
    EXPECT_EQ(host_request(kEd25519).refusal(), "");
    EXPECT_EQ(host_request(kEd448).refusal(), "the profile takes no keys of type Ed448");
    EXPECT_EQ(host_request(kEd448).refusal_code(), ErrorCode::denied);
}

TEST(RequestedKey, ThatIsTooSmallIsWeak) {
    EXPECT_EQ(host_request(kRsa2048).refusal(), "");
    EXPECT_THAT(host_request(kRsa1024).refusal(), HasSubstr("RSA of 1024 bits, the profile wants at least 2048"));
    EXPECT_EQ(host_request(kRsa1024).refusal_code(), ErrorCode::weak_key);
}

TEST(RequestedKey, MayNotPassTheMaximum) {
    auto request = host_request(kRsa3072);
    EXPECT_EQ(request.refusal(), "");
    for (auto& rule : request.profile.keys) rule.max_bits = rule.type == crypto::KeyType::rsa ? 3071 : 0;
    EXPECT_THAT(request.refusal(), HasSubstr("at most 3071"));
}

TEST(RequestedKey, MayBeProvedOnlyByTheAlgorithmsThatTheProfileNames) {
    auto request = host_request();
    request.requested.signature_algorithm =
        crypto::SignatureAlgorithm{crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256};
    EXPECT_EQ(request.refusal(), "");
    request.profile.request_signature_algorithms = {"ecdsa-sha384"};
    EXPECT_EQ(request.refusal(), "the profile takes no requests signed with ecdsa-sha256");
    request.requested.signature_algorithm->digest = crypto::DigestAlgorithm::sha384;
    EXPECT_EQ(request.refusal(), "");
}

// --- extensions

TEST(RequestedExtensions, OfTheProfileOrLessAreFine) {
    auto request = host_request(kRsa2048);
    request.ask_for(oid::kKeyUsage, usage(x509::kKeyEncipherment));
    request.ask_for(oid::kExtKeyUsage, x509::encode_ext_key_usage({bytes_of(oid::kServerAuth)}));
    request.ask_for(oid::kBasicConstraints, x509::encode_basic_constraints({}));
    request.ask_for(oid::kSubjectKeyIdentifier, x509::encode_subject_key_identifier(Bytes(20, 1)));
    EXPECT_EQ(request.refusal(), "");
    EXPECT_EQ(find(request.build().value(), oid::kKeyUsage)->value,
              usage(x509::kDigitalSignature | x509::kKeyEncipherment));
    EXPECT_EQ(
        x509::parse_subject_key_identifier(find(request.build().value(), oid::kSubjectKeyIdentifier)->value).value(),
        x509::subject_key_identifier(request.key.public_bits()));
}

TEST(RequestedExtensions, WithOneMoreKeyUsageAreRefused) {
    auto request = host_request();
    request.ask_for(oid::kKeyUsage, usage(x509::kDigitalSignature | x509::kKeyCertSign));
    EXPECT_EQ(request.refusal(),
              "the request asks for keyUsage keyCertSign, which the profile does not give to such a key");
}

TEST(RequestedExtensions, ThatOnlyRsaKeysGetAreRefusedForOthers) {
    auto request = host_request(kOtherP256);
    request.ask_for(oid::kKeyUsage, usage(x509::kKeyEncipherment));
    EXPECT_THAT(request.refusal(), HasSubstr("keyEncipherment"));
}

TEST(RequestedExtensions, WithAnotherPurposeAreRefused) {
    auto request = host_request();
    request.ask_for(oid::kExtKeyUsage,
                    x509::encode_ext_key_usage({bytes_of(oid::kServerAuth), bytes_of(oid::kClientAuth)}));
    EXPECT_EQ(request.refusal(), "the request asks for extKeyUsage id-kp-clientAuth, which the profile does not give");
}

TEST(RequestedExtensions, ThatWantACaAreRefusedForAnEndEntity) {
    auto request = host_request();
    request.ask_for(oid::kBasicConstraints, x509::encode_basic_constraints({true, {}}));
    EXPECT_EQ(request.refusal(), "the request asks for CA:TRUE, and the profile is for end entities");
}

TEST(RequestedExtensions, OfACaMayAskForItsPathLengthAndNoMore) {
    Request request{installed("issuing-ca"), kP384};
    request.issuer = issuer_context(root(), {crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha384}).value();
    request.requested.subject = name("CN=Example Issuing CA 2");
    request.ask_for(oid::kBasicConstraints, x509::encode_basic_constraints({true, 0}));
    EXPECT_EQ(request.refusal(), "");
    request.requested.extensions[0].value = x509::encode_basic_constraints({true, 1});
    EXPECT_EQ(request.refusal(), "the request asks for a path length of 1, the profile gives 0");
}

TEST(RequestedExtensions, ThatTheProfileDoesNotNameAreRefusedByName) {
    auto request = host_request();
    request.ask_for(oid::kNameConstraints, {0x30, 0x00});
    request.ask_for(asn1::parse_oid("1.2.3.4").value(), {0x05, 0x00});
    EXPECT_EQ(request.refusal(),
              "the request asks for the extension id-ce-nameConstraints (2.5.29.30), which the profile does not name; "
              "the request asks for the extension 1.2.3.4, which the profile does not name");
}

TEST(RequestedExtensions, ThatTheProfileToleratesAreIgnored) {
    auto request = host_request();
    request.ask_for(asn1::parse_oid("1.2.3.4").value(), {0x05, 0x00});
    request.profile.tolerated_request_extensions.insert("1.2.3.4");
    EXPECT_EQ(request.refusal(), "");
    EXPECT_EQ(find(request.build().value(), asn1::parse_oid("1.2.3.4").value()), nullptr);
}

TEST(RequestedExtensions, ThatEqualWhatTheProfileGivesAreFine) {
    auto request = host_request();
    const auto fields = request.build().value();
    request.ask_for(oid::kAuthorityInfoAccess, find(fields, oid::kAuthorityInfoAccess)->value);
    EXPECT_EQ(request.refusal(), "");
    request.requested.extensions[0].value.back() ^= 1;
    EXPECT_THAT(request.refusal(), HasSubstr("id-pe-authorityInfoAccess"));
}

TEST(RequestedExtensions, ThatCannotBeReadAreRefused) {
    for (const ByteView id : {oid::kKeyUsage, oid::kExtKeyUsage, oid::kBasicConstraints}) {
        auto request = host_request();
        request.ask_for(id, {0x04});
        EXPECT_THAT(request.refusal(), HasSubstr("cannot be read"));
    }
}

// --- validity and issuer

TEST(RequestedValidity, MayOnlyBeShorterAndOnlyIfTheProfileSaysSo) {
    auto request = host_request();
    request.requested.validity = std::chrono::days{90};
    EXPECT_EQ(request.refusal(), "");
    request.requested.validity = std::chrono::days{30};
    EXPECT_EQ(request.build().value().not_after,
              request.build().value().not_before + std::chrono::days{30} - std::chrono::seconds{1});
    request.requested.validity = std::chrono::days{90} + std::chrono::seconds{1};
    EXPECT_THAT(request.refusal(), HasSubstr("asks for a validity of 7776001 s"));
    request.requested.validity = std::chrono::seconds{0};
    EXPECT_NE(request.refusal(), "");
    request.requested.validity = std::chrono::days{30};
    request.profile.validity.may_shorten = false;
    EXPECT_EQ(request.refusal(), "the profile fixes the validity, the request asks for another");
}

TEST(RequestedValidity, ThatIsOverAlreadyIsRefused) {
    auto request = host_request();
    request.requested.validity = std::chrono::minutes{5};
    EXPECT_THAT(request.refusal(), HasSubstr("would be expired already"));
    request.requested.validity = std::chrono::minutes{5} + std::chrono::seconds{1};
    EXPECT_EQ(request.refusal(), "");
}

TEST(Issuer, IsNotOutlived) {
    auto request = host_request();
    const auto end = request.build().value().not_after;
    request.issuer.not_after = end;
    EXPECT_EQ(request.refusal(), "");
    request.issuer.not_after = end - std::chrono::seconds{1};
    EXPECT_THAT(request.refusal(), HasSubstr("would outlive its issuer"));
    request.profile.validity.clip_to_issuer = true;
    EXPECT_EQ(request.build().value().not_after, end - std::chrono::seconds{1});
}

TEST(Issuer, IsNotPredatedByBackdating) {
    auto request = host_request();
    request.issuer.not_before = request.now - std::chrono::seconds{10};
    EXPECT_EQ(request.build().value().not_before, request.issuer.not_before);
    request.issuer.not_before = request.now + std::chrono::seconds{1};
    EXPECT_EQ(request.refusal(), "the issuer's certificate is not valid now");
}

TEST(Issuer, ThatHasExpiredIssuesNothing) {
    auto request = host_request();
    request.profile.validity.clip_to_issuer = true;
    request.issuer.not_after = request.now;
    EXPECT_EQ(request.refusal(), "");
    request.issuer.not_after = request.now - std::chrono::seconds{1};
    EXPECT_EQ(request.refusal(), "the issuer's certificate is not valid now");
}

TEST(Issuer, WithPathLengthZeroCertifiesNoCa) {
    Request request{installed("issuing-ca"), kP384};
    request.requested.subject = name("CN=Sub");
    EXPECT_THAT(request.refusal(), HasSubstr("path length is 0"));
    request.issuer.path_length = 1;
    EXPECT_EQ(request.refusal(), "");
    request.profile.path_length = 1;
    EXPECT_THAT(request.refusal(), HasSubstr("at most 0 under this issuer"));
    request.profile.path_length.reset();
    EXPECT_THAT(request.refusal(), HasSubstr("at most 0 under this issuer"));
    request.issuer.path_length.reset();
    EXPECT_EQ(request.refusal(), "");
}

TEST(IssuerContextOf, RefusesACertificateThatIsNoCa) {
    EXPECT_TRUE(issuer_context(root(), {}));
    const auto leaf = assembled(host_request().build().value());
    ASSERT_FALSE(issuer_context(leaf, {}));
    EXPECT_EQ(issuer_context(leaf, {}).error().code(), ErrorCode::malformed);
}

// --- from a CSR

TEST(RequestedContentOf, TakesNamesAndExtensionsOutOfACsr) {
    const x509::Extensions extensions{
        {bytes_of(oid::kSubjectAltName), false, x509::encode_general_names({x509::DnsName{"www.example.org"}})}};
    const auto info = x509::build_certification_request_info(name_der("CN=www.example.org"),
                                                             public_key(kOtherP256).spki(), extensions);
    const crypto::SignatureAlgorithm algorithm{crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256};
    const auto csr =
        x509::CertificateRequest::parse(x509::assemble_csr(info, algorithm, Bytes{0x30, 0x00}).view()).value();
    const auto content = requested_content(csr).value();
    EXPECT_EQ(x509::format_name(content.subject), "CN=www.example.org");
    EXPECT_EQ(content.san, (x509::GeneralNames{x509::DnsName{"www.example.org"}}));
    EXPECT_EQ(content.signature_algorithm, algorithm);
    EXPECT_FALSE(content.validity);
    auto request = host_request();
    request.requested = content;
    EXPECT_EQ(request.refusal(), "");
}

TEST(RequestedContentOf, RefusesACsrWhoseSanCannotBeRead) {
    const x509::Extensions extensions{{bytes_of(oid::kSubjectAltName), false, {0x30, 0x00}}};
    const auto info =
        x509::build_certification_request_info(name_der("CN=a"), public_key(kOtherP256).spki(), extensions);
    const auto csr = x509::CertificateRequest::parse(x509::assemble_csr(info, {}, Bytes{0x30, 0x00}).view()).value();
    ASSERT_FALSE(requested_content(csr));
    EXPECT_THAT(requested_content(csr).error().public_detail(), HasSubstr("csr: subjectAltName"));
}

}  // namespace
}  // namespace sealwright::profile::testing
