// stolen_site.hpp: a signer with limits of every kind, and what a daemon that somebody took over may ask of it, honest
// unless it is told otherwise.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <functional>

#include "asn1/der_reader.hpp"
#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/random.hpp"
#include "protocol_octets.hpp"
#include "signer_house.hpp"
#include "stolen_daemon.hpp"
#include "x509/name.hpp"

namespace sealwright::hsm::signer_process {

using std::chrono::hours;
using std::chrono::minutes;
using test::JournaledIntent;
using test::Reply;
using test::SignerHouse;
using test::SignerProcess;
using test::StolenDaemon;

inline const std::string kProgram =
    std::getenv("SEALWRIGHT_TEST_SIGNER") == nullptr ? "" : std::getenv("SEALWRIGHT_TEST_SIGNER");
inline const NodeId kNode = NodeId::from_hex_text("000102030405060708090a0b0c0d0e0f").value();
inline constexpr int kMostCheckpoints = 20;  // of the audit key in an hour
inline const Bytes kAuthority(20, 7), kOtherAuthority(20, 8);

inline UtcTime now() { return SystemClock{}.now(); }

inline NameDer name_of(const char* text) { return x509::encode_name(x509::parse_name_text(text).value()).value(); }

// elements_of and sequence_of take a SEQUENCE apart and put it together again, for what no builder of ours would build.
inline std::vector<Bytes> elements_of(ByteView der) {
    asn1::DerReader outer{der};
    auto inner = outer.enter(asn1::kSequence).value();
    std::vector<Bytes> elements;
    while (!inner.at_end()) elements.push_back(bytes_of(inner.next().value().encoding));
    return elements;
}
inline Bytes sequence_of(const std::vector<Bytes>& elements) {
    asn1::DerWriter out;
    out.sequence([&] {
        for (const Bytes& element : elements) out.raw(element);
    });
    return out.take();
}
inline Bytes with_element(ByteView der, std::size_t index, Bytes encoding) {
    auto elements = elements_of(der);
    elements.at(index) = std::move(encoding);
    return sequence_of(elements);
}
inline Bytes integer(const Bytes& content) {
    asn1::DerWriter out;
    out.primitive(asn1::kInteger, content);
    return out.take();
}

// Ask is what the daemon wants signed. accepted and refused differ in one thing.
struct Ask {
    std::string key;
    Purpose purpose = Purpose::certificate;
    Bytes tbs;
    std::optional<crypto::SignatureAlgorithm> algorithm = std::nullopt;
    std::optional<IntentId> intent = std::nullopt;
    std::optional<KeyId> id = std::nullopt;
};

// Stolen: each test has a signer and a journal of its own.
class Stolen : public ::testing::Test {
protected:
    static void SetUpTestSuite() { house_ = new SignerHouse; }
    static void TearDownTestSuite() { delete house_; }

    void SetUp() override {
        std::filesystem::remove(house().journal());
        configure();
    }

    static SignerHouse& house() { return *house_; }

    void start() { ASSERT_TRUE(signer_.start(kProgram, house().config())) << "exit status " << signer_.wait(); }

    // configure writes limits of every kind; extra goes in front of the tables, mode is the socket's.
    static void configure(const std::string& extra = {}, const std::string& mode = "0600",
                          const std::string& origin = "ca.test/audit") {
        house().write_config();
        std::string text = test::read_text(house().config());
        const std::string head = text.substr(0, text.find("[[key]]"));
        const std::string issuer = crypto::sha256(SignerHouse::issuer_name()).hex();
        const auto key = [&](const std::string& name, const std::string& purposes, const std::string& algorithm) {
            return "\n[[key]]\nid = \"" + house().key(name).id.hex() + "\"\nname = \"" + name + "\"\npurposes = [" +
                   purposes + "]\nalgorithms = [\"" + algorithm + "\"]\n";
        };
        const std::string bound =
            "issuer_sha256 = \"" + issuer + "\"\nauthority_key_identifier = \"" + to_hex(kAuthority) + "\"\n";
        std::string all = head;
        all.insert(all.find("\n[token]"), "\n" + extra);
        all.replace(all.find("\"0600\""), 6, "\"" + mode + "\"");
        all += key("issuing", R"("certificate", "crl", "csr")", "ecdsa-sha256") + "[key.certificate]\n" + bound +
               "max_validity = \"90d\"\nmax_backdate = \"1h\"\n[key.crl]\n" + bound + "max_validity = \"10d\"\n";
        all += key("rsa", R"("certificate", "cms", "cmp")", "rsa-pkcs1-sha256") + "[key.certificate]\n" + bound +
               "ca = true\nmax_path_length = 1\nmax_validity = \"3650d\"\nocsp_signing = true\n" +
               "[key.cms]\ncontent_types = [\"1.2.840.113549.1.7.1\", \"1.2.840.113549.1.7.2\"]\n[key.cmp]\nrequests = "
               "true\n";
        all += key("ocsp", R"("ocsp")", "ecdsa-sha256") + "[key.ocsp]\nmax_validity = \"2d\"\nmax_backdate = \"30m\"\n";
        all += key("audit", R"("checkpoint")", "ed25519") + "max_per_hour = " + std::to_string(kMostCheckpoints) +
               "\n[key.checkpoint]\norigin = \"" + origin + "\"\nmax_step = 1000\n";
        all += key("tls", R"("tls")", "ecdsa-sha384");
        all += key("messages", R"("cms", "cmp")", "ecdsa-sha256") +
               "[key.cms]\ncontent_types = [\"1.2.840.113549.1.7.1\"]\n[key.cmp]\nrequests = false\n";
        all += "\n[[key]]\nid = \"" + house().key("opener").id.hex() +
               "\"\nname = \"opener\"\npurposes = [\"decrypt\"]\n[key.decrypt]\nschemes = [\"rsa-oaep\"]\n";
        test::write_text(house().config(), all);
    }

