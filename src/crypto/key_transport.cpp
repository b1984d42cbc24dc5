#include "crypto/key_transport.hpp"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include "crypto/fetched_digest.hpp"
#include "crypto/openssl_error.hpp"
#include "crypto/public_key_state.hpp"

namespace sealwright::crypto {
namespace {

using EcPointPtr = std::unique_ptr<EC_POINT, Deleter<EC_POINT_clear_free>>;
using EvpCipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;

// mask_with XORs MGF1(seed) over target (RFC 8017 B.2.1).
void mask_with(DigestAlgorithm algorithm, ByteView seed, std::span<std::uint8_t> target) {
    const std::size_t step = digest_size(algorithm);
    for (std::size_t done = 0, counter = 0; done < target.size(); done += step, ++counter) {
        Bytes input = bytes_of(seed);
        for (unsigned shift = 32; shift > 0; shift -= 8) {
            input.push_back(static_cast<std::uint8_t>(counter >> (shift - 8)));
        }
        Bytes mask = digest(algorithm, input);
        for (std::size_t i = 0; i < step && done + i < target.size(); ++i) {
            target[done + i] = static_cast<std::uint8_t>(target[done + i] ^ mask[i]);
        }
        zeroise(input.data(), input.size());
        zeroise(mask.data(), mask.size());
    }
}

// coordinates gives x and y of a point of this curve, padded.
std::pair<Bytes, Bytes> coordinates(const EC_GROUP* group, const EC_POINT* point, std::size_t size) {
    const BignumPtr x{BN_new()}, y{BN_new()};
    Bytes x_octets(size), y_octets(size);
    require_openssl(x && y && EC_POINT_get_affine_coordinates(group, point, x.get(), y.get(), nullptr) == 1,
                    "EC_POINT_get_affine_coordinates");
    const int length = static_cast<int>(size);
    require_openssl(BN_bn2binpad(x.get(), x_octets.data(), length) == length &&
                        BN_bn2binpad(y.get(), y_octets.data(), length) == length,
                    "BN_bn2binpad");
    return {std::move(x_octets), std::move(y_octets)};
}

}  // namespace

Result<Secret> oaep_encode(DigestAlgorithm algorithm, ByteView label, ByteView seed, ByteView message,
                           std::size_t block_size) {
    const std::size_t hash = digest_size(algorithm);
    if (seed.size() != hash) return fail(ErrorCode::malformed, "OAEP: a seed of the wrong size");
    if (block_size < 2 * hash + 2 || message.size() > block_size - 2 * hash - 2) {
        return fail(ErrorCode::too_large, "OAEP: the message does not fit under this key");
    }
    Bytes block(block_size);
    const std::span<std::uint8_t> masked_seed = std::span{block}.subspan(1, hash);
    const std::span<std::uint8_t> data = std::span{block}.subspan(1 + hash);
    const Bytes label_digest = digest(algorithm, label);
    std::copy(label_digest.begin(), label_digest.end(), data.begin());
    data[data.size() - message.size() - 1] = 1;
    std::copy(message.begin(), message.end(), data.end() - static_cast<std::ptrdiff_t>(message.size()));
    std::copy(seed.begin(), seed.end(), masked_seed.begin());
    mask_with(algorithm, seed, data);
    mask_with(algorithm, data, masked_seed);
    Secret out = Secret::copy_of(block);
    zeroise(block.data(), block.size());
    return out;
}

Result<Bytes> rsa_encrypt_block(const PublicKey& key, ByteView block) {
    if (key.type() != KeyType::rsa) return fail(ErrorCode::unsupported, "RSA encryption with another kind of key");
    const EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, key.state().evp(), nullptr)};
    require_openssl(context != nullptr, "EVP_PKEY_CTX_new_from_pkey");
    require_openssl(
        EVP_PKEY_encrypt_init(context.get()) == 1 && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1,
        "EVP_PKEY_encrypt_init");
    Bytes out(key.rsa_modulus().size());
    std::size_t size = out.size();
    if (block.size() != out.size() ||
        EVP_PKEY_encrypt(context.get(), out.data(), &size, block.data(), block.size()) != 1) {
        clear_openssl_errors();
        return fail(ErrorCode::malformed, "RSA encryption: the block does not fit the modulus");
    }
    return out;
}

