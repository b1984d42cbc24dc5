#include "issuance/ocsp_responder.hpp"

#include <future>
#include <thread>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/digest.hpp"
#include "house.hpp"

namespace sealwright::issuance {
namespace {

namespace oid = asn1::oid;
using test::Tamper;
using test::Verb;
using x509::OcspResponseStatus;

struct Asked {
    crypto::DigestAlgorithm hash = crypto::DigestAlgorithm::sha1;
    bool null_parameters = true;
};

ByteView hash_oid(crypto::DigestAlgorithm hash) {
    switch (hash) {
        case crypto::DigestAlgorithm::sha1:
            return oid::kSha1;
        case crypto::DigestAlgorithm::sha256:
            return oid::kSha256;
        case crypto::DigestAlgorithm::sha384:
            return oid::kSha384;
        case crypto::DigestAlgorithm::sha512:
            return oid::kSha512;
    }
    return {};
}

Bytes cert_id(const Authority& authority, ByteView serial, Asked asked = {}) {
    asn1::DerWriter out;
    out.sequence([&] {
        out.sequence([&] {
            out.oid(hash_oid(asked.hash));
            if (asked.null_parameters) out.null();
        });
        out.octet_string(crypto::digest(asked.hash, authority.certificate.fields().subject_der.view()));
        out.octet_string(crypto::digest(asked.hash, authority.key.public_bits()));
        out.unsigned_integer(serial);
    });
    return out.take();
}

Bytes request_of(const std::vector<Bytes>& ids, ByteView nonce = {}) {
    asn1::DerWriter out;
    out.sequence([&] {
        out.sequence([&] {
            out.sequence([&] {
                for (const auto& id : ids) out.sequence([&] { out.raw(id); });
            });
            if (!nonce.empty()) {
                asn1::DerWriter value;
                value.octet_string(nonce);
                out.constructed(asn1::context_constructed(2), [&] {
                    out.raw(x509::encode_extensions({{bytes_of(oid::kOcspNonce), false, value.take()}}));
                });
            }
        });
    });
    return out.take();
}

struct Responding : House {
    explicit Responding(OcspPolicy policy = {})
        : responder(ca.authority, ca.ocsp_certificate, policy, store, ca.signer, clock, random, log) {}

    Bytes ask_for(const SerialNumber& serial, ByteView nonce = {}, Asked asked = {}) {
        return request_of({cert_id(ca.authority, serial.view(), asked)}, nonce);
    }
    x509::ParsedOcspResponse answer(ByteView request) {
        last = responder.answer(request);
        return x509::ParsedOcspResponse::parse(last.der).value();
    }
    OcspResponseStatus refusal(ByteView request) { return answer(request).status; }
    void revoke(const SerialNumber& serial, x509::RevocationReason reason) {
        EXPECT_TRUE(store.revoke(serial, {clock.now(), reason, {}}, {}));
        responder.status_changed();
    }
    std::size_t signatures() const { return ca.signer.signatures_made(); }

