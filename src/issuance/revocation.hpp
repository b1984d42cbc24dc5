// revocation.hpp: revoking, holding and releasing; each wakes the CRL publisher and makes OCSP forget.
#pragma once

#include <functional>
#include <optional>

#include "base/log.hpp"
#include "issuance/ca_store.hpp"

namespace sealwright::issuance {

// Revoker: thread-safe, as far as changed is. Only local principals with the role may (denied else, with an audit
// entry); not_found, and conflict as CaStore::revoke and release say.
class Revoker {
public:
    // changed is called after each change that is durable, on the caller's thread: it tells
    // OcspResponder::status_changed and wakes the CRL publisher.
    Revoker(CaStore& store, Node node, const Clock& clock, Log& log, std::function<void()> changed);
    // revoke is durable when it returns; the CRL that says so follows at once, OCSP says so from now on.
    // remove_from_crl and certificate_hold are denied here.
    Result<void> revoke(const SerialNumber& serial, x509::RevocationReason reason, const policy::Principal& by,
                        std::optional<UtcTime> invalidity_date = {});
    Result<void> hold(const SerialNumber& serial, const policy::Principal& by);
    Result<void> release(const SerialNumber& serial, const policy::Principal& by);

private:
    Result<void> check_may(const policy::Principal& by, std::string_view action, const SerialNumber& serial);
    Result<void> write(const SerialNumber& serial, Revocation revocation, const policy::Principal& by);

    CaStore& store_;
    Node node_;
    const Clock& clock_;
    Log& log_;
    std::function<void()> changed_;
};

}  // namespace sealwright::issuance
