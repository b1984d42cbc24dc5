#include "device/tpm_signer.hpp"

#include "hsm/openssl_provider/tls_key.hpp"

namespace sealwright::device {

Result<std::unique_ptr<TpmSigner>> TpmSigner::make(tpm::Tpm tpm, tpm::KeyBlob key) {
    SEALWRIGHT_TRY(auto public_key, tpm::public_key_of(key.public_area));
    return std::unique_ptr<TpmSigner>{new TpmSigner{std::move(tpm), std::move(key), std::move(public_key)}};
}

Result<Bytes> TpmSigner::sign(const hsm::SignRequest& request) {
    if (request.key != public_key_.id()) return fail(ErrorCode::not_found, "no such key in the TPM");
    if (request.purpose != hsm::Purpose::tls) return fail(ErrorCode::denied, "the device's key signs handshakes alone");
    return tpm_.sign(key_, request.algorithm, request.tbs);
}

Result<crypto::PublicKey> TpmSigner::public_key(const KeyId& key) {
    if (key != public_key_.id()) return fail(ErrorCode::not_found, "no such key in the TPM");
    return public_key_;
}

Result<std::shared_ptr<evp_pkey_st>> TpmSigner::tls_key() {
    return hsm::openssl_provider::make_tls_key(*this, public_key_, random_);
}

}  // namespace sealwright::device
