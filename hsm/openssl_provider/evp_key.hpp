// evp_key.hpp: a token key as an EVP_PKEY, so that what OpenSSL builds (CMS, OCSP, CMP, certificates, lists, requests,
// TLS) it signs and opens by a key that never leaves its token. An in-process provider hands the whole message, not its
// digest, to the Signer port, so that the signer process can see what it signs.
#pragma once

#include <memory>

#include "crypto/random.hpp"
#include "hsm/decryptor.hpp"
#include "hsm/signer.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace sealwright::hsm::openssl_provider {

// make_evp_key gives an EVP_PKEY whose every signature is asked for under this purpose: CMS_sign with cms,
// OCSP_basic_sign with ocsp, OSSL_CMP with cmp, X509_sign with certificate, X509_CRL_sign with crl, X509_REQ_sign with
// csr, TLS with tls. It works with any library context, the default one too. RSA keys sign PKCS#1 v1.5 or PSS with a
// salt as long as the digest, by SHA-256, -384 or -512, as OpenSSL's caller sets it; EC keys ECDSA; Ed25519, Ed448 and
// ML-DSA take no digest (give a null EVP_MD). What OpenSSL itself can do differs: CMS of OpenSSL 3.0 has no EdDSA.
// signer and random must outlive the key. Each signature is verified before OpenSSL gets it. A certificate or list is
// signed under a fresh intent: OpenSSL asks again for what failed, and the journal then has two. Blocks its thread
// while the token signs. Thread-safe. Errors: unsupported; internal when OpenSSL refuses the provider. What the signer
// refuses stands in OpenSSL's error queue.
Result<std::shared_ptr<evp_pkey_st>> make_evp_key(Signer& signer, const crypto::PublicKey& key, Purpose purpose,
                                                  crypto::Random& random);

// make_decryption_key gives an EVP_PKEY for CMS_decrypt and EVP_PKEY_decrypt (RSA: OAEP and PKCS#1 v1.5) and for
// EVP_PKEY_derive (EC: ECDH, with the X9.63 KDF that CMS uses or without). content_key_size is the length of the
// content key that PKCS#1 v1.5 must carry, which the caller reads from the message's contentEncryptionAlgorithm: a
// block that does not carry so much gives another key (implicit rejection), and content that does not decrypt. 0:
// PKCS#1 v1.5 is refused. decryptor must outlive the key. Thread-safe.
Result<std::shared_ptr<evp_pkey_st>> make_decryption_key(Decryptor& decryptor, const crypto::PublicKey& key,
                                                         std::size_t content_key_size);

}  // namespace sealwright::hsm::openssl_provider
