#include "hsm/openssl_provider/tls_key.hpp"

#include "hsm/openssl_provider/evp_key.hpp"

namespace sealwright::hsm::openssl_provider {

Result<std::shared_ptr<evp_pkey_st>> make_tls_key(Signer& signer, const crypto::PublicKey& key,
                                                  crypto::Random& random) {
    if (crypto::is_ml_dsa(key.type())) {
        return fail(ErrorCode::unsupported, "a TLS key is RSA, EC P-256, P-384 or P-521, Ed25519 or Ed448");
    }
    return make_evp_key(signer, key, Purpose::tls, random);
}

}  // namespace sealwright::hsm::openssl_provider
