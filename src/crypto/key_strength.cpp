#include <array>
#include <cstddef>
#include <limits>

#include "crypto/openssl_error.hpp"
#include "crypto/openssl_ptr.hpp"
#include "crypto/spki.hpp"

namespace sealwright::crypto {
namespace {

constexpr unsigned kMaxExponentBits = 256;
constexpr std::uint64_t kMinExponent = 65537;
constexpr unsigned kFermatRounds = 100;
constexpr unsigned kLargestTrialPrime = 751;
constexpr unsigned kLargestRocaPrime = 167;

Error weak(std::string why) { return fail(ErrorCode::weak_key, std::move(why)); }

// OddPrimes is every odd prime up to the bound of trial division.
constexpr auto kOddPrimes = [] {
    std::array<std::uint16_t, 132> primes{};
    std::size_t count = 0;
    for (unsigned candidate = 3; candidate <= kLargestTrialPrime; candidate += 2) {
        bool prime = true;
        for (unsigned divisor = 3; divisor * divisor <= candidate; divisor += 2)
            prime = prime && candidate % divisor != 0;
        if (prime) primes[count++] = static_cast<std::uint16_t>(candidate);
    }
    return primes;
}();
static_assert(kOddPrimes.back() == kLargestTrialPrime, "the array must hold exactly the odd primes up to the bound");

BignumPtr bignum(ByteView big_endian) {
    BignumPtr number{BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr)};
    require_openssl(number != nullptr, "BN_bin2bn");
    return number;
}

BignumPtr new_bignum() {
    BignumPtr number{BN_new()};
    require_openssl(number != nullptr, "BN_new");
    return number;
}

// Residues is the modulus modulo each odd prime; one long division serves as many primes as fit a word.
using Residues = std::array<std::uint16_t, kOddPrimes.size()>;

Residues residues_of(const BIGNUM* modulus) {
    constexpr BN_ULONG kWordBound = std::numeric_limits<BN_ULONG>::max();
    Residues residues{};
    for (std::size_t begin = 0; begin < kOddPrimes.size();) {
        BN_ULONG product = 1;
        std::size_t end = begin;
        while (end < kOddPrimes.size() && product < kWordBound / kOddPrimes[end]) product *= kOddPrimes[end++];
        const BN_ULONG rest = BN_mod_word(modulus, product);
        for (; begin < end; ++begin) residues[begin] = static_cast<std::uint16_t>(rest % kOddPrimes[begin]);
    }
    return residues;
}

bool has_small_factor(const Residues& residues) noexcept {
    for (const std::uint16_t residue : residues) {
        if (residue == 0) return true;
    }
    return false;
}

// generated_by_65537 says whether residue lies in the subgroup of the units modulo prime that 65537 generates.
bool generated_by_65537(unsigned residue, unsigned prime) noexcept {
    unsigned power = 1;
    do {
        if (power == residue) return true;
        power = static_cast<unsigned>(std::uint64_t{power} * 65537U % prime);
    } while (power != 1);
    return false;
}

// has_roca_fingerprint is the published test for CVE-2017-15361 (Nemec et al., "The Return of Coppersmith's Attack",
// section 2): primes k*M + (65537^a mod M) make every residue of the modulus a power of 65537. A random modulus passes
// with a probability below 2^-27.
bool has_roca_fingerprint(const Residues& residues) noexcept {
    for (std::size_t i = 0; i < kOddPrimes.size() && kOddPrimes[i] <= kLargestRocaPrime; ++i) {
        if (!generated_by_65537(residues[i], kOddPrimes[i])) return false;
    }
    return true;
}

// floor_square_root is Newton's iteration from above.
BignumPtr floor_square_root(const BIGNUM* number, BN_CTX* context) {
    BignumPtr root = new_bignum();
    BignumPtr next = new_bignum();
    require_openssl(BN_set_bit(root.get(), (BN_num_bits(number) + 1) / 2) == 1, "BN_set_bit");
    for (;;) {
        require_openssl(BN_div(next.get(), nullptr, number, root.get(), context) == 1 &&
                            BN_add(next.get(), next.get(), root.get()) == 1 && BN_rshift1(next.get(), next.get()) == 1,
                        "a square root");
        if (BN_cmp(next.get(), root.get()) >= 0) return root;
        std::swap(root, next);
    }
}

bool is_square(const BIGNUM* number, BN_CTX* context) {
    if (BN_is_zero(number)) return true;
    // Twelve of the residues modulo 64 are squares: five in six candidates end here.
    constexpr std::uint64_t kSquaresModulo64 = 0x0202021202030213;
    if (((kSquaresModulo64 >> BN_mod_word(number, 64)) & 1U) == 0) return false;
    const BignumPtr root = floor_square_root(number, context);
    const BignumPtr square = new_bignum();
    require_openssl(BN_sqr(square.get(), root.get(), context) == 1, "BN_sqr");
    return BN_cmp(square.get(), number) == 0;
}

// has_close_primes is Fermat's factorisation for a few rounds: it finds p and q whose difference is about the fourth
// root of the modulus.
bool has_close_primes(const BIGNUM* modulus) {
    const BnCtxPtr context{BN_CTX_new()};
    require_openssl(context != nullptr, "BN_CTX_new");
    const BignumPtr a = floor_square_root(modulus, context.get());
    const BignumPtr rest = new_bignum();  // a^2 - modulus
    const BignumPtr step = new_bignum();  // (a + 1)^2 - a^2
    require_openssl(BN_sqr(rest.get(), a.get(), context.get()) == 1, "BN_sqr");
    require_openssl(BN_sub(rest.get(), rest.get(), modulus) == 1, "BN_sub");
    if (BN_is_zero(rest.get())) return true;
    require_openssl(BN_lshift1(step.get(), a.get()) == 1 && BN_add_word(step.get(), 1) == 1, "a step of Fermat's");
    for (unsigned round = 0; round < kFermatRounds; ++round) {
        require_openssl(BN_add(rest.get(), rest.get(), step.get()) == 1 && BN_add_word(step.get(), 2) == 1,
                        "a step of Fermat's");
        if (is_square(rest.get(), context.get())) return true;
    }
    return false;
}

Result<void> check_rsa_exponent(ByteView exponent) {
    if (exponent.size() * 8 > kMaxExponentBits) return weak("the RSA exponent is longer than 256 bits");
    if ((exponent.back() & 1U) == 0) return weak("the RSA exponent is even");
    std::uint64_t low = 0;
    for (const std::uint8_t octet : exponent) low = (low << 8U) | octet;
    if (exponent.size() <= 8 && low < kMinExponent) return weak("the RSA exponent is below 65537");
    return success();
}

Result<void> check_rsa(const PublicKey& key, unsigned min_bits) {
    if (key.bits() < min_bits) {
        return weak("the RSA key has " + std::to_string(key.bits()) + " bits; at least " + std::to_string(min_bits) +
                    " are needed");
    }
    SEALWRIGHT_TRY(check_rsa_exponent(key.rsa_exponent()));
    const BignumPtr modulus = bignum(key.rsa_modulus());
    const Residues residues = residues_of(modulus.get());
    if (has_small_factor(residues)) return weak("the RSA modulus has a small factor");
    if (has_roca_fingerprint(residues)) return weak("the RSA modulus has the ROCA fingerprint (CVE-2017-15361)");
    if (has_close_primes(modulus.get())) return weak("the RSA primes are so close that Fermat's method finds them");
    return success();
}

// kSmallOrder25519 holds the y-coordinates, sign bit cleared, of the points whose order divides eight, also those that
// are not reduced. Under such a key a signature can hold for any message.
using Point25519 = std::array<std::uint8_t, 32>;

constexpr Point25519 filled(std::uint8_t first, std::uint8_t middle, std::uint8_t last) {
    Point25519 point{};
    point.fill(middle);
    point.front() = first;
    point.back() = last;
    return point;
}

constexpr std::array<Point25519, 7> kSmallOrder25519{{
    filled(0x00, 0x00, 0x00),
    filled(0x01, 0x00, 0x00),
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    filled(0xec, 0xff, 0x7f),
    filled(0xed, 0xff, 0x7f),
    filled(0xee, 0xff, 0x7f),
}};

Result<void> check_ed25519(const PublicKey& key) {
    Point25519 point{};
    std::copy_n(key.public_bits().begin(), point.size(), point.begin());
    point.back() &= 0x7F;
    for (const Point25519& small : kSmallOrder25519) {
        if (point == small) return weak("the Ed25519 key is a point of small order");
    }
    return success();
}

// check_ed448 knows the points whose order divides four by their y: 0, 1 and p - 1, where p = 2^448 - 2^224 - 1.
Result<void> check_ed448(const PublicKey& key) {
    const ByteView y = key.public_bits().first(56);
    const auto all = [](ByteView octets, std::uint8_t value) {
        return std::all_of(octets.begin(), octets.end(), [&](std::uint8_t octet) { return octet == value; });
    };
    const bool zero_or_one = y[0] <= 1 && all(y.subspan(1), 0);
    const bool minus_one = y[0] == 0xFE && all(y.subspan(1, 27), 0xFF) && y[28] == 0xFE && all(y.subspan(29), 0xFF);
    if (zero_or_one || minus_one) return weak("the Ed448 key is a point of small order");
    return success();
}

}  // namespace

Result<void> check_strength(const PublicKey& key, unsigned min_rsa_bits) {
    switch (key.type()) {
        case KeyType::rsa:
            return check_rsa(key, min_rsa_bits);
        case KeyType::ed25519:
            return check_ed25519(key);
        case KeyType::ed448:
            return check_ed448(key);
        case KeyType::ec_p256:
        case KeyType::ec_p384:
        case KeyType::ec_p521:
            return success();  // a point on one of these curves has their prime order
    }
    return success();
}

}  // namespace sealwright::crypto
