#include "attestation/credential.hpp"

#include "crypto/key_derivation.hpp"
#include "crypto/key_transport.hpp"

namespace sealwright::attestation {
namespace {

constexpr std::string_view kIdentity = "IDENTITY", kStorage = "STORAGE", kIntegrity = "INTEGRITY";
constexpr unsigned kMaxDraws = 64;  // of a scalar below the order: each fails with a chance under one half

Bytes sized(ByteView octets) {
    Bytes out{static_cast<std::uint8_t>(octets.size() >> 8U), static_cast<std::uint8_t>(octets.size())};
    append(out, octets);
    return out;
}

// draw_scalar gives octets that may be a private key of the curve: P-521 has seven bits too many.
Bytes draw_scalar(crypto::Random& random, std::size_t size) {
    Bytes scalar(size);
    random.fill_secret(scalar);
    if (size == 66) scalar[0] &= 1U;
    return scalar;
}

Result<Wrapped> wrap_for_rsa(const TpmPublic& key, const crypto::PublicKey& target, std::string_view label,
                             ByteView seed, ByteView oaep_seed) {
    // TPM 2.0 Part 1, B.4: the terminating zero is part of OAEP's label.
    Bytes terminated = bytes_of(view_of(label));
    terminated.push_back(0);
    // TPM 2.0 Part 1, B.4: the key's own OAEP scheme says the digest, or else nameAlg does; a storage key, such as an
    // EK, has no scheme.
    auto digest = key.name_alg;
    if (key.scheme.algorithm == kAlgOaep) {
        SEALWRIGHT_TRY(digest, tpm_digest(key.scheme.hash));
    }
    SEALWRIGHT_TRY(const Secret block,
                   crypto::oaep_encode(digest, terminated, oaep_seed, seed, target.rsa_modulus().size()));
    SEALWRIGHT_TRY(Bytes encrypted, crypto::rsa_encrypt_block(target, block.reveal()));
    return Wrapped{Secret::copy_of(seed), std::move(encrypted)};
}

Result<Wrapped> wrap_for_ecc(const TpmPublic& key, const crypto::PublicKey& target, std::string_view label,
                             ByteView scalar) {
    SEALWRIGHT_TRY(const crypto::EcdhShare share, crypto::ecdh_with_scalar(target, scalar));
    const ByteView their_x = target.public_bits().subspan(1, crypto::coordinate_size(target));
    // Part 1, C.6.1: seed := KDFe(nameAlg, Z.x, label, ephemeral.x, static.x, bits of nameAlg).
    Secret seed = crypto::kdfe(key.name_alg, {.z = share.shared_x.reveal(),
                                              .use = label,
                                              .party_u = share.ephemeral_x,
                                              .party_v = their_x,
                                              .bits = static_cast<unsigned>(crypto::digest_size(key.name_alg) * 8)});
    Bytes point = sized(share.ephemeral_x);  // TPMS_ECC_POINT
    append(point, sized(share.ephemeral_y));
    return Wrapped{std::move(seed), std::move(point)};
}

Result<Wrapped> wrap_identity(const TpmPublic& ek, const crypto::PublicKey& key, crypto::Random& random) {
    const std::size_t hash = crypto::digest_size(ek.name_alg);
    if (std::holds_alternative<RsaPublic>(ek.unique)) {
        Bytes seed(hash), oaep_seed(hash);
        random.fill_secret(seed);
        random.fill_secret(oaep_seed);
        auto wrapped = wrap_for_rsa(ek, key, kIdentity, seed, oaep_seed);
        zeroise(seed.data(), seed.size());
        zeroise(oaep_seed.data(), oaep_seed.size());
        return wrapped;
    }
    for (unsigned i = 0; i < kMaxDraws; ++i) {
        Bytes scalar = draw_scalar(random, crypto::coordinate_size(key));
        auto wrapped = wrap_for_ecc(ek, key, kIdentity, scalar);
        zeroise(scalar.data(), scalar.size());
        if (wrapped || wrapped.error().code() != ErrorCode::denied) return wrapped;
    }
    return fail(ErrorCode::internal, "the random generator gives no private key");
}

}  // namespace

Result<Wrapped> wrap_rsa(const TpmPublic& key, std::string_view label, ByteView seed, ByteView oaep_seed) {
    SEALWRIGHT_TRY(const crypto::PublicKey target, public_key(key));
    return wrap_for_rsa(key, target, label, seed, oaep_seed);
}

Result<Wrapped> wrap_ecc(const TpmPublic& key, std::string_view label, ByteView scalar) {
    SEALWRIGHT_TRY(const crypto::PublicKey target, public_key(key));
    return wrap_for_ecc(key, target, label, scalar);
}

Result<Bytes> seal_credential(const TpmPublic& ek, ByteView name, ByteView secret, ByteView seed) {
    if (ek.symmetric.algorithm != kAlgAes) return fail(ErrorCode::unsupported, "the EK has no symmetric algorithm");
    if (secret.size() > crypto::digest_size(ek.name_alg)) {
        return fail(ErrorCode::too_large, "the secret is longer than the EK's digest");
    }
    // Part 1, 24.4: symKey := KDFa(nameAlg, seed, "STORAGE", name, NULL, bits).
    const Secret key =
        crypto::kdfa(ek.name_alg, {.key = seed, .label = kStorage, .context_u = name, .bits = ek.symmetric.key_bits});
    Bytes plain = sized(secret);
    const auto sealed = crypto::aes_cfb128_encrypt(key.reveal(), plain);
    zeroise(plain.data(), plain.size());
    SEALWRIGHT_TRY(const Bytes encrypted, sealed);
    // 24.5: HMACkey := KDFa(nameAlg, seed, "INTEGRITY", NULL, NULL, bits); outerHMAC := HMAC(HMACkey, encIdentity ||
    // name).
    const Secret integrity_key = crypto::kdfa(
        ek.name_alg,
        {.key = seed, .label = kIntegrity, .bits = static_cast<unsigned>(crypto::digest_size(ek.name_alg) * 8)});
    Bytes covered = encrypted;
    append(covered, name);
    Bytes object = sized(crypto::hmac(ek.name_alg, integrity_key.reveal(), covered));  // TPMS_ID_OBJECT
    append(object, encrypted);
    return sized(object);
}

Result<Credential> make_credential(const TpmPublic& ek, ByteView name, ByteView secret, crypto::Random& random) {
    SEALWRIGHT_TRY(const crypto::PublicKey key, public_key(ek));
    return make_credential(ek, key, name, secret, random);
}

Result<Credential> make_credential(const TpmPublic& ek, const crypto::PublicKey& key, ByteView name, ByteView secret,
                                   crypto::Random& random) {
    SEALWRIGHT_TRY(const Wrapped wrapped, wrap_identity(ek, key, random));
    SEALWRIGHT_TRY(Bytes blob, seal_credential(ek, name, secret, wrapped.seed.reveal()));
    return Credential{std::move(blob), sized(wrapped.encrypted)};
}

}  // namespace sealwright::attestation
