// tls_key.hpp: a token key as an EVP_PKEY, for the one place where OpenSSL itself wants to sign: the TLS 1.3 server's
// handshake. An in-process provider hands the whole CertificateVerify content, not its digest, to the Signer port, so
// that the signer process can see what it signs.
#pragma once

#include <memory>

#include "crypto/random.hpp"
#include "hsm/signer.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace sealwright::hsm::openssl_provider {

// make_tls_key gives an EVP_PKEY for SSL_CTX_use_PrivateKey (any SSL_CTX, also of the default library context). key is
// the public half, RSA, EC P-256, P-384 or P-521, Ed25519 or Ed448; the signer must allow it the purpose tls and, for
// RSA, rsa-pss. signer and random must outlive the key and every SSL_CTX that holds it. Each signature is verified
// before OpenSSL gets it. Only TLS 1.3 works: what older versions sign is refused by the signer; set the minimum
// protocol version accordingly. A handshake blocks its thread while the token signs. Thread-safe. Errors: unsupported
// for other key types; internal when OpenSSL refuses the provider.
Result<std::shared_ptr<evp_pkey_st>> make_tls_key(Signer& signer, const crypto::PublicKey& key, crypto::Random& random);

}  // namespace sealwright::hsm::openssl_provider
