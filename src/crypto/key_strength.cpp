#include <array>
#include <cmath>
#include <cstddef>

#include "crypto/openssl_error.hpp"
#include "crypto/public_key_state.hpp"

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

// Residues is the modulus modulo each odd prime.
using Residues = std::array<std::uint16_t, kOddPrimes.size()>;

// PrimeGroup is primes whose product stays below 2^56, and powers of 2^64 modulo that product: a modulus is a sum of
// limbs times such powers, and 32 products of a limb and a reduced power add up to less than 2^125, so that no limb
// costs a division.
__extension__ using Wide = unsigned __int128;
constexpr unsigned kGroupBits = 56;
constexpr std::size_t kLimbsAtOnce = 32;
struct PrimeGroup {
    std::size_t end = 0;  // of the primes; they begin where the group before ends
    std::uint64_t product = 1;
    std::array<std::uint64_t, kLimbsAtOnce + 1> powers{};
};

constexpr std::size_t end_of_group(std::size_t begin) {
    std::uint64_t product = 1;
    while (begin < kOddPrimes.size() && product < (std::uint64_t{1} << kGroupBits) / kOddPrimes[begin])
        product *= kOddPrimes[begin++];
    return begin;
}

constexpr std::size_t kGroups = [] {
    std::size_t count = 0;
    for (std::size_t begin = 0; begin < kOddPrimes.size(); begin = end_of_group(begin)) ++count;
    return count;
}();

constexpr auto kPrimeGroups = [] {
    std::array<PrimeGroup, kGroups> groups{};
    std::size_t begin = 0;
    for (PrimeGroup& group : groups) {
        group.end = end_of_group(begin);
        for (; begin < group.end; ++begin) group.product *= kOddPrimes[begin];
        std::uint64_t power = 1;
        for (std::uint64_t& slot : group.powers) {
            slot = power;
            power = static_cast<std::uint64_t>((Wide{power} << 64U) % group.product);
        }
    }
    return groups;
}();

// limbs_of gives the least significant first.
std::vector<std::uint64_t> limbs_of(ByteView big_endian) {
    std::vector<std::uint64_t> limbs((big_endian.size() + 7) / 8);
    for (std::size_t i = 0; i < big_endian.size(); ++i) {
        limbs[i / 8] |= std::uint64_t{big_endian[big_endian.size() - 1 - i]} << (8 * (i % 8));
    }
    return limbs;
}

// rest_of is Horner's rule over stretches of limbs, the most significant first.
std::uint64_t rest_of(const std::vector<std::uint64_t>& limbs, const PrimeGroup& group) noexcept {
    std::uint64_t rest = 0;
    for (std::size_t top = limbs.size(); top > 0;) {
        const std::size_t count = (top - 1) % kLimbsAtOnce + 1;
        Wide sum = Wide{rest} * group.powers[count];
        for (std::size_t i = 0; i < count; ++i) sum += Wide{limbs[top - count + i]} * group.powers[i];
        rest = static_cast<std::uint64_t>(sum % group.product);
        top -= count;
    }
    return rest;
}

