#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "asn1/der_reader.hpp"
#include "crypto/fetched_digest.hpp"
#include "crypto/openssl_error.hpp"
#include "crypto/public_key_state.hpp"

namespace sealwright::crypto {
namespace {

Error does_not_hold() {
    clear_openssl_errors();
    return fail(ErrorCode::invalid_signature, "the signature does not hold");
}

// check_ecdsa_form demands what DER and X9.62 do: SEQUENCE { r, s }, two positive minimal integers no longer than the
// curve's order. It leaves no second encoding of the same signature.
Result<void> check_ecdsa_form(ByteView signature, unsigned bits) {
    asn1::DerReader outer{signature};
    SEALWRIGHT_TRY(auto inner, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const ByteView r, inner.unsigned_integer());
    SEALWRIGHT_TRY(const ByteView s, inner.unsigned_integer());
    SEALWRIGHT_TRY(inner.finish());
    SEALWRIGHT_TRY(outer.finish());
    const std::size_t most = (bits + 7) / 8;
    for (const ByteView number : {r, s}) {
        if (number.size() > most || (number.size() == 1 && number[0] == 0)) return does_not_hold();
    }
    return success();
}

void prepare(EVP_PKEY_CTX* context, const SignatureAlgorithm& algorithm) {
    require_openssl(EVP_PKEY_verify_init(context) == 1, "EVP_PKEY_verify_init");
    const bool pss = algorithm.scheme == SignatureScheme::rsa_pss;
    if (algorithm.scheme != SignatureScheme::ecdsa) {
        const int padding = pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
        require_openssl(EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1, "EVP_PKEY_CTX_set_rsa_padding");
    }
    require_openssl(EVP_PKEY_CTX_set_signature_md(context, fetched_digest(algorithm.digest)) == 1,
                    "EVP_PKEY_CTX_set_signature_md");
    if (pss) {
        require_openssl(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1,
                        "EVP_PKEY_CTX_set_rsa_pss_saltlen");
    }
}

Result<void> verify_digest(EVP_PKEY* key, const SignatureAlgorithm& algorithm, ByteView hash, ByteView signature) {
    EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
    require_openssl(context != nullptr, "EVP_PKEY_CTX_new_from_pkey");
    prepare(context.get(), algorithm);
    const int verdict = EVP_PKEY_verify(context.get(), signature.data(), signature.size(), hash.data(), hash.size());
    if (verdict != 1) return does_not_hold();
    return success();
}

// verify_message has no digest of its own to hand over: EdDSA and ML-DSA sign the message.
Result<void> verify_message(EVP_PKEY* key, ByteView message, ByteView signature) {
    EvpMdCtxPtr context{EVP_MD_CTX_new()};
    require_openssl(context != nullptr, "EVP_MD_CTX_new");
    require_openssl(EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) == 1,
                    "EVP_DigestVerifyInit_ex");
    if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) != 1) {
        return does_not_hold();
    }
    return success();
}

}  // namespace

Result<void> PublicKey::verify(const SignatureAlgorithm& algorithm, ByteView message, ByteView signature) const {
    if (!fits(algorithm, type())) {
        return fail(ErrorCode::unsupported,
                    "a signature of another kind than the key makes (" + std::string{key_type_name(type())} + ")");
    }
    EVP_PKEY* key = state_->evp();
    if (key == nullptr) {
        return fail(ErrorCode::unsupported, "this libcrypto cannot verify " + std::string{key_type_name(type())} +
                                                " signatures; OpenSSL 3.5 and later can");
    }
    if (signs_messages(algorithm.scheme)) return verify_message(key, message, signature);
    if (algorithm.scheme == SignatureScheme::ecdsa && !check_ecdsa_form(signature, bits())) return does_not_hold();
    return verify_digest(key, algorithm, digest(algorithm.digest, message), signature);
}

}  // namespace sealwright::crypto
