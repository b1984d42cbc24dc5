// The way of one request that goes well, and each way in which the request itself is at fault.
#include "house.hpp"

#include "asn1/oid.hpp"
#include "base/boundary.hpp"
#include "crypto/digest.hpp"

namespace sealwright::issuance {
namespace {

using audit::EventKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Engine, IssuesWhatTheProfileMakesOfTheRequest) {
    House house;
    const auto issued = house.issued_now();
    const auto certificate = x509::Certificate::parse(issued.certificate.view()).value();
    EXPECT_TRUE(certificate.verify_signature(house.ca.authority.key));
    EXPECT_EQ(certificate.fields().issuer_der, house.ca.authority.certificate.fields().subject_der);
    EXPECT_EQ(certificate.fields().spki, house.device_key.spki());
    EXPECT_FALSE(certificate.is_ca());
    const auto names = x509::parse_general_names(
                           x509::find_extension(certificate.fields().extensions, asn1::oid::kSubjectAltName)->value)
                           .value();
    EXPECT_EQ(names, x509::GeneralNames{x509::DnsName{"a.example.org"}});
}

TEST(Engine, PassesTheBoundariesInTheOrderOfTheDesign) {
    House house;
    house.issued_now();
    namespace b = boundary;
    EXPECT_THAT(test::take_boundaries(),
                ElementsAre(std::string{b::kReceived}, std::string{b::kProven}, std::string{b::kAttested},
                            std::string{b::kDecided}, std::string{b::kLinted}, std::string{b::kIntended},
                            std::string{b::kSignBegun}, std::string{b::kSignatureGot}, std::string{b::kAssembled},
                            std::string{b::kCompleted}));
}

TEST(Engine, TheRecordSaysAllThatTheCertificateSays) {
    House house;
    const auto issued = house.issued_now();
    const auto record = house.record_of(issued.serial);
    const auto certificate = x509::Certificate::parse(issued.certificate.view()).value();
    EXPECT_EQ(record.state, CertificateState::issued);
    EXPECT_EQ(record.certificate, issued.certificate.bytes());
    EXPECT_EQ(record.request, issued.request);
    EXPECT_EQ(record.issuer_key, house.ca.authority.key.id());
    EXPECT_EQ(record.subject_key, house.device_key.id());
    EXPECT_EQ(record.not_after, certificate.fields().not_after);
    EXPECT_EQ(record.not_before, certificate.fields().not_before);
    EXPECT_EQ(record.names, "CN=a.example.org DNS:a.example.org");
    EXPECT_EQ(record.principal, "uid:1001(olga)");
    EXPECT_TRUE(equal(record.tbs, certificate.tbs()));
    const auto request = house.store.request(issued.request).value();
    EXPECT_EQ(request.state, RequestState::issued);
    EXPECT_EQ(request.serial, issued.serial);
    EXPECT_EQ(request.peer, "local");
    EXPECT_EQ(request.received_at, kNow);
}

TEST(Engine, WritesTheIntentBeforeAndTheIssuanceAfterTheSignature) {
    House house;
    std::vector<std::string> before;
    house.ca.signer.before_sign([&](const hsm::SignRequest&) { before = kinds(house.store.events()); });
    const auto issued = house.issued_now();
    EXPECT_THAT(before, ElementsAre("certificate.intended"));
    EXPECT_THAT(kinds(house.store.events()), ElementsAre("certificate.intended", "certificate.issued"));
    const auto intended = house.store.events(EventKind::certificate_intended).at(0);
    EXPECT_EQ(intended.fields.at("serial"), issued.serial.hex());
    EXPECT_EQ(intended.fields.at("tbs_sha256"), crypto::sha256(house.record_of(issued.serial).tbs).hex());
    EXPECT_EQ(intended.fields.at("profile_sha256"), house.profiles.at("tls-server")->digest.hex());
    EXPECT_EQ(intended.actor, "uid:1001(olga)");
    EXPECT_EQ(intended.node, house.node.id);
    EXPECT_EQ(intended.epoch, house.node.epoch);
    const auto done = house.store.events(EventKind::certificate_issued).at(0);
    EXPECT_EQ(done.fields.at("certificate_sha256"), crypto::sha256(issued.certificate.view()).hex());
    EXPECT_EQ(done.fields.at("intent"), intended.fields.at("intent"));
}

TEST(Engine, SignsWhatWasIntendedAndNothingElse) {
    House house;
    const std::size_t before = house.ca.signer.calls().size();
    const auto issued = house.issued_now();
    const auto calls = house.ca.signer.calls();
    ASSERT_EQ(calls.size(), before + 1);
    EXPECT_EQ(calls.back().tbs, house.record_of(issued.serial).tbs);
    EXPECT_EQ(calls.back().intent, house.record_of(issued.serial).intent);
    EXPECT_EQ(calls.back().purpose, hsm::Purpose::certificate);
    EXPECT_EQ(calls.back().key, house.ca.authority.key.id());
}

TEST(Engine, TwoRequestsGetTwoSerialNumbers) {
    House house;
    EXPECT_NE(house.issued_now().serial, house.issued_now().serial);
}

TEST(Engine, DrawsAnotherSerialNumberWhenTheFirstIsTaken) {
    House house;
    const auto first = house.issued_now();
    // The next draw of 16 octets is the serial.
    house.random.next_fill_gives(bytes_of(first.serial.view()));
    const auto second = house.issued_now();
    EXPECT_NE(first.serial, second.serial);
    EXPECT_EQ(house.record_of(second.serial).state, CertificateState::issued);
    EXPECT_EQ(house.store.calls(test::Verb::intend), 3U);
}

TEST(Engine, GivesUpWhenEverySerialNumberIsTaken) {
    House house;
    house.store.fail_always(test::Verb::intend, fail(ErrorCode::already_exists, "taken"));
    const auto calls = house.ca.signer.calls().size();
    const auto outcome = house.engine->issue(house.good_request());
    EXPECT_EQ(code_of(outcome), ErrorCode::internal);
    EXPECT_EQ(house.store.calls(test::Verb::intend), 4U);
    EXPECT_EQ(house.ca.signer.calls().size(), calls);
    EXPECT_EQ(house.only_request().state, RequestState::refused);
}

// Refused is what every refusal must leave behind, and nothing more.
void expect_refused(House& house, std::size_t signer_calls, ErrorCode code, std::string_view reason) {
    const auto record = house.only_request();
    EXPECT_EQ(record.state, RequestState::refused);
    EXPECT_EQ(record.code, code);
    EXPECT_THAT(record.reason, HasSubstr(std::string{reason}));
    EXPECT_TRUE(house.store.certificates({}).value().empty());
    EXPECT_EQ(house.ca.signer.calls().size(), signer_calls);
    const auto events = house.store.events(EventKind::request_refused);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].fields.at("code"), error_code_name(code));
    EXPECT_EQ(events[0].fields.at("request"), record.id.hex());
    EXPECT_EQ(events[0].fields.at("reason"), record.reason);
    EXPECT_EQ(events[0].fields.at("proof_sha256"), crypto::sha256(record.proof).hex());
}

