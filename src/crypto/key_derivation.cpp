#include "crypto/key_derivation.hpp"

#include <openssl/hmac.h>

#include "crypto/fetched_digest.hpp"
#include "crypto/openssl_error.hpp"

namespace sealwright::crypto {
namespace {

void append_u32(Bytes& out, std::uint32_t value) {
    for (unsigned shift = 32; shift > 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
}

void append_label(Bytes& out, std::string_view label) {
    append(out, view_of(label));
    out.push_back(0);
}

// derive concatenates what block gives for counter 1, 2, ... and cuts it to bits, as both functions do it.
template <class Block>
Secret derive(unsigned bits, Block block) {
    const std::size_t size = (bits + 7) / 8;
    Bytes out;
    out.reserve(size + 64);
    for (std::uint32_t counter = 1; out.size() < size; ++counter) {
        Bytes next = block(counter);
        append(out, next);
        zeroise(next.data(), next.size());
    }
    // TPM 2.0 Part 1, 11.4.10: superfluous bits are the most significant ones, and clear.
    if (bits % 8 != 0) out[0] = static_cast<std::uint8_t>(out[0] & ((1U << (bits % 8)) - 1U));
    Secret secret = Secret::copy_of(ByteView{out}.first(size));
    zeroise(out.data(), out.size());
    return secret;
}

}  // namespace

Bytes hmac(DigestAlgorithm algorithm, ByteView key, ByteView message) {
    Bytes out(digest_size(algorithm));
    unsigned size = 0;
    // HMAC takes a null key for "the key of last time".
    static constexpr std::uint8_t kNoOctet = 0;
    const std::uint8_t* octets = key.empty() ? &kNoOctet : key.data();
    require_openssl(HMAC(fetched_digest(algorithm), octets, static_cast<int>(key.size()), message.data(),
                         message.size(), out.data(), &size) != nullptr &&
                        size == out.size(),
                    "HMAC");
    return out;
}

Secret kdfa(DigestAlgorithm algorithm, const KdfaInputs& inputs) {
    return derive(inputs.bits, [&](std::uint32_t counter) {
        Bytes message;
        append_u32(message, counter);
        append_label(message, inputs.label);
        append(message, inputs.context_u);
        append(message, inputs.context_v);
        append_u32(message, inputs.bits);
        return hmac(algorithm, inputs.key, message);
    });
}

Secret kdfe(DigestAlgorithm algorithm, const KdfeInputs& inputs) {
    return derive(inputs.bits, [&](std::uint32_t counter) {
        Bytes message;
        append_u32(message, counter);
        append(message, inputs.z);
        append_label(message, inputs.use);
        append(message, inputs.party_u);
        append(message, inputs.party_v);
        Bytes block = digest(algorithm, message);
        zeroise(message.data(), message.size());
        return block;
    });
}

}  // namespace sealwright::crypto
