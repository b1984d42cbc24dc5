// A daemon was taken over. Each limit of each key, attempted beside the accepted request that differs in one thing;
// every limit that docs/operations/signer.md names is attempted, or the test fails.
#include <gmock/gmock.h>

#include "stolen_site.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using ::testing::HasSubstr;

class StolenLimits : public Stolen {
protected:
    // attempt: the refused first, then what differs in one thing. limit is what the manual calls it.
    void attempt(StolenDaemon& daemon, const std::string& limit, const std::string& what, const Ask& refused,
                 const Ask& accepted, std::optional<ErrorCode> code = std::nullopt) {
        attempted_.insert(limit);
        const Reply reply = sign(daemon, refused);
        EXPECT_TRUE(reply.signature.empty()) << limit << ", " << what << " was SIGNED";
        EXPECT_FALSE(reply.closed) << limit << ", " << what;
        EXPECT_EQ(reply.code, code.value_or(reply.code)) << limit << ", " << what << ": " << reply.detail;
        expect_signed(daemon, accepted, limit + ", the neighbour of " + what);
    }

    void attempt_keys(StolenDaemon& daemon);
    void attempt_certificates(StolenDaemon& daemon);
    void attempt_authority(StolenDaemon& daemon);
    void attempt_crls(StolenDaemon& daemon);
    void attempt_ocsp(StolenDaemon& daemon);
    void attempt_others(StolenDaemon& daemon);
    void attempt_cms(StolenDaemon& daemon);
    void attempt_cmp(StolenDaemon& daemon);
    void attempt_confusion(StolenDaemon& daemon);
    void attempt_decryption(StolenDaemon& daemon);
    void attempt_rate(StolenDaemon& daemon);

    std::uint64_t opened_ = 0;
    std::set<std::string> attempted_;
};

void StolenLimits::attempt_keys(StolenDaemon& daemon) {
    Ask unknown = certificate();
    unknown.id = KeyId{};
    attempt(daemon, "id", "a key that has no table", unknown, certificate(), ErrorCode::not_found);
    Ask other = certificate();
    other.id = house().key("edwards").id;  // in the token, but without a table
    attempt(daemon, "id", "another key of the token", other, certificate(), ErrorCode::not_found);
    for (const char* key : {"ocsp", "audit", "tls"}) {
        Ask ask = certificate();
        ask.key = key;
        attempt(daemon, "purposes", std::string{"a certificate by the key "} + key, ask, certificate(),
                ErrorCode::denied);
    }
    Ask response = ocsp();
    response.key = "issuing";
    attempt(daemon, "purposes", "OCSP by the CA's key", response, ocsp(), ErrorCode::denied);
    Ask longer = certificate();
    longer.algorithm = longer.algorithm.value_or(crypto::default_algorithm(crypto::KeyType::ec_p256));
    longer.algorithm->digest = crypto::DigestAlgorithm::sha384;
    attempt(daemon, "algorithms", "SHA-384", longer, certificate(), ErrorCode::denied);
    Ask padded = ca_certificate(1);
    padded.algorithm = crypto::default_algorithm(crypto::KeyType::rsa);
    padded.algorithm->scheme = crypto::SignatureScheme::rsa_pss;
    attempt(daemon, "algorithms", "PSS", padded, ca_certificate(1), ErrorCode::denied);
}

