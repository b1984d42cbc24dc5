// test_key.hpp: a key pair in memory, generated and used through OpenSSL's EVP alone, so that what the house verifies
// was signed by another.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>

#include "crypto/spki.hpp"

namespace sealwright::test {

class TestKey {
public:
    static TestKey generate(crypto::KeyType type, unsigned rsa_bits = 2048) {
        using crypto::KeyType;
        switch (type) {
            case KeyType::rsa:
                return TestKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits))};
            case KeyType::ec_p256:
                return TestKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
            case KeyType::ec_p384:
                return TestKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384")};
            case KeyType::ec_p521:
                return TestKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-521")};
            case KeyType::ed25519:
                return TestKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
            case KeyType::ed448:
                return TestKey{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448")};
            case KeyType::ml_dsa_44:
            case KeyType::ml_dsa_65:
            case KeyType::ml_dsa_87:
                break;  // not in the libcrypto that the tests are built for
        }
        throw std::invalid_argument{"key type"};
    }

    SpkiDer spki() const {
        unsigned char* der = nullptr;
        const int size = i2d_PUBKEY(key_.get(), &der);
        check(size > 0);
        Bytes out(der, der + size);
        OPENSSL_free(der);
        return SpkiDer{std::move(out)};
    }

    crypto::PublicKey public_key() const { return crypto::PublicKey::parse(spki().view()).value(); }

    Bytes sign(const crypto::SignatureAlgorithm& algorithm, ByteView message) const {
        using crypto::SignatureScheme;
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
        const bool eddsa = crypto::signs_messages(algorithm.scheme);
        EVP_PKEY_CTX* parameters = nullptr;
        const char* digest = eddsa ? nullptr : crypto::digest_name(algorithm.digest).data();
        check(EVP_DigestSignInit_ex(context.get(), &parameters, digest, nullptr, nullptr, key_.get(), nullptr) == 1);
        if (algorithm.scheme == SignatureScheme::rsa_pss) {
            check(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1);
            check(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1);
        }
        std::size_t size = 0;
        check(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1);
        Bytes signature(size);
        check(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1);
        signature.resize(size);
        return signature;
    }
    Bytes sign(ByteView message) const { return sign(algorithm(), message); }
    EVP_PKEY* handle() const { return key_.get(); }
    crypto::SignatureAlgorithm algorithm() const { return crypto::default_algorithm(public_key().type()); }

private:
    explicit TestKey(EVP_PKEY* key) : key_(key, EVP_PKEY_free) { check(key != nullptr); }
    static void check(bool ok) {
        if (!ok) throw std::runtime_error{"OpenSSL in a test key"};
    }

    std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace sealwright::test
