#include "hsm/signer_process/wire.hpp"

#include <gtest/gtest.h>

namespace sealwright::hsm::signer_process {
namespace {

SignHead head() {
    SignHead head;
    head.key = KeyId::from(Bytes(32, 0x11)).value();
    head.purpose = Purpose::crl;
    head.algorithm = {crypto::SignatureScheme::rsa_pss, crypto::DigestAlgorithm::sha384};
    head.intent = IntentId::from(Bytes(16, 0x22)).value();
    head.deadline_ms = 70000;
    return head;
}

template <class Message>
Bytes framed(const Message& message, std::uint64_t number = 42) {
    Bytes out;
    append_message(out, number, message);
    return out;
}

// parsed gives the one message that octets hold.
Result<ClientMessage> parsed(const Bytes& octets) {
    ByteView rest = octets;
    auto frame = next_frame(rest);
    if (!frame) return frame.error();
    if (!frame.value()) return fail(ErrorCode::internal, "no whole frame");
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(frame.value()->number, 42U);
    return parse_client_message(*frame.value());
}

Result<ServerMessage> parsed_answer(const Bytes& octets) {
    ByteView rest = octets;
    auto frame = next_frame(rest);
    if (!frame) return frame.error();
    return parse_server_message(*frame.value());
}

TEST(Wire, CarriesEveryClientMessageUnchanged) {
    const Fence fence{NodeId::from(Bytes(16, 3)).value(), BootEpoch{1ULL << 60U}};
    EXPECT_EQ(std::get<Hello>(parsed(framed(ClientMessage{Hello{7}})).value()), Hello{7});
    EXPECT_EQ(std::get<Fence>(parsed(framed(ClientMessage{fence})).value()), fence);
    EXPECT_TRUE(std::holds_alternative<ListKeys>(parsed(framed(ClientMessage{ListKeys{}})).value()));
    EXPECT_EQ(std::get<GetPublicKey>(parsed(framed(ClientMessage{GetPublicKey{head().key}})).value()).key, head().key);
    const LookUp question{head().intent, BootEpoch{3}};
    EXPECT_EQ(std::get<LookUp>(parsed(framed(ClientMessage{question})).value()), question);
    const Bytes tbs{1, 2, 3};
    const Bytes sign = framed(ClientMessage{Sign{head(), tbs}});
    EXPECT_EQ(std::get<Sign>(parsed(sign).value()).head, head());
    EXPECT_TRUE(equal(std::get<Sign>(parsed(sign).value()).tbs, tbs));
    const auto begun = std::get<SignBegin>(parsed(framed(ClientMessage{SignBegin{head(), 12345678}})).value());
    EXPECT_EQ(begun.head, head());
    EXPECT_EQ(begun.size, 12345678U);
    EXPECT_TRUE(std::holds_alternative<SignEnd>(parsed(framed(ClientMessage{SignEnd{}})).value()));
    const Bytes block(256, 5), label(3, 6);
    const DecryptRequest request{head().key, DecryptScheme::rsa_pkcs1, crypto::DigestAlgorithm::sha1, block, label, 32};
    const Bytes decrypt_frame = framed(ClientMessage{Decrypt{request, 900}});
    const auto decrypt = std::get<Decrypt>(parsed(decrypt_frame).value());
    EXPECT_EQ(decrypt.request.scheme, DecryptScheme::rsa_pkcs1);
    EXPECT_EQ(decrypt.request.secret_size, 32U);
    EXPECT_TRUE(equal(decrypt.request.input, block) && equal(decrypt.request.label, label));
    EXPECT_EQ(decrypt.deadline_ms, 900U);
}

TEST(Wire, CarriesEveryAnswerUnchanged) {
    const KeyList list{{{head().key, {Purpose::certificate, Purpose::crl}, {head().algorithm}}, {KeyId{}, {}, {}}}};
    const Bytes list_frame = framed(ServerMessage{list});
    const auto got = std::get<KeyList>(parsed_answer(list_frame).value());
    ASSERT_EQ(got.keys.size(), 2U);
    EXPECT_EQ(got.keys[0].id, head().key);
    EXPECT_EQ(got.keys[0].purposes, list.keys[0].purposes);
    EXPECT_EQ(got.keys[0].algorithms, list.keys[0].algorithms);
    const Bytes error_frame = framed(ServerMessage{ErrorAnswer{ErrorCode::overloaded, "wait"}});
    const auto error = std::get<ErrorAnswer>(parsed_answer(error_frame).value());
    EXPECT_EQ(error.code, ErrorCode::overloaded);
    EXPECT_EQ(error.detail, "wait");
    EXPECT_EQ(std::get<JournalStateAnswer>(
                  parsed_answer(framed(ServerMessage{JournalStateAnswer{JournalState::failed}})).value())
                  .state,
              JournalState::failed);
    EXPECT_EQ(std::get<HelloAnswer>(parsed_answer(framed(ServerMessage{HelloAnswer{1, 1024}})).value()).max_outstanding,
              1024U);
    EXPECT_TRUE(std::holds_alternative<Done>(parsed_answer(framed(ServerMessage{Done{}})).value()));
}

TEST(Wire, WaitsForTheRestOfAFrame) {
    const Bytes whole = framed(ClientMessage{Sign{head(), Bytes{1, 2, 3}}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        ByteView rest = ByteView{whole}.first(size);
        const auto frame = next_frame(rest);
        ASSERT_TRUE(frame);
        EXPECT_FALSE(frame.value());
        EXPECT_EQ(rest.size(), size);
    }
    Bytes two = whole;
    append(two, whole);
    ByteView rest = two;
    EXPECT_TRUE(next_frame(rest).value());
    EXPECT_EQ(rest.size(), whole.size());
}

TEST(Wire, RefusesAFrameThatCanNeverBe) {
    ByteView rest;
    const Bytes too_short{0, 0, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1};
    rest = too_short;
    EXPECT_EQ(next_frame(rest).error().code(), ErrorCode::malformed);
    const Bytes too_long{0, 2, 0, 1};
    rest = too_long;
    EXPECT_EQ(next_frame(rest).error().code(), ErrorCode::too_large);
    const Bytes longest{0, 2, 0, 0};
    rest = longest;
    EXPECT_TRUE(next_frame(rest));
}

TEST(Wire, RefusesAMessageWithOneOctetMoreOrLess) {
    for (const ClientMessage& message : {ClientMessage{Hello{}}, ClientMessage{Fence{}}, ClientMessage{GetPublicKey{}},
                                         ClientMessage{LookUp{}}, ClientMessage{SignBegin{head(), 5}}}) {
        Bytes longer = framed(message);
        longer.push_back(0);
        ++longer[3];
        EXPECT_FALSE(parsed(longer)) << message.index();
        Bytes shorter = framed(message);
        shorter.pop_back();
        --shorter[3];
        EXPECT_FALSE(parsed(shorter)) << message.index();
    }
}

TEST(Wire, RefusesValuesOutsideTheirSets) {
    const Bytes good = framed(ClientMessage{Sign{head(), Bytes{1}}});
    constexpr std::size_t kPurpose = 13 + 32, kScheme = kPurpose + 1, kDigest = kScheme + 1;
    for (const auto& [at, value] :
         {std::pair{kPurpose, 0}, {kPurpose, 10}, {kScheme, 0}, {kScheme, 9}, {kDigest, 0}, {kDigest, 5}}) {
        Bytes bad = good;
        bad[at] = static_cast<std::uint8_t>(value);
        EXPECT_FALSE(parsed(bad)) << at << " " << value;
    }
    Bytes unknown_type = good;
    unknown_type[4] = 66;  // an answer's
    EXPECT_FALSE(parsed(unknown_type));
    Bytes other_magic = framed(ClientMessage{Hello{}});
    other_magic[13] ^= 1;
    EXPECT_FALSE(parsed(other_magic));
    EXPECT_TRUE(parsed(good));
}

TEST(Wire, BoundsWhatIsToBeSigned) {
    EXPECT_TRUE(parsed(framed(ClientMessage{Sign{head(), Bytes(kMaxSingleTbs)}})));
    EXPECT_FALSE(parsed(framed(ClientMessage{Sign{head(), Bytes(kMaxSingleTbs + 1)}})));
    EXPECT_FALSE(parsed(framed(ClientMessage{Sign{head(), {}}})));
    EXPECT_TRUE(parsed(framed(ClientMessage{SignBegin{head(), kMaxStreamedTbs}})));
    EXPECT_FALSE(parsed(framed(ClientMessage{SignBegin{head(), kMaxStreamedTbs + 1}})));
    EXPECT_FALSE(parsed(framed(ClientMessage{SignBegin{head(), 0}})));
    EXPECT_TRUE(parsed(framed(ClientMessage{SignChunk{Bytes(kChunkSize)}})));
    EXPECT_FALSE(parsed(framed(ClientMessage{SignChunk{Bytes(kChunkSize + 1)}})));
    EXPECT_FALSE(parsed(framed(ClientMessage{SignChunk{{}}})));
}

TEST(Wire, CutsAnErrorThatIsTooLong) {
    const Bytes frame = framed(ServerMessage{ErrorAnswer{ErrorCode::denied, std::string(5000, 'x')}});
    const auto answer = parsed_answer(frame);
    ASSERT_TRUE(answer);
    EXPECT_EQ(std::get<ErrorAnswer>(answer.value()).detail.size(), kMaxDetail);
}

}  // namespace
}  // namespace sealwright::hsm::signer_process