void StolenLimits::attempt_certificates(StolenDaemon& daemon) {
    const auto denied = [&](const std::string& limit, const std::string& what,
                            const std::function<void(x509::TbsCertificateFields&)>& change,
                            const std::function<void(x509::TbsCertificateFields&)>& neighbour = {}) {
        attempt(daemon, limit, what, certificate(change), certificate(neighbour), ErrorCode::denied);
    };
    denied("certificate.issuer_sha256", "another issuer",
           [](auto& fields) { fields.issuer = name_of("CN=Signer Test CB,O=Sealwright"); });
    denied("certificate.authority_key_identifier", "another authority key",
           [](auto& fields) { fields.extensions[0] = authority(kOtherAuthority); });
    denied("certificate.authority_key_identifier", "none",
           [](auto& fields) { fields.extensions.erase(fields.extensions.begin()); });
    denied(
        "certificate.max_validity", "a second too long",
        [](auto& fields) { fields.not_after = fields.not_before + hours{24 * 90}; },
        [](auto& fields) { fields.not_after = fields.not_before + hours{24 * 90} - std::chrono::seconds{1}; });
    denied(
        "certificate.max_backdate", "a minute too far back",
        [](auto& fields) { fields.not_before = now() - minutes{61}; },
        [](auto& fields) { fields.not_before = now() - minutes{59}; });
    for (const ByteView oid : {asn1::oid::kOcspSigning, asn1::oid::kAnyExtendedKeyUsage}) {
        denied(
            "certificate.ocsp_signing", "an OCSP signer",
            [&](auto& fields) { fields.extensions.push_back(purposes(oid)); },
            [](auto& fields) { fields.extensions.push_back(purposes(asn1::oid::kServerAuth)); });
        expect_signed(daemon, certificate([&](auto& fields) { fields.extensions.push_back(purposes(oid)); }, "rsa"));
    }
    const std::string begins = "a certificate that begins more than ten minutes in the future or has ended";
    denied(
        begins, "eleven minutes ahead", [](auto& fields) { fields.not_before = now() + minutes{11}; },
        [](auto& fields) { fields.not_before = now() + minutes{9}; });
    denied(
        begins, "ended",
        [](auto& fields) {
            fields.not_before = now() - minutes{50};
            fields.not_after = now() - minutes{1};
        },
        [](auto& fields) {
            fields.not_before = now() - minutes{50};
            fields.not_after = now() + minutes{1};
        });
    denied("a signature field inside that is not the algorithm asked for", "SHA-384 inside",
           [](auto& fields) { fields.signature_algorithm.digest = crypto::DigestAlgorithm::sha384; });
    const std::string serials = "serial numbers that are not positive or have more than 20 octets";
    const auto numbered = [&](const std::string& what, const Bytes& serial, const Bytes& neighbour) {
        const Ask ask = certificate(), other = certificate();
        attempt(daemon, serials, what, with(ask, with_element(ask.tbs, 1, integer(serial))),
                with(other, with_element(other.tbs, 1, integer(neighbour))));
    };
    numbered("zero", Bytes{0}, Bytes{1});
    numbered("negative", Bytes(16, 0x80), Bytes(16, 0x7f));
    numbered("of 21 octets", Bytes(21, 0x11), Bytes(20, 0x11));
    for (const Bytes& version : {Bytes{0xa0, 3, 2, 1, 1}, Bytes{0xa0, 3, 2, 1, 3}}) {
        const Ask ask = certificate();
        attempt(daemon, "another version than 3", "version", with(ask, with_element(ask.tbs, 0, version)),
                certificate());
    }
    const std::string strict = "a TBS that is not strict DER of its kind";
    const Ask honest = certificate();
    Bytes behind = honest.tbs, shorter = honest.tbs;
    behind.push_back(0);
    shorter.pop_back();
    attempt(daemon, strict, "an octet behind it", with(honest, behind), certificate());
    attempt(daemon, strict, "an octet too few", with(honest, shorter), certificate());
    attempt(daemon, strict, "a CRL as a certificate", with(honest, crl().tbs), certificate());
    attempt(daemon, strict, "one octet", with(honest, Bytes{0x30}), certificate());
    attempt(daemon, strict, "a serial that is not minimal",
            with(honest, with_element(honest.tbs, 1, integer(Bytes{0, 1}))), certificate());
    auto elements = elements_of(honest.tbs);
    elements.insert(elements.begin() + 7, Bytes{0x81, 2, 0, 1});
    attempt(daemon, strict, "unique identifiers", with(honest, sequence_of(elements)), certificate());
    attempt(daemon, strict, "an extension twice",
            certificate([](auto& fields) { fields.extensions.push_back(fields.extensions[0]); }), certificate());
    Ask streamed = honest;
    streamed.tbs = Bytes(70000, 0x30);
    attempt(daemon, strict, "a certificate in chunks", streamed, certificate(), ErrorCode::too_large);
}

