#include "device/report.hpp"

#include "cli/json.hpp"
#include "cli/times.hpp"
#include "tpm/tpm.hpp"

namespace sealwright::device {
namespace {

void tell_issued(Context& context, const Outcome& outcome) {
    const Identity& identity = *outcome.issued;
    if (context.output.wants_json()) {
        context.output.json(cli::json::object{{"state", "issued"},
                                              {"request", outcome.request},
                                              {"serial", identity.serial()},
                                              {"not_after", to_rfc3339(identity.not_after())},
                                              {"renews_at", to_rfc3339(identity.renews_at())},
                                              {"certificate", identity.certificate_file().string()},
                                              {"chain", identity.chain_file().string()},
                                              {"key", identity.key_file().string()}});
        return;
    }
    cli::Facts facts;
    facts.add("issued", identity.serial());
    facts.add("subject", x509::format_name(identity.certificate.fields().subject));
    facts.add("valid until", cli::format_when(identity.not_after(), context.clock.now()));
    facts.add("certificate", identity.certificate_file().string());
    facts.add("chain", identity.chain_file().string());
    facts.add("key", identity.key_file().string() + " (in the TPM; for OpenSSL's tpm2 provider)");
    context.output.facts(facts);
}

void tell_waiting(Context& context, const Outcome& outcome) {
    if (context.output.wants_json()) {
        context.output.json(cli::json::object{{"state", "awaiting_approval"},
                                              {"request", outcome.request},
                                              {"approvals_needed", outcome.approvals_needed},
                                              {"retry_after", outcome.retry_after.count()}});
        return;
    }
    cli::Facts facts;
    facts.add("waiting", outcome.approvals_needed == 0
                             ? "the CA is at work on it"
                             : "approvals missing: " + std::to_string(outcome.approvals_needed));
    facts.add("request", outcome.request);
    context.output.facts(facts);
    if (outcome.approvals_needed == 0) return;
    context.output.note("The CA's operators approve it with: sealwright request approve " + outcome.request);
    context.output.note(outcome.occasion == Occasion::renew ? "Then run sealwright-device renew again."
                                                            : "Then run this command again.");
}

}  // namespace

std::string Context::tcti() const { return common.tcti.empty() ? tpm::default_tcti() : common.tcti; }

cli::ExitCode exit_code_of(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::storage:
        case ErrorCode::token:
        case ErrorCode::clock:
        case ErrorCode::internal:
            return cli::ExitCode::unavailable;
        default:
            return cli::exit_code_of(code);
    }
}

cli::ExitCode tell(Context& context, const Outcome& outcome) {
    if (outcome.issued) {
        tell_issued(context, outcome);
        return cli::ExitCode::done;
    }
    tell_waiting(context, outcome);
    return cli::ExitCode::waiting;
}

}  // namespace sealwright::device
