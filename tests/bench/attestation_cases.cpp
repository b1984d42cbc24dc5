#include "tests/bench/attestation_cases.hpp"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include "asn1/der_writer.hpp"
#include "attestation/ek_certificate.hpp"
#include "crypto/openssl_ptr.hpp"
#include "crypto/public_key_state.hpp"
#include "crypto/random.hpp"

namespace sealwright::bench {
namespace {

using attestation::TpmPublic;
using crypto::KeyType;

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error{result.error().describe()};
    return std::move(result).value();
}

void check(bool ok, const char* what) {
    if (!ok) throw std::runtime_error{what};
}

BareVerification of_certificate(const x509::Certificate& certificate, const x509::Certificate& issuer) {
    return {must(crypto::PublicKey::parse(issuer.fields().spki.view())),
            must(crypto::parse_algorithm_identifier(certificate.signature_algorithm())), bytes_of(certificate.tbs()),
            bytes_of(certificate.signature())};
}

BareVerification of_ek_certificate(ByteView der, const x509::Certificate& issuer) {
    auto certificate = must(attestation::parse_ek_certificate(der));
    return {must(crypto::PublicKey::parse(issuer.fields().spki.view())),
            must(crypto::parse_algorithm_identifier(certificate.signature_algorithm)),
            std::move(certificate.signed_octets), std::move(certificate.signature)};
}

BareVerification of_certification(const attestation::Answer& answer, const test::FakeTpmKey& ak) {
    auto signature = must(attestation::parse_signature(answer.certify_signature));
    const bool is_ecc = signature.scheme.algorithm == attestation::kAlgEcdsa;
    Bytes octets = std::move(signature.r);
    if (is_ecc) {
        asn1::DerWriter writer;
        writer.sequence([&] { writer.unsigned_integer(octets).unsigned_integer(signature.s); });
        octets = writer.take();
    }
    const auto scheme = is_ecc ? crypto::SignatureScheme::ecdsa : crypto::SignatureScheme::rsa_pkcs1;
    return {ak.public_key(),
            {scheme, must(attestation::tpm_digest(signature.scheme.hash))},
            Bytes(answer.certify_info.begin() + 2, answer.certify_info.end()),
            std::move(octets)};
}

// oaep encrypts 32 octets as OpenSSL does.
bool oaep(EVP_PKEY* key, ByteView secret) {
    const crypto::EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
    std::array<std::uint8_t, 512> out{};
    std::size_t size = out.size();
    return context && EVP_PKEY_encrypt_init(context.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) == 1 &&
           EVP_PKEY_encrypt(context.get(), out.data(), &size, secret.data(), secret.size()) == 1;
}

// Exchange is an ephemeral P-256 exchange with group and point loaded: one multiplication of the generator, one of
// their point.
class Exchange {
public:
    explicit Exchange(ByteView point)
        : group_(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), EC_GROUP_free),
          theirs_(EC_POINT_new(group_.get()), EC_POINT_free) {
        check(EC_POINT_oct2point(group_.get(), theirs_.get(), point.data(), point.size(), nullptr) == 1, "a point");
    }
    bool run(ByteView octets) const {
        const crypto::BignumPtr scalar{BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr)};
        BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
        const Point ours{EC_POINT_new(group_.get()), EC_POINT_free}, shared{EC_POINT_new(group_.get()), EC_POINT_free};
        return EC_POINT_mul(group_.get(), ours.get(), scalar.get(), nullptr, nullptr, nullptr) == 1 &&
               EC_POINT_mul(group_.get(), shared.get(), nullptr, theirs_.get(), scalar.get(), nullptr) == 1;
    }

private:
    using Point = std::unique_ptr<EC_POINT, void (*)(EC_POINT*)>;
    std::unique_ptr<EC_GROUP, void (*)(EC_GROUP*)> group_;
    Point theirs_;
};

std::function<bool()> bare_challenge(const crypto::PublicKey& ek) {
    Bytes octets(32, 0x5A);
    if (ek.type() == KeyType::rsa) return [ek, octets] { return oaep(ek.state().evp(), octets); };
    const auto exchange = std::make_shared<Exchange>(ek.public_bits());
    return [exchange, octets] { return exchange->run(octets); };
}

Device make_device(const test::FakeVendor& vendor, const char* ek_template, KeyType type, crypto::Random& random) {
    const test::FakeTpm tpm{test::make_ek(ek_template), test::make_ak(type)};
    const auto leaf = test::make_leaf(type);
    const auto ek = tpm.ek().public_key();
    Device device;
    device.opening = tpm.opening(vendor.certify_ek(ek));
    const auto challenge = must(attestation::make_challenge(device.opening, random));
    device.answer = tpm.answer(challenge, leaf);
    device.expectation = {challenge.secret_digest, challenge.nonce, leaf.public_key().spki().bytes()};
    device.chain = {of_ek_certificate(device.opening.ek_certificate, vendor.intermediate())};
    device.certification = of_certification(device.answer, tpm.ak());
    device.bare_challenge = bare_challenge(ek);
    return device;
}

}  // namespace

std::vector<Fleet> make_fleets(UtcTime now, Keys keys, std::size_t devices) {
    const bool is_rsa = keys == Keys::rsa2048;
    const KeyType type = is_rsa ? KeyType::rsa : KeyType::ec_p256;
    const std::string what = is_rsa ? "L-1, all keys RSA-2048" : "L-2, all keys P-256";
    const test::FakeVendor vendor{now, "Benchmark Manufacturer", {.root = type, .intermediate = type}};
    crypto::SystemRandom random;
    Fleet known{what + "; the site has the intermediate", vendor.anchors(), {}, {}};
    known.policy.accepted = {attestation::Level::ek_certificate};
    for (std::size_t i = 0; i < devices; ++i)
        known.devices.push_back(make_device(vendor, is_rsa ? "L-1" : "L-2", type, random));
    Fleet sent{what + "; each device sends it", {{vendor.root()}, {}}, known.policy, known.devices};
    for (Device& device : sent.devices) {
        device.opening.ek_chain = {vendor.intermediate().der().bytes()};
        device.chain.push_back(of_certificate(vendor.intermediate(), vendor.root()));
    }
    return {std::move(known), std::move(sent)};
}

}  // namespace sealwright::bench
