// authority.hpp: whether what a daemon was configured with can work at all, judged once at start, before anybody is
// served.
#pragma once

#include "issuance/engine.hpp"

namespace sealwright::issuance {

// check_authority: the certificate is a CA's for this key, may sign certificates and CRLs, and leads to the last
// certificate of the chain, a self-signed root, by a path that is valid at now. config, with every finding in the
// private detail.
Result<void> check_authority(const Authority& authority, UtcTime now);

// check_ocsp_signer: a delegated responder's certificate (RFC 6960 4.2.2.2) issued directly by this authority, with
// id-kp-OCSPSigning, digitalSignature and id-pkix-ocsp-nocheck, valid at now. The caller still checks that the signer
// holds its key.
Result<void> check_ocsp_signer(const Authority& authority, const x509::Certificate& certificate, UtcTime now);

}  // namespace sealwright::issuance