void StolenLimits::attempt_authority(StolenDaemon& daemon) {
    attempt(daemon, "certificate.ca", "a CA by a key that may not", ca_certificate(0, "issuing"), ca_certificate(0),
            ErrorCode::denied);
    attempt(daemon, "certificate.max_path_length", "one longer", ca_certificate(2), ca_certificate(1),
            ErrorCode::denied);
    attempt(daemon, "certificate.max_path_length", "without end", ca_certificate(std::nullopt), ca_certificate(0),
            ErrorCode::denied);
    const std::string without = "keyCertSign or cRLSign without the CA bit";
    for (const x509::KeyUsage bits : {x509::kKeyCertSign, x509::kCrlSign}) {
        const auto leaf = [&](x509::KeyUsage more) {
            return certificate([&](auto& fields) { fields.extensions[1] = usage(x509::kDigitalSignature | more); },
                               "rsa");
        };
        attempt(daemon, without, "a leaf that signs", leaf(bits), leaf(x509::kKeyAgreement), ErrorCode::denied);
    }
    const std::string with_bit = "the CA bit without keyCertSign or in an extension that is not critical";
    attempt(daemon, with_bit, "without keyCertSign", ca_certificate(0, "rsa", x509::kCrlSign), ca_certificate(0),
            ErrorCode::denied);
    attempt(daemon, with_bit, "not critical", ca_certificate(0, "rsa", x509::kKeyCertSign | x509::kCrlSign, false),
            ca_certificate(0), ErrorCode::denied);
}

void StolenLimits::attempt_crls(StolenDaemon& daemon) {
    const auto denied = [&](const std::string& limit, const std::string& what,
                            const std::function<void(x509::CrlFields&)>& change,
                            const std::function<void(x509::CrlFields&)>& neighbour = {}) {
        const Ask bad = crl(change);
        attempt(daemon, limit, what, bad, crl(neighbour), ErrorCode::denied);
    };
    denied("crl.issuer_sha256", "another issuer",
           [](auto& fields) { fields.issuer = name_of("CN=Signer Test CB,O=Sealwright"); });
    denied("crl.authority_key_identifier", "another authority key",
           [](auto& fields) { fields.authority_key_identifier = kOtherAuthority; });
    denied(
        "crl.max_validity", "a second too long",
        [](auto& fields) { fields.next_update = fields.this_update + hours{240} + std::chrono::seconds{1}; },
        [](auto& fields) { fields.next_update = fields.this_update + hours{240}; });
    const std::string when = "a CRL whose thisUpdate is more than ten minutes ahead or an hour old";
    denied(
        when, "ahead", [](auto& fields) { fields.this_update = now() + minutes{11}; },
        [](auto& fields) { fields.this_update = now() + minutes{9}; });
    denied(
        when, "old", [](auto& fields) { fields.this_update = now() - minutes{61}; },
        [](auto& fields) { fields.this_update = now() - minutes{59}; });
    const std::string number = "whose number is not greater than the last one of this key and issuer";
    const auto at = [&](std::uint64_t value) { return crl([&](auto& fields) { fields.number = value; }); };
    expect_signed(daemon, at(1000));
    attempt(daemon, number, "the same number", at(1000), at(1001), ErrorCode::conflict);
    attempt(daemon, number, "a lower one", at(999), at(1002), ErrorCode::conflict);
    attempt(daemon, "a CRL number at most 2^20 above", "numbers used up", at(1002 + (1U << 20U) + 1),
            at(1002 + (1U << 20U)));
    crl_number_ = 1002 + (1U << 20U);
    const std::string delta = "a delta or indirect CRL";
    asn1::DerWriter base;
    base.integer(1);
    attempt(daemon, delta, "delta", crl_with({bytes_of(asn1::oid::kDeltaCrlIndicator), true, base.take()}), crl());
    x509::IssuingDistributionPoint point;
    point.indirect = true;
    attempt(daemon, delta, "indirect",
            crl_with(
                {bytes_of(asn1::oid::kIssuingDistributionPoint), true, x509::encode_issuing_distribution_point(point)}),
            crl());
    const std::string unknown = "an unknown critical extension";
    const Bytes oid{0x2a, 0x03, 0x04};
    const Ask critical = crl_with({oid, true, Bytes{5, 0}});
    attempt(daemon, unknown, "critical", critical, crl_with({oid, false, Bytes{5, 0}}));
}

