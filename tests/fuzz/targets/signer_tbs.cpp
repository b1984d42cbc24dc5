// What a key may sign, for each purpose: octets that one purpose accepts are refused by every other.
#include "crypto/digest.hpp"
#include "hsm/signer_process/limits.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::hsm;
using namespace sealwright::hsm::signer_process;
using sealwright::fuzz::require;

namespace {

// The SubjectPublicKeyInfo of P-256's generator (SEC 2, 2.4.2), whose private key everybody knows.
const crypto::PublicKey& key() {
    static const auto parsed =
        crypto::PublicKey::parse(from_hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"
                                          "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                                          "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
                                     .value());
    return parsed.value();
}

// Name of the corpus' samples: CN=Fuzz CA.
const Sha256& issuer() {
    static const Sha256 digest = crypto::sha256(from_hex("30123110300e06035504030c0746757a7a204341").value());
    return digest;
}

KeyLimits limits() {
    constexpr std::chrono::hours kYear{24 * 365};
    KeyLimits limits;
    limits.name = "fuzz";
    limits.algorithms = {{crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256}};
    limits.certificate = CertificateLimits{issuer(), std::nullopt, true, 1, kYear, kYear, false};
    limits.crl = CrlLimits{issuer(), std::nullopt, kYear};
    limits.csr = CsrLimits{};
    limits.ocsp = OcspLimits{kYear, kYear};
    limits.checkpoint = CheckpointLimits{"ca.test/audit", {}};
    limits.tls = TlsLimits{};
    limits.cms = CmsLimits{std::vector<Bytes>{Bytes{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}}};
    limits.cmp = CmpLimits{true};
    return limits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const KeyLimits allowed = limits();
    const UtcTime now = from_rfc3339("2026-11-22T12:00:00Z").value();
    int accepted = 0;
    for (const Purpose purpose : allowed.purposes()) {
        accepted += check_tbs(allowed, key(), purpose, allowed.algorithms.front(), ByteView{data, size}, now) ? 1 : 0;
    }
    require(accepted <= 1, "octets are of one purpose at most");
    return 0;
}
