// checkpoint_vectors.hpp was made by another implementation; here our notes are compared with them and refused when
// anything differs.
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "audit/checkpoint.hpp"
#include "checkpoint_vectors.hpp"

namespace sealwright::audit {
namespace {

TreeHead vector_head() {
    return {8, Sha256::from_hex_text("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328").value()};
}

crypto::PublicKey key_of(std::string_view spki_hex) {
    auto key = crypto::PublicKey::parse(from_hex(spki_hex).value());
    EXPECT_TRUE(key) << key.error().describe();
    return key.value();
}

// SoftwareSigner signs with an OpenSSL key, so that the audit room is tested without a token.
class SoftwareSigner final : public hsm::Signer {
public:
    explicit SoftwareSigner(EVP_PKEY* key) : key_(key) {}
    ~SoftwareSigner() override { EVP_PKEY_free(key_); }

    Result<Bytes> sign(const hsm::SignRequest& request) override {
        last_purpose = request.purpose;
        last_algorithm = request.algorithm;
        const bool eddsa = request.algorithm.scheme == crypto::SignatureScheme::ed25519;
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        std::size_t size = 0;
        EVP_DigestSignInit(context, nullptr, eddsa ? nullptr : EVP_sha256(), nullptr, key_);
        EVP_DigestSign(context, nullptr, &size, request.tbs.data(), request.tbs.size());
        Bytes signature(size);
        EVP_DigestSign(context, signature.data(), &size, request.tbs.data(), request.tbs.size());
        signature.resize(size);
        EVP_MD_CTX_free(context);
        if (spoil) signature[signature.size() / 2] = static_cast<std::uint8_t>(signature[signature.size() / 2] ^ 1U);
        return signature;
    }

    Result<crypto::PublicKey> public_key(const KeyId&) override {
        unsigned char* der = nullptr;
        const int size = i2d_PUBKEY(key_, &der);
        const Bytes spki(der, der + size);
        OPENSSL_free(der);
        return crypto::PublicKey::parse(spki);
    }

