// The structures of a TPM: what is read is what a TPM would write, octet by octet.
#include "attestation/ek_template.hpp"
#include "attestation/tpm_names.hpp"
#include "tests/support/malformed.hpp"
#include "tests/unit/attestation/scene.hpp"

namespace sealwright::attestation::test {
namespace {

const auto kPublic = [](ByteView octets) { return parse_sized_public(octets).has_value(); };
const auto kAttestation = [](ByteView octets) { return parse_attest(octets).has_value(); };
const auto kSigned = [](ByteView octets) { return parse_signature(octets).has_value(); };

Bytes attest_sample() {
    Scene scene;
    return encode_attest(scene.tpm.attest(scene.leaf, Bytes(32, 0x11)));
}

TEST(TpmStructs, PublicAreasGoThereAndBack) {
    for (const std::string_view name : {"L-1", "L-2", "H-3", "H-4", "H-6"}) {
        const Bytes octets = encode_sized_public(ek_of_template(name).area());
        const auto parsed = parse_sized_public(octets);
        ASSERT_TRUE(parsed) << parsed.error().describe();
        EXPECT_EQ(parsed.value(), ek_of_template(name).area());
        EXPECT_EQ(encode_sized_public(parsed.value()), octets);
        EXPECT_EQ(ek_template_name(parsed.value()), name);
        EXPECT_EQ(public_key(parsed.value()).value().spki(), ek_of_template(name).public_key().spki());
    }
}

TEST(TpmStructs, RefuseEveryCutAndWhatStandsBehind) {
    refuses_every_cut(encode_sized_public(ak_of(KeyType::ec_p256).area()), kPublic);
    refuses_every_cut(attest_sample(), kAttestation);
    refuses_every_cut(ak_of(KeyType::ec_p256).sign_as_tpm(view_of("message")), kSigned);
    refuses_every_cut(ak_of(KeyType::rsa).sign_as_tpm(view_of("message")), kSigned);
}

TEST(TpmStructs, EveryNeighbourThatIsReadIsWrittenBackAsItWas) {
    const auto holds = [](const Bytes& octets, std::size_t) {
        if (const auto key = parse_sized_public(octets)) {
            EXPECT_EQ(encode_sized_public(key.value()), octets);
        }
    };
    flips_every_bit(encode_sized_public(ak_of(KeyType::ec_p256).area()), holds);
    flips_every_bit(encode_sized_public(ek_of_template("L-1").area()), holds);
}

TEST(TpmStructs, RefuseWhatTheVerifierHasNoUseFor) {
    const TpmPublic good = ak_of(KeyType::ec_p256).area();
    const auto code = [](const Bytes& octets) {
        const auto parsed = parse_public(octets);
        return parsed ? std::string{"read"} : std::string{error_code_name(parsed.error().code())};
    };
    const Bytes octets = encode_public(good);
    EXPECT_EQ(code(octets), "read");
    const auto with = [&](std::size_t at, std::uint8_t value) {
        Bytes changed = octets;
        changed[at] = value;
        return changed;
    };
    EXPECT_NE(code(with(1, 0x08)), "read") << "type KEYEDHASH";
    EXPECT_NE(code(with(1, 0x10)), "read") << "type NULL";
    EXPECT_NE(code(with(0, 0xFF)), "read") << "an unknown type";
    EXPECT_EQ(code(with(3, 0x10)), "unsupported") << "nameAlg NULL";
    EXPECT_EQ(code(with(3, 0x12)), "unsupported") << "nameAlg SM3";
    EXPECT_EQ(code(with(7, static_cast<std::uint8_t>(octets[7] | 1U))), "unsupported") << "a reserved attribute";
    EXPECT_NE(code({}), "read");
    EXPECT_NE(code(Bytes(5000)), "read");
}

TEST(TpmStructs, TheLibrarysTruncationsAreRefused) {
    // libtss2-mu 3.2.1 returns success for these through its TPM2B functions.
    EXPECT_FALSE(kPublic(Bytes{0x00, 0x02, 0xFF, 0xFF}));
    EXPECT_FALSE(kPublic(Bytes{0x00, 0x00}));
    EXPECT_FALSE(kPublic(Bytes{0x00}));
    Bytes attest = attest_sample();
    const auto parts = parse_attest(attest).value().parts;
    attest[parts.clock_info.offset + 16] = 7;
    EXPECT_FALSE(kAttestation(attest)) << "clockInfo.safe is neither YES nor NO";
}

TEST(TpmStructs, PartsOfAnAttestAreWhereTheyAreSaidToBe) {
    const Bytes octets = attest_sample();
    const TpmAttest attest = parse_attest(octets).value();
    const auto at = [&](Part part) { return ByteView{octets}.subspan(part.offset, part.size); };
    EXPECT_TRUE(equal(at(attest.parts.extra_data), attest.extra_data));
    EXPECT_TRUE(equal(at(attest.parts.qualified_signer), attest.qualified_signer));
    EXPECT_TRUE(equal(at(attest.parts.name), attest.certify->name));
    EXPECT_TRUE(equal(at(attest.parts.qualified_name), attest.certify->qualified_name));
    EXPECT_EQ(attest.parts.qualified_name.offset + attest.parts.qualified_name.size, octets.size());
}

TEST(TpmStructs, AnRsaKeyIsAsLongAsItSays) {
    TpmPublic key = ak_of(KeyType::rsa).area();
    EXPECT_TRUE(public_key(key));
    std::get<RsaPublic>(key.unique).bits = 3072;
    EXPECT_FALSE(public_key(key));
    std::get<RsaPublic>(key.unique).bits = 2048;
    std::get<RsaPublic>(key.unique).modulus.clear();
    EXPECT_FALSE(public_key(key));
}

TEST(TpmStructs, CoordinatesWithoutLeadingZerosArePadded) {
    // A point with a short x: found by trying.
    for (int i = 0; i < 4000; ++i) {
        const FakeTpmKey key = make_leaf(KeyType::ec_p256);
        TpmPublic area = key.area();
        auto& point = std::get<EccPublic>(area.unique);
        if (point.x[0] != 0) continue;
        point.x.erase(point.x.begin());
        EXPECT_EQ(public_key(area).value().spki(), key.public_key().spki());
        return;
    }
    GTEST_SKIP() << "no such point came up";
}

TEST(TpmNames, AreAlgorithmAndDigest) {
    const TpmPublic key = ak_of(KeyType::ec_p256).area();
    const Bytes name = name_of(key);
    ASSERT_EQ(name.size(), 34U);
    EXPECT_EQ(name[0], 0x00);
    EXPECT_EQ(name[1], 0x0B);
    EXPECT_TRUE(equal(ByteView{name}.subspan(2), crypto::sha256(encode_public(key)).view()));
    EXPECT_TRUE(is_name_form(name, name));
    EXPECT_FALSE(is_name_form(name, Bytes{}));
    EXPECT_FALSE(is_name_form(name_of(ek_of_template("H-3").area()), name));
}

TEST(EkTemplates, ADeviationInAnyFieldIsNoTemplate) {
    const TpmPublic good = ek_of_template("L-1").area();
    ASSERT_EQ(ek_template_name(good), "L-1");
    const auto deviates = [&](auto change) {
        TpmPublic key = good;
        change(key);
        return ek_template_name(key).empty();
    };
    EXPECT_TRUE(deviates([](TpmPublic& key) { key.name_alg = crypto::DigestAlgorithm::sha384; }));
    EXPECT_TRUE(deviates([](TpmPublic& key) { key.attributes |= kUserWithAuth; }));
    EXPECT_TRUE(deviates([](TpmPublic& key) { key.auth_policy[0] ^= 1U; }));
    EXPECT_TRUE(deviates([](TpmPublic& key) { key.symmetric.key_bits = 256; }));
    EXPECT_TRUE(deviates([](TpmPublic& key) { key.scheme = {kAlgRsassa, 0x000B}; }));
    EXPECT_TRUE(deviates([](TpmPublic& key) { std::get<RsaPublic>(key.unique).exponent = 65537; }));
}

}  // namespace
}  // namespace sealwright::attestation::test