    OcspResponder responder;
    OcspAnswer last;
};

template <class T>
bool is(const x509::ParsedOcspResponse& response, std::size_t index = 0) {
    return std::holds_alternative<T>(response.fields.responses.at(index).status);
}

TEST(OcspResponder, SaysOfNoRevocationThatItIsStillToCome) {
    Responding house;
    const auto revoked = house.issued_now();
    house.clock.advance(std::chrono::hours{24});
    house.revoke(revoked.serial, x509::RevocationReason::key_compromise);
    house.clock.set(kNow + std::chrono::seconds{10});
    const auto gone = house.answer(house.ask_for(revoked.serial));
    ASSERT_TRUE(is<x509::OcspRevoked>(gone));
    EXPECT_EQ(std::get<x509::OcspRevoked>(gone.fields.responses[0].status).at, house.clock.now());
}

TEST(OcspResponder, TellsGoodRevokedAndUnknownApart) {
    Responding house;
    const auto good = house.issued_now(), revoked = house.issued_now(), held = house.issued_now();
    house.revoke(revoked.serial, x509::RevocationReason::key_compromise);
    house.revoke(held.serial, x509::RevocationReason::certificate_hold);
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(good.serial))));
    const auto gone = house.answer(house.ask_for(revoked.serial));
    ASSERT_TRUE(is<x509::OcspRevoked>(gone));
    EXPECT_EQ(std::get<x509::OcspRevoked>(gone.fields.responses[0].status).reason,
              x509::RevocationReason::key_compromise);
    EXPECT_EQ(std::get<x509::OcspRevoked>(gone.fields.responses[0].status).at, kNow);
    const auto on_hold = house.answer(house.ask_for(held.serial));
    ASSERT_TRUE(is<x509::OcspRevoked>(on_hold));
    EXPECT_EQ(std::get<x509::OcspRevoked>(on_hold.fields.responses[0].status).reason,
              x509::RevocationReason::certificate_hold);
    EXPECT_TRUE(is<x509::OcspUnknown>(house.answer(house.ask_for(SerialNumber{std::array<std::uint8_t, 16>{1}}))));
}

TEST(OcspResponder, AnIndeterminateSerialIsRevokedAndAnAbandonedOneUnknown) {
    Responding house;
    house.ca.signer.fail_next(fail(ErrorCode::timed_out, "too late"));
    ASSERT_FALSE(house.engine->issue(house.good_request()));
    EXPECT_TRUE(is<x509::OcspRevoked>(house.answer(house.ask_for(house.only_certificate().serial))));
    House other;
    Responding second;
    second.ca.signer.fail_next(fail(ErrorCode::unavailable, "down"));
    ASSERT_FALSE(second.engine->issue(second.good_request()));
    EXPECT_TRUE(is<x509::OcspUnknown>(second.answer(second.ask_for(second.only_certificate().serial))));
}

TEST(OcspResponder, IsSignedByTheDelegatedKeyWhoseCertificateGoesAlong) {
    Responding house;
    const auto issued = house.issued_now();
    const auto response = house.answer(house.ask_for(issued.serial));
    const auto key = crypto::PublicKey::parse(house.ca.ocsp_certificate.fields().spki.view()).value();
    const auto algorithm = crypto::parse_algorithm_identifier(response.signature_algorithm).value();
    EXPECT_TRUE(key.verify(algorithm, response.response_data, response.signature));
    EXPECT_FALSE(house.ca.authority.key.verify(algorithm, response.response_data, response.signature));
    ASSERT_EQ(response.certificates.size(), 1U);
    EXPECT_EQ(response.certificates[0].der(), house.ca.ocsp_certificate.der());
    EXPECT_EQ(response.fields.responder_key_hash, crypto::digest(crypto::DigestAlgorithm::sha1, key.public_bits()));
    EXPECT_EQ(house.ca.signer.calls().back().purpose, hsm::Purpose::ocsp);
    EXPECT_EQ(response.fields.produced_at, kNow);
    EXPECT_EQ(response.fields.responses[0].this_update, kNow);
    EXPECT_EQ(response.fields.responses[0].next_update, kNow + std::chrono::hours{12});
}

TEST(OcspResponder, RepeatsTheCertIdOfEveryHashOctetForOctet) {
    Responding house;
    const auto issued = house.issued_now();
    using enum crypto::DigestAlgorithm;
    for (const auto hash : {sha1, sha256, sha384, sha512}) {
        for (const bool null_parameters : {true, false}) {
            const Bytes id = cert_id(house.ca.authority, issued.serial.view(), {hash, null_parameters});
            const auto response = house.answer(request_of({id}));
            EXPECT_TRUE(is<x509::OcspGood>(response));
            EXPECT_EQ(response.fields.responses[0].cert_id_der, id);
        }
    }
    EXPECT_EQ(house.responder.statistics().from_cache, 0U);
}

