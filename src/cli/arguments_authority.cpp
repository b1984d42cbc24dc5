#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace sealwright::cli {
namespace {

void add_ca_and_crl(Grammar& grammar) {
    CLI::App& ca = grammar.group("ca", "The authority");
    CLI::App& status =
        grammar.admin_command(ca, "status", "Is it well, and what has it done", "  sealwright ca status");
    grammar.runs(status, ca_status);

    CLI::App& crl = grammar.group("crl", "Revocation lists");
    CLI::App& publish = grammar.admin_command(crl, "publish", "Sign and publish a CRL now", "  sealwright crl publish");
    grammar.runs(publish, crl_publish);
}

void add_profile(Grammar& grammar) {
    CLI::App& group = grammar.group("profile", "Certificate profiles");
    CLI::App& list = grammar.admin_command(group, "list", "List the profiles that the daemon has loaded",
                                           "  sealwright profile list");
    grammar.runs(list, profile_list);
    CLI::App& show = grammar.admin_command(group, "show", "Show one profile as the daemon has it",
                                           "  sealwright profile show tls-server --toml");
    auto options = std::make_shared<ProfileOptions>();
    show.add_option("NAME", options->name, "Its name")->required()->type_name("");
    show.add_flag("--toml", options->toml, "Its TOML text alone");
    grammar.runs(show, options, profile_show);
}

void add_secret(Grammar& grammar) {
    CLI::App& group = grammar.group("secret", "One-time enrolment secrets");
    CLI::App& create =
        grammar.admin_command(group, "create", "Make a secret that is worth one certificate; it is shown this once",
                              "  sealwright secret create --profile tls-server --name www.example.org --lifetime 2h\n"
                              "  sealwright secret create --profile tls-server --out secret.txt");
    auto created = std::make_shared<SecretCreateOptions>();
    create.add_option("--profile", created->profile, "The profile that it can be used for")
        ->required()
        ->type_name("NAME");
    create.add_option("--name", created->names, "A name that its holder may have certified; again for more")
        ->type_name("NAME")
        ->expected(1)
        ->take_all();
    create.add_option("--lifetime", created->lifetime, "How long it can be used (90s, 15m, 12h, 7d)")
        ->type_name("SPAN")
        ->capture_default_str();
    create.add_option("--out", created->out, "Write it to this new file, which only you may read, and do not show it")
        ->type_name("FILE");
    grammar.runs(create, created, secret_create);

    CLI::App& list =
        grammar.admin_command(group, "list", "List secrets and what became of them", "  sealwright secret list");
    grammar.runs(list, secret_list);

    CLI::App& revoke = grammar.admin_command(group, "revoke", "Make a secret worthless",
                                             "  sealwright secret revoke 3f2a90c1d4e5b6a7");
    auto revoked = std::make_shared<SecretRevokeOptions>();
    revoke.add_option("ID", revoked->id, "Its public handle (sealwright secret list)")->required()->type_name("");
    grammar.runs(revoke, revoked, secret_revoke);
}

std::shared_ptr<AuditCheckOptions> add_audit_key(CLI::App& command) {
    auto options = std::make_shared<AuditCheckOptions>();
    command
        .add_option(
            "--key", options->key_file,
            "The audit key's public half from the ceremony (audit-key.pem); without it the daemon's word is taken")
        ->type_name("FILE");
    return options;
}

void add_audit(Grammar& grammar) {
    CLI::App& group = grammar.group("audit", "The audit log");
    CLI::App& show =
        grammar.admin_command(group, "show", "Print entries, oldest first; the last 50 if nothing else is said",
                              "  sealwright audit show --kind certificate.issued --limit 20\n"
                              "  sealwright audit show --from 0 --all --json\n"
                              "  sealwright audit show --follow");
    auto shown = std::make_shared<AuditShowOptions>();
    show.add_option("--from", shown->from, "Start at this entry")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 62U).description(""));
    auto* limit = show.add_option("--limit", shown->limit, "At most so many")
                      ->type_name("N")
                      ->check(CLI::Range(std::size_t{1}, std::size_t{1000000}).description(""))
                      ->capture_default_str();
    show.add_option("--kind", shown->kind,
                    "Only this kind, or with a dot at its end this family: certificate.revoked, crl.")
        ->type_name("KIND");
    auto* all = show.add_flag("--all", shown->all, "Every entry")->excludes(limit);
    show.add_flag("--follow", shown->follow, "Stay, and print what comes")->excludes(all);
    grammar.runs(show, shown, audit_show);

    CLI::App& verify = grammar.admin_command(
        group, "verify", "Rebuild the log's tree from all entries and compare it with a signed head",
        "  sealwright audit verify --key audit-key.pem --since last-week.txt --save today.txt");
    auto verified = add_audit_key(verify);
    verify.add_option("--since", verified->since, "The log must also continue the one of this saved checkpoint")
        ->type_name("FILE");
    verify.add_option("--save", verified->save, "Save the signed head here, for the next time")->type_name("FILE");
    grammar.runs(verify, verified, audit_verify);

    CLI::App& exported =
        grammar.admin_command(group, "export", "Write the log as C2SP tiles, for sealwright-verify audit",
                              "  sealwright audit export /var/backups/audit --key audit-key.pem");
    auto folder = add_audit_key(exported);
    exported.add_option("DIR", folder->folder, "The folder; one that was exported before is brought up to date")
        ->required()
        ->type_name("");
    grammar.runs(exported, folder, audit_export);
}

}  // namespace

void add_authority_commands(Grammar& grammar) {
    add_ca_and_crl(grammar);
    add_profile(grammar);
    add_secret(grammar);
    add_audit(grammar);
}

}  // namespace sealwright::cli
