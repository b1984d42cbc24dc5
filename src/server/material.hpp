// material.hpp: what the configuration names, read from its files and judged, before anything is opened or served.
#pragma once

#include "issuance/engine.hpp"
#include "server/config.hpp"
#include "server/identity.hpp"

namespace sealwright::server {

// TlsMaterial is the service's certificate chain and the key that the signer must hold for it.
struct TlsMaterial {
    std::string chain_pem;
    crypto::PublicKey key;
    x509::Certificate leaf;
};

struct Material {
    issuance::Authority authority;
    x509::Certificate ocsp_certificate;
    crypto::PublicKey audit_key;
    std::optional<TlsMaterial> tls;
    issuance::Profiles profiles;
    std::map<std::string, std::string> profile_texts;
    Identities identities;
    std::shared_ptr<const attestation::TrustAnchors> tpm_anchors;
    std::vector<std::string> warnings;  // for the log
};

// load_material reads and checks all of it; config, with every problem on a line of its own.
Result<Material> load_material(const Config& config, UtcTime now);

}  // namespace sealwright::server