void StolenLimits::attempt_ocsp(StolenDaemon& daemon) {
    attempt(daemon, "ocsp.max_validity", "too long",
            ocsp([](auto& fields) { fields.responses[0].next_update = now() + hours{49}; }),
            ocsp([](auto& fields) { fields.responses[0].next_update = now() + hours{47}; }), ErrorCode::denied);
    attempt(daemon, "ocsp.max_validity", "for ever",
            ocsp([](auto& fields) { fields.responses[0].next_update.reset(); }), ocsp(), ErrorCode::denied);
    attempt(daemon, "ocsp.max_backdate", "too old",
            ocsp([](auto& fields) { fields.produced_at = now() - minutes{31}; }),
            ocsp([](auto& fields) { fields.produced_at = now() - minutes{29}; }), ErrorCode::denied);
    attempt(daemon, "an OCSP response by another responder key than the one that signs", "in the CA's name",
            ocsp([](auto& fields) {
                fields.responder_key_hash =
                    crypto::digest(crypto::DigestAlgorithm::sha1, house().key("issuing").public_key.public_bits());
            }),
            ocsp(), ErrorCode::denied);
}

void StolenLimits::attempt_others(StolenDaemon& daemon) {
    expect_signed(daemon, checkpoint(100));
    attempt(daemon, "checkpoint.origin", "another log", checkpoint(101, 1, "cb.test/audit"), checkpoint(101),
            ErrorCode::denied);
    attempt(daemon, "a checkpoint whose tree shrinks", "smaller", checkpoint(100), checkpoint(102),
            ErrorCode::conflict);
    attempt(daemon, "or has another root than the one signed for its size", "a fork", checkpoint(102, 2),
            checkpoint(102), ErrorCode::conflict);
    attempt(daemon, "checkpoint.max_step", "sizes used up", checkpoint(102 + 1000 + 1), checkpoint(102 + 1000),
            ErrorCode::denied);
    attempt(daemon, "a certification request about another key", "tls", csr("tls"), csr("issuing"), ErrorCode::denied);
    const std::string verify = "anything for TLS but a TLS 1.3 server's CertificateVerify";
    attempt(daemon, verify, "a client's", tls("TLS 1.3, client CertificateVerify"), tls(), ErrorCode::denied);
    attempt(daemon, verify, "another length", tls("TLS 1.3, server CertificateVerify", 47),
            tls("TLS 1.3, server CertificateVerify", 32), ErrorCode::denied);
    attempt(daemon, verify, "a certificate", {"tls", Purpose::tls, certificate().tbs}, tls(), ErrorCode::denied);
    attempted_.insert("tls");  // a table without keys: what stands above is all that it allows
}

void StolenLimits::attempt_cms(StolenDaemon& daemon) {
    using test::attribute_set, test::content_type_attribute, test::message_digest_attribute, test::signed_attributes;
    attempt(daemon, "cms.content_types", "signed data by a key for data", cms(signed_attributes(test::kSignedDataType)),
            cms(signed_attributes(test::kDataType)), ErrorCode::denied);
    expect_signed(daemon, cms(signed_attributes(test::kSignedDataType), "rsa"), "a key for both types");
    const std::string limit =
        "for CMS anything but signed attributes (a sorted SET OF with content type and a digest of SHA-256, -384 or "
        "-512): content that is signed without attributes could be anything";
    const Bytes type = content_type_attribute(), digest = message_digest_attribute(), honest = signed_attributes();
    const auto refused = [&](const std::string& what, Bytes bad, std::optional<ErrorCode> code = std::nullopt) {
        attempt(daemon, limit, what, cms(std::move(bad)), cms(honest), code);
    };
    refused("content without attributes", bytes_of(view_of("to whom it may concern")));
    refused("no attributes", attribute_set({}));
    refused("not in DER's order", attribute_set({digest, type}));
    refused("no digest", attribute_set({type}));
    refused("no content type", attribute_set({digest}));
    refused("an attribute twice", attribute_set({type, type, digest}));
    refused("a digest of SHA-1", signed_attributes(test::kDataType, 20), ErrorCode::denied);
    for (const std::size_t size : {48U, 64U}) expect_signed(daemon, cms(signed_attributes(test::kDataType, size)));
    for (const std::uint8_t tag : Bytes{0x30, 0xA0}) {  // a SEQUENCE, and [0] IMPLICIT as it stands in a SignerInfo
        Bytes other = honest;
        other[0] = tag;
        refused("another tag", other);
    }
    Bytes longer = honest;
    longer.push_back(0);
    refused("an octet behind it", longer);
    // As many attributes as may be (32), and one more; none stands there twice.
    const auto many = [&](std::uint8_t count) {
        std::vector<Bytes> all;
        for (std::uint8_t i = 2; i < count; ++i) all.push_back(test::cms_attribute(Bytes{0x2a, 3, i}, Bytes{5, 0}));
        all.push_back(type);
        all.push_back(digest);
        return attribute_set(all);
    };
    attempt(daemon, limit, "33 attributes", cms(many(33)), cms(many(32)), ErrorCode::too_large);
    refused("in chunks", Bytes(70000, 0x31), ErrorCode::too_large);
}

