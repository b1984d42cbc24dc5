// renewal.hpp: what a renewal is bound to: the certificate whose holder asks for the next one.
#pragma once

#include "issuance/ca_store.hpp"
#include "policy/principal.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::issuance {

// RenewedCertificate is the old certificate as the store has it now.
struct RenewedCertificate {
    SerialNumber serial;
    x509::Certificate certificate;
    std::string profile;
    KeyId subject_key;
    bool is_valid = false;  // neither revoked nor expired
};

// load_renewed reads it again, however recently the transport did: it may have been revoked since. unauthenticated
// where the record is not what the principal showed.
Result<RenewedCertificate> load_renewed(CaStore& store, const policy::CertificatePrincipal& principal, UtcTime now);

// authorised_names are the old certificate's: the values of its SAN and of the naming attributes of its subject.
std::vector<std::string> authorised_names(const x509::Certificate& certificate);

// check_same_identity: "The Subject field and SubjectAltName extension MUST be identical to the corresponding fields in
// the certificate being renewed/rekeyed" (RFC 7030 4.2.2). The order of the names in the SAN does not count. denied.
Result<void> check_same_identity(const x509::TbsCertificateFields& next, const x509::Certificate& old);

}  // namespace sealwright::issuance
