// sealwright-device renew: a new certificate before the old one's time is over, with the old one as credential.
#include "base/boundary.hpp"
#include "cli/exit_code.hpp"
#include "cli/json.hpp"
#include "cli/times.hpp"
#include "device/moments.hpp"
#include "device/report.hpp"
#include "device/tpm_signer.hpp"

namespace sealwright::device {
namespace {

Result<bool> is_due(Context& context, const Identity& identity, const RenewOptions& options) {
    if (options.force || options.anew) return true;
    if (options.within.empty()) return context.clock.now() >= identity.renews_at();
    SEALWRIGHT_TRY(const auto within, parse_duration(options.within));
    return identity.not_after() - context.clock.now() <= within;
}

cli::ExitCode tell_not_due(Context& context, const Identity& identity) {
    if (context.output.wants_json()) {
        context.output.json(cli::json::object{{"state", "not_due"},
                                              {"not_after", to_rfc3339(identity.not_after())},
                                              {"renews_at", to_rfc3339(identity.renews_at())}});
    } else {
        context.output.note("Not due: valid until " + cli::format_when(identity.not_after(), context.clock.now()) +
                            ", renewal is due from " + cli::format_time(identity.renews_at()) +
                            " on. --force renews now.");
    }
    return cli::ExitCode::done;
}

Result<Pending> prepare(const tpm::Tpm& tpm, const Identity& identity, bool same_key) {
    const Terms& terms = identity.terms;
    Pending pending{.occasion = Occasion::renew,
                    .stage = Stage::prepared,
                    .server = terms.server,
                    .profile = terms.profile,
                    .names = terms.names,
                    .ek = terms.ek,
                    .ak_kind = terms.ak_kind,
                    .key_kind = terms.key_kind,
                    .ak = terms.ak,
                    .key = identity.key,
                    .replaces = identity.serial(),
                    .challenge = {}};
    if (!same_key) {
        SEALWRIGHT_TRY(pending.key, tpm.create_key(pending.key_kind));
    }
    return pending;
}

Result<Identity> identity_of(const State& state) {
    SEALWRIGHT_TRY(auto identity, state.current());
    if (identity) return std::move(*identity);
    return cli::with_advice(
        fail(ErrorCode::not_found, "there is no certificate to renew in " + state.folder().string()),
        "sealwright-device enroll gets a first one.");
}

Result<Pending> pending_renewal(State& state, std::optional<Pending> pending, const tpm::Tpm& tpm,
                                const Identity& identity, bool same_key) {
    if (pending && pending->occasion == Occasion::renew && (pending->key == identity.key) == same_key)
        return std::move(*pending);
    if (pending && pending->occasion == Occasion::renew && pending->stage != Stage::prepared)
        return std::move(*pending);
    SEALWRIGHT_TRY(auto fresh, prepare(tpm, identity, same_key));
    SEALWRIGHT_TRY(state.save(fresh));
    at_boundary(moment::kPrepared);
    return fresh;
}

}  // namespace

Result<cli::ExitCode> renew(Context& context, const RenewOptions& options) {
    SEALWRIGHT_TRY(auto state, State::open_existing(context.common.state, Access::write));
    if (options.anew) {
        SEALWRIGHT_TRY(state.put_aside_damaged_pending());
    }
    SEALWRIGHT_TRY(state.settle());
    SEALWRIGHT_TRY(const auto identity, identity_of(state));
    SEALWRIGHT_TRY(auto pending, state.pending());
    if (options.anew && pending) {
        SEALWRIGHT_TRY(state.drop_pending());
        pending.reset();
    }
    SEALWRIGHT_TRY(const bool due, is_due(context, identity, options));
    const bool under_way = pending && pending->occasion == Occasion::renew && pending->stage != Stage::prepared;
    if (!due && !under_way) {
        if (pending && pending->occasion == Occasion::renew) {
            SEALWRIGHT_TRY(state.drop_pending());
        }
        return tell_not_due(context, identity);
    }
    if (context.clock.now() >= identity.not_after()) {
        return cli::with_advice(
            fail(ErrorCode::expired, "the certificate's time was over at " + cli::format_time(identity.not_after())),
            "A certificate that is over renews nothing. With a new one-time secret: sealwright-device enroll --anew.");
    }
    if (pending && pending->occasion == Occasion::enroll && pending->stage != Stage::prepared) {
        return cli::with_advice(fail(ErrorCode::conflict, "an enrolment is under way: profile " + pending->profile +
                                                              " of " + pending->server),
                                "The sealwright-device enroll that began it goes on with it; sealwright-device renew "
                                "--anew gives it up.");
    }
    const tpm::Tpm tpm{context.tcti(), state.tpm_mark()};
    SEALWRIGHT_TRY(auto request, pending_renewal(state, std::move(pending), tpm, identity, options.same_key));
    SEALWRIGHT_TRY(auto signer, TpmSigner::make(tpm, identity.key));
    Credential credential;
    SEALWRIGHT_TRY(auto key, signer->tls_key());
    credential.certificate = http_client::ClientCertificate{identity.chain_file(), {}, std::move(key)};
    const std::filesystem::path roots =
        options.ca_file.empty() ? identity.roots_file() : std::filesystem::path{options.ca_file};
    SEALWRIGHT_TRY(auto server, Server::open(identity.terms.server, roots, std::move(credential)));
    Enrolment enrolment{{tpm, state, server, context.clock, roots}, std::move(request)};
    const auto outcome = enrolment.run();
    if (!outcome && signer->failure()) return *signer->failure();
    if (!outcome) return outcome.error();
    return tell(context, outcome.value());
}

}  // namespace sealwright::device
