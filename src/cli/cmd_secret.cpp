// secret create, list, revoke.
#include "base/file.hpp"
#include "base/secret.hpp"
#include "cli/admin_client.hpp"
#include "cli/commands.hpp"
#include "cli/times.hpp"

namespace sealwright::cli {
namespace {

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// The file is made before the secret is: a secret that nobody can read is used up for nothing.
Result<void> reserve_file(const std::string& path) {
    auto made = create_file_exclusively(path, {}, 0600);
    if (!made && made.error().code() == ErrorCode::already_exists) {
        return with_advice(fail(ErrorCode::already_exists, path + " exists already; no secret was made"),
                           "Choose another file, or remove it.");
    }
    return made;
}

Result<void> keep_in_file(const std::string& path, const std::string& id, const std::string& secret) {
    std::string line = secret + '\n';
    auto written = write_file_atomically(path, view_of(line), 0600);
    zeroise(line.data(), line.size());
    if (written) return written;
    return with_advice(written.error(), "The secret was made, and nobody has seen it: sealwright secret revoke " + id);
}

std::string secret_state(Fields& secret, UtcTime now) {
    if (const auto at = secret.time_if("revoked_at")) return "revoked";
    if (const auto at = secret.time_if("used_at")) return "used " + format_distance(*at, now);
    return secret.time("expires_at") <= now ? "expired" : "unused";
}

void tell_created(Context& context, const SecretCreateOptions& options, const std::string& id,
                  const std::string& secret, UtcTime expires_at) {
    Output& output = context.output;
    if (!options.out.empty()) {
        output.line("Secret " + id + " is in " + options.out + ", usable until " +
                    format_when(expires_at, context.clock.now()) + ".");
        return;
    }
    output.note("Secret " + id + " for profile " + options.profile +
                (options.names.empty() ? "" : " and " + joined(options.names)) + ", usable once, until " +
                format_when(expires_at, context.clock.now()) + ".");
    output.note("It is shown only now:");
    output.line(secret);
}

}  // namespace

Result<ExitCode> secret_create(Context& context, const SecretCreateOptions& options) {
    if (auto lifetime = parse_duration(options.lifetime); !lifetime)
        return context.output.usage(lifetime.error().in("--lifetime"));
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    if (!options.out.empty()) {
        SEALWRIGHT_TRY(reserve_file(options.out));
    }
    json::array names;
    for (const auto& name : options.names) names.emplace_back(name);
    auto posted = client.post(
        Target{"v1", "secrets"},
        json::object{{"profile", options.profile}, {"names", std::move(names)}, {"lifetime", options.lifetime}});
    if (!posted && !options.out.empty()) std::filesystem::remove(options.out);
    SEALWRIGHT_TRY(auto answer, std::move(posted));

    Fields fields{answer.body, "the daemon's answer"};
    const std::string id = fields.text("id");
    std::string secret = fields.text("secret");
    const UtcTime expires_at = fields.time("expires_at");
    SEALWRIGHT_TRY(fields.check());
    if (!options.out.empty()) {
        SEALWRIGHT_TRY(keep_in_file(options.out, id, secret));
        answer.body.get_object().erase("secret");
    }
    if (context.output.wants_json()) {
        context.output.json(answer.body);
    } else {
        tell_created(context, options, id, secret, expires_at);
    }
    zeroise(secret.data(), secret.size());
    return ExitCode::done;
}

Result<ExitCode> secret_list(Context& context) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    SEALWRIGHT_TRY(const auto answer, client.get(Target{"v1", "secrets"}));
    const UtcTime now = context.clock.now();
    Fields fields{answer, "the list of secrets"};
    Table table{{{"ID"}, {"STATE"}, {"PROFILE"}, {"CREATED"}, {"EXPIRES"}, {"BY"}, {"NAMES", false, true}}};
    for (const auto& value : fields.items("secrets")) {
        Fields secret{value, "a secret of the list"};
        table.add({secret.text("id"), secret_state(secret, now), secret.text("profile"),
                   format_distance(secret.time("created_at"), now), format_distance(secret.time("expires_at"), now),
                   secret.text_or("created_by", ""), joined(secret.texts_if("names"))});
        SEALWRIGHT_TRY(secret.check());
    }
    SEALWRIGHT_TRY(fields.check());
    if (context.output.wants_json()) {
        context.output.json(answer);
    } else if (table.empty()) {
        context.output.note("There is no secret.");
    } else {
        context.output.table(table);
    }
    return ExitCode::done;
}

Result<ExitCode> secret_revoke(Context& context, const SecretRevokeOptions& options) {
    SEALWRIGHT_TRY(auto client, AdminClient::open(context.global.socket));
    auto posted = client.post(Target{"v1", "secrets", options.id, "revoke"});
    if (!posted && posted.error().code() == ErrorCode::not_found)
        return with_advice(posted.error(), "See: sealwright secret list");
    SEALWRIGHT_TRY(const auto answer, std::move(posted));
    if (context.output.wants_json()) {
        context.output.json(answer.body);
    } else {
        context.output.line("Secret " + options.id + " is worthless now.");
    }
    return ExitCode::done;
}

}  // namespace sealwright::cli