struct Wrong {
    std::string name;
    std::function<EnrollmentRequest(House&)> request;
    ErrorCode code;
    std::string reason;
};

x509::CertificateRequest with_flipped_signature(House& house) {
    auto csr = house.csr();
    Bytes der = csr.der.bytes();
    der.back() ^= 1;
    return x509::CertificateRequest::parse(der).value();
}

class EngineRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(EngineRefuses, WithARecordAndWithoutASignature) {
    House house;
    const auto calls = house.ca.signer.calls().size();
    const auto outcome = house.engine->issue(GetParam().request(house));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), GetParam().code);
    EXPECT_THAT(outcome.error().public_detail(), HasSubstr(GetParam().reason));
    expect_refused(house, calls, GetParam().code, GetParam().reason);
    // The neighbour that differs in nothing but the fault is issued.
    EXPECT_TRUE(house.engine->issue(house.good_request()));
}

INSTANTIATE_TEST_SUITE_P(
    Requests, EngineRefuses,
    ::testing::Values(
        Wrong{"ACsrWhoseSignatureIsFlipped", [](House& h) { return h.request_for(with_flipped_signature(h)); },
              ErrorCode::invalid_signature, "proof of possession"},
        Wrong{"AProfileThatIsNone",
              [](House& h) {
                  auto request = h.good_request();
                  request.profile = "nowhere";
                  return request;
              },
              ErrorCode::not_found, "profile"},
        Wrong{"AWeakKey",
              [](House& h) {
                  const auto weak = h.device.add_key(crypto::KeyType::rsa, 1024);
                  return h.request_for(test::make_csr(h.device, weak, {}));
              },
              ErrorCode::weak_key, "1024"},
        Wrong{"ANameThatTheProfileDoesNotAllow",
              [](House& h) {
                  return h.request_for(
                      h.csr({.subject = "CN=a.example.net", .san = {"DNS:a.example.net"}, .more = {}}));
              },
              ErrorCode::denied, "a.example.net"},
        Wrong{"AnExtensionThatTheProfileDoesNotName",
              [](House& h) {
                  return h.request_for(
                      h.csr({.subject = "CN=a.example.org",
                             .san = {"DNS:a.example.org"},
                             .more = {{bytes_of(asn1::oid::kTlsFeature), false, {0x30, 0x03, 0x02, 0x01, 0x05}}}}));
              },
              ErrorCode::denied, "extension"},
        Wrong{"CaTrue",
              [](House& h) {
                  return h.request_for(h.csr({.subject = "CN=a.example.org",
                                              .san = {"DNS:a.example.org"},
                                              .more = {{bytes_of(asn1::oid::kBasicConstraints), true,
                                                        x509::encode_basic_constraints({true, {}})}}}));
              },
              ErrorCode::denied, "CA:TRUE"},
        Wrong{"AnAnonymousRequester", [](House& h) { return h.good_request(policy::AnonymousPrincipal{}); },
              ErrorCode::denied, ""},
        Wrong{"AnAuditorWhoWantsToIssue", [](House& h) { return h.good_request(kAuditor); }, ErrorCode::denied, "role"},
        Wrong{"ASecretForAnotherProfile",
              [](House& h) {
                  auto secret = h.make_secret();
                  secret.profile = "device";
                  return h.good_request(secret);
              },
              ErrorCode::denied, "another profile"},
        Wrong{"ANameThatTheSecretIsNotFor", [](House& h) { return h.good_request(h.make_secret({"b.example.org"})); },
              ErrorCode::denied, "a.example.org"}),
    [](const auto& wrong) { return wrong.param.name; });