void StolenLimits::attempt_cmp(StolenDaemon& daemon) {
    // ir, cr, p10cr, popdecr, kur, krr, rr, ccr, certConf, genm, pollReq (RFC 9810 5.1.2).
    for (const unsigned body : {0U, 2U, 4U, 6U, 7U, 9U, 11U, 13U, 21U, 24U, 25U}) {
        const auto request = [&](auto& part) { part.bodies = {body}; };
        attempt(daemon, "cmp.requests", "what a client sends: " + std::to_string(body), cmp(request),
                cmp(request, "rsa"), ErrorCode::denied);
    }
    for (const unsigned answer : {1U, 3U, 8U, 12U, 19U, 23U, 26U})
        expect_signed(daemon, cmp([&](auto& part) { part.bodies = {answer}; }), std::to_string(answer));
    const std::string version = "for CMP anything but a header of version 2 or 3";
    for (const std::uint64_t other : {1U, 4U}) {
        attempt(daemon, version, "version " + std::to_string(other), cmp([&](auto& part) { part.version = other; }),
                cmp([](auto& part) { part.version = 3; }));
    }
    attempt(daemon, version, "no header", {"messages", Purpose::cmp, Bytes{0x30, 0}}, cmp());
    const std::string protection = "whose protection algorithm is the one asked for";
    attempt(daemon, protection, "SHA-384",
            cmp([](auto& part) { part.algorithm->digest = crypto::DigestAlgorithm::sha384; }), cmp(),
            ErrorCode::denied);
    attempt(daemon, protection, "none", cmp([](auto& part) { part.algorithm.reset(); }), cmp());
    const std::string body = "and one body";
    attempt(daemon, body, "none", cmp([](auto& part) { part.bodies.clear(); }), cmp());
    attempt(daemon, body, "two", cmp([](auto& part) { part.bodies = {1, 1}; }), cmp());
    attempt(daemon, body, "of no known kind", cmp([](auto& part) { part.bodies = {27}; }), cmp());
}

// attempt_confusion offers what one purpose signs to the purposes of messages, and messages to the others.
void StolenLimits::attempt_confusion(StolenDaemon& daemon) {
    const std::string limit =
        "What passes as a certificate, list, request, OCSP response, checkpoint or handshake passes as neither of "
        "these";
    const Ask messages[] = {cms(test::signed_attributes()), cmp()};
    const std::pair<const char*, Ask> others[] = {{"a certificate", certificate()}, {"a list", crl()},
                                                  {"a request", csr("issuing")},    {"an OCSP response", ocsp()},
                                                  {"a checkpoint", checkpoint(5)},  {"a handshake", tls()}};
    for (const Ask& message : messages) {
        for (const auto& [what, other] : others) attempt(daemon, limit, what, with(message, other.tbs), message);
    }
    attempt(daemon, limit, "attributes as a message", with(messages[1], messages[0].tbs), messages[1]);
    attempt(daemon, limit, "a message as attributes", with(messages[0], messages[1].tbs), messages[0]);
    for (const Ask& message : messages) {
        for (const Ask& other : {certificate(), crl(), csr("issuing"), ocsp(), tls()})
            attempt(daemon, limit, "a message as something else", with(other, message.tbs), other);
        attempt(daemon, limit, "a message as a certificate of a key that signs both",
                with(ca_certificate(0), message.tbs), ca_certificate(0));
    }
}

