#include "hsm/decryption_proof.hpp"

#include <array>

#include "crypto/key_transport.hpp"

namespace sealwright::hsm {
namespace {

using crypto::DigestAlgorithm;
using crypto::KeyType;
using crypto::PublicKey;

constexpr std::size_t kContent = 32;
constexpr std::size_t kLargestScalar = 66;  // P-521's

struct Encrypted {
    Bytes input;
    Secret expected;
};

// Drawn is what was drawn and must stay unknown, zeroised however its user leaves.
template <std::size_t N>
struct Drawn {
    std::array<std::uint8_t, N> octets{};
    explicit Drawn(crypto::Random& random) { random.fill_secret(octets); }
    Drawn(const Drawn&) = delete;
    Drawn& operator=(const Drawn&) = delete;
    ~Drawn() { zeroise(octets.data(), octets.size()); }
};

Result<Secret> oaep_block(crypto::Random& random, DigestAlgorithm digest, ByteView content, std::size_t size) {
    Bytes seed(digest == DigestAlgorithm::sha1 ? 20 : 32);
    random.fill(seed);
    return crypto::oaep_encode(digest, {}, seed, content, size);
}

// pkcs1_block is EME-PKCS1-v1_5 (RFC 8017 7.2.1): 0, 2, at least eight random octets that are not zero, 0, the message.
Result<Secret> pkcs1_block(crypto::Random& random, ByteView content, std::size_t size) {
    if (size < content.size() + 11) return fail(ErrorCode::too_large, "a message that does not fit into the block");
    Bytes padding(size - content.size() - 3);
    random.fill(padding);
    Secret block = Secret::with_capacity(size);
    block.append(0);
    block.append(2);
    for (const std::uint8_t octet : padding) block.append(octet == 0 ? std::uint8_t{1} : octet);
    block.append(0);
    for (const std::uint8_t octet : content) block.append(octet);
    return block;
}

Result<Encrypted> encrypt(const PublicKey& key, const DecryptionWay& way, crypto::Random& random) {
    const Drawn<kContent> content{random};
    const std::size_t size = key.rsa_modulus().size();
    SEALWRIGHT_TRY(const auto block, way.scheme == DecryptScheme::rsa_oaep
                                         ? oaep_block(random, way.digest, content.octets, size)
                                         : pkcs1_block(random, content.octets, size));
    SEALWRIGHT_TRY(auto input, crypto::rsa_encrypt_block(key, block.reveal()));
    return Encrypted{std::move(input), Secret::copy_of(content.octets)};
}

Result<Encrypted> agree(const PublicKey& key, crypto::Random& random) {
    const std::size_t size = crypto::coordinate_size(key);
    Drawn<kLargestScalar> scalar{random};
    // Below the order of each curve, which is all that a proof needs.
    scalar.octets[0] = 0;
    scalar.octets[kLargestScalar - size] = 0;
    SEALWRIGHT_TRY(auto share, crypto::ecdh_with_scalar(key, ByteView{scalar.octets}.subspan(kLargestScalar - size)));
    Bytes point{0x04};
    append(point, share.ephemeral_x);
    append(point, share.ephemeral_y);
    return Encrypted{std::move(point), std::move(share.shared_x)};
}

}  // namespace

std::vector<DecryptionWay> decryption_ways(const PublicKey& key) {
    if (key.type() == KeyType::rsa)
        return {{DecryptScheme::rsa_oaep, DigestAlgorithm::sha1},
                {DecryptScheme::rsa_oaep, DigestAlgorithm::sha256},
                {DecryptScheme::rsa_pkcs1, DigestAlgorithm::sha256}};
    if (crypto::coordinate_size(key) != 0) return {{DecryptScheme::ecdh, DigestAlgorithm::sha256}};
    return {};
}

bool may_be_lacking(const Error& error) noexcept {
    return error.code() == ErrorCode::unsupported || error.code() == ErrorCode::malformed;
}

Result<DecryptionProof> DecryptionProof::make(const PublicKey& key, const DecryptionWay& way, crypto::Random& random) {
    const bool agrees = way.scheme == DecryptScheme::ecdh;
    if (agrees ? crypto::coordinate_size(key) == 0 : key.type() != KeyType::rsa)
        return fail(ErrorCode::unsupported, "a key of this type does not decrypt so");
    SEALWRIGHT_TRY(auto made, agrees ? agree(key, random) : encrypt(key, way, random));
    return DecryptionProof{key.id(), way, std::move(made.input), std::move(made.expected)};
}

DecryptRequest DecryptionProof::request() const {
    DecryptRequest request;
    request.key = key_;
    request.scheme = way_.scheme;
    request.digest = way_.digest;
    request.input = input_;
    request.secret_size = way_.scheme == DecryptScheme::rsa_pkcs1 ? kContent : 0;
    return request;
}

Result<void> DecryptionProof::check(ByteView answer) const {
    if (equal_constant_time(answer, expected_.reveal())) return success();
    return fail(ErrorCode::token, "the token decrypted to something else than what was encrypted");
}

}  // namespace sealwright::hsm
