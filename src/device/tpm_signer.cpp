#include "device/tpm_signer.hpp"

#include "cli/exit_code.hpp"
#include "hsm/openssl_provider/tls_key.hpp"

namespace sealwright::device {

Result<std::unique_ptr<TpmSigner>> TpmSigner::make(tpm::Tpm tpm, tpm::KeyBlob key) {
    SEALWRIGHT_TRY(auto public_key, tpm::public_key_of(key.public_area));
    return std::unique_ptr<TpmSigner>{new TpmSigner{std::move(tpm), std::move(key), std::move(public_key)}};
}

Result<Bytes> TpmSigner::sign(const hsm::SignRequest& request) {
    if (request.key != public_key_.id()) return fail(ErrorCode::not_found, "no such key in the TPM");
    if (request.purpose != hsm::Purpose::tls) return fail(ErrorCode::denied, "the device's key signs handshakes alone");
    auto signature = sign_verified(request);
    failure_ = signature ? std::optional<Error>{} : std::optional{signature.error()};
    return signature;
}

Result<Bytes> TpmSigner::sign_verified(const hsm::SignRequest& request) const {
    SEALWRIGHT_TRY(auto signature, tpm_.sign(key_, request.algorithm, request.tbs));
    if (public_key_.verify(request.algorithm, request.tbs, signature)) return signature;
    return cli::with_advice(
        fail(ErrorCode::token, "the TPM's signature is not one that TLS 1.3 allows"),
        "Older TPMs salt RSA-PSS longer than its digest. With a new one-time secret and an elliptic "
        "curve: sealwright-device enroll --anew --key p256.");
}

Result<crypto::PublicKey> TpmSigner::public_key(const KeyId& key) {
    if (key != public_key_.id()) return fail(ErrorCode::not_found, "no such key in the TPM");
    return public_key_;
}

Result<std::shared_ptr<evp_pkey_st>> TpmSigner::tls_key() {
    return hsm::openssl_provider::make_tls_key(*this, public_key_, random_);
}

}  // namespace sealwright::device
