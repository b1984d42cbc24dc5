#include "tpm/tpm.hpp"

#include <unistd.h>

#include "asn1/der_writer.hpp"
#include "crypto/digest.hpp"
#include "tpm/marshal.hpp"
#include "tpm/objects.hpp"
#include "tpm/response_code.hpp"

namespace sealwright::tpm {
namespace {

Result<TPMI_ALG_HASH> hash_of(crypto::DigestAlgorithm digest) {
    switch (digest) {
        case crypto::DigestAlgorithm::sha256:
            return TPM2_ALG_SHA256;
        case crypto::DigestAlgorithm::sha384:
            return TPM2_ALG_SHA384;
        case crypto::DigestAlgorithm::sha512:
            return TPM2_ALG_SHA512;
        case crypto::DigestAlgorithm::sha1:
            break;
    }
    return fail(ErrorCode::unsupported, "the TPM's keys sign with SHA-256, SHA-384 or SHA-512");
}

Result<TPMT_SIG_SCHEME> scheme_of(const crypto::SignatureAlgorithm& algorithm) {
    TPMT_SIG_SCHEME scheme{};
    switch (algorithm.scheme) {
        case crypto::SignatureScheme::rsa_pkcs1:
            scheme.scheme = TPM2_ALG_RSASSA;
            break;
        case crypto::SignatureScheme::rsa_pss:
            scheme.scheme = TPM2_ALG_RSAPSS;
            break;
        case crypto::SignatureScheme::ecdsa:
            scheme.scheme = TPM2_ALG_ECDSA;
            break;
        default:
            return fail(ErrorCode::unsupported, "the TPM's keys sign by RSA or ECDSA");
    }
    SEALWRIGHT_TRY(scheme.details.any.hashAlg, hash_of(algorithm.digest));
    return scheme;
}

Result<Bytes> signature_octets(const TPMT_SIGNATURE& signature) {
    if (signature.sigAlg == TPM2_ALG_RSASSA || signature.sigAlg == TPM2_ALG_RSAPSS) {
        const auto& octets = signature.signature.rsassa.sig;  // RSASSA and RSAPSS are one structure
        return Bytes(octets.buffer, octets.buffer + octets.size);
    }
    if (signature.sigAlg != TPM2_ALG_ECDSA)
        return fail(ErrorCode::token, "TPM: signing: it gave a signature of another kind than was asked for");
    const auto& pair = signature.signature.ecdsa;
    asn1::DerWriter out;
    out.sequence([&] {
        out.unsigned_integer({pair.signatureR.buffer, pair.signatureR.size});
        out.unsigned_integer({pair.signatureS.buffer, pair.signatureS.size});
    });
    return out.take();
}

template <class T>
Result<T> sized(ByteView octets, std::string_view what) {
    T value{};
    if (octets.size() > sizeof value.buffer)
        return fail(ErrorCode::too_large, std::string{what} + " is larger than the TPM takes");
    value.size = static_cast<std::uint16_t>(octets.size());
    std::copy(octets.begin(), octets.end(), value.buffer);
    return value;
}

}  // namespace

std::string default_tcti() {
    for (const char* path : {"/dev/tpmrm0", "/dev/tpm0"}) {
        if (::access(path, F_OK) == 0) return std::string{"device:"} + path;
    }
    return "device:/dev/tpmrm0";
}

Result<KeyBlob> Tpm::create_ak(EkTemplate ek, KeyKind kind) const {
    SEALWRIGHT_TRY(const auto connection, Connection::open(tcti_));
    SEALWRIGHT_TRY(const auto parent, open_ek(connection, ek));
    SEALWRIGHT_TRY(const auto authorization, EkAuthorization::make(connection, parent));
    return create(connection, parent.handle.get(), authorization.get(), ak_area(kind));
}

Result<KeyBlob> Tpm::create_key(KeyKind kind) const {
    SEALWRIGHT_TRY(const auto connection, Connection::open(tcti_));
    SEALWRIGHT_TRY(const auto parent, make_storage_primary(connection));
    return create(connection, parent.get(), ESYS_TR_PASSWORD, key_area(kind));
}

Result<void> Tpm::check_ak(EkTemplate ek, const KeyBlob& ak) const {
    SEALWRIGHT_TRY(const auto connection, Connection::open(tcti_));
    SEALWRIGHT_TRY(flush_leftovers(connection, {&ak}));
    SEALWRIGHT_TRY(const auto parent, open_ek(connection, ek));
    SEALWRIGHT_TRY(const auto loaded, load_ak(connection, parent, ak));
    return success();
}

Result<void> Tpm::check_key(const KeyBlob& key) const {
    SEALWRIGHT_TRY(const auto connection, Connection::open(tcti_));
    SEALWRIGHT_TRY(flush_leftovers(connection, {&key}));
    SEALWRIGHT_TRY(const auto loaded, load_key(connection, key));
    return success();
}

Result<Secret> Tpm::activate(EkTemplate ek, const KeyBlob& ak, const Credential& credential) const {
    SEALWRIGHT_TRY(const auto blob, read_id_object(credential.blob));
    SEALWRIGHT_TRY(const auto encrypted, read_encrypted_secret(credential.encrypted_secret));
    SEALWRIGHT_TRY(const auto connection, Connection::open(tcti_));
    SEALWRIGHT_TRY(flush_leftovers(connection, {&ak}));
    SEALWRIGHT_TRY(const auto endorsement, open_ek(connection, ek));
    SEALWRIGHT_TRY(const auto loaded, load_ak(connection, endorsement, ak));
    SEALWRIGHT_TRY(const auto authorization, EkAuthorization::make(connection, endorsement));
    TPM2B_DIGEST* raw = nullptr;
    const TSS2_RC code =
        ::Esys_ActivateCredential(connection.get(), loaded.get(), endorsement.handle.get(), ESYS_TR_PASSWORD,
                                  authorization.get(), ESYS_TR_NONE, &blob, &encrypted, &raw);
    // What a TPM says of a credential for another key differs: integrity, value, or size.
    const TSS2_RC base = base_code(code);
    if (base == TPM2_RC_INTEGRITY || base == TPM2_RC_VALUE || base == TPM2_RC_SIZE) {
        return fail(ErrorCode::invalid_signature,
                    "TPM: the credential was not made for the endorsement and attestation keys of this TPM",
                    tpm_error(code, {}).private_detail());
    }
    SEALWRIGHT_TRY(check(code, "activating the credential"));
    const EsysPtr<TPM2B_DIGEST> digest{raw};
    Secret secret = Secret::copy_of({digest->buffer, digest->size});
    zeroise(digest->buffer, digest->size);
    return secret;
}

Result<Certification> Tpm::certify(EkTemplate ek, const KeyBlob& ak, const KeyBlob& key,
                                   ByteView qualifying_data) const {
    SEALWRIGHT_TRY(const auto data, sized<TPM2B_DATA>(qualifying_data, "the nonce"));
    SEALWRIGHT_TRY(const auto connection, Connection::open(tcti_));
    SEALWRIGHT_TRY(flush_leftovers(connection, {&ak, &key}));
    SEALWRIGHT_TRY(const auto subject, load_key(connection, key));
    SEALWRIGHT_TRY(auto endorsement, open_ek(connection, ek));
    SEALWRIGHT_TRY(const auto signer, load_ak(connection, endorsement, ak));
    endorsement.handle.release();
    TPMT_SIG_SCHEME own{};
    own.scheme = TPM2_ALG_NULL;  // the AK's own
    TPM2B_ATTEST* raw_info = nullptr;
    TPMT_SIGNATURE* raw_signature = nullptr;
    SEALWRIGHT_TRY(check(::Esys_Certify(connection.get(), subject.get(), signer.get(), ESYS_TR_PASSWORD,
                                        ESYS_TR_PASSWORD, ESYS_TR_NONE, &data, &own, &raw_info, &raw_signature),
                         "certifying the key"));
    const EsysPtr<TPM2B_ATTEST> info{raw_info};
    const EsysPtr<TPMT_SIGNATURE> signature{raw_signature};
    Certification certification;
    SEALWRIGHT_TRY(certification.info, marshal(Tss2_MU_TPM2B_ATTEST_Marshal, *info));
    SEALWRIGHT_TRY(certification.signature, marshal(Tss2_MU_TPMT_SIGNATURE_Marshal, *signature));
    return certification;
}

Result<Bytes> Tpm::sign(const KeyBlob& key, const crypto::SignatureAlgorithm& algorithm, ByteView message) const {
    SEALWRIGHT_TRY(const auto scheme, scheme_of(algorithm));
    SEALWRIGHT_TRY(const auto digest, sized<TPM2B_DIGEST>(crypto::digest(algorithm.digest, message), "the digest"));
    SEALWRIGHT_TRY(const auto connection, Connection::open(tcti_));
    SEALWRIGHT_TRY(flush_leftovers(connection, {&key}));
    SEALWRIGHT_TRY(const auto loaded, load_key(connection, key));
    TPMT_TK_HASHCHECK outside{};  // an unrestricted key signs digests that the TPM did not make
    outside.tag = TPM2_ST_HASHCHECK;
    outside.hierarchy = TPM2_RH_NULL;
    TPMT_SIGNATURE* raw = nullptr;
    SEALWRIGHT_TRY(check(::Esys_Sign(connection.get(), loaded.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                     &digest, &scheme, &outside, &raw),
                         "signing"));
    const EsysPtr<TPMT_SIGNATURE> signature{raw};
    return signature_octets(*signature);
}

}  // namespace sealwright::tpm
