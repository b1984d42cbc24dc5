#include "issuance/revocation.hpp"

#include "base/boundary.hpp"
#include "issuance/audit_events.hpp"
#include "policy/decision.hpp"

namespace sealwright::issuance {

using x509::RevocationReason;

Revoker::Revoker(CaStore& store, Node node, const Clock& clock, Log& log, std::function<void()> changed)
    : store_(store), node_(node), clock_(clock), log_(log), changed_(std::move(changed)) {}

Result<void> Revoker::check_may(const policy::Principal& by, std::string_view action, const SerialNumber& serial) {
    auto may = policy::check_role(by, policy::Action::revoke);
    if (may) return success();
    const UtcTime now = clock_.now();
    Events record;
    record.push_back(EventMaker{node_}.access_denied(by, action, serial.hex(), now));
    log_.warning("issuance", policy::describe(by) + " may not " + std::string{action} + " certificate " + serial.hex());
    if (auto recorded = store_.record(std::move(record), now); !recorded) {
        return fail(ErrorCode::storage, "the refusal could not be recorded", recorded.error().describe());
    }
    return may;
}

Result<void> Revoker::write(const SerialNumber& serial, Revocation revocation, const policy::Principal& by) {
    const bool hold = revocation.reason == RevocationReason::certificate_hold;
    std::map<std::string, std::string> fields{{"reason", std::string{x509::reason_name(revocation.reason)}},
                                              {"serial", serial.hex()}};
    if (revocation.invalidity_date) fields["invalidity_date"] = to_rfc3339(*revocation.invalidity_date);
    const auto kind = hold ? audit::EventKind::certificate_held : audit::EventKind::certificate_revoked;
    Events record;
    record.push_back(EventMaker{node_}.make(kind, revocation.at, policy::describe(by), std::move(fields)));
    SEALWRIGHT_TRY(store_.revoke(serial, revocation, std::move(record)));
    at_boundary(boundary::kRevoked);
    log_.info("issuance", "certificate " + serial.hex() + (hold ? " is on hold" : " is revoked"));
    if (changed_) changed_();
    return success();
}

Result<void> Revoker::revoke(const SerialNumber& serial, RevocationReason reason, const policy::Principal& by,
                             std::optional<UtcTime> invalidity_date) {
    SEALWRIGHT_TRY(check_may(by, "revoke", serial));
    if (reason == RevocationReason::certificate_hold)
        return fail(ErrorCode::denied, "a hold is not a revocation; use hold");
    // RFC 5280 5.3.1: removeFromCRL "may only appear in delta CRLs", which we do not issue.
    if (reason == RevocationReason::remove_from_crl)
        return fail(ErrorCode::denied, "removeFromCRL is no reason to revoke; use release");
    const UtcTime now = clock_.now();
    if (invalidity_date && *invalidity_date > now)
        return fail(ErrorCode::denied, "the invalidity date lies in the future");
    return write(serial, {now, reason, invalidity_date}, by);
}

Result<void> Revoker::hold(const SerialNumber& serial, const policy::Principal& by) {
    SEALWRIGHT_TRY(check_may(by, "hold", serial));
    return write(serial, {clock_.now(), RevocationReason::certificate_hold, {}}, by);
}

Result<void> Revoker::release(const SerialNumber& serial, const policy::Principal& by) {
    SEALWRIGHT_TRY(check_may(by, "release", serial));
    const UtcTime now = clock_.now();
    Events record;
    record.push_back(EventMaker{node_}.make(audit::EventKind::certificate_released, now, policy::describe(by),
                                            {{"serial", serial.hex()}}));
    SEALWRIGHT_TRY(store_.release(serial, now, std::move(record)));
    at_boundary(boundary::kRevoked);
    log_.info("issuance", "certificate " + serial.hex() + " is released from hold");
    if (changed_) changed_();
    return success();
}

}  // namespace sealwright::issuance
