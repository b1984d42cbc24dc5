// cert revoke, cert hold, cert release: each shows which certificate is meant, asks, and only then changes it.
#include "cli/certificate_item.hpp"
#include "cli/commands.hpp"
#include "cli/confirmation.hpp"
#include "cli/times.hpp"
#include "x509/crl.hpp"

namespace sealwright::cli {
namespace {

// Change is what the three have in common.
struct Change {
    std::string verb;      // of the API
    std::string question;  // completed with the serial number
    std::string done;      // what is true afterwards
    json::object body;
};

Result<void> check_can_change(const CertificateItem& item, const Change& change) {
    const bool held = item.revocation && item.revocation->reason == "certificateHold";
    if (change.verb == "release" && !held)
        return fail(ErrorCode::conflict, "certificate " + item.serial + " is not on hold");
    if (change.verb != "release" && item.revocation && !(held && change.verb == "revoke")) {
        return fail(ErrorCode::conflict,
                    "certificate " + item.serial + (held ? " is on hold already" : " is revoked already"));
    }
    if (item.state == "abandoned")
        return fail(ErrorCode::conflict,
                    "no certificate with the serial number " + item.serial + " exists: its issuance was abandoned");
    return success();
}

void show(Context& context, const FoundCertificate& found, bool dry_run) {
    if (context.output.wants_json()) {
        if (dry_run) context.output.json(json::object{{"dry_run", true}, {"certificate", found.json}});
    } else {
        context.output.facts(describe_certificate(found.item, context.clock.now()));
    }
}

Error needs_whole_serial() {
    return with_advice(fail(ErrorCode::malformed, "--yes needs the whole serial number"),
                       "Without --yes its first digits suffice: you see which certificate is meant, and are asked.");
}

Result<ExitCode> carry_out(Context& context, const CertChangeOptions& options, const Change& change) {
    const auto serial = parse_serial_text(options.serial);
    if (!serial) return context.output.usage(serial.error());
    if (options.yes && !serial.value().whole()) return context.output.usage(needs_whole_serial());
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto found, find_certificate(client, context.output, serial.value()));
    show(context, found, options.dry_run);
    SEALWRIGHT_TRY(check_can_change(found.item, change));
    if (options.dry_run) {
        context.output.note("Nothing was changed (--dry-run).");
        return ExitCode::done;
    }
    SEALWRIGHT_TRY(const bool confirmed,
                   confirm_unless(options.yes, context, change.question + found.item.serial + "?"));
    if (!confirmed) return ExitCode::failed;
    SEALWRIGHT_TRY(const auto answer,
                   client.post(Target{"v1", "certificates", found.item.serial, change.verb}, change.body));
    if (context.output.wants_json()) {
        context.output.json(answer.body);
    } else {
        context.output.line("Certificate " + found.item.serial + " " + change.done);
    }
    return ExitCode::done;
}

Error unusable_reason(const std::string& reason) {
    constexpr std::string_view names =
        "unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, "
        "privilegeWithdrawn, aACompromise";
    if (reason == "certificateHold")
        return with_advice(fail(ErrorCode::denied, "a hold is not a revocation"), "Use: sealwright cert hold SERIAL");
    if (reason == "removeFromCRL")
        return with_advice(fail(ErrorCode::denied, "removeFromCRL lifts a hold"),
                           "Use: sealwright cert release SERIAL");
    return with_advice(fail(ErrorCode::malformed, "'" + reason + "' is no reason of RFC 5280"),
                       "Use one of: " + std::string{names});
}

}  // namespace

Result<ExitCode> cert_revoke(Context& context, const CertChangeOptions& options) {
    const auto reason = x509::parse_reason_name(options.reason);
    if (!reason || reason.value() == x509::RevocationReason::certificate_hold ||
        reason.value() == x509::RevocationReason::remove_from_crl) {
        return context.output.usage(unusable_reason(options.reason));
    }
    json::object body{{"reason", options.reason}};
    if (!options.invalidity_date.empty()) {
        const auto since = parse_time_argument(options.invalidity_date, context.clock.now());
        if (!since) return context.output.usage(since.error());
        if (since.value() > context.clock.now())
            return context.output.usage(fail(ErrorCode::malformed, "--invalidity-date lies in the future"));
        body["invalidity_date"] = to_rfc3339(since.value());
    }
    return carry_out(
        context, options,
        {"revoke", "Revoke for ever (" + options.reason + ") certificate ",
         "is revoked (" + options.reason + "). OCSP says so from now on; the CRL that lists it follows at once.",
         std::move(body)});
}

Result<ExitCode> cert_hold(Context& context, const CertChangeOptions& options) {
    return carry_out(context, options,
                     {"hold",
                      "Suspend certificate ",
                      "is on hold. OCSP says so from now on; `sealwright cert release` lifts it.",
                      {}});
}

Result<ExitCode> cert_release(Context& context, const CertChangeOptions& options) {
    return carry_out(context, options,
                     {"release",
                      "Lift the hold of certificate ",
                      "is valid again, for OCSP from now on and for CRLs from the next one on.",
                      {}});
}

}  // namespace sealwright::cli
