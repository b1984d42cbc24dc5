// anchors.hpp: a site's files of TPM manufacturers' certificates.
#pragma once

#include "attestation/verify.hpp"

namespace sealwright::attestation {

// parse_anchors reads certificates in PEM with remarks between the blocks, as such bundles have them. Names out of
// DER's order are read (x509/unordered_names.hpp); everything else is as strict as ever, and the failure says which
// block it is: malformed, unsupported, too_large past kMaxAnchors. No block at all is malformed.
Result<std::vector<x509::Certificate>> parse_anchors(std::string_view pem);

}  // namespace sealwright::attestation