    // What is asked for: honest unless change makes it otherwise.
    static Ask certificate(const std::function<void(x509::TbsCertificateFields&)>& change = {},
                           const std::string& key = "issuing") {
        x509::TbsCertificateFields fields;
        crypto::SystemRandom random;
        fields.serial = crypto::random_serial(random);
        fields.signature_algorithm = crypto::default_algorithm(house().key(key).public_key.type());
        fields.issuer = NameDer{SignerHouse::issuer_name()};
        fields.subject = name_of("CN=leaf.example");
        fields.not_before = now();
        fields.not_after = now() + hours{24 * 30};
        fields.spki = house().key("ocsp").public_key.spki();
        fields.extensions = {authority(kAuthority), usage(x509::kDigitalSignature)};
        if (change) change(fields);
        return {key, Purpose::certificate, x509::build_tbs_certificate(fields).bytes()};
    }
    static Ask ca_certificate(const std::optional<std::uint32_t>& path_length, const std::string& key = "rsa",
                              x509::KeyUsage bits = x509::kKeyCertSign | x509::kCrlSign, bool is_critical = true) {
        return certificate(
            [&](auto& fields) {
                fields.extensions = {authority(kAuthority), usage(bits), constraints(true, path_length, is_critical)};
            },
            key);
    }
    static x509::Extension authority(const Bytes& id) {
        return {bytes_of(asn1::oid::kAuthorityKeyIdentifier), false, x509::encode_authority_key_identifier(id)};
    }
    static x509::Extension usage(x509::KeyUsage bits) {
        return {bytes_of(asn1::oid::kKeyUsage), true, x509::encode_key_usage(bits)};
    }
    static x509::Extension constraints(bool ca, std::optional<std::uint32_t> path_length, bool is_critical) {
        x509::BasicConstraints value;
        value.ca = ca;
        value.path_length = path_length;
        return {bytes_of(asn1::oid::kBasicConstraints), is_critical, x509::encode_basic_constraints(value)};
    }
    static x509::Extension purposes(ByteView oid) {
        return {bytes_of(asn1::oid::kExtKeyUsage), false, x509::encode_ext_key_usage({bytes_of(oid)})};
    }
    static Ask with(Ask ask, Bytes tbs) {
        ask.tbs = std::move(tbs);
        return ask;
    }