Residues residues_of(ByteView modulus) {
    const auto limbs = limbs_of(modulus);
    Residues residues{};
    std::size_t prime = 0;
    for (const PrimeGroup& group : kPrimeGroups) {
        const std::uint64_t rest = rest_of(limbs, group);
        for (; prime < group.end; ++prime) residues[prime] = static_cast<std::uint16_t>(rest % kOddPrimes[prime]);
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

// root_of_word is the floor of the root of a number below 2^62, or one more: a double knows all bits of 2^31.
BN_ULONG root_of_word(BN_ULONG number) { return static_cast<BN_ULONG>(std::sqrt(static_cast<double>(number))); }

// newton_step goes from a number above the square root to a smaller one that is not below its floor.
void newton_step(const BIGNUM* number, BignumPtr& root, BN_CTX* context) {
    BignumPtr next = new_bignum();
    require_openssl(BN_div(next.get(), nullptr, number, root.get(), context) == 1 &&
                        BN_add(next.get(), next.get(), root.get()) == 1 && BN_rshift1(next.get(), next.get()) == 1,
                    "a square root");
    root = std::move(next);
}

// root_from_above is the floor of the square root or a little more: the root of the upper half of the bits, found in
// the same way, has half of its bits, and one step of Newton's finds the others.
BignumPtr root_from_above(const BIGNUM* number, BN_CTX* context) {
    constexpr int kWordBits = 62;
    const int bits = BN_num_bits(number);
    if (bits <= kWordBits) {
        BignumPtr root = new_bignum();
        require_openssl(BN_set_word(root.get(), root_of_word(BN_get_word(number)) + 1) == 1, "a first root");
        return root;
    }
    const int cut = bits / 4 * 2;  // even
    const BignumPtr upper = new_bignum();
    require_openssl(BN_rshift(upper.get(), number, cut) == 1, "BN_rshift");
    BignumPtr root = root_from_above(upper.get(), context);
    require_openssl(BN_add_word(root.get(), 1) == 1 && BN_lshift(root.get(), root.get(), cut / 2) == 1, "a first root");
    newton_step(number, root, context);
    return root;
}

// Root is the floor of a square root, and its square.
struct Root {
    BignumPtr floor, square;
};
Root square_root(const BIGNUM* number, BN_CTX* context) {
    Root root{root_from_above(number, context), new_bignum()};
    for (;;) {
        require_openssl(BN_sqr(root.square.get(), root.floor.get(), context) == 1, "BN_sqr");
        if (BN_cmp(root.square.get(), number) <= 0) return root;
        newton_step(number, root.floor, context);
    }
}

bool is_square(const BIGNUM* number, BN_CTX* context) {
    if (BN_is_zero(number)) return true;
    return BN_cmp(square_root(number, context).square.get(), number) == 0;
}

// SquareSieve knows a sequence of numbers modulo small ones, and of most of them that they are no squares: a square is
// one modulo everything. One in some four hundred others passes.
class SquareSieve {
public:
    // The sequence begins with first; what is added from one number to the next is step at first, and grows by two.
    SquareSieve(const BIGNUM* first, const BIGNUM* step)
        : low_(BN_mod_word(first, 64)),
          low_step_(BN_mod_word(step, 64)),
          rest_(BN_mod_word(first, kProduct)),
          rest_step_(BN_mod_word(step, kProduct)) {}

    bool may_be_square(std::uint64_t round) const noexcept {
        constexpr std::uint64_t kSquaresModulo64 = 0x0202021202030213;
        const std::uint64_t low = low_ + round * low_step_ + round * round - round;
        if (((kSquaresModulo64 >> (low % 64)) & 1U) == 0) return false;
        const std::uint64_t rest = rest_ + round * rest_step_ + round * round - round;
        for (std::size_t i = 0; i < kModuli.size(); ++i) {
            if (!kSquares[i][rest % kModuli[i]]) return false;
        }
        return true;
    }

private:
    static constexpr std::array<unsigned, 5> kModuli{63, 65, 11, 17, 19};
    static constexpr BN_ULONG kProduct = 63UL * 65 * 11 * 17 * 19;
    static constexpr auto kSquares = [] {
        std::array<std::array<bool, 65>, kModuli.size()> squares{};
        for (std::size_t i = 0; i < kModuli.size(); ++i) {
            for (unsigned root = 0; root < kModuli[i]; ++root) squares[i][root * root % kModuli[i]] = true;
        }
        return squares;
    }();
    std::uint64_t low_, low_step_, rest_, rest_step_;
};

// has_close_primes is Fermat's factorisation for a few rounds: it finds p and q whose difference is about the fourth
// root of the modulus.
bool has_close_primes(const BIGNUM* modulus) {
    const BnCtxPtr context{BN_CTX_new()};
    require_openssl(context != nullptr, "BN_CTX_new");
    const Root a = square_root(modulus, context.get());
    const BignumPtr rest = new_bignum();  // a^2 - modulus
    const BignumPtr step = new_bignum();  // (a + 1)^2 - a^2
    require_openssl(BN_sub(rest.get(), a.square.get(), modulus) == 1, "BN_sub");
    if (BN_is_zero(rest.get())) return true;
    require_openssl(BN_lshift1(step.get(), a.floor.get()) == 1 && BN_add_word(step.get(), 1) == 1,
                    "a step of Fermat's");
    // The first number of the sequence is not negative any more: (a + 1)^2 exceeds the modulus.
    require_openssl(BN_add(rest.get(), rest.get(), step.get()) == 1 && BN_add_word(step.get(), 2) == 1,
                    "a step of Fermat's");
    const SquareSieve sieve{rest.get(), step.get()};
    const BignumPtr candidate = new_bignum();
    for (unsigned round = 0; round < kFermatRounds; ++round) {
        if (!sieve.may_be_square(round)) continue;
        // After so many steps: rest + round * step + 2 * (0 + 1 + ... + (round - 1)).
        require_openssl(BN_copy(candidate.get(), step.get()) != nullptr && BN_mul_word(candidate.get(), round) == 1 &&
                            BN_add(candidate.get(), candidate.get(), rest.get()) == 1 &&
                            BN_add_word(candidate.get(), static_cast<BN_ULONG>(round) * round - round) == 1,
                        "a step of Fermat's");
        if (is_square(candidate.get(), context.get())) return true;
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

ModulusVerdict judge_modulus(ByteView octets) {
    const Residues residues = residues_of(octets);
    if (has_small_factor(residues)) return ModulusVerdict::small_factor;
    if (has_roca_fingerprint(residues)) return ModulusVerdict::roca;
    if (has_close_primes(bignum(octets).get())) return ModulusVerdict::close_primes;
    return ModulusVerdict::good;
}

// check_modulus judges the numbers of one modulus once: a key never changes, and a CA's is asked about again and again.
// Threads that come at once do the same work and find the same.
Result<void> check_modulus(const PublicKey& key) {
    auto& remembered = key.state().modulus_verdict;
    ModulusVerdict verdict = remembered.load(std::memory_order_relaxed);
    if (verdict == ModulusVerdict::unknown) {
        verdict = judge_modulus(key.rsa_modulus());
        remembered.store(verdict, std::memory_order_relaxed);
    }
    switch (verdict) {
        case ModulusVerdict::good:
            return success();
        case ModulusVerdict::small_factor:
            return weak("the RSA modulus has a small factor");
        case ModulusVerdict::roca:
            return weak("the RSA modulus has the ROCA fingerprint (CVE-2017-15361)");
        case ModulusVerdict::close_primes:
            return weak("the RSA primes are so close that Fermat's method finds them");
        case ModulusVerdict::unknown:
            break;
    }
    return weak("the RSA modulus was not judged");
}

Result<void> check_rsa(const PublicKey& key, unsigned min_bits) {
    if (key.bits() < min_bits) {
        return weak("the RSA key has " + std::to_string(key.bits()) + " bits; at least " + std::to_string(min_bits) +
                    " are needed");
    }
    SEALWRIGHT_TRY(check_rsa_exponent(key.rsa_exponent()));
    return check_modulus(key);
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
        case KeyType::ml_dsa_44:
        case KeyType::ml_dsa_65:
        case KeyType::ml_dsa_87:
            return success();  // FIPS 204 knows no weak public keys
    }
    return success();
}

}  // namespace sealwright::crypto
