#include "hsm/signer_process/crl_checker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include "samples.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using namespace samples;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

Result<CrlFacts> read(ByteView octets, std::size_t piece) {
    CrlReader reader;
    while (!octets.empty()) {
        const ByteView some = octets.first(std::min(piece, octets.size()));
        octets = octets.subspan(some.size());
        SEALWRIGHT_TRY(reader.feed(some));
    }
    return reader.finish();
}

std::string refusal(const x509::CrlFields& fields, const CrlLimits& limits = crl_limits(),
                    UtcTime revoked_at = kNow - kDay, std::size_t entries = 3) {
    auto facts = read(tbs(fields, entries, revoked_at), 1000);
    if (!facts) return facts.error().public_detail();
    const auto checked = check_crl(limits, kEcdsa256, facts.value(), kNow);
    return checked ? "accepted" : checked.error().public_detail();
}

TEST(CrlReader, ReadsTheSameInPiecesOfAnySize) {
    for (const std::size_t entries : {0U, 1U, 50U}) {
        const Bytes whole = tbs(crl(), entries);
        for (const std::size_t piece :
             {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{1000}, whole.size()}) {
            const auto facts = read(whole, piece);
            ASSERT_TRUE(facts) << facts.error().describe();
            EXPECT_EQ(facts.value().entries, entries);
            EXPECT_EQ(facts.value().number, 5U);
            EXPECT_EQ(facts.value().issuer, issuer().bytes());
            EXPECT_EQ(facts.value().this_update, kNow);
            EXPECT_EQ(facts.value().next_update, kNow + kDay * 7);
            EXPECT_EQ(facts.value().authority_key_identifier, Bytes(20, 7));
        }
    }
}

TEST(CrlReader, AgreesWithTheParserOfWholeLists) {
    const Bytes whole = tbs(crl(), 20);
    const auto list = x509::CertificateList::parse(x509::assemble_crl(whole, kEcdsa256, Bytes(70, 1)).bytes());
    ASSERT_TRUE(list);
    const auto facts = read(whole, 100).value();
    EXPECT_EQ(list.value().entry_count(), facts.entries);
    EXPECT_EQ(list.value().number(), facts.number);
    EXPECT_EQ(list.value().issuer().bytes(), facts.issuer);
}

TEST(CrlReader, RefusesEveryTruncationAndEveryExtension) {
    const Bytes whole = tbs(crl(), 2);
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read(ByteView{whole}.first(size), 11)) << size;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(read(longer, 11));
    EXPECT_TRUE(read(whole, 11));
}

TEST(CrlReader, RefusesOuterLengthsThatDoNotFit) {
    Bytes whole = tbs(crl(), 0);
    ASSERT_EQ(whole[1], 0x81);
    ++whole[2];
    whole.push_back(0x05);
    EXPECT_FALSE(read(whole, 11));
}

// 100,000 entries are four megabytes; a reader that kept them would show in the heap. (Under a sanitizer mallinfo2 sees
// nothing.)
TEST(CrlReader, KeepsALittleAndNotTheList) {
    const Bytes whole = tbs(crl(), 100000);
    ASSERT_GT(whole.size(), 3000000U);
    CrlReader reader;
    const std::size_t before = ::mallinfo2().uordblks;
    ByteView rest = whole;
    while (!rest.empty()) {
        const ByteView some = rest.first(std::min<std::size_t>(65536, rest.size()));
        rest = rest.subspan(some.size());
        ASSERT_TRUE(reader.feed(some));
    }
    EXPECT_LT(::mallinfo2().uordblks, before + 500000);
    EXPECT_EQ(reader.finish().value().entries, 100000U);
}

