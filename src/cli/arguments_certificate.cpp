#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace sealwright::cli {
namespace {

constexpr std::size_t kMaxPage = 1000;

void add_issue(Grammar& grammar, CLI::App& group) {
    CLI::App& issue = grammar.admin_command(
        group, "issue", "Have a certificate issued for a PKCS#10 request",
        "  sealwright cert issue --profile tls-server --csr www.csr --chain www.pem\n"
        "  openssl req -new -newkey rsa:3072 -nodes -keyout www.key -subj / -addext subjectAltName=DNS:www.example.org "
        "|\n"
        "      sealwright cert issue --profile tls-server --csr - --out www.pem\n"
        "  sealwright cert issue --profile tls-server --csr www.csr --server https://ca.example.org:8443 \\\n"
        "      --ca root.pem --secret-fd 3 3< secret.txt\n"
        "  sealwright cert issue --resume 0f3c... --out www.pem");
    auto options = std::make_shared<CertIssueOptions>();
    auto* profile =
        issue.add_option("--profile", options->profile, "What kind of certificate (sealwright profile list)")
            ->type_name("NAME");
    auto* csr =
        issue.add_option("--csr", options->csr, "The request, PEM or DER; - is standard input")->type_name("FILE");
    profile->needs(csr);
    csr->needs(profile);
    issue.add_option("--resume", options->request, "Go on with a request that waited for approvals")
        ->type_name("REQUEST")
        ->excludes(csr)
        ->excludes(profile);
    issue
        .add_option("--out", options->out,
                    "Write the certificate here; without --out and --chain both go to standard output")
        ->type_name("FILE");
    issue.add_option("--chain", options->chain, "Write the certificate followed by its chain here, as servers want it")
        ->type_name("FILE");
    issue.add_option("--wait", options->wait, "Wait this long for approvals, if any are needed (10m, 2h)")
        ->type_name("SPAN");

    auto& native = options->native;
    auto* server =
        issue.add_option("--server", native.server, "Ask over HTTPS instead of the admin socket")->type_name("URL");
    auto* ca = issue.add_option("--ca", native.ca_file, "The roots that the server's certificate must lead to")
                   ->type_name("FILE")
                   ->needs(server);
    server->needs(ca);
    issue
        .add_option("--server-name", native.server_name, "The name in the server's certificate, if the URL has another")
        ->type_name("NAME")
        ->needs(server);
    add_secret_source(issue, native.secret, "secret", "the enrolment secret");
    auto* client_certificate = issue
                                   .add_option("--client-cert", native.client_certificate,
                                               "Renew with this certificate of ours (PEM chain) instead of a secret")
                                   ->type_name("FILE")
                                   ->needs(server);
    auto* client_key = issue.add_option("--client-key", native.client_key, "Its private key (PEM)")
                           ->type_name("FILE")
                           ->needs(client_certificate);
    client_certificate->needs(client_key);
    for (const char* name : {"--secret-fd", "--secret-file"})
        issue.get_option(name)->needs(server)->excludes(client_certificate);
    grammar.runs(issue, options, cert_issue);
}

void add_list(Grammar& grammar, CLI::App& group) {
    CLI::App& list = grammar.admin_command(group, "list", "List certificates, in order of issuance",
                                           "  sealwright cert list --name www.example.org\n"
                                           "  sealwright cert list --expires-before 30d --not-revoked --all");
    auto options = std::make_shared<CertListOptions>();
    list.add_option("--state", options->state, "Only this state: intended, issued, indeterminate, abandoned")
        ->type_name("STATE")
        ->check(CLI::IsMember({"intended", "issued", "indeterminate", "abandoned"}).description(""));
    auto* revoked = list.add_flag("--revoked", options->revoked, "Only revoked and held ones");
    list.add_flag("--not-revoked", options->not_revoked, "Only others")->excludes(revoked);
    list.add_option("--name", options->name, "Only with this text in subject or alternative names")->type_name("TEXT");
    list.add_option("--profile", options->profile, "Only of this profile")->type_name("NAME");
    list.add_option("--expires-before", options->expires_before,
                    "Only ending before: 2027-02-20, an RFC 3339 time, or a span from now (30d)")
        ->type_name("WHEN");
    list.add_option("--limit", options->limit, "At most so many")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, kMaxPage).description(""))
        ->capture_default_str();
    list.add_option("--after", options->after, "Go on after this serial number")->type_name("SERIAL");
    list.add_flag("--all", options->all, "Every one, page after page");
    grammar.runs(list, options, cert_list);
}

std::shared_ptr<CertChangeOptions> add_change(CLI::App& command) {
    auto options = std::make_shared<CertChangeOptions>();
    command
        .add_option("SERIAL", options->serial,
                    "Serial number; its first digits suffice on a terminal, if they name only one")
        ->required()
        ->type_name("");
    command.add_flag("-y,--yes", options->yes, "Do not ask; needs the whole serial number");
    command.add_flag("--dry-run", options->dry_run, "Show which certificate is meant, and change nothing");
    return options;
}

