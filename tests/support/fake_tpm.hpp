// fake_tpm.hpp: a TPM of software and the manufacturer that certifies it, for tests, simulators and benchmarks: keys
// shaped as TPM structures, credentials activated, keys certified. What it computes goes through OpenSSL's own
// functions, not through those of the verifier. Thread-safe once made.
#pragma once

#include "attestation/tpm_structs.hpp"
#include "x509/certificate.hpp"

namespace sealwright::test {

// FakeTpmKey is a key pair in a TPM's shape.
class FakeTpmKey {
public:
    const attestation::TpmPublic& area() const noexcept { return area_; }
    crypto::PublicKey public_key() const;
    // sign is TPM2_Sign with any algorithm that fits, in X.509's form: for requests and handshakes.
    Bytes sign(const crypto::SignatureAlgorithm& algorithm, ByteView message) const;
    // sign_as_tpm gives TPMT_SIGNATURE by the scheme of the public area; the fake obeys whoever asks, restricted or
    // not.
    Bytes sign_as_tpm(ByteView message) const;
    // with_area is the same key pair with another public area.
    FakeTpmKey with_area(attestation::TpmPublic area) const;

    struct State;
    FakeTpmKey(attestation::TpmPublic area, std::shared_ptr<const State> state)
        : area_(std::move(area)), state_(std::move(state)) {}
    const State& state() const noexcept { return *state_; }

private:
    attestation::TpmPublic area_;
    std::shared_ptr<const State> state_;
};

// make_ek makes a key by a template ("L-1" ... "H-7"); make_ak a restricted signing key, make_leaf one that signs
// anything. scheme is TPM_ALG_RSASSA, TPM_ALG_RSAPSS or TPM_ALG_ECDSA; 0 takes RSASSA or ECDSA.
FakeTpmKey make_ek(std::string_view ek_template);
FakeTpmKey make_ak(crypto::KeyType type = crypto::KeyType::ec_p256, std::uint16_t scheme = 0,
                   crypto::DigestAlgorithm digest = crypto::DigestAlgorithm::sha256);
FakeTpmKey make_leaf(crypto::KeyType type = crypto::KeyType::ec_p256);

// EkCertificateSpec says what an EK certificate shall be like; extensions take the place of all that it would have.
struct EkCertificateSpec {
    std::string manufacturer = "id:54455354", model = "Fake", version = "id:00010002";
    std::optional<x509::Extensions> extensions = std::nullopt;
    std::optional<UtcTime> not_before = std::nullopt, not_after = std::nullopt;
    std::optional<std::string> issuer = std::nullopt;  // RFC 4514, instead of the intermediate's name
};
x509::Extensions ek_extensions(const EkCertificateSpec& spec, bool is_rsa);

// VendorKeys are the kinds of keys that a manufacturer's CAs have.
struct VendorKeys {
    crypto::KeyType root = crypto::KeyType::ec_p256, intermediate = crypto::KeyType::ec_p384;
};

// FakeVendor is a manufacturer: a root and an intermediate, valid from a year before now for ten years.
class FakeVendor {
public:
    explicit FakeVendor(UtcTime now, const std::string& name = "Fake TPM Manufacturer", const VendorKeys& keys = {});
    const x509::Certificate& root() const noexcept { return *root_; }
    const x509::Certificate& intermediate() const noexcept { return *intermediate_; }
    // anchors are a site's that trusts this vendor.
    attestation::TrustAnchors anchors() const { return {{root()}, {intermediate()}}; }
    Bytes certify_ek(const crypto::PublicKey& ek, const EkCertificateSpec& spec = {}) const;
    // sign is the intermediate's signature over a TBSCertificate, put together with it.
    Bytes sign_tbs(ByteView tbs) const;

private:
    struct State;
    std::shared_ptr<const State> state_;
    std::optional<x509::Certificate> root_, intermediate_;
    UtcTime now_;
};

// AkPlace is where the AK stands.
enum class AkPlace : std::uint8_t { endorsement, owner, platform, null, below_ek, below_storage_key };

// FakeTpm holds an EK and an AK, and answers as tpm2-tools or a client would.
class FakeTpm {
public:
    FakeTpm(FakeTpmKey ek, FakeTpmKey ak, AkPlace place = AkPlace::endorsement)
        : ek_(std::move(ek)), ak_(std::move(ak)), place_(place) {}
    const FakeTpmKey& ek() const noexcept { return ek_; }
    const FakeTpmKey& ak() const noexcept { return ak_; }

    // opening is the first round, with the EK's certificate or without (empty).
    attestation::Opening opening(Bytes ek_certificate = {}) const;
    // activate is TPM2_ActivateCredential: the secret, or a failure as a TPM would fail (integrity, decryption).
    Result<Bytes> activate(ByteView credential_blob, ByteView encrypted_secret) const;
    // attest is what TPM2_Certify puts into TPMS_ATTEST; certify signs it. answer does the whole second round.
    attestation::TpmAttest attest(const FakeTpmKey& key, ByteView nonce) const;
    attestation::Answer answer(const attestation::Challenge& challenge, const FakeTpmKey& key) const;

private:
    FakeTpmKey ek_, ak_;
    AkPlace place_;
};

}  // namespace sealwright::test