TEST(OcspResponder, EchoesTheNonceAndKeepsNothingOfIt) {
    Responding house;
    const auto issued = house.issued_now();
    for (const std::size_t size : {1U, 32U, 128U}) {
        const Bytes nonce(size, 0x5A);
        const auto response = house.answer(house.ask_for(issued.serial, nonce));
        EXPECT_EQ(response.fields.nonce, nonce);
        EXPECT_FALSE(house.last.cacheable);
    }
    EXPECT_EQ(house.responder.statistics().signed_now, 3U);
    EXPECT_EQ(house.answer(house.ask_for(issued.serial)).fields.nonce, std::nullopt);
    EXPECT_EQ(house.refusal(house.ask_for(issued.serial, Bytes(129, 1))), OcspResponseStatus::malformed_request);
}

TEST(OcspResponder, AnswersSeveralAtOnce) {
    Responding house;
    const auto good = house.issued_now(), revoked = house.issued_now();
    house.revoke(revoked.serial, x509::RevocationReason::superseded);
    const auto response = house.answer(request_of(
        {cert_id(house.ca.authority, revoked.serial.view()), cert_id(house.ca.authority, good.serial.view())}));
    ASSERT_EQ(response.fields.responses.size(), 2U);
    EXPECT_TRUE(is<x509::OcspRevoked>(response, 0));
    EXPECT_TRUE(is<x509::OcspGood>(response, 1));
    EXPECT_FALSE(house.last.cacheable);
}

TEST(OcspResponder, IsUnauthorizedForOtherIssuers) {
    Responding house;
    House other;
    const auto signatures = house.signatures();
    const SerialNumber serial{std::array<std::uint8_t, 16>{1}};
    EXPECT_EQ(house.refusal(request_of({cert_id(other.ca.authority, serial.view())})),
              OcspResponseStatus::unauthorized);
    // One of ours beside it changes nothing.
    EXPECT_EQ(house.refusal(
                  request_of({cert_id(house.ca.authority, serial.view()), cert_id(other.ca.authority, serial.view())})),
              OcspResponseStatus::unauthorized);
    // The right name with another key.
    Authority mixed = house.ca.authority;
    mixed.key = other.ca.authority.key;
    EXPECT_EQ(house.refusal(request_of({cert_id(mixed, serial.view())})), OcspResponseStatus::unauthorized);
    EXPECT_EQ(house.signatures(), signatures);
    EXPECT_EQ(house.responder.statistics().refused, 3U);
}

TEST(OcspResponder, RefusesEveryTruncationAsMalformed) {
    Responding house;
    const Bytes good = house.ask_for(SerialNumber{std::array<std::uint8_t, 16>{1}}, Bytes(16, 1));
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_EQ(house.refusal(ByteView{good}.first(size)), OcspResponseStatus::malformed_request) << size;
    EXPECT_EQ(house.refusal(Bytes(9000, 0x30)), OcspResponseStatus::malformed_request);
}

TEST(OcspResponder, ASerialThatCannotBeOursIsUnknown) {
    Responding house;
    EXPECT_TRUE(is<x509::OcspUnknown>(house.answer(request_of({cert_id(house.ca.authority, Bytes(19, 0x11))}))));
    EXPECT_FALSE(house.last.cacheable);
}

TEST(OcspResponder, SignsOnceAndAnswersFromTheCacheThen) {
    Responding house;
    const auto issued = house.issued_now();
    const Bytes first = (house.answer(house.ask_for(issued.serial)), house.last.der);
    EXPECT_TRUE(house.last.cacheable);
    const auto signatures = house.signatures();
    house.clock.advance(std::chrono::hours{5});
    house.answer(house.ask_for(issued.serial));
    EXPECT_EQ(house.last.der, first);
    EXPECT_EQ(house.last.produced_at, kNow);
    EXPECT_EQ(house.signatures(), signatures);
    // Past half of its life it is signed anew.
    house.clock.advance(std::chrono::hours{1});
    house.answer(house.ask_for(issued.serial));
    EXPECT_EQ(house.signatures(), signatures + 1);
    EXPECT_EQ(house.last.produced_at, kNow + std::chrono::hours{6});
    const auto statistics = house.responder.statistics();
    EXPECT_EQ(statistics.asked, 3U);
    EXPECT_EQ(statistics.from_cache, 1U);
    EXPECT_EQ(statistics.signed_now, 2U);
}