    Ask crl(const std::function<void(x509::CrlFields&)>& change = {}) {
        x509::CrlFields fields;
        fields.signature_algorithm = crypto::default_algorithm(crypto::KeyType::ec_p256);
        fields.issuer = NameDer{SignerHouse::issuer_name()};
        fields.this_update = now();
        fields.next_update = now() + hours{24};
        fields.authority_key_identifier = kAuthority;
        fields.number = ++crl_number_;
        if (change) change(fields);
        return {"issuing", Purpose::crl, x509::CrlBuilder{}.build(fields).bytes()};
    }
    // crl_with has one more extension than the builder writes.
    Ask crl_with(const x509::Extension& extension) {
        Ask ask = crl();
        auto elements = elements_of(ask.tbs);
        asn1::DerReader wrapper{elements.back()};
        const auto inner = wrapper.next().value();
        auto extensions = elements_of(inner.content);
        const Bytes list = x509::encode_extensions({extension});
        for (const Bytes& each : elements_of(list)) extensions.push_back(each);
        asn1::DerWriter out;
        out.constructed(asn1::context_constructed(0), [&] { out.raw(sequence_of(extensions)); });
        elements.back() = out.take();
        ask.tbs = sequence_of(elements);
        return ask;
    }
    static Ask ocsp(const std::function<void(x509::OcspResponseFields&)>& change = {}) {
        return {"ocsp", Purpose::ocsp, house().response_data(change)};
    }
    static Ask checkpoint(std::uint64_t size, std::uint8_t root = 1, const std::string& origin = "ca.test/audit") {
        const std::string text = origin + "\n" + std::to_string(size) + "\n" + to_base64(Bytes(32, root)) + "\n";
        return {"audit", Purpose::checkpoint, bytes_of(view_of(text))};
    }
    static Ask csr(const std::string& about) { return {"issuing", Purpose::csr, house().csr_info(about)}; }
    static Ask tls(const std::string& context = "TLS 1.3, server CertificateVerify", std::size_t hash = 48) {
        const std::string text = std::string(64, ' ') + context + std::string(1, '\0') + std::string(hash, '9');
        return {"tls", Purpose::tls, bytes_of(view_of(text))};
    }

    static Ask cms(Bytes attributes, const std::string& key = "messages") {
        return {key, Purpose::cms, std::move(attributes)};
    }
    // cmp is an answer, protected by what its key signs with, unless change makes it otherwise.
    static Ask cmp(const std::function<void(test::ProtectedPart&)>& change = {}, const std::string& key = "messages") {
        test::ProtectedPart part{crypto::default_algorithm(house().key(key).public_key.type())};
        if (change) change(part);
        return {key, Purpose::cmp, test::protected_part(part)};
    }

    SignHead head_of(const Ask& ask) {
        crypto::SystemRandom random;
        SignHead head;
        head.key = ask.id.value_or(house().key(ask.key).id);
        head.purpose = ask.purpose;
        head.algorithm = ask.algorithm.value_or(crypto::default_algorithm(house().key(ask.key).public_key.type()));
        head.intent = ask.intent.value_or(crypto::random_id<IntentId>(random));
        head.deadline_ms = 10000;
        return head;
    }

    // is_signed notes what was signed: at the end the journal must hold just that.
    bool is_signed(const Ask& ask, const SignHead& head, const Reply& reply) {
        if (reply.signature.empty()) return false;
        EXPECT_TRUE(house().key(ask.key).public_key.verify(head.algorithm, ask.tbs, reply.signature));
        signed_[head.intent] =
            JournaledIntent{head.key, head.purpose, crypto::sha256(ask.tbs), crypto::sha256(reply.signature)};
        return true;
    }
    Reply sign(StolenDaemon& daemon, const Ask& ask) {
        const SignHead head = head_of(ask);
        const Reply reply = daemon.sign(head, ask.tbs);
        is_signed(ask, head, reply);
        return reply;
    }
    void expect_signed(StolenDaemon& daemon, const Ask& ask, const std::string& what = {}) {
        const Reply reply = sign(daemon, ask);
        EXPECT_FALSE(reply.signature.empty()) << what << ": " << reply.detail;
    }
    // Burst is many requests that one write asks, answered by numbers from first on.
    struct Burst {
        std::uint64_t first = 1000;
        std::vector<std::pair<Ask, SignHead>> asked;
        Bytes frames;
    };
    Burst burst(std::size_t count, const std::function<Ask()>& make) {
        Burst all;
        for (std::size_t i = 0; i < count; ++i) {
            Ask ask = make();
            const SignHead head = head_of(ask);
            append_message(all.frames, all.first + i, ClientMessage{Sign{head, ask.tbs}});
            all.asked.emplace_back(std::move(ask), head);
        }
        return all;
    }

    // stop_and_compare ends the signer in order and compares its journal with what the daemon got.
    void stop_and_compare() {
        signer_.kill(SIGTERM);
        EXPECT_EQ(signer_.wait(), 0);
        EXPECT_EQ(test::signed_in_journal(house().journal()), signed_);
    }

    inline static SignerHouse* house_ = nullptr;
    SignerProcess signer_;
    std::uint64_t crl_number_ = 0;
    std::map<IntentId, JournaledIntent> signed_;
};

}  // namespace sealwright::hsm::signer_process
