#include "crypto/random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "crypto/openssl_error.hpp"

namespace sealwright::crypto {
namespace {

void fill_with(int (*generate)(unsigned char*, int), std::span<std::uint8_t> out) {
    constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<int>::max());
    while (!out.empty()) {
        const std::size_t count = std::min(out.size(), kMost);
        require_openssl(generate(out.data(), static_cast<int>(count)) == 1, "the random generator");
        out = out.subspan(count);
    }
}

}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> out) { fill_with(RAND_bytes, out); }

void SystemRandom::fill_secret(std::span<std::uint8_t> out) { fill_with(RAND_priv_bytes, out); }

SerialNumber random_serial(Random& random) {
    constexpr int kTries = 8;
    for (int i = 0; i < kTries; ++i) {
        const auto serial = random_id<SerialNumber>(random);
        if (serial != SerialNumber{}) return serial;
    }
    // Zero eight times in a row has a probability of 2^-1024: the generator is broken.
    throw std::runtime_error{"the random generator gives zeros alone"};
}

}  // namespace sealwright::crypto
