// tpm_signer.hpp: the device's key behind the port that OpenSSL's handshakes are fed from (hsm/openssl_provider).
#pragma once

#include <memory>
#include <optional>

#include "crypto/random.hpp"
#include "hsm/signer.hpp"
#include "tpm/tpm.hpp"

struct evp_pkey_st;

namespace sealwright::device {

// TpmSigner signs TLS 1.3 handshakes by one key in a TPM, and nothing else. Not for several threads on a TPM without a
// resource manager.
class TpmSigner final : public hsm::Signer {
public:
    static Result<std::unique_ptr<TpmSigner>> make(tpm::Tpm tpm, tpm::KeyBlob key);

    Result<Bytes> sign(const hsm::SignRequest& request) override;
    Result<crypto::PublicKey> public_key(const KeyId& key) override;

    // failure is why the last signature was not made: the handshake that asked for it only says that it broke.
    const std::optional<Error>& failure() const noexcept { return failure_; }

    // tls_key is for http_client::ClientCertificate; the signer must outlive it.
    Result<std::shared_ptr<evp_pkey_st>> tls_key();

private:
    Result<Bytes> sign_verified(const hsm::SignRequest& request) const;
    TpmSigner(tpm::Tpm tpm, tpm::KeyBlob key, crypto::PublicKey public_key)
        : tpm_(std::move(tpm)), key_(std::move(key)), public_key_(std::move(public_key)) {}

    tpm::Tpm tpm_;
    tpm::KeyBlob key_;
    crypto::PublicKey public_key_;
    crypto::SystemRandom random_;
    std::optional<Error> failure_;
};

}  // namespace sealwright::device
