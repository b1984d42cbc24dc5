#include <gtest/gtest.h>

#include "tests/support/malformed.hpp"
#include "tests/support/openssl_cli.hpp"
#include "tests/unit/x509/authority.hpp"
#include "x509/path_validator.hpp"

namespace sealwright::x509 {
namespace {

namespace oid = asn1::oid;
using sealwright::test::hex;
using test::at;
using test::ca_extensions;
using test::extension;
using test::Holder;
using test::issue;
using test::Wish;
using test::with;

const UtcTime kNow = at("2026-11-22T00:00:00Z");

// errors gives the codes of all error findings, in order.
std::vector<std::string> errors(const PathQuestion& question) {
    std::vector<std::string> codes;
    for (const Finding& finding : validate_path(question)) {
        EXPECT_FALSE(finding.clause.empty());
        EXPECT_FALSE(finding.detail.empty());
        if (finding.severity == Severity::error) codes.push_back(finding.code);
    }
    return codes;
}

std::vector<std::string> errors(const Holder& root, std::vector<Certificate> path, UtcTime when = kNow) {
    return errors({.path = std::move(path), .anchors = {root.certificate}, .at = when});
}

using Codes = std::vector<std::string>;

Extension san(const GeneralNames& names) { return extension(oid::kSubjectAltName, false, encode_general_names(names)); }
Extension constraints(const NameConstraints& value) {
    return extension(oid::kNameConstraints, true, encode_name_constraints(value));
}
Extension policies(std::initializer_list<const char*> dotted) {
    std::vector<PolicyInformation> list;
    for (const char* one : dotted) list.push_back({asn1::parse_oid(one).value(), {}});
    return extension(oid::kCertificatePolicies, false, encode_certificate_policies(list));
}
Extension purposes(std::initializer_list<ByteView> list) {
    std::vector<Bytes> owned;
    for (const ByteView one : list) owned.push_back(bytes_of(one));
    return extension(oid::kExtKeyUsage, false, encode_ext_key_usage(owned));
}

Holder root_with(Extensions extensions = ca_extensions()) {
    return issue({.subject = "CN=root", .extensions = std::move(extensions)});
}

TEST(PathValidator, AcceptsAPathOfThree) {
    for (const auto type : {crypto::KeyType::ec_p256, crypto::KeyType::rsa, crypto::KeyType::ed25519}) {
        const Holder root = issue({.subject = "CN=root", .extensions = ca_extensions()}, nullptr, type);
        const Holder ca = issue({.subject = "CN=ca", .extensions = ca_extensions(0)}, &root, type);
        const Holder leaf = issue({}, &ca, type);
        EXPECT_EQ(errors(root, {leaf.certificate, ca.certificate}), Codes{});
        EXPECT_EQ(errors(root, {ca.certificate}), Codes{});
    }
}

TEST(PathValidator, OpensslAgreesOnPathLengthsAndNames) {
    sealwright::test::OpensslCli cli;
    struct Case {
        Extensions root, ca;
        Extensions leaf;
    };
    const NameConstraints org{.permitted = {DnsName{"example.org"}}, .excluded = {DnsName{"bad.example.org"}}};
    const std::vector<Case> cases{
        {ca_extensions(), ca_extensions(), {}},
        {ca_extensions(0), ca_extensions(), {}},
        {ca_extensions(1), ca_extensions(), {}},
        {ca_extensions(), ca_extensions(std::nullopt, kCrlSign), {}},
        {ca_extensions(), {}, {}},
        {ca_extensions(), with(ca_extensions(), constraints(org)), {san({DnsName{"www.example.org"}})}},
        {ca_extensions(), with(ca_extensions(), constraints(org)), {san({DnsName{"example.org"}})}},
        {ca_extensions(), with(ca_extensions(), constraints(org)), {san({DnsName{"badexample.org"}})}},
        {ca_extensions(), with(ca_extensions(), constraints(org)), {san({DnsName{"bad.example.org"}})}},
        {ca_extensions(), with(ca_extensions(), constraints(org)), {san({DnsName{"very.bad.example.org"}})}},
        {ca_extensions(),
         with(ca_extensions(), constraints({.permitted = {IpAddress{hex("C0000200 FFFFFF00")}}, .excluded = {}})),
         {san({IpAddress{hex("C00002FF")}})}},
        {ca_extensions(),
         with(ca_extensions(), constraints({.permitted = {IpAddress{hex("C0000200 FFFFFF00")}}, .excluded = {}})),
         {san({IpAddress{hex("C00003FF")}})}},
        {ca_extensions(),
         with(ca_extensions(), constraints({.permitted = {Rfc822Name{"example.org"}}, .excluded = {}})),
         {san({Rfc822Name{"a@example.org"}})}},
        {ca_extensions(),
         with(ca_extensions(), constraints({.permitted = {Rfc822Name{"example.org"}}, .excluded = {}})),
         {san({Rfc822Name{"a@sub.example.org"}})}},
        {ca_extensions(),
         with(ca_extensions(), constraints({.permitted = {}, .excluded = {UriName{".example.org"}}})),
         {san({UriName{"https://a.example.org/"}})}},
        {ca_extensions(),
         with(ca_extensions(), constraints({.permitted = {}, .excluded = {UriName{".example.org"}}})),
         {san({UriName{"https://example.org/"}})}},
    };
    std::size_t valid = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const Holder root = root_with(cases[i].root);
        const Holder ca = issue({.subject = "CN=ca", .extensions = cases[i].ca}, &root);
        const Holder leaf = issue({.extensions = cases[i].leaf}, &ca);
        cli.write("root.pem", encode_pem("CERTIFICATE", root.certificate.der().view()));
        cli.write("ca.pem", encode_pem("CERTIFICATE", ca.certificate.der().view()));
        cli.write("leaf.pem", encode_pem("CERTIFICATE", leaf.certificate.der().view()));
        const bool accepted =
            cli.succeeds("openssl verify -attime 1795305600 -CAfile root.pem -untrusted ca.pem leaf.pem");
        EXPECT_EQ(errors(root, {leaf.certificate, ca.certificate}).empty(), accepted) << "case " << i << "\n"
                                                                                      << cli.output();
        valid += accepted ? 1 : 0;
    }
    EXPECT_EQ(valid, 7U);
}

TEST(PathValidator, ReportsASignatureByAnotherKey) {
    const Holder root = root_with();
    const Holder impostor = root_with();
    const Holder leaf = issue({}, &impostor);
    EXPECT_EQ(errors(root, {leaf.certificate}), Codes{"path_signature"});
    EXPECT_EQ(errors({.path = {leaf.certificate}, .anchors = {root.certificate, impostor.certificate}, .at = kNow}),
              Codes{})
        << "the anchor that fits is found among its namesakes";
}

TEST(PathValidator, ReportsAPathThatEndsNowhere) {
    const Holder root = root_with();
    const Holder other = issue({.subject = "CN=other", .extensions = ca_extensions()});
    const Holder leaf = issue({}, &root);
    EXPECT_EQ(errors(other, {leaf.certificate}), Codes{"path_no_anchor"});
    EXPECT_EQ(errors({.path = {leaf.certificate}, .anchors = {}, .at = kNow}), Codes{"path_no_anchor"});
    EXPECT_EQ(errors(root, {}), Codes{"path_empty"});
}

TEST(PathValidator, ReportsNamesThatDoNotChain) {
    const Holder root = root_with();
    const Holder ca = issue({.subject = "CN=ca", .extensions = ca_extensions()}, &root);
    const Holder leaf = issue({.issuer_name = "CN=somebody else"}, &ca);
    EXPECT_EQ(errors(root, {leaf.certificate, ca.certificate}), Codes{"path_issuer_name"});
}

TEST(PathValidator, ValidityIncludesBothOfItsEnds) {
    const Holder root = issue({.subject = "CN=root",
                               .not_before = at("2020-01-01T00:00:00Z"),
                               .not_after = at("2040-01-01T00:00:00Z"),
                               .extensions = ca_extensions()});
    const Holder leaf = issue({}, &root);  // 2026-01-01 to 2027-01-01
    EXPECT_EQ(errors(root, {leaf.certificate}, at("2026-01-01T00:00:00Z")), Codes{});
    EXPECT_EQ(errors(root, {leaf.certificate}, at("2025-12-31T23:59:59Z")), Codes{"path_not_yet_valid"});
    EXPECT_EQ(errors(root, {leaf.certificate}, at("2027-01-01T00:00:00Z")), Codes{});
    EXPECT_EQ(errors(root, {leaf.certificate}, at("2027-01-01T00:00:01Z")), Codes{"path_expired"});
    EXPECT_EQ(errors(root, {leaf.certificate}, at("2040-01-01T00:00:01Z")), (Codes{"path_expired", "path_expired"}))
        << "the anchor too";
}

TEST(PathValidator, ReportsEveryFindingAtOnce) {
    const Holder root = root_with();
    const Holder ca = issue({.subject = "CN=ca", .not_after = at("2026-06-01T00:00:00Z"), .extensions = {}}, &root);
    const Holder leaf = issue({.extensions = {extension(hex("2A 03"), true, hex("05 00"))}}, &ca);
    EXPECT_EQ(errors(root, {leaf.certificate, ca.certificate}),
              (Codes{"path_expired", "path_not_a_ca", "path_unknown_critical_extension"}));
}

TEST(PathValidator, ACaSaysSoAndMaySignCertificates) {
    const Holder root = root_with();
    const auto verdict = [&](Extensions extensions) {
        const Holder ca = issue({.subject = "CN=ca", .extensions = std::move(extensions)}, &root);
        return errors(root, {issue({}, &ca).certificate, ca.certificate});
    };
    EXPECT_EQ(verdict(ca_extensions()), Codes{});
    EXPECT_EQ(verdict({ca_extensions()[0]}), Codes{}) << "without keyUsage it may do everything";
    EXPECT_EQ(verdict({ca_extensions()[1]}), Codes{"path_not_a_ca"});
    EXPECT_EQ(verdict({extension(oid::kBasicConstraints, true, encode_basic_constraints({})), ca_extensions()[1]}),
              Codes{"path_not_a_ca"});
    EXPECT_EQ(verdict(ca_extensions(std::nullopt, kCrlSign)), Codes{"path_key_usage"});
    EXPECT_EQ(verdict(ca_extensions(std::nullopt, kKeyCertSign)), Codes{});
}

TEST(PathValidator, AnAnchorIsACaToo) {
    const auto verdict = [&](Extensions extensions) {
        const Holder root = root_with(std::move(extensions));
        return errors(root, {issue({}, &root).certificate});
    };
    EXPECT_EQ(verdict({}), Codes{"path_not_a_ca"});
    EXPECT_EQ(verdict(ca_extensions(std::nullopt, kCrlSign)), Codes{"path_key_usage"});
    EXPECT_EQ(verdict(ca_extensions(0)), Codes{});
}

TEST(PathValidator, CountsCertificatesBelowAPathLength) {
    const auto chain = [](std::optional<std::uint32_t> root_length, std::optional<std::uint32_t> first_length,
                          int count) {
        const Holder root = root_with(ca_extensions(root_length));
        std::vector<Certificate> path;
        Holder above = root;
        for (int i = 0; i < count; ++i) {
            above = issue({.subject = "CN=ca" + std::to_string(i),
                           .extensions = ca_extensions(i == 0 ? first_length : std::nullopt)},
                          &above);
            path.insert(path.begin(), above.certificate);
        }
        path.insert(path.begin(), issue({}, &above).certificate);
        return errors(root, path);
    };
    EXPECT_EQ(chain(0, std::nullopt, 0), Codes{});
    EXPECT_EQ(chain(0, std::nullopt, 1), Codes{"path_length"});
    EXPECT_EQ(chain(1, std::nullopt, 1), Codes{});
    EXPECT_EQ(chain(1, std::nullopt, 2), Codes{"path_length"});
    EXPECT_EQ(chain(1, 5, 2), Codes{"path_length"}) << "a CA cannot widen what is above it";
    EXPECT_EQ(chain(5, 0, 1), Codes{});
    EXPECT_EQ(chain(5, 0, 2), Codes{"path_length"});
    EXPECT_EQ(chain(std::nullopt, std::nullopt, 4), Codes{});
}

TEST(PathValidator, SelfIssuedCertificatesDoNotCount) {
    const Holder root = root_with(ca_extensions(0));
    const Holder rollover = issue({.subject = "CN=root", .extensions = ca_extensions(0)}, &root);
    EXPECT_EQ(errors(root, {issue({}, &rollover).certificate, rollover.certificate}), Codes{});
    const Holder renamed = issue({.subject = "CN=root2", .extensions = ca_extensions(0)}, &root);
    EXPECT_EQ(errors(root, {issue({}, &renamed).certificate, renamed.certificate}), Codes{"path_length"});
}

TEST(PathValidator, APathHasABound) {
    const Holder root = root_with();
    const Holder leaf = issue({}, &root);
    EXPECT_EQ(
        errors({.path = std::vector<Certificate>(9, leaf.certificate), .anchors = {root.certificate}, .at = kNow}),
        Codes{"path_too_long"});
    EXPECT_EQ(errors({.path = {leaf.certificate}, .anchors = {root.certificate}, .at = kNow, .max_length = 1}),
              Codes{});
}

TEST(PathValidator, CriticalExtensionsMustBeUnderstoodEverywhere) {
    const Extension unknown = extension(hex("2A 03"), true, hex("05 00"));
    const Extension harmless = extension(hex("2A 03"), false, hex("05 00"));
    const Holder root = root_with();
    EXPECT_EQ(errors(root, {issue({.extensions = {unknown}}, &root).certificate}),
              Codes{"path_unknown_critical_extension"});
    EXPECT_EQ(errors(root, {issue({.extensions = {harmless}}, &root).certificate}), Codes{});
    const Holder ca = issue({.subject = "CN=ca", .extensions = with(ca_extensions(), unknown)}, &root);
    EXPECT_EQ(errors(root, {issue({}, &ca).certificate, ca.certificate}), Codes{"path_unknown_critical_extension"});
    const Holder strange = root_with(with(ca_extensions(), unknown));
    EXPECT_EQ(errors(strange, {issue({}, &strange).certificate}), Codes{"path_unknown_critical_extension"});
    // Policy mappings are not followed, so that a critical one is not understood.
    const Holder mapped =
        issue({.subject = "CN=ca",
               .extensions = with(ca_extensions(),
                                  extension(oid::kPolicyMappings, true, hex("30 0A 30 08 06 02 2A 03 06 02 2A 04")))},
              &root);
    EXPECT_EQ(errors(root, {issue({}, &mapped).certificate, mapped.certificate}),
              Codes{"path_unknown_critical_extension"});
}

TEST(PathValidator, ABrokenExtensionCannotBeObeyed) {
    const Holder root = root_with();
    EXPECT_EQ(
        errors(root, {issue({.extensions = {extension(oid::kKeyUsage, true, hex("03 02 00 80"))}}, &root).certificate}),
        Codes{"path_extension_malformed"});
    EXPECT_EQ(
        errors(root,
               {issue({.extensions = {extension(oid::kSubjectAltName, false, hex("30 00"))}}, &root).certificate}),
        Codes{"path_extension_malformed"});
}

TEST(PathValidator, PurposesAreAskedOfTheLeafAndOfWhoeverRestrictsThem) {
    const auto verdict = [](Extensions ca_purposes, Extensions leaf_purposes) {
        const Holder root = root_with();
        Extensions extensions = ca_extensions();
        for (const Extension& one : ca_purposes) extensions.push_back(one);
        const Holder ca = issue({.subject = "CN=ca", .extensions = extensions}, &root);
        const Holder leaf = issue({.extensions = std::move(leaf_purposes)}, &ca);
        return errors({.path = {leaf.certificate, ca.certificate},
                       .anchors = {root.certificate},
                       .at = kNow,
                       .required_eku = bytes_of(oid::kServerAuth)});
    };
    EXPECT_EQ(verdict({}, {purposes({oid::kServerAuth})}), Codes{});
    EXPECT_EQ(verdict({}, {purposes({oid::kClientAuth, oid::kServerAuth})}), Codes{});
    EXPECT_EQ(verdict({}, {purposes({oid::kClientAuth})}), Codes{"path_purpose"});
    EXPECT_EQ(verdict({}, {purposes({oid::kAnyExtendedKeyUsage})}), Codes{"path_purpose"})
        << "any is not what the leaf must have";
    EXPECT_EQ(verdict({}, {}), Codes{"path_purpose"});
    EXPECT_EQ(verdict({purposes({oid::kServerAuth})}, {purposes({oid::kServerAuth})}), Codes{});
    EXPECT_EQ(verdict({purposes({oid::kAnyExtendedKeyUsage})}, {purposes({oid::kServerAuth})}), Codes{});
    EXPECT_EQ(verdict({purposes({oid::kClientAuth})}, {purposes({oid::kServerAuth})}), Codes{"path_purpose_of_ca"});
}

TEST(PathValidator, KeyIdentifiersThatDifferAreAWarning) {
    const Holder root = root_with(with(
        ca_extensions(), extension(oid::kSubjectKeyIdentifier, false, encode_subject_key_identifier(Bytes(20, 1)))));
    const auto finding = [&](Extensions extensions) {
        const Findings findings =
            validate_path({.path = {issue({.extensions = std::move(extensions)}, &root).certificate},
                           .anchors = {root.certificate},
                           .at = kNow});
        EXPECT_FALSE(has_error(findings));
        return findings.empty() ? std::string{} : findings[0].code;
    };
    const auto authority = [](std::uint8_t octet) {
        return extension(oid::kAuthorityKeyIdentifier, false, encode_authority_key_identifier(Bytes(20, octet)));
    };
    EXPECT_EQ(finding({authority(1)}), "");
    EXPECT_EQ(finding({authority(2)}), "path_key_identifier");
    EXPECT_EQ(finding({}), "path_key_identifier_absent");
}

// constrained judges one leaf below a CA with these constraints.
Codes constrained(const NameConstraints& value, const GeneralNames& names, const std::string& subject = "CN=leaf") {
    const Holder root = root_with();
    const Holder ca = issue({.subject = "CN=ca", .extensions = with(ca_extensions(), constraints(value))}, &root);
    Extensions extensions;
    if (!names.empty()) extensions.push_back(san(names));
    return errors(root, {issue({.subject = subject, .extensions = extensions}, &ca).certificate, ca.certificate});
}

bool permitted(const GeneralName& base, const GeneralName& name) {
    return constrained({.permitted = {base}, .excluded = {}}, {name}).empty();
}
bool excluded(const GeneralName& base, const GeneralName& name) {
    return !constrained({.permitted = {}, .excluded = {base}}, {name}).empty();
}

TEST(NameConstraints, OfDnsNames) {
    EXPECT_TRUE(permitted(DnsName{"example.org"}, DnsName{"example.org"}));
    EXPECT_TRUE(permitted(DnsName{"example.org"}, DnsName{"WWW.Example.ORG"}));
    EXPECT_FALSE(permitted(DnsName{"example.org"}, DnsName{"notexample.org"}));
    EXPECT_FALSE(permitted(DnsName{"example.org"}, DnsName{"example.org.evil"}));
    EXPECT_FALSE(permitted(DnsName{"www.example.org"}, DnsName{"*.example.org"}));
    EXPECT_TRUE(permitted(DnsName{"example.org"}, DnsName{"*.example.org"}));
    EXPECT_TRUE(permitted(DnsName{".example.org"}, DnsName{"www.example.org"}));
    EXPECT_FALSE(permitted(DnsName{".example.org"}, DnsName{"example.org"}));
    EXPECT_TRUE(permitted(DnsName{""}, DnsName{"anything"}));
    EXPECT_TRUE(excluded(DnsName{"example.org"}, DnsName{"example.org."})) << "the dot of the root";
    EXPECT_TRUE(excluded(DnsName{"example.org"}, DnsName{"a.EXAMPLE.org"}));
    EXPECT_TRUE(excluded(DnsName{".example.org"}, DnsName{"example.org"})) << "in doubt against the name";
    EXPECT_TRUE(excluded(DnsName{"www.example.org"}, DnsName{"*.example.org"})) << "the wildcard covers it";
    EXPECT_FALSE(excluded(DnsName{"www.example.org"}, DnsName{"ftp.example.org"}));
    EXPECT_TRUE(excluded(DnsName{""}, DnsName{"anything"}));
}

TEST(NameConstraints, OfMailAddresses) {
    EXPECT_TRUE(permitted(Rfc822Name{"a@example.org"}, Rfc822Name{"a@Example.org"}));
    EXPECT_FALSE(permitted(Rfc822Name{"a@example.org"}, Rfc822Name{"A@example.org"}))
        << "local parts are compared exactly";
    EXPECT_TRUE(excluded(Rfc822Name{"a@example.org"}, Rfc822Name{"A@example.org"})) << "but not when excluding";
    EXPECT_TRUE(permitted(Rfc822Name{"example.org"}, Rfc822Name{"x@example.org"}));
    EXPECT_FALSE(permitted(Rfc822Name{"example.org"}, Rfc822Name{"x@sub.example.org"}));
    EXPECT_TRUE(permitted(Rfc822Name{".example.org"}, Rfc822Name{"x@sub.example.org"}));
    EXPECT_FALSE(permitted(Rfc822Name{".example.org"}, Rfc822Name{"x@example.org"}));
    EXPECT_FALSE(permitted(Rfc822Name{"example.org"}, Rfc822Name{"no-at-sign"}));
    EXPECT_TRUE(excluded(Rfc822Name{"example.org"}, Rfc822Name{"no-at-sign"}));
    EXPECT_FALSE(permitted(Rfc822Name{"example.org"}, Rfc822Name{"a@example.org@evil.example"}));
}

TEST(NameConstraints, OfMailAddressesInTheSubject) {
    const NameConstraints value{.permitted = {Rfc822Name{"example.org"}}, .excluded = {}};
    EXPECT_EQ(constrained(value, {}, "emailAddress=a@example.org,CN=leaf"), Codes{});
    EXPECT_EQ(constrained(value, {}, "emailAddress=a@evil.example,CN=leaf"), Codes{"path_name_constraints"});
}

TEST(NameConstraints, OfUris) {
    EXPECT_TRUE(permitted(UriName{"example.org"}, UriName{"https://example.org/path"}));
    EXPECT_TRUE(permitted(UriName{"example.org"}, UriName{"https://user@EXAMPLE.org:8443/"}));
    EXPECT_FALSE(permitted(UriName{"example.org"}, UriName{"https://www.example.org/"})) << "a host is only itself";
    EXPECT_TRUE(permitted(UriName{".example.org"}, UriName{"https://www.example.org?x=/@evil"}));
    EXPECT_FALSE(permitted(UriName{".example.org"}, UriName{"https://evil.example/www.example.org"}));
    EXPECT_FALSE(permitted(UriName{"example.org"}, UriName{"https://example.org@evil.example/"}));
    EXPECT_FALSE(permitted(UriName{"example.org"}, UriName{"urn:example:org"})) << "no host";
    EXPECT_TRUE(excluded(UriName{"example.org"}, UriName{"urn:example:org"}));
    EXPECT_TRUE(excluded(UriName{"example.org"}, UriName{"https://192.0.2.1/"})) << "an address is no host name";
    EXPECT_TRUE(excluded(UriName{"example.org"}, UriName{"https://[2001:db8::1]/"}));
    EXPECT_FALSE(excluded(UriName{"example.org"}, UriName{"https://other.example/"}));
}

TEST(NameConstraints, OfAddresses) {
    const IpAddress v4{hex("C0000200 FFFFFF00")};
    const IpAddress v6{hex("20010DB8000000000000000000000000 FFFFFFFF000000000000000000000000")};
    EXPECT_TRUE(permitted(v4, IpAddress{hex("C0000201")}));
    EXPECT_FALSE(permitted(v4, IpAddress{hex("C0000301")}));
    EXPECT_TRUE(permitted(v6, IpAddress{hex("20010DB8000000000000000000000001")}));
    EXPECT_FALSE(permitted(v6, IpAddress{hex("20010DB9000000000000000000000001")}));
    EXPECT_FALSE(permitted(v4, IpAddress{hex("20010DB8000000000000000000000001")})) << "another family";
    EXPECT_TRUE(excluded(v4, IpAddress{hex("C00002FF")}));
    EXPECT_FALSE(excluded(v4, IpAddress{hex("C00003FF")}));
}

TEST(NameConstraints, OfDirectoryNames) {
    const auto directory = [](const char* text) { return DirectoryName{parse_name_text(text).value()}; };
    const auto by_subject = [&](const char* base, const std::string& subject, bool exclude = false) {
        const NameConstraints value = exclude ? NameConstraints{.permitted = {}, .excluded = {directory(base)}}
                                              : NameConstraints{.permitted = {directory(base)}, .excluded = {}};
        return constrained(value, {}, subject).empty();
    };
    EXPECT_TRUE(by_subject("O=Org,C=DE", "CN=leaf,O=Org,C=DE"));
    EXPECT_TRUE(by_subject("O=An  Org,C=DE", "CN=leaf,O=an org,C=de"));
    EXPECT_FALSE(by_subject("O=Org,C=DE", "CN=leaf,O=Organisation,C=DE"));
    EXPECT_FALSE(by_subject("O=Org,C=DE", "CN=leaf,O=Org"));
    EXPECT_FALSE(by_subject("O=Org,C=DE", "O=Org,CN=leaf,C=DE"));
    EXPECT_FALSE(by_subject("CN=leaf,O=Org,C=DE", "O=Org,C=DE"));
    EXPECT_FALSE(by_subject("O=Org,C=DE", "CN=leaf,O=org,C=DE", true)) << "excluded, in another case";
    EXPECT_TRUE(by_subject("O=Org,C=DE", "CN=leaf,O=other,C=DE", true));
    EXPECT_FALSE(permitted(directory("O=Org"), directory("CN=x,O=Other")));
}

TEST(NameConstraints, EveryNameMustPassEveryCa) {
    const NameConstraints both{.permitted = {DnsName{"example.org"}, DnsName{"example.net"}}, .excluded = {}};
    EXPECT_EQ(constrained(both, {DnsName{"a.example.org"}, DnsName{"a.example.net"}}), Codes{});
    EXPECT_EQ(constrained(both, {DnsName{"a.example.org"}, DnsName{"a.example.com"}}), Codes{"path_name_constraints"});
    EXPECT_EQ(constrained(both, {DnsName{"a.example.org"}, IpAddress{hex("C0000201")}}), Codes{})
        << "addresses are not constrained";
    // Two CAs: what the lower one adds is not permitted by the upper one.
    const Holder root =
        root_with(with(ca_extensions(), constraints({.permitted = {DnsName{"example.org"}}, .excluded = {}})));
    const Holder ca = issue(
        {.subject = "CN=ca",
         .extensions = with(ca_extensions(), constraints({.permitted = {DnsName{"example.org"}, DnsName{"example.net"}},
                                                          .excluded = {}}))},
        &root);
    const auto leaf = [&](const char* name) {
        return errors(root, {issue({.extensions = {san({DnsName{name}})}}, &ca).certificate, ca.certificate});
    };
    EXPECT_EQ(leaf("a.example.org"), Codes{});
    EXPECT_EQ(leaf("a.example.net"), Codes{"path_name_constraints"});
}

TEST(NameConstraints, NamesThatCannotBeComparedFailWhereTheyAreConstrained) {
    const OtherName upn{bytes_of(oid::kUpn), hex("0C 01 61")};
    EXPECT_FALSE(permitted(upn, upn));
    EXPECT_TRUE(excluded(upn, upn));
    EXPECT_TRUE(permitted(DnsName{"example.org"}, upn)) << "constraints of another kind do not concern it";
}

TEST(NameConstraints, ASelfIssuedCaIsExemptAndALeafIsNot) {
    const DirectoryName elsewhere{parse_name_text("O=Elsewhere").value()};
    const Holder root = root_with(with(ca_extensions(), constraints({.permitted = {elsewhere}, .excluded = {}})));
    const Holder rollover = issue({.subject = "CN=root", .extensions = ca_extensions()}, &root);
    EXPECT_EQ(errors(root, {issue({.subject = "CN=x,O=Elsewhere"}, &rollover).certificate, rollover.certificate}),
              Codes{});
    EXPECT_EQ(errors(root, {rollover.certificate}), Codes{"path_name_constraints"})
        << "as the last of its path it counts";
}

// policy_verdict judges a leaf with these extensions below a CA that requires an explicit policy.
TEST(PathPolicies, ARequiredPolicyMustBeValidAlongThePath) {
    const Holder root = root_with();
    const auto verdict = [&](Extensions ca_more, Extensions leaf) {
        Extensions extensions = ca_extensions();
        for (const Extension& one : ca_more) extensions.push_back(one);
        const Holder ca = issue({.subject = "CN=ca", .extensions = extensions}, &root);
        return errors(root, {issue({.extensions = std::move(leaf)}, &ca).certificate, ca.certificate}).empty();
    };
    const Extension required =
        extension(oid::kPolicyConstraints, true,
                  encode_policy_constraints({.require_explicit_policy = 0, .inhibit_policy_mapping = {}}));
    const Extension later =
        extension(oid::kPolicyConstraints, true,
                  encode_policy_constraints({.require_explicit_policy = 1, .inhibit_policy_mapping = {}}));
    EXPECT_TRUE(verdict({}, {}));
    EXPECT_TRUE(verdict({}, {policies({"1.2.3"})}));
    EXPECT_TRUE(verdict({policies({"1.2.3"}), required}, {policies({"1.2.3"})}));
    EXPECT_FALSE(verdict({policies({"1.2.3"}), required}, {policies({"1.2.4"})}));
    EXPECT_FALSE(verdict({policies({"1.2.3"}), required}, {}));
    EXPECT_FALSE(verdict({required}, {policies({"1.2.3"})})) << "the CA itself has none";
    EXPECT_TRUE(verdict({policies({"2.5.29.32.0"}), required}, {policies({"1.2.3"})})) << "anyPolicy";
    EXPECT_TRUE(verdict({policies({"1.2.3"}), required}, {policies({"2.5.29.32.0"})}));
    const Extension no_any = extension(oid::kInhibitAnyPolicy, true, encode_inhibit_any_policy(0));
    EXPECT_FALSE(verdict({policies({"1.2.3"}), required, no_any}, {policies({"2.5.29.32.0"})}));
    EXPECT_TRUE(verdict({policies({"1.2.3"}), required, no_any}, {policies({"1.2.3"})}));
    EXPECT_TRUE(verdict({policies({"1.2.3"}), later}, {policies({"1.2.3"})}));
    EXPECT_FALSE(verdict({policies({"1.2.3"}), later}, {policies({"1.2.4"})}))
        << "one certificate later is the leaf's end";
    EXPECT_FALSE(verdict({}, {required})) << "the leaf asks it of itself";
    EXPECT_TRUE(verdict({policies({"1.2.3"})}, {policies({"1.2.3"}), required}));
}

}  // namespace
}  // namespace sealwright::x509
