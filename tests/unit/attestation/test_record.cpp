// Records: kept, read back, replayed to the same verdict; and what no reader may accept.
#include "tests/support/malformed.hpp"
#include "tests/unit/attestation/scene.hpp"

namespace sealwright::attestation::test {
namespace {

RequestId request() { return RequestId::from(Bytes(16, 0xAB)).value(); }

Record affirmed() {
    Scene scene;
    const Challenge made = scene.challenge();
    return attest(request(), "tpm-device", scene.opening, scene.tpm.answer(made, scene.leaf), scene.expect(made),
                  scene.context());
}

void expect_replays(const Record& record) {
    const Bytes octets = encode_record(record);
    const auto parsed = parse_record(octets);
    ASSERT_TRUE(parsed) << parsed.error().describe();
    EXPECT_EQ(encode_record(parsed.value()), octets);
    EXPECT_EQ(parsed.value().verdict, record.verdict);
    EXPECT_EQ(parsed.value().opening, record.opening);
    EXPECT_EQ(parsed.value().answer, record.answer);
    EXPECT_EQ(parsed.value().policy, record.policy);
    EXPECT_EQ(replay(parsed.value()), record.verdict) << show(replay(parsed.value()));
    EXPECT_EQ(replay(parsed.value()).digest(), record.verdict.digest());
    const auto from_pem = parse_record(view_of(x509::encode_pem(kRecordLabel, octets)));
    ASSERT_TRUE(from_pem) << from_pem.error().describe();
    EXPECT_EQ(encode_record(from_pem.value()), octets);
}

TEST(AttestationRecord, ReplaysWhatWasAffirmed) {
    const Record record = affirmed();
    EXPECT_TRUE(record.verdict.affirming());
    EXPECT_EQ(record.path.size(), 2U);
    expect_replays(record);
    EXPECT_TRUE(is_anchored(record, {vendor().root()}));
    EXPECT_FALSE(is_anchored(record, {vendor().intermediate()}));
    EXPECT_FALSE(is_anchored(record, {}));
}

TEST(AttestationRecord, ReplaysWhatWasRefused) {
    for (int variant = 0; variant < 6; ++variant) {
        Scene scene;
        const FakeVendor stranger{now() - std::chrono::days{365 * 20}};  // all its certificates have expired
        if (variant == 1) scene.anchors = {};
        if (variant == 2) scene.opening.ek_template = "H-\x01\xFF\"";
        if (variant == 3) scene.opening.ak_public.clear();
        if (variant == 4) scene.policy.endorsement_hierarchy = true;
        if (variant == 5) {
            scene.opening.ek_certificate =
                stranger.certify_ek(scene.tpm.ek().public_key(), {.not_after = now() + std::chrono::days{9}});
            scene.anchors = stranger.anchors();
        }
        const Record record = attest(request(), "tpm-device", scene.opening, std::nullopt, {}, scene.context());
        EXPECT_EQ(record.verdict.affirming(), variant == 0 || variant == 4) << variant;
        if (variant == 5) {
            EXPECT_EQ(record.path.size(), 2U)
                << "the path that is not valid is kept, or its refusal could not be replayed";
        }
        expect_replays(record);
    }
    Scene scene;
    const Challenge made = scene.challenge();
    Answer answer = scene.tpm.answer(made, scene.leaf);
    answer.certify_info[40] ^= 1U;
    expect_replays(attest(request(), "tpm-device", scene.opening, answer, scene.expect(made), scene.context()));
}

TEST(AttestationRecord, DoesNotDependOnWhatElseTheSiteTrusts) {
    Scene scene;
    const FakeVendor other{now(), "Another Manufacturer"}, twin{now()};
    const Verdict alone = scene.open();
    for (const FakeVendor* vendor_too : {&other, &twin}) {
        scene.anchors.roots.insert(scene.anchors.roots.begin(), vendor_too->root());
        scene.anchors.intermediates.insert(scene.anchors.intermediates.begin(), vendor_too->intermediate());
    }
    EXPECT_EQ(scene.open(), alone);
    std::reverse(scene.anchors.roots.begin(), scene.anchors.roots.end());
    EXPECT_EQ(scene.open(), alone);
    scene.anchors.roots = {other.root(), twin.root()};
    const Verdict refused = scene.open();
    EXPECT_TRUE(refuses(refused, Check::ek_certificate_chain));
    scene.anchors = {};
    EXPECT_EQ(scene.open(), refused);
}

TEST(AttestationRecord, TakesIntermediatesFromTheDevice) {
    Scene scene;
    scene.anchors.intermediates.clear();
    EXPECT_TRUE(refuses(scene.open(), Check::ek_certificate_chain));
    scene.opening.ek_chain = {Bytes{1, 2, 3}, vendor().intermediate().der().bytes()};
    EXPECT_TRUE(scene.open().affirming());
    scene.anchors.roots.clear();
    scene.opening.ek_chain.push_back(vendor().root().der().bytes());
    EXPECT_TRUE(refuses(scene.open(), Check::ek_certificate_chain)) << "a root from the device is none";
}

TEST(AttestationRecord, RefusesEveryCut) {
    refuses_every_cut(encode_record(affirmed()), [](ByteView octets) { return parse_record(octets).has_value(); });
}

TEST(AttestationRecord, AChangedRecordIsRefusedOrReplaysToAnotherVerdictOrSaysSoItself) {
    const Bytes octets = encode_record(affirmed());
    const Bytes verdict = affirmed().verdict.encode();
    const std::size_t verdict_at = octets.size() - verdict.size();
    std::size_t read = 0;
    for (std::size_t at = 0; at < octets.size(); at += 7) {
        Bytes changed = octets;
        changed[at] ^= 0x04U;
        const auto parsed = parse_record(changed);
        if (!parsed) continue;
        ++read;
        EXPECT_EQ(encode_record(parsed.value()), changed);
        if (at >= verdict_at) {
            EXPECT_NE(replay(parsed.value()), parsed.value().verdict) << "at " << at;
        }
    }
    EXPECT_GT(read, 0U);
}

TEST(AttestationRecord, RefusesWhatItCannotRead) {
    EXPECT_EQ(parse_record(Bytes(kMaxRecord + 1)).error().code(), ErrorCode::too_large);
    Bytes octets = encode_record(affirmed());
    Bytes version = octets;
    version[6] = 2;  // SEQUENCE with three length octets, INTEGER, length
    ASSERT_EQ(octets[4], 0x02) << "the version's tag";
    EXPECT_EQ(parse_record(version).error().code(), ErrorCode::unsupported);
    EXPECT_FALSE(parse_record(view_of("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")));
    EXPECT_FALSE(parse_record({}));
}

TEST(AttestationRecord, VerdictsThatContradictThemselvesAreNotRead) {
    const Verdict good = affirmed().verdict;
    Bytes octets = good.encode();
    ASSERT_TRUE(Verdict::parse(octets));
    EXPECT_EQ(Verdict::parse(octets).value(), good);
    const auto at = std::find(octets.begin() + 4, octets.end(), std::uint8_t{0x02});
    ASSERT_EQ(*(at + 2), 1) << "affirming";
    *(at + 2) = 2;
    EXPECT_FALSE(Verdict::parse(octets));
}

TEST(AttestationRecord, RootsDigestKnowsNoOrder) {
    const FakeVendor other{now(), "Another"};
    const TrustAnchors one{{vendor().root(), other.root()}, {}},
        two{{other.root(), vendor().root()}, {vendor().intermediate()}};
    EXPECT_EQ(roots_digest(one), roots_digest(two));
    EXPECT_NE(roots_digest(one), roots_digest(vendor().anchors()));
}

}  // namespace
}  // namespace sealwright::attestation::test
