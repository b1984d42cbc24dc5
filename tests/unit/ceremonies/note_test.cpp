// The verifier's notes against those that the log writes.
#include "ceremonies/verifier/note.hpp"

#include <gtest/gtest.h>

#include "audit/checkpoint.hpp"
#include "software.hpp"

namespace sealwright::verifier {
namespace {

using ceremonies::test::SoftwareKey;

constexpr std::string_view kNoteOrigin = "ca.example.org/audit";

audit::TreeHead head_of_three() {
    audit::CompactRange range;
    for (const auto* leaf : {"a", "b", "c"}) range.append(audit::leaf_hash(view_of(leaf)));
    return range.head();
}

std::string signed_note(const SoftwareKey& key) {
    return audit::sign_checkpoint(kNoteOrigin, head_of_three(), key.key.public_key, *key.token, IntentId{}).value();
}

class Note : public ::testing::TestWithParam<crypto::KeyType> {};
INSTANTIATE_TEST_SUITE_P(All, Note,
                         ::testing::Values(crypto::KeyType::ed25519, crypto::KeyType::ec_p256,
                                           crypto::KeyType::ec_p384));

TEST_P(Note, OfTheLogIsReadAndVerified) {
    const SoftwareKey key{GetParam()};
    const auto checkpoint = parse_checkpoint(signed_note(key));
    ASSERT_TRUE(checkpoint) << checkpoint.error().describe();
    EXPECT_EQ(checkpoint.value().size, 3U);
    EXPECT_EQ(checkpoint.value().root, head_of_three().root);
    const auto vkey = parse_vkey(audit::vkey(kNoteOrigin, key.key.public_key));
    ASSERT_TRUE(vkey) << vkey.error().describe();
    EXPECT_EQ(vkey_text(vkey.value()), audit::vkey(kNoteOrigin, key.key.public_key));
    const auto verified = verify_note(checkpoint.value(), vkey.value());
    EXPECT_TRUE(verified) << verified.error().describe();
}

TEST_P(Note, WithAnyOctetChangedIsRefused) {
    const SoftwareKey key{GetParam()};
    const auto note = signed_note(key);
    const auto vkey = make_note_key(std::string{kNoteOrigin}, key.key.public_key).value();
    for (std::size_t i = 0; i < note.size(); ++i) {
        for (const int flip : {0x01, 0x20, 0x80}) {
            auto changed = note;
            changed[i] = static_cast<char>(changed[i] ^ flip);
            const auto checkpoint = parse_checkpoint(changed);
            EXPECT_TRUE(!checkpoint || !verify_note(checkpoint.value(), vkey))
                << "octet " << i << " flipped by " << flip;
        }
    }
}

TEST_P(Note, OfAnotherKeyOrNameIsRefused) {
    const SoftwareKey key{GetParam()}, other{GetParam()};
    const auto checkpoint = parse_checkpoint(signed_note(key)).value();
    EXPECT_FALSE(verify_note(checkpoint, make_note_key(std::string{kNoteOrigin}, other.key.public_key).value()));
    EXPECT_FALSE(verify_note(checkpoint, make_note_key("ca.example.org/other", key.key.public_key).value()));
}

TEST(Vkey, WithAnIdThatIsNotItsOwnIsRefused) {
    const SoftwareKey key{crypto::KeyType::ed25519};
    auto vkey = audit::vkey(kNoteOrigin, key.key.public_key);
    EXPECT_TRUE(parse_vkey(vkey));
    auto& digit = vkey[kNoteOrigin.size() + 1];
    digit = digit == '0' ? '1' : '0';
    EXPECT_FALSE(parse_vkey(vkey));
}

// The verifier key of the Go checksum database, as its documentation publishes it: another writer's.
TEST(Vkey, OfAnotherImplementationIsRead) {
    const auto vkey = parse_vkey("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8");
    ASSERT_TRUE(vkey) << vkey.error().describe();
    EXPECT_EQ(vkey.value().name, "sum.golang.org");
}

TEST(Checkpoint, OfOddFormIsRefused) {
    const std::string root = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    EXPECT_TRUE(parse_checkpoint("o\n3\n" + root + "\n\n"));
    const std::vector<std::string> notes{"o\n3\n" + root + "\n",
                                         "o\n03\n" + root + "\n\n",
                                         "o\n-3\n" + root + "\n\n",
                                         "o\n3\n" + root + "x\n\n",
                                         "o\n3\n\n",
                                         "\n3\n" + root + "\n\n",
                                         "o p\n3\n" + root + "\n\n",
                                         "o\n3\n" + root + "\nextra\n\n",
                                         "o\n3\n" + root + "\n\n- o AAAAAAA=\n",
                                         "o\n3\n" + root + "\n\n\xE2\x80\x94 o\n",
                                         "o\n3\n" + root + "\n\n\n",
                                         std::string{},
                                         "o\n99999999999999999999999\n" + root + "\n\n"};
    for (const auto& note : notes) {
        EXPECT_FALSE(parse_checkpoint(note)) << note;
    }
}

}  // namespace
}  // namespace sealwright::verifier
