// adoption.hpp: certificates that a ceremony issued under the CA before its daemon ran: the OCSP signer's, the
// service's. They get their place among its records, so that they are listed, have a status and can be revoked.
#pragma once

#include "issuance/engine.hpp"

namespace sealwright::issuance {

// adopt stores a certificate with its audit entry certificate.adopted; false when it has a record already. denied: not
// signed by this authority, or its serial number belongs to another certificate. Errors of the store as they come.
Result<bool> adopt(CaStore& store, const Authority& authority, const Node& node, const x509::Certificate& certificate,
                   UtcTime now, crypto::Random& random);

}  // namespace sealwright::issuance