TEST(OcspResponder, ARevocationIsSaidFromTheNextAnswerOn) {
    Responding house;
    const auto issued = house.issued_now(), bystander = house.issued_now();
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(issued.serial))));
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(bystander.serial))));
    house.revoke(issued.serial, x509::RevocationReason::key_compromise);
    EXPECT_TRUE(is<x509::OcspRevoked>(house.answer(house.ask_for(issued.serial))));
    // The other answer is still the one that was signed before.
    const auto signatures = house.signatures();
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(bystander.serial))));
    EXPECT_EQ(house.signatures(), signatures);
}

TEST(OcspResponder, ARevocationByAnotherNodeIsSeenWithinASecond) {
    Responding house;
    const auto issued = house.issued_now();
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(issued.serial))));
    ASSERT_TRUE(house.store.revoke(issued.serial, {kNow, x509::RevocationReason::superseded, {}}, {}));
    house.clock.advance(std::chrono::seconds{1});
    EXPECT_TRUE(is<x509::OcspRevoked>(house.answer(house.ask_for(issued.serial))));
}

TEST(OcspResponder, ARevocationWhileTheAnswerIsBeingSignedIsNotHiddenByTheCache) {
    Responding house;
    const auto issued = house.issued_now();
    house.ca.signer.before_sign([&](const hsm::SignRequest& request) {
        if (request.purpose != hsm::Purpose::ocsp) return;
        house.ca.signer.before_sign({});
        house.revoke(issued.serial, x509::RevocationReason::key_compromise);
        // Another request meanwhile makes the cache catch up, before the outer answer is put into it.
        house.responder.answer(house.ask_for(SerialNumber{std::array<std::uint8_t, 16>{1}}));
    });
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(issued.serial))));  // its status was read before
    EXPECT_TRUE(is<x509::OcspRevoked>(house.answer(house.ask_for(issued.serial))));
}

TEST(OcspResponder, AChangeLogThatOverflowedForgetsAll) {
    Responding house;
    const auto issued = house.issued_now();
    house.answer(house.ask_for(issued.serial));
    house.store.change_log_limit(1);
    house.issued_now();
    house.issued_now();
    house.issued_now();
    const auto signatures = house.signatures();
    house.responder.status_changed();
    house.answer(house.ask_for(issued.serial));
    EXPECT_EQ(house.signatures(), signatures + 1);
}

TEST(OcspResponder, WithoutTheStoreNothingIsAnsweredFromTheCacheEither) {
    Responding house;
    const auto issued = house.issued_now();
    house.answer(house.ask_for(issued.serial));
    house.store.fail_always(Verb::changed_since, fail(ErrorCode::storage, "unreadable"));
    house.responder.status_changed();
    EXPECT_EQ(house.refusal(house.ask_for(issued.serial)), OcspResponseStatus::try_later);
    house.store.heal();
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(issued.serial))));
    house.store.fail_next(Verb::status, fail(ErrorCode::storage, "unreadable"));
    EXPECT_EQ(house.refusal(house.ask_for(issued.serial, Bytes(8, 1))), OcspResponseStatus::try_later);
}

TEST(OcspResponder, SaysTryLaterWhenTheSignerCannot) {
    Responding house;
    const auto issued = house.issued_now();
    for (const auto code : {ErrorCode::unavailable, ErrorCode::overloaded, ErrorCode::timed_out, ErrorCode::token,
                            ErrorCode::indeterminate}) {
        house.ca.signer.fail_next(fail(code, "no"));
        EXPECT_EQ(house.refusal(house.ask_for(issued.serial)), OcspResponseStatus::try_later);
    }
    house.ca.signer.fail_next(fail(ErrorCode::denied, "limits"));
    EXPECT_EQ(house.refusal(house.ask_for(issued.serial)), OcspResponseStatus::internal_error);
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(issued.serial))));
}

