// revocation.hpp: revoking, holding and releasing; each wakes the CRL publisher and makes OCSP forget.
#pragma once

#include <functional>
#include <optional>

#include "base/log.hpp"
#include "issuance/ca_store.hpp"

namespace sealwright::issuance {

class Revoker {
public:
    Revoker(CaStore& store, Node node, const Clock& clock, Log& log, std::function<void()> changed);
    // revoke is durable when it returns; the CRL that says so follows at once, OCSP says so from now on. remove_from_crl and certificate_hold are denied here.
    Result<void> revoke(const SerialNumber& serial, x509::RevocationReason reason, const policy::Principal& by, std::optional<UtcTime> invalidity_date = {});
    Result<void> hold(const SerialNumber& serial, const policy::Principal& by);
    Result<void> release(const SerialNumber& serial, const policy::Principal& by);

private:
    CaStore& store_;
    Node node_;
    const Clock& clock_;
    Log& log_;
    std::function<void()> changed_;
};

}  // namespace sealwright::issuance