std::size_t coordinate_size(const PublicKey& key) noexcept {
    return curve_group(key.type()) == nullptr ? 0 : (key.bits() + 7) / 8;
}

Result<EcdhShare> ecdh_with_scalar(const PublicKey& peer, ByteView scalar) {
    const EC_GROUP* group = curve_group(peer.type());
    if (group == nullptr) return fail(ErrorCode::unsupported, "ECDH with another kind of key");
    const BignumPtr number{BN_secure_new()};
    require_openssl(number && BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), number.get()) != nullptr,
                    "BN_bin2bn");
    BN_set_flags(number.get(), BN_FLG_CONSTTIME);
    if (BN_is_zero(number.get()) || BN_cmp(number.get(), EC_GROUP_get0_order(group)) >= 0) {
        return fail(ErrorCode::denied, "ECDH: the scalar is no private key of the curve");
    }
    const EcPointPtr theirs{EC_POINT_new(group)}, ephemeral{EC_POINT_new(group)}, shared{EC_POINT_new(group)};
    require_openssl(theirs && ephemeral && shared, "EC_POINT_new");
    const ByteView point = peer.public_bits();
    require_openssl(EC_POINT_oct2point(group, theirs.get(), point.data(), point.size(), nullptr) == 1,
                    "EC_POINT_oct2point");
    require_openssl(EC_POINT_mul(group, ephemeral.get(), number.get(), nullptr, nullptr, nullptr) == 1 &&
                        EC_POINT_mul(group, shared.get(), nullptr, theirs.get(), number.get(), nullptr) == 1,
                    "EC_POINT_mul");
    const std::size_t size = coordinate_size(peer);
    EcdhShare share;
    std::tie(share.ephemeral_x, share.ephemeral_y) = coordinates(group, ephemeral.get(), size);
    auto [x, y] = coordinates(group, shared.get(), size);
    share.shared_x = Secret::copy_of(x);
    zeroise(x.data(), x.size());
    zeroise(y.data(), y.size());
    return share;
}

Result<Bytes> aes_cfb128_encrypt(ByteView key, ByteView plain) {
    const EVP_CIPHER* cipher = key.size() == 16   ? EVP_aes_128_cfb128()
                               : key.size() == 24 ? EVP_aes_192_cfb128()
                               : key.size() == 32 ? EVP_aes_256_cfb128()
                                                  : nullptr;
    if (cipher == nullptr) return fail(ErrorCode::unsupported, "AES with a key of this size");
    const EvpCipherCtxPtr context{EVP_CIPHER_CTX_new()};
    constexpr std::array<std::uint8_t, 16> kZeros{};
    Bytes out(plain.size());
    int written = 0;
    require_openssl(
        context && EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), kZeros.data()) == 1 &&
            EVP_EncryptUpdate(context.get(), out.data(), &written, plain.data(), static_cast<int>(plain.size())) == 1,
        "AES in CFB mode");
    return out;
}

Result<void> verify_pss_any_salt(const PublicKey& key, DigestAlgorithm algorithm, ByteView message,
                                 ByteView signature) {
    if (key.type() != KeyType::rsa) return fail(ErrorCode::unsupported, "RSASSA-PSS with another kind of key");
    const EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, key.state().evp(), nullptr)};
    require_openssl(context && EVP_PKEY_verify_init(context.get()) == 1 &&
                        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) == 1 &&
                        EVP_PKEY_CTX_set_signature_md(context.get(), fetched_digest(algorithm)) == 1 &&
                        EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_AUTO) == 1,
                    "EVP_PKEY_verify_init");
    const Bytes hash = digest(algorithm, message);
    if (EVP_PKEY_verify(context.get(), signature.data(), signature.size(), hash.data(), hash.size()) != 1) {
        clear_openssl_errors();
        return fail(ErrorCode::invalid_signature, "the signature does not hold");
    }
    return success();
}

}  // namespace sealwright::crypto