TEST(OcspResponder, LetsNoWrongSignatureOut) {
    Responding house;
    const auto issued = house.issued_now();
    for (const auto how : {Tamper::flip_bit, Tamper::truncate, Tamper::empty, Tamper::other_key, Tamper::changed_tbs}) {
        house.ca.signer.tamper(how);
        EXPECT_EQ(house.refusal(house.ask_for(issued.serial)), OcspResponseStatus::internal_error);
        EXPECT_EQ(house.refusal(house.ask_for(issued.serial, Bytes(8, 1))), OcspResponseStatus::internal_error);
    }
    house.ca.signer.tamper(Tamper::none);
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(issued.serial))));
}

TEST(OcspResponder, BoundsWhatIsSignedSideBySide) {
    Responding house{{.validity = std::chrono::hours{12}, .cache_entries = 10, .max_concurrent_signatures = 1}};
    const auto issued = house.issued_now();
    std::optional<OcspResponseStatus> inner;
    house.ca.signer.before_sign([&](const hsm::SignRequest&) {
        inner = x509::ParsedOcspResponse::parse(house.responder.answer(house.ask_for(issued.serial, Bytes(8, 1))).der)
                    .value()
                    .status;
    });
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(issued.serial))));
    EXPECT_EQ(inner, OcspResponseStatus::try_later);
    house.ca.signer.before_sign({});
    EXPECT_TRUE(is<x509::OcspGood>(house.answer(house.ask_for(issued.serial, Bytes(8, 1)))));
}

TEST(OcspResponder, NeverOutlivesItsSignersCertificate) {
    Responding house;
    const auto issued = house.issued_now();
    const UtcTime end = house.ca.ocsp_certificate.fields().not_after;
    house.clock.set(end - std::chrono::hours{1});
    EXPECT_EQ(house.answer(house.ask_for(issued.serial)).fields.responses[0].next_update, end);
    house.clock.set(end);
    EXPECT_EQ(house.refusal(house.ask_for(issued.serial, Bytes(8, 1))), OcspResponseStatus::internal_error);
}

TEST(OcspResponder, AnUnknownSerialIsNotKnownForLong) {
    Responding house;
    const auto response = house.answer(house.ask_for(SerialNumber{std::array<std::uint8_t, 16>{1}}));
    EXPECT_EQ(response.fields.responses[0].next_update, kNow + std::chrono::minutes{5});
    EXPECT_FALSE(house.last.cacheable);
}

TEST(OcspResponder, ManyThreadsGetRightAnswersWhileOneRevokes) {
    Responding house;
    std::vector<SerialNumber> serials;
    for (int i = 0; i < 8; ++i) serials.push_back(house.issued_now().serial);
    std::vector<std::atomic<bool>> revoked(serials.size());
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    std::vector<std::future<void>> askers;
    for (int t = 0; t < 3; ++t) {
        askers.push_back(std::async(std::launch::async, [&, t] {
            for (std::size_t i = static_cast<std::size_t>(t); !stop; ++i) {
                const std::size_t which = i % serials.size();
                const bool must_be_revoked = revoked[which];
                const auto answer = house.responder.answer(house.ask_for(serials[which]));
                const auto response = x509::ParsedOcspResponse::parse(answer.der).value();
                if (must_be_revoked && !is<x509::OcspRevoked>(response)) ++wrong;
            }
        }));
    }
    for (std::size_t i = 0; i < serials.size(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
        house.revoke(serials[i], x509::RevocationReason::superseded);
        revoked[i] = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    stop = true;
    for (auto& asker : askers) asker.get();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace sealwright::issuance