    bool spoil = false;
    hsm::Purpose last_purpose{};
    crypto::SignatureAlgorithm last_algorithm;

private:
    EVP_PKEY* key_;
};

struct Vector {
    std::string_view spki, vkey, note;
};
constexpr std::array<Vector, 3> kVectors{{{vectors::kEd25519Spki, vectors::kEd25519Vkey, vectors::kEd25519Note},
                                          {vectors::kP256Spki, vectors::kP256Vkey, vectors::kP256Note},
                                          {vectors::kP384Spki, vectors::kP384Vkey, vectors::kP384Note}}};

TEST(Checkpoint, TextIsThreeLines) {
    EXPECT_EQ(checkpoint_text("ca.example/audit", vector_head()),
              "ca.example/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n");
    EXPECT_EQ(checkpoint_text("o", {0, empty_root()}), "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
}

TEST(Checkpoint, VerifierKeysAreThoseOfAnotherImplementation) {
    for (const Vector& vector : kVectors) EXPECT_EQ(vkey(vectors::kOrigin, key_of(vector.spki)), vector.vkey);
}

TEST(Checkpoint, VerifierKeyOfTheSignedNotePackage) {
    // golang.org/x/mod/sumdb/note, example of its documentation.
    Bytes spki = from_hex("302a300506032b6570032100").value();
    append(spki, ByteView{from_base64("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").value()}.subspan(1));
    EXPECT_EQ(vkey("PeterNeumann", key_of(to_hex(spki))),
              "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
}

TEST(Checkpoint, VerifiesNotesOfAnotherImplementation) {
    for (const Vector& vector : kVectors) {
        const auto head = verify_checkpoint(vector.note, vectors::kOrigin, key_of(vector.spki));
        ASSERT_TRUE(head) << head.error().describe();
        EXPECT_EQ(head.value(), vector_head());
    }
}

TEST(Checkpoint, RefusesEachNoteWithOneBitFlipped) {
    for (const Vector& vector : kVectors) {
        const auto key = key_of(vector.spki);
        for (std::size_t bit = 0; bit < vector.note.size() * 8; ++bit) {
            std::string wrong{vector.note};
            wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
            EXPECT_FALSE(verify_checkpoint(wrong, vectors::kOrigin, key)) << "bit " << bit << "\n" << wrong;
        }
    }
}

TEST(Checkpoint, RefusesEachTruncation) {
    const std::string_view note = vectors::kEd25519Note;
    const auto key = key_of(vectors::kEd25519Spki);
    for (std::size_t size = 0; size < note.size(); ++size)
        EXPECT_FALSE(verify_checkpoint(note.substr(0, size), vectors::kOrigin, key)) << size;
}

TEST(Checkpoint, RefusesAnotherOriginAndAnotherKey) {
    const auto key = key_of(vectors::kEd25519Spki);
    EXPECT_FALSE(verify_checkpoint(vectors::kEd25519Note, "ca.example/audit2", key));
    EXPECT_EQ(verify_checkpoint(vectors::kEd25519Note, vectors::kOrigin, key_of(vectors::kP256Spki)).error().code(),
              ErrorCode::invalid_signature);
    EXPECT_EQ(verify_checkpoint(vectors::kP256Note, vectors::kOrigin, key).error().code(),
              ErrorCode::invalid_signature);
}

TEST(Checkpoint, IgnoresLinesOfOthersButNotMalformedOnes) {
    const auto key = key_of(vectors::kEd25519Spki);
    const std::string note{vectors::kEd25519Note};
    const std::string other = "\xE2\x80\x94 witness.example AAAAAQIDBA==\n";
    EXPECT_TRUE(verify_checkpoint(note + other, vectors::kOrigin, key));
    // The same name with another key id is another key.
    EXPECT_TRUE(verify_checkpoint(note + "\xE2\x80\x94 ca.example/audit AAAAAQIDBA==\n", vectors::kOrigin, key));
    EXPECT_FALSE(verify_checkpoint(note + "\xE2\x80\x94 witness.example AAAAAQIDBA=\n", vectors::kOrigin, key));
    EXPECT_FALSE(verify_checkpoint(note + "- witness.example AAAAAQIDBA==\n", vectors::kOrigin, key));
    EXPECT_FALSE(verify_checkpoint(note + "\xE2\x80\x94 witness.example AAAAAQ==\n", vectors::kOrigin, key));
    EXPECT_FALSE(verify_checkpoint(note + "\xE2\x80\x94  AAAAAQIDBA==\n", vectors::kOrigin, key));
    EXPECT_FALSE(verify_checkpoint(note + "\n", vectors::kOrigin, key));
    // A line of ours that does not hold refuses the note, wherever it stands.
    EXPECT_FALSE(verify_checkpoint(note + "\xE2\x80\x94 ca.example/audit SAwihAAA\n", vectors::kOrigin, key));
}

TEST(Checkpoint, BoundsItsInput) {
    const auto key = key_of(vectors::kEd25519Spki);
    std::string note{vectors::kEd25519Note};
    for (int i = 0; i < 99; ++i) note += "\xE2\x80\x94 witness.example AAAAAQIDBA==\n";
    EXPECT_TRUE(verify_checkpoint(note, vectors::kOrigin, key));
    note += "\xE2\x80\x94 witness.example AAAAAQIDBA==\n";
    EXPECT_EQ(verify_checkpoint(note, vectors::kOrigin, key).error().code(), ErrorCode::too_large);
    EXPECT_EQ(verify_checkpoint(std::string(65537, 'x'), vectors::kOrigin, key).error().code(), ErrorCode::too_large);
}

class SigningCheckpoint : public testing::TestWithParam<int> {
protected:
    static EVP_PKEY* new_key() {
        switch (GetParam()) {
            case 0:
                return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
            case 1:
                return EVP_EC_gen("P-256");
            default:
                return EVP_EC_gen("P-384");
        }
    }
};

TEST_P(SigningCheckpoint, MakesANoteThatVerifies) {
    SoftwareSigner signer{new_key()};
    const auto key = signer.public_key({}).value();
    const auto note = sign_checkpoint("ca.example/audit", vector_head(), key, signer, {});
    ASSERT_TRUE(note) << note.error().describe();
    EXPECT_TRUE(note.value().starts_with(checkpoint_text("ca.example/audit", vector_head()) +
                                         "\n\xE2\x80\x94 ca.example/audit "));
    EXPECT_EQ(verify_checkpoint(note.value(), "ca.example/audit", key).value(), vector_head());
    EXPECT_EQ(signer.last_purpose, hsm::Purpose::checkpoint);
    const crypto::SignatureAlgorithm ecdsa{crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256};
    EXPECT_TRUE(GetParam() == 0 || signer.last_algorithm == ecdsa);
}

TEST_P(SigningCheckpoint, LetsNoSignatureOutThatDoesNotHold) {
    SoftwareSigner signer{new_key()};
    const auto key = signer.public_key({}).value();
    signer.spoil = true;
    EXPECT_EQ(sign_checkpoint("ca.example/audit", vector_head(), key, signer, {}).error().code(),
              ErrorCode::invalid_signature);
}

INSTANTIATE_TEST_SUITE_P(Keys, SigningCheckpoint, testing::Values(0, 1, 2));

TEST(Checkpoint, RefusesOriginsThatCannotBeKeyNames) {
    SoftwareSigner signer{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
    const auto key = signer.public_key({}).value();
    for (const std::string_view origin : {"", "two words", "a+b", "line\nbreak", "caf\xC3\xA9"}) {
        EXPECT_EQ(sign_checkpoint(origin, vector_head(), key, signer, {}).error().code(), ErrorCode::malformed)
            << origin;
    }
    EXPECT_TRUE(sign_checkpoint(std::string(255, 'o'), vector_head(), key, signer, {}));
    EXPECT_FALSE(sign_checkpoint(std::string(256, 'o'), vector_head(), key, signer, {}));
}

TEST(Checkpoint, RefusesKeysThatHaveNoSignatureType) {
    SoftwareSigner signer{EVP_RSA_gen(2048)};
    const auto key = signer.public_key({}).value();
    EXPECT_EQ(sign_checkpoint("o", vector_head(), key, signer, {}).error().code(), ErrorCode::unsupported);
    EXPECT_EQ(verify_checkpoint(vectors::kEd25519Note, vectors::kOrigin, key).error().code(), ErrorCode::unsupported);
    EXPECT_THROW(vkey("o", key), std::invalid_argument);
}

// signed_note signs any text as our log, for bodies that sign_checkpoint would never write.
std::string signed_note(const std::string& text, SoftwareSigner& signer) {
    const auto key = signer.public_key({}).value();
    const auto signature =
        signer.sign({key.id(), hsm::Purpose::checkpoint, {crypto::SignatureScheme::ed25519}, {}, view_of(text)})
            .value();
    const auto id = note_key_id("o", key);
    Bytes line{id.begin(), id.end()};
    append(line, signature);
    return text + "\n\xE2\x80\x94 o " + to_base64(line) + "\n";
}

TEST(Checkpoint, ReadsItsTextStrictly) {
    SoftwareSigner signer{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
    const auto key = signer.public_key({}).value();
    const std::string root = to_base64(vector_head().root.view());
    const auto verifies = [&](const std::string& text) {
        return verify_checkpoint(signed_note(text, signer), "o", key).has_value();
    };
    EXPECT_TRUE(verifies("o\n8\n" + root + "\n"));
    EXPECT_TRUE(verifies("o\n8\n" + root + "\nextension line\n"));
    EXPECT_FALSE(verifies("p\n8\n" + root + "\n"));
    EXPECT_FALSE(verifies("o\n08\n" + root + "\n"));
    EXPECT_FALSE(verifies("o\n+8\n" + root + "\n"));
    EXPECT_FALSE(verifies("o\n\n" + root + "\n"));
    EXPECT_FALSE(verifies("o\n18446744073709551616\n" + root + "\n"));
    EXPECT_FALSE(verifies("o\n8\n" + root.substr(0, 40) + "\n"));
    EXPECT_FALSE(verifies("o\n8\n"));
    EXPECT_FALSE(verifies("o\n0\n" + root + "\n"));
    EXPECT_TRUE(verifies("o\n0\n" + to_base64(empty_root().view()) + "\n"));
    EXPECT_FALSE(verifies("o\n8\n" + root + "\n\nextension after an empty line\n"));
    EXPECT_FALSE(verifies("o\n8\n" + root + "\ntab\there\n"));
}

}  // namespace
}  // namespace sealwright::audit
