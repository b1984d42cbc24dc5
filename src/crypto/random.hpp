// random.hpp: the CSPRNG as a port (OpenSSL's RAND_bytes, RAND_priv_bytes for secrets); tests give a seeded one.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/ids.hpp"
#include "base/secret.hpp"

namespace sealwright::crypto {

class Random {
public:
    virtual ~Random() = default;
    // fill writes uniformly random octets; an exhausted or broken generator is an exception. Thread-safe.
    virtual void fill(std::span<std::uint8_t> out) = 0;
    // fill_secret is for what must stay unknown (enrolment secrets); nonces and serial numbers, which the world sees,
    // take fill.
    virtual void fill_secret(std::span<std::uint8_t> out) { fill(out); }
};

class SystemRandom final : public Random {
public:
    void fill(std::span<std::uint8_t> out) override;
    void fill_secret(std::span<std::uint8_t> out) override;
};

// random_id draws a FixedBytes of any kind; random_serial never gives zero (RFC 5280 4.1.2.2: a positive integer).
template <class Id>
Id random_id(Random& random) {
    std::array<std::uint8_t, Id::kSize> octets{};
    random.fill(octets);
    return Id{octets};
}
SerialNumber random_serial(Random& random);

}  // namespace sealwright::crypto