void StolenLimits::attempt_decryption(StolenDaemon& daemon) {
    const std::string content = "a content key of 32 octets......";
    const Bytes block =
        house().encrypted("opener", content, "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1");
    const auto open = [&](const std::function<void(DecryptRequest&)>& change = {}) {
        DecryptRequest request;
        request.key = house().key("opener").id;
        request.digest = crypto::DigestAlgorithm::sha1;
        request.input = block;
        if (change) change(request);
        return daemon.ask(Decrypt{request, 10000});
    };
    const auto denied = [&](const std::string& limit, const std::string& what,
                            const std::function<void(DecryptRequest&)>& change, ErrorCode code = ErrorCode::denied) {
        attempted_.insert(limit);
        const Reply reply = open(change);
        EXPECT_TRUE(reply.secret.empty()) << limit << ", " << what << " was OPENED";
        EXPECT_EQ(reply.code, code) << limit << ", " << what << ": " << reply.detail;
        const Reply neighbour = open();
        ++opened_;
        EXPECT_EQ(text_of(neighbour.secret), content) << limit << ", the neighbour of " << what << neighbour.detail;
    };
    denied("decrypt.schemes", "PKCS #1 v1.5 by a key for OAEP", [](auto& request) {
        request.scheme = DecryptScheme::rsa_pkcs1;
        request.secret_size = 32;
    });
    denied("decrypt.schemes", "agreement", [](auto& request) { request.scheme = DecryptScheme::ecdh; });
    denied("purposes", "a key that signs", [](auto& request) { request.key = house().key("rsa").id; });
    denied(
        "id", "a key that has no table", [](auto& request) { request.key = KeyId{}; }, ErrorCode::not_found);
    Ask signs = ca_certificate(0);
    signs.key = "opener";
    attempt(daemon, "purposes", "a signature by a key that decrypts", signs, ca_certificate(0), ErrorCode::denied);
}

// attempt_rate uses up what the audit key may sign in an hour; other keys go on.
void StolenLimits::attempt_rate(StolenDaemon& daemon) {
    std::uint64_t size = 1200;
    Reply last;
    for (int i = 0; i <= kMostCheckpoints; ++i) {
        last = sign(daemon, checkpoint(++size));
        if (last.signature.empty()) break;
    }
    EXPECT_EQ(std::count_if(signed_.begin(), signed_.end(),
                            [](const auto& entry) { return entry.second.purpose == Purpose::checkpoint; }),
              kMostCheckpoints);
    attempt(daemon, "max_per_hour", "one more", checkpoint(++size), certificate(), ErrorCode::overloaded);
}

TEST_F(StolenLimits, GetsNothingBeyondALimitAndEveryLimitOfTheManualIsAttempted) {
    start();
    StolenDaemon daemon{house().socket().string()};
    daemon.fence(kNode, 1);
    attempt_keys(daemon);
    attempt_certificates(daemon);
    attempt_authority(daemon);
    attempt_crls(daemon);
    attempt_ocsp(daemon);
    attempt_others(daemon);
    attempt_cms(daemon);
    attempt_cmp(daemon);
    attempt_confusion(daemon);
    attempt_decryption(daemon);
    attempt_rate(daemon);
    stop_and_compare();
    EXPECT_GT(signed_.size(), 120U);
    const std::map<KeyId, std::uint64_t> opened{{house().key("opener").id, opened_}};
    EXPECT_EQ(test::opened_in_journal(house().journal()), opened);  // and nothing that was refused

    // For logs; where a key lies; what its token must say of it: none of them limits what it signs.
    attempted_.insert({"name", "locations", "evidence"});
    for (const std::string& limit : test::documented_limits())
        EXPECT_TRUE(attempted_.contains(limit))
            << "docs/operations/signer.md names a limit that nobody attempts: " << limit;
    std::string manual = test::read_text("docs/operations/signer.md");
    std::replace(manual.begin(), manual.end(), '\n', ' ');
    for (const std::string& limit : attempted_) {
        const auto key = limit.substr(limit.find('.') + 1);
        EXPECT_THAT(manual, HasSubstr(key)) << "attempted, but not in the manual";
    }
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
