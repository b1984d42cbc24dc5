// authentication.hpp: from a credential that a peer showed to the principal that it proves. Transports call this before
// they make an EnrollmentRequest.
#pragma once

#include "base/secret.hpp"
#include "crypto/random.hpp"
#include "issuance/engine.hpp"

namespace sealwright::issuance {

// NewSecret is a one-time enrolment secret at its birth. text is shown once; the store keeps the hash alone.
struct NewSecret {
    std::string id;  // 16 hex digits
    Secret text;     // "sw1_" and base64url of 16 octets
    Sha256 hash;     // SHA-256 of the octets
};
NewSecret make_secret(crypto::Random& random);

// authenticate_secret finds the secret behind its text. unauthenticated: not one, or none that we know; expired,
// conflict (used) and denied (revoked) are only said to one who knows the secret. The secret is not used up:
// CaStore::intend does that, with the request that it is used for; a request that is refused before leaves it whole.
Result<policy::SecretPrincipal> authenticate_secret(CaStore& store, std::string_view text, UtcTime now);
// authenticate_secret_for is for going on with a request: a secret that this very request used up still speaks for it,
// and one that expired while its request waited.
Result<policy::SecretPrincipal> authenticate_secret_for(CaStore& store, const RequestId& request, std::string_view text,
                                                        UtcTime now);

// authenticate_certificate judges a client certificate whose private key the TLS handshake has proved: issued by this
// authority (name and signature), known to the store octet for octet, not revoked, not on hold, and valid at now.
// unauthenticated, expired, or denied (revoked).
Result<policy::CertificatePrincipal> authenticate_certificate(CaStore& store, const Authority& authority,
                                                              const x509::Certificate& certificate, UtcTime now);

}  // namespace sealwright::issuance
