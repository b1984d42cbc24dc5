// ca status, profile list|show, crl publish.
#include "cli/admin_client.hpp"
#include "cli/commands.hpp"
#include "cli/times.hpp"
#include "cli/wording.hpp"

namespace sealwright::cli {
namespace {

// Status is read leniently where a part may be missing (a CA that has not published a CRL yet), strictly where it may
// not.
class StatusText {
public:
    StatusText(const json::value& value, UtcTime now) : status_(value, "the status"), now_(now) {}

    Result<Facts> describe() {
        add_daemon();
        SEALWRIGHT_TRY(add_issuing());
        SEALWRIGHT_TRY(add_crl());
        SEALWRIGHT_TRY(add_parts());
        SEALWRIGHT_TRY(add_counts());
        SEALWRIGHT_TRY(status_.check());
        return facts_;
    }
    bool ready() const noexcept { return ready_; }

private:
    void add_daemon() {
        ready_ = status_.flag("ready");
        const auto reasons = status_.texts_if("reasons");
        facts_.add("Ready", ready_ ? "yes" : "NO");
        if (!reasons.empty()) facts_.add_lines("Because", reasons);
        facts_.add("Daemon", "sealwrightd " + status_.text("version") + ", node " + status_.text("node"));
        facts_.add("Started",
                   format_when(status_.time("started_at"), now_) + ", boot " + std::to_string(status_.number("epoch")));
    }
    Result<void> add_issuing() {
        Fields issuing{status_.object("issuing"), "the status of the issuing CA"};
        facts_.add("Issuing CA", issuing.text("subject"));
        facts_.add("  serial", issuing.text("serial"));
        facts_.add("  key id", issuing.text("key"));
        facts_.add("  valid until", format_when(issuing.time("not_after"), now_));
        return issuing.check();
    }
    Result<void> add_crl() {
        const auto* value = status_.object_if("crl");
        if (value == nullptr) {
            facts_.add("CRL", "none published yet");
            return success();
        }
        Fields crl{*value, "the status of the CRL"};
        facts_.add("CRL", "number " + std::to_string(crl.number("number")) + ", " +
                              counted(crl.number("entries"), "entry", "entries"));
        facts_.add("  published", format_when(crl.time("this_update"), now_));
        facts_.add("  next by", format_when(crl.time("next_update"), now_));
        return crl.check();
    }
    Result<void> add_parts() {
        Fields signer{status_.object("signer"), "the status of the signer"};
        facts_.add("Signer", signer.flag("connected") ? "connected" : "NOT CONNECTED");
        SEALWRIGHT_TRY(signer.check());
        Fields store{status_.object("store"), "the status of the store"};
        facts_.add("Store", store.flag("healthy") ? "healthy" : "REFUSES WRITES");
        SEALWRIGHT_TRY(store.check());
        Fields audit{status_.object("audit"), "the status of the audit log"};
        facts_.add("Audit log", counted(audit.number("size"), "entry", "entries") + ", root " + audit.text("root"));
        return audit.check();
    }
    Result<void> add_counts() {
        // A store that cannot be read leaves them out.
        if (const auto* told = status_.object_if("counts")) {
            Fields counts{*told, "the counts"};
            facts_.add("Certificates", std::to_string(counts.number("issued")) + " issued, " +
                                           std::to_string(counts.number("revoked")) + " revoked, " +
                                           counted(counts.number("open_intents"), "intent", "intents") + " open");
            SEALWRIGHT_TRY(counts.check());
        }
        const auto* value = status_.object_if("ocsp");
        if (value == nullptr) return success();
        Fields ocsp{*value, "the counts of OCSP"};
        facts_.add("OCSP", std::to_string(ocsp.number("asked")) + " asked, " +
                               std::to_string(ocsp.number("from_cache")) + " from cache, " +
                               std::to_string(ocsp.number("signed_now")) + " signed, " +
                               std::to_string(ocsp.number("refused")) + " refused");
        return ocsp.check();
    }

    Fields status_;
    UtcTime now_;
    Facts facts_;
    bool ready_ = false;
};

}  // namespace

Result<ExitCode> ca_status(Context& context) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto status, client.get(Target{"v1", "status"}));
    StatusText text{status, context.clock.now()};
    SEALWRIGHT_TRY(const auto facts, text.describe());
    if (context.output.wants_json()) {
        context.output.json(status);
    } else {
        context.output.facts(facts);
    }
    return text.ready() ? ExitCode::done : ExitCode::failed;
}

Result<ExitCode> profile_list(Context& context) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto profiles, client.get(Target{"v1", "profiles"}));
    if (!profiles.is_array()) return fail(ErrorCode::malformed, "the daemon's answer is no list of profiles");
    Table table{{{"NAME"}, {"VERSION", true}, {"DIGEST"}, {"DESCRIPTION", false, true}}};
    for (const auto& value : profiles.get_array()) {
        Fields profile{value, "a profile of the list"};
        table.add({profile.text("name"), std::to_string(profile.number("version")),
                   profile.text("digest").substr(0, 16), profile.text_or("description", "")});
        SEALWRIGHT_TRY(profile.check());
    }
    if (context.output.wants_json()) {
        context.output.json(profiles);
    } else if (table.empty()) {
        context.output.note("The daemon has no profile.");
    } else {
        context.output.table(table);
    }
    return ExitCode::done;
}

Result<ExitCode> profile_show(Context& context, const ProfileOptions& options) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    auto answer = client.get(Target{"v1", "profiles", options.name});
    if (!answer && answer.error().code() == ErrorCode::not_found)
        return with_advice(answer.error(), "See: sealwright profile list");
    SEALWRIGHT_TRY(const auto value, std::move(answer));
    Fields profile{value, "the profile"};
    const std::string toml = profile.text("toml");
    Facts facts;
    facts.add("Name", profile.text("name"));
    facts.add("Version", std::to_string(profile.number("version")));
    facts.add("Digest", profile.text("digest"));
    facts.add("Description", profile.text_or("description", ""));
    SEALWRIGHT_TRY(profile.check());
    if (options.toml) {
        context.output.raw(toml);
    } else if (context.output.wants_json()) {
        context.output.json(value);
    } else {
        context.output.facts(facts);
        context.output.line("");
        context.output.text(toml);
    }
    return ExitCode::done;
}

Result<ExitCode> crl_publish(Context& context) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto answer, client.post(Target{"v1", "crl", "publish"}));
    Fields crl{answer.body, "the daemon's answer"};
    const std::string told = "CRL number " + std::to_string(crl.number("number")) + " with " +
                             counted(crl.number("entries"), "entry", "entries") + " is published.";
    const std::string next =
        "The next one comes before " + format_when(crl.time("next_update"), context.clock.now()) + ".";
    SEALWRIGHT_TRY(crl.check());
    if (context.output.wants_json()) {
        context.output.json(answer.body);
    } else {
        context.output.line(told);
        context.output.line(next);
    }
    return ExitCode::done;
}

}  // namespace sealwright::cli
