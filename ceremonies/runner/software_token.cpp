// software_token.cpp: tokens of keys in memory, for the play of `check`. They give no evidence, and nothing that they
// sign leaves the process.
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "ceremonies/runner/token_house.hpp"
#include "crypto/openssl_error.hpp"
#include "crypto/openssl_ptr.hpp"

namespace sealwright::ceremonies {
namespace {

using crypto::EvpMdCtxPtr;
using crypto::EvpPkeyPtr;
using crypto::KeyType;
using crypto::require_openssl;
using crypto::SignatureAlgorithm;
using crypto::SignatureScheme;
using hsm::pkcs11::KeySpec;
using hsm::pkcs11::ModuleInfo;
using hsm::pkcs11::Token;
using hsm::pkcs11::TokenInfo;
using hsm::pkcs11::TokenKey;

EvpPkeyPtr make_key(const KeySpec& spec) {
    switch (spec.type) {
        case KeyType::rsa:
            return EvpPkeyPtr{EVP_RSA_gen(static_cast<std::size_t>(spec.rsa_bits))};
        case KeyType::ec_p256:
            return EvpPkeyPtr{EVP_EC_gen("P-256")};
        case KeyType::ec_p384:
            return EvpPkeyPtr{EVP_EC_gen("P-384")};
        case KeyType::ed25519:
            return EvpPkeyPtr{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
        case KeyType::ec_p521:
        case KeyType::ed448:
            break;
    }
    return nullptr;
}

Bytes spki_of(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    require_openssl(size > 0, "i2d_PUBKEY");
    Bytes out{der, der + size};
    OPENSSL_free(der);
    return out;
}

Bytes sign_with(EVP_PKEY* key, const SignatureAlgorithm& algorithm, ByteView message) {
    const bool eddsa = algorithm.scheme == SignatureScheme::ed25519;
    const std::string digest{crypto::digest_name(algorithm.digest)};
    const EvpMdCtxPtr context{EVP_MD_CTX_new()};
    require_openssl(context != nullptr, "EVP_MD_CTX_new");
    EVP_PKEY_CTX* parameters = nullptr;  // belongs to context
    require_openssl(EVP_DigestSignInit_ex(context.get(), &parameters, eddsa ? nullptr : digest.c_str(), nullptr,
                                          nullptr, key, nullptr) == 1,
                    "EVP_DigestSignInit_ex");
    if (algorithm.scheme == SignatureScheme::rsa_pss) {
        require_openssl(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1,
                        "RSA-PSS");
    }
    std::size_t size = 0;
    require_openssl(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1,
                    "EVP_DigestSign");
    Bytes signature(size);
    require_openssl(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1,
                    "EVP_DigestSign");
    signature.resize(size);
    return signature;
}

class SoftwareToken final : public Token {
public:
    explicit SoftwareToken(const TokenBinding& binding) {
        info_.label = binding.label;
        info_.serial = binding.serial;
        info_.model = "software";
    }

    const TokenInfo& info() const noexcept override { return info_; }

    Result<std::vector<TokenKey>> keys() override {
        std::vector<TokenKey> out;
        for (const auto& held : keys_) out.push_back(held.key);
        return out;
    }

    Result<TokenKey> generate(const KeySpec& spec) override {
        EvpPkeyPtr key = make_key(spec);
        if (key == nullptr)
            return fail(ErrorCode::unsupported, "no keys of this type in software", crypto::openssl_errors());
        SEALWRIGHT_TRY(auto public_key, crypto::PublicKey::parse(spki_of(key.get())));
        TokenKey made{public_key.id(), {}, spec.label, public_key, true, {}};
        keys_.push_back({made, std::move(key)});
        return made;
    }

    Result<hsm::KeyEvidence> evidence(const KeyId&) override { return none(); }
    Result<void> destroy(const KeyId&) override { return none(); }
    Result<Bytes> random(std::size_t) override { return none(); }
    Result<Bytes> sign_digest(const KeyId&, const SignatureAlgorithm&, ByteView) override { return none(); }
    bool pin_refused() const noexcept override { return false; }
    bool signs_digests(const SignatureAlgorithm&) const noexcept override { return false; }

    Result<Bytes> sign(const hsm::SignRequest& request) override {
        for (const auto& held : keys_) {
            if (held.key.id == request.key) return sign_with(held.private_key.get(), request.algorithm, request.tbs);
        }
        return no_such_key();
    }

    Result<crypto::PublicKey> public_key(const KeyId& key) override {
        for (const auto& held : keys_) {
            if (held.key.id == key) return held.key.public_key;
        }
        return no_such_key();
    }

private:
    struct Held {
        TokenKey key;
        EvpPkeyPtr private_key;
    };

    static Error none() { return fail(ErrorCode::unsupported, "a software token does not do this"); }
    static Error no_such_key() { return fail(ErrorCode::not_found, "the software token has no such key"); }

    TokenInfo info_;
    std::vector<Held> keys_;
};

class SoftwareHouse final : public TokenHouse {
public:
    Result<ModuleInfo> module(const TokenBinding&) override { return ModuleInfo{}; }
    Result<std::shared_ptr<Token>> open(const TokenBinding& binding) override {
        return std::shared_ptr<Token>{std::make_shared<SoftwareToken>(binding)};
    }
    bool keeps_evidence() const noexcept override { return false; }
};

}  // namespace

std::unique_ptr<TokenHouse> make_software_house() { return std::make_unique<SoftwareHouse>(); }

}  // namespace sealwright::ceremonies
