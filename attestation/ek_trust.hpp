// ek_trust.hpp: the way from an EK certificate to one of the site's manufacturer roots.
#pragma once

#include "attestation/ek_certificate.hpp"

namespace sealwright::attestation {

// EkPath is a chain of signatures from the EK certificate to a root: its issuer first, the root last. objections say
// what is wrong with it besides; empty: the path is valid.
struct EkPath {
    std::vector<x509::Certificate> certificates;
    std::vector<std::string> objections;
};

// find_ek_path tries all ways over the device's chain and the site's intermediates, cross-signed roots among them,
// within a bound. The first valid path is given, else the first that reaches a root at all; none where no signature
// leads to a root. Candidates are tried in the order of their fingerprints: the outcome does not depend on the order in
// which they were given. Of the CAs in the path: validity at that time, cA, keyCertSign, path lengths, no name
// constraints, no critical extension that is not understood, and all of x509::validate_path. The EK certificate's own
// dates and purposes are the caller's.
std::optional<EkPath> find_ek_path(const EkCertificate& certificate, const std::vector<x509::Certificate>& chain,
                                   const TrustAnchors& anchors, UtcTime at);

}  // namespace sealwright::attestation
