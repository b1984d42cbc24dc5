// tpm_anchors.hpp: the roots and intermediates of TPM manufacturers, as files and folders have them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "attestation/verify.hpp"

namespace sealwright::server {

struct LoadedAnchors {
    attestation::TrustAnchors anchors;
    std::vector<std::string> warnings;  // certificates that could not be read and are not trusted
};

// load_tpm_anchors reads each path: a PEM file with any text between its certificates, a DER file, or a folder of such
// files (.pem, .crt, .cer, .der; not its subfolders). An empty path is no certificates. A certificate that breaks RFC
// 5280 is left out with a warning, since manufacturers have published such; a path that gives no certificate at all is
// an error (config).
Result<LoadedAnchors> load_tpm_anchors(const std::filesystem::path& roots, const std::filesystem::path& intermediates);

}  // namespace sealwright::server
