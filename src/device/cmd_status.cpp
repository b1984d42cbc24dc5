// sealwright-device status: what there is, until when, and whether its key works.
#include "cli/exit_code.hpp"
#include "cli/json.hpp"
#include "cli/times.hpp"
#include "device/report.hpp"

namespace sealwright::device {
namespace {

std::string_view stage_text(const Pending& pending) {
    switch (pending.stage) {
        case Stage::prepared:
            return "prepared: nothing was sent";
        case Stage::challenged:
            return "challenged: the CA waits for the answer";
        case Stage::answering:
            return "answered: the CA's word is missing";
        case Stage::waiting:
            return "awaiting approval";
    }
    return {};
}

// Findings of a certificate, worst last.
struct Health {
    cli::ExitCode exit = cli::ExitCode::done;
    std::string key = "in the TPM, loads";
    std::string certificate = "valid";
    std::string advice = {};  // what to do, line by line
};

Health examine(Context& context, const State& state, const Identity& identity) {
    Health health;
    const auto now = context.clock.now();
    if (now >= identity.not_after()) {
        health.certificate = "expired";
        health.advice = "With a new one-time secret: sealwright-device enroll --anew.";
    } else if (now < identity.not_before()) {
        health.certificate = "not valid yet: is the clock right?";
    } else if (now >= identity.renews_at()) {
        health.certificate = "valid, renewal is due";
    }
    if (!health.certificate.starts_with("valid")) health.exit = cli::ExitCode::failed;
    if (const auto loaded = tpm::Tpm{context.tcti(), state.tpm_mark()}.check_key(identity.key); !loaded) {
        const std::string& told = loaded.error().public_detail();
        health.key = told.substr(0, told.find('\n'));
        const std::string advice = told.substr(std::min(told.size(), health.key.size() + 1));
        health.advice += (health.advice.empty() ? "" : "\n") + advice;
        health.exit = cli::exit_code_of(loaded.error().code());
    }
    return health;
}

void tell_certificate(Context& context, const Identity& identity, const Health& health, cli::json::object& json,
                      cli::Facts& facts) {
    const auto now = context.clock.now();
    json["certificate"] = cli::json::object{{"state", health.certificate},
                                            {"serial", identity.serial()},
                                            {"subject", x509::format_name(identity.certificate.fields().subject)},
                                            {"not_before", to_rfc3339(identity.not_before())},
                                            {"not_after", to_rfc3339(identity.not_after())},
                                            {"renews_at", to_rfc3339(identity.renews_at())},
                                            {"server", identity.terms.server},
                                            {"profile", identity.terms.profile},
                                            {"certificate", identity.certificate_file().string()},
                                            {"chain", identity.chain_file().string()},
                                            {"key", identity.key_file().string()},
                                            {"key_state", health.key}};
    facts.add("certificate", health.certificate);
    facts.add("serial", identity.serial());
    facts.add("subject", x509::format_name(identity.certificate.fields().subject));
    facts.add("valid until", cli::format_when(identity.not_after(), now));
    facts.add("renews", cli::format_when(identity.renews_at(), now));
    facts.add("profile", identity.terms.profile + " of " + identity.terms.server);
    facts.add("key", health.key);
    facts.add("files", identity.folder.string());
}

void tell_pending(Context& context, const Pending& pending, cli::json::object& json, cli::Facts& facts) {
    const std::string occasion = pending.occasion == Occasion::renew ? "renewal" : "enrolment";
    cli::json::object object{{"occasion", occasion},
                             {"state", stage_text(pending)},
                             {"server", pending.server},
                             {"profile", pending.profile},
                             {"subject", pending.names.subject}};
    facts.add("under way", occasion + ", " + std::string{stage_text(pending)});
    facts.add("of", "profile " + pending.profile + " of " + pending.server);
    if (pending.challenge) {
        object["request"] = pending.request();
        facts.add("request", pending.request());
        if (pending.stage != Stage::waiting)
            facts.add("challenge",
                      "valid until " + cli::format_when(pending.challenge->expires_at, context.clock.now()));
    }
    json["pending"] = std::move(object);
}

}  // namespace

Result<cli::ExitCode> status(Context& context) {
    SEALWRIGHT_TRY(const auto state, State::open_existing(context.common.state, Access::read));
    SEALWRIGHT_TRY(const auto identity, state.current());
    SEALWRIGHT_TRY(const auto pending, state.pending());
    cli::json::object json;
    cli::Facts facts;
    std::string advice;
    cli::ExitCode exit = pending ? cli::ExitCode::waiting : cli::ExitCode::not_found;
    if (identity) {
        const Health health = examine(context, state, *identity);
        tell_certificate(context, *identity, health, json, facts);
        exit = health.exit;
        advice = health.advice;
    } else {
        facts.add("certificate", "none");
    }
    if (pending) tell_pending(context, *pending, json, facts);
    if (context.output.wants_json()) {
        context.output.json(json);
        return exit;
    }
    context.output.facts(facts);
    context.output.text(advice);
    return exit;
}

}  // namespace sealwright::device