TEST(CrlReader, RefusesEntriesThatAreNotRfc5280s) {
    const auto with_entry = [](auto&& write_entry) {
        asn1::DerWriter writer;
        const Bytes good = tbs(crl(), 1);
        asn1::DerReader outer{good};
        auto inner = outer.enter(asn1::kSequence).value();
        writer.sequence([&] {
            for (int i = 0; i < 5; ++i) writer.raw(inner.next().value().encoding);
            (void)inner.next();
            writer.sequence([&] { writer.sequence([&] { write_entry(writer); }); });
            writer.raw(inner.next().value().encoding);
        });
        return read(writer.view(), 9).has_value();
    };
    const auto entry_extension = [](asn1::DerWriter& writer, ByteView oid, bool critical, std::uint8_t reason) {
        writer.integer(5).time(kNow);
        writer.sequence([&] {
            writer.sequence([&] {
                writer.oid(oid);
                if (critical) writer.boolean(true);
                writer.constructed(asn1::kOctetString, [&] {
                    writer.primitive(asn1::kEnumerated, ByteView{&reason, 1});
                });
            });
        });
    };
    EXPECT_TRUE(with_entry([](auto& writer) { writer.integer(5).time(kNow); }));
    EXPECT_TRUE(with_entry([&](auto& writer) { entry_extension(writer, asn1::oid::kReasonCode, false, 1); }));
    EXPECT_FALSE(with_entry([&](auto& writer) { entry_extension(writer, asn1::oid::kReasonCode, true, 1); }));
    for (const std::uint8_t reason : Bytes{0, 7, 8, 11})
        EXPECT_FALSE(with_entry([&](auto& writer) { entry_extension(writer, asn1::oid::kReasonCode, false, reason); }));
    EXPECT_FALSE(with_entry([&](auto& writer) { entry_extension(writer, asn1::oid::kCertificateIssuer, false, 1); }));
    EXPECT_FALSE(with_entry([](auto& writer) { writer.time(kNow); }));
    EXPECT_FALSE(with_entry([](auto& writer) { writer.integer(5).time(kNow).sequence([] {}); }));
    EXPECT_FALSE(with_entry([](auto& writer) { writer.primitive(asn1::kInteger, Bytes(21, 0x11)).time(kNow); }));
    EXPECT_FALSE(with_entry([](auto& writer) { writer.primitive(asn1::kInteger, Bytes{0x91}).time(kNow); }));
}

TEST(CrlLimit, AcceptsWhatIsInside) { EXPECT_EQ(refusal(crl()), "accepted"); }

TEST(CrlLimit, RefusesAnotherIssuerAndAnotherKey) {
    auto fields = crl();
    fields.issuer = name("CN=Test CA,O=Sealwrighu");
    EXPECT_THAT(refusal(fields), HasSubstr("another issuer"));
    auto limits = crl_limits();
    limits.authority_key_identifier = Bytes(20, 7);
    EXPECT_EQ(refusal(crl(), limits), "accepted");
    limits.authority_key_identifier = Bytes(20, 8);
    EXPECT_THAT(refusal(crl(), limits), HasSubstr("authority key identifier"));
}

TEST(CrlLimit, RefusesAnotherAlgorithmInsideThanWasAskedFor) {
    auto fields = crl();
    fields.signature_algorithm.digest = crypto::DigestAlgorithm::sha512;
    EXPECT_THAT(refusal(fields), HasSubstr("signature field"));
}

TEST(CrlLimit, BoundsItsTimes) {
    auto fields = crl();
    fields.next_update += seconds{1};
    EXPECT_THAT(refusal(fields), HasSubstr("valid for longer"));
    fields.next_update = fields.this_update;
    EXPECT_THAT(refusal(fields), HasSubstr("nextUpdate"));
    fields = crl();
    fields.this_update = kNow + minutes{10};
    EXPECT_EQ(refusal(fields), "accepted");
    fields.this_update += seconds{1};
    EXPECT_THAT(refusal(fields), HasSubstr("in the future"));
    fields.next_update = kNow + kDay;
    fields.this_update = kNow - hours{1};
    EXPECT_EQ(refusal(fields), "accepted");
    fields.this_update -= seconds{1};
    EXPECT_THAT(refusal(fields), HasSubstr("in the past"));
}

TEST(CrlLimit, RefusesAnEntryOfTheFuture) {
    EXPECT_EQ(refusal(crl(), crl_limits(), kNow + minutes{10}), "accepted");
    EXPECT_THAT(refusal(crl(), crl_limits(), kNow + minutes{10} + seconds{1}), HasSubstr("revoked in the future"));
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
