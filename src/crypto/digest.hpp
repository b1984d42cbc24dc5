// digest.hpp: message digests by OpenSSL, with the algorithm fetched once and the context kept, since fetching costs
// more than hashing.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/ids.hpp"

namespace sealwright::crypto {

enum class DigestAlgorithm : std::uint8_t { sha1 = 1, sha256 = 2, sha384 = 3, sha512 = 4 };

std::size_t digest_size(DigestAlgorithm algorithm) noexcept;
std::string_view digest_name(DigestAlgorithm algorithm) noexcept;  // "SHA256", as OpenSSL names it

// digest hashes in one call. Thread-safe; a failure of OpenSSL here is an exception.
Bytes digest(DigestAlgorithm algorithm, ByteView data);
Sha256 sha256(ByteView data);

// Hasher hashes as data comes. Move-only, one thread at a time; finish resets it.
class Hasher {
public:
    explicit Hasher(DigestAlgorithm algorithm);
    Hasher(Hasher&&) noexcept;
    Hasher& operator=(Hasher&&) noexcept;
    ~Hasher();
    Hasher& update(ByteView data);
    Bytes finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

// key_id names the key of a SubjectPublicKeyInfo.
KeyId key_id(const SpkiDer& spki);

}  // namespace sealwright::crypto