TEST(Engine, ASecretIsUsedUpByTheRequestThatItIsFor) {
    House house;
    const auto secret = house.make_secret({"a.example.org"});
    ASSERT_TRUE(house.engine->issue(house.good_request(secret)));
    const auto record = house.store.secrets().value().at(0);
    EXPECT_EQ(record.used_at, kNow);
    EXPECT_EQ(record.used_by, house.only_request().id);
    EXPECT_THAT(kinds(house.store.events()), ElementsAre("secret.used", "certificate.intended", "certificate.issued"));
    EXPECT_EQ(house.store.events(EventKind::secret_used).at(0).fields.at("secret"), secret.secret_id);
}

TEST(Engine, ASecretUsedTwiceIsRefusedAtTheIntent) {
    House house;
    const auto secret = house.make_secret();
    ASSERT_TRUE(house.engine->issue(house.good_request(secret)));
    const auto calls = house.ca.signer.calls().size();
    const auto again = house.engine->issue(house.good_request(secret));
    EXPECT_EQ(code_of(again), ErrorCode::conflict);
    EXPECT_EQ(house.ca.signer.calls().size(), calls);
    EXPECT_EQ(house.store.events(EventKind::request_refused).size(), 1U);
    EXPECT_EQ(house.store.certificates({}).value().size(), 1U);
}

TEST(Engine, ARefusedRequestDoesNotUseTheSecretUp) {
    House house;
    const auto secret = house.make_secret();
    auto wrong =
        house.request_for(house.csr({.subject = "CN=a.example.net", .san = {"DNS:a.example.net"}, .more = {}}), secret);
    ASSERT_EQ(code_of(house.engine->issue(std::move(wrong))), ErrorCode::denied);
    EXPECT_FALSE(house.store.secrets().value().at(0).used_at);
    EXPECT_TRUE(house.engine->issue(house.good_request(secret)));
}

TEST(Engine, AnInputThatCouldNotBeReadIsRecorded) {
    House house;
    Bytes junk(10000, 0x41);
    house.engine->refuse_input(policy::AnonymousPrincipal{}, policy::Channel::https, "192.0.2.9", "tls-server", junk,
                               fail(ErrorCode::malformed, "CSR: not DER"));
    const auto record = house.only_request();
    EXPECT_EQ(record.state, RequestState::refused);
    EXPECT_EQ(record.code, ErrorCode::malformed);
    EXPECT_EQ(record.proof.size(), 4096U);
    const auto events = house.store.events(EventKind::input_refused);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].fields.at("proof_sha256"), crypto::sha256(junk).hex());
    EXPECT_EQ(events[0].fields.at("peer"), "192.0.2.9");
}

TEST(Engine, WithoutACaCertificateThereIsNone) {
    House house;
    Authority wrong = house.ca.authority;
    wrong.certificate = house.ca.ocsp_certificate;
    EXPECT_THROW((Engine{wrong,
                         house.profiles,
                         {.node = house.node},
                         house.store,
                         house.ca.signer,
                         house.clock,
                         house.random,
                         house.log}),
                 std::invalid_argument);
    wrong = house.ca.authority;
    wrong.key = house.device_key;
    EXPECT_THROW((Engine{wrong,
                         house.profiles,
                         {.node = house.node},
                         house.store,
                         house.ca.signer,
                         house.clock,
                         house.random,
                         house.log}),
                 std::invalid_argument);
}

}  // namespace
}  // namespace sealwright::issuance
