// sealwright-device enroll: a first certificate, by a one-time secret.
#include "base/boundary.hpp"
#include "cli/exit_code.hpp"
#include "cli/secret_source.hpp"
#include "cli/times.hpp"
#include "device/moments.hpp"
#include "device/report.hpp"

namespace sealwright::device {
namespace {

Result<tpm::KeyKind> ak_kind(std::string_view name) {
    if (name == "rsa") return tpm::KeyKind::rsa2048;
    if (name == "ecc") return tpm::KeyKind::p256;
    return fail(ErrorCode::unsupported, "--ak is rsa or ecc, not '" + std::string{name} + "'");
}

// same_question says whether a pending request is what is asked for now. Which endorsement key "auto" found does not
// matter.
bool same_question(const Pending& pending, const EnrollOptions& options) {
    const auto candidates = tpm::ek_candidates(options.ek);
    const bool same_ek = candidates && std::ranges::find(candidates.value(), pending.ek) != candidates.value().end();
    const auto ak = ak_kind(options.ak);
    return pending.occasion == Occasion::enroll && pending.server == options.server &&
           pending.profile == options.profile && pending.names == Names{options.subject, options.dns} && same_ek &&
           ak && ak.value() == pending.ak_kind && tpm::key_kind_name(pending.key_kind) == options.key;
}

Error other_request(const Pending& pending) {
    return cli::with_advice(
        fail(ErrorCode::conflict, std::string{pending.occasion == Occasion::renew ? "a renewal" : "another request"} +
                                      " is under way: profile " + pending.profile + " of " + pending.server),
        pending.occasion == Occasion::renew
            ? "sealwright-device renew goes on with it; sealwright-device enroll --anew gives it up."
            : "The same options go on with it (sealwright-device status shows them); sealwright-device enroll --anew "
              "gives it up.");
}

Result<Pending> prepare(const tpm::Tpm& tpm, const EnrollOptions& options) {
    Pending pending;
    pending.server = options.server;
    pending.profile = options.profile;
    pending.names = {options.subject, options.dns};
    SEALWRIGHT_TRY(const auto candidates, tpm::ek_candidates(options.ek));
    SEALWRIGHT_TRY(pending.ak_kind, ak_kind(options.ak));
    SEALWRIGHT_TRY(pending.key_kind, tpm::parse_key_kind(options.key));
    SEALWRIGHT_TRY(const auto endorsement, tpm.find_endorsement(candidates));
    pending.ek = endorsement.ek;
    SEALWRIGHT_TRY(pending.ak, tpm.create_ak(pending.ek, pending.ak_kind));
    SEALWRIGHT_TRY(pending.key, tpm.create_key(pending.key_kind));
    return pending;
}

Result<void> check_not_enrolled(Context& context, const State& state) {
    SEALWRIGHT_TRY(const auto current, state.current());
    if (!current || context.clock.now() >= current->not_after()) return success();
    return cli::with_advice(fail(ErrorCode::already_exists, "there is a certificate already, valid until " +
                                                                cli::format_time(current->not_after())),
                            "sealwright-device renew renews it; --anew gets another instead of it.");
}

// pending_request goes on with the one that is under way, or makes one.
Result<Pending> pending_request(Context& context, State& state, const tpm::Tpm& tpm, const EnrollOptions& options) {
    SEALWRIGHT_TRY(auto pending, state.pending());
    // --anew, said again, goes on with what it began, but for keys that nothing came of.
    if (options.anew && pending && pending->is_anew && pending->stage != Stage::prepared &&
        same_question(*pending, options))
        return std::move(*pending);
    if (!options.anew) {
        if (pending && same_question(*pending, options)) return std::move(*pending);
        if (pending && (pending->stage != Stage::prepared || pending->occasion == Occasion::renew))
            return other_request(*pending);
        SEALWRIGHT_TRY(check_not_enrolled(context, state));
    }
    SEALWRIGHT_TRY(const auto current, state.current());
    SEALWRIGHT_TRY(auto fresh, prepare(tpm, options));
    fresh.is_anew = options.anew;
    if (current) fresh.replaces = current->serial();
    SEALWRIGHT_TRY(state.save(fresh));
    at_boundary(moment::kPrepared);
    return fresh;
}

}  // namespace

Result<cli::ExitCode> enroll(Context& context, const EnrollOptions& options) {
    SEALWRIGHT_TRY(check_names({options.subject, options.dns}));
    SEALWRIGHT_TRY(auto state, State::open(context.common.state));
    if (options.anew) {
        SEALWRIGHT_TRY(state.put_aside_damaged());
    }
    SEALWRIGHT_TRY(const auto unfinished, state.pending());
    SEALWRIGHT_TRY(const bool was_finished, state.settle());
    if (was_finished && (!options.anew || (unfinished->is_anew && same_question(*unfinished, options)))) {
        Outcome outcome;
        SEALWRIGHT_TRY(outcome.issued, state.current());
        return tell(context, outcome);
    }
    const tpm::Tpm tpm{context.tcti(), state.tpm_mark()};
    Credential credential;
    SEALWRIGHT_TRY(credential.secret,
                   cli::read_secret(options.secret, context.terminal, "Enrolment secret:", "secret"));
    SEALWRIGHT_TRY(auto server, Server::open(options.server, options.ca_file, std::move(credential)));
    SEALWRIGHT_TRY(auto pending, pending_request(context, state, tpm, options));
    Enrolment enrolment{{tpm, state, server, context.clock, options.ca_file}, std::move(pending)};
    SEALWRIGHT_TRY(const auto outcome, enrolment.run());
    return tell(context, outcome);
}

}  // namespace sealwright::device