void add_changes(Grammar& grammar, CLI::App& group) {
    CLI::App& revoke =
        grammar.admin_command(group, "revoke", "Revoke a certificate, for ever",
                              "  sealwright cert revoke 4f1c09 --reason keyCompromise --dry-run\n"
                              "  sealwright cert revoke 4f1c09aa30b84d7e9bd2a07fc03b51e6 --reason superseded --yes");
    auto revoked = add_change(revoke);
    revoke
        .add_option(
            "--reason", revoked->reason,
            "Why, as RFC 5280 names it: keyCompromise, affiliationChanged, superseded, cessationOfOperation, ...")
        ->type_name("NAME")
        ->capture_default_str();
    revoke
        .add_option("--invalidity-date", revoked->invalidity_date, "Since when the key is known or suspected to be bad")
        ->type_name("WHEN");
    grammar.runs(revoke, revoked, cert_revoke);

    CLI::App& hold = grammar.admin_command(group, "hold", "Suspend a certificate (certificateHold)",
                                           "  sealwright cert hold 4f1c09");
    grammar.runs(hold, add_change(hold), cert_hold);

    CLI::App& release = grammar.admin_command(group, "release", "Lift a hold", "  sealwright cert release 4f1c09");
    grammar.runs(release, add_change(release), cert_release);
}

void add_cert(Grammar& grammar) {
    CLI::App& group = grammar.group("cert", "Certificates");
    add_issue(grammar, group);
    add_list(grammar, group);
    CLI::App& show = grammar.admin_command(group, "show", "Show one certificate",
                                           "  sealwright cert show 4f1c09\n"
                                           "  sealwright cert show 4f1c09 --pem | openssl x509 -noout -text");
    auto shown = std::make_shared<CertShowOptions>();
    show.add_option("SERIAL", shown->serial, "Serial number, or its first digits if they name only one")
        ->required()
        ->type_name("");
    show.add_flag("--pem", shown->pem, "Print the certificate itself");
    grammar.runs(show, shown, cert_show);
    add_changes(grammar, group);
}

std::shared_ptr<RequestOptions> add_request_id(CLI::App& command) {
    auto options = std::make_shared<RequestOptions>();
    command.add_option("ID", options->id, "The request (sealwright request list)")->required()->type_name("");
    return options;
}

void add_request(Grammar& grammar) {
    CLI::App& group = grammar.group("request", "Requests and approvals");
    CLI::App& list = grammar.admin_command(group, "list", "List requests, newest first",
                                           "  sealwright request list --state awaiting_approval");
    auto listed = std::make_shared<RequestListOptions>();
    list.add_option(
            "--state", listed->state,
            "Only this state: received, challenged, awaiting_approval, intended, issued, refused, indeterminate")
        ->type_name("STATE")
        ->check(CLI::IsMember(
                    {"received", "challenged", "awaiting_approval", "intended", "issued", "refused", "indeterminate"})
                    .description(""));
    list.add_option("--limit", listed->limit, "At most so many")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, kMaxPage).description(""))
        ->capture_default_str();
    grammar.runs(list, listed, request_list);

    CLI::App& show = grammar.admin_command(group, "show", "Show one request",
                                           "  sealwright request show 0f3c61d2a9b84e7c8f10a2b3c4d5e6f7");
    grammar.runs(show, add_request_id(show), request_show);

    CLI::App& attestation = grammar.admin_command(
        group, "attestation", "The record of a TPM's proof, for sealwright-verify attestation",
        "  sealwright request attestation 0f3c61d2a9b84e7c8f10a2b3c4d5e6f7 --out device.attestation");
    auto wanted = std::make_shared<RequestAttestationOptions>();
    attestation.add_option("ID", wanted->id, "The request")->required()->type_name("");
    attestation.add_option("--out", wanted->out, "Write it to this file")->type_name("FILE");
    grammar.runs(attestation, wanted, request_attestation);

    CLI::App& approve =
        grammar.admin_command(group, "approve", "Approve a request, as an officer other than its requester",
                              "  sealwright request approve 0f3c61d2a9b84e7c8f10a2b3c4d5e6f7");
    auto approved = add_request_id(approve);
    approve.add_flag("-y,--yes", approved->yes, "Do not ask");
    grammar.runs(approve, approved, request_approve);

    CLI::App& deny =
        grammar.admin_command(group, "deny", "Refuse a request, with a reason that its requester reads",
                              "  sealwright request deny 0f3c61d2a9b84e7c8f10a2b3c4d5e6f7 --reason \"not our domain\"");
    auto denied = add_request_id(deny);
    deny.add_option("--reason", denied->reason, "What the requester is told")->required()->type_name("TEXT");
    deny.add_flag("-y,--yes", denied->yes, "Do not ask");
    grammar.runs(deny, denied, request_deny);
}

}  // namespace

void add_certificate_commands(Grammar& grammar) {
    add_cert(grammar);
    add_request(grammar);
}

}  // namespace sealwright::cli
