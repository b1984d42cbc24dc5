// main.cpp: sealwright-verify: checks a ceremony's bundle, an audit log or the record of an attestation, offline.
#include <CLI/CLI.hpp>
#include <iostream>

#include "base/file.hpp"
#include "ceremonies/verifier/attestation.hpp"
#include "ceremonies/verifier/audit.hpp"
#include "ceremonies/verifier/ceremony.hpp"

namespace {

using namespace sealwright;

constexpr int kUsage = 64;  // EX_USAGE of sysexits.h

constexpr std::string_view kExitCodes =
    "Exit status: 0 valid; 1 invalid; 2 incomplete (nothing is false, but the head, the roots, the log's key, a file "
    "or the end is missing);\n"
    "3 valid with deviations that the ceremony itself recorded; 64 wrong usage.";

struct CeremonyOptions {
    std::string folder, roots, head_file;
    std::vector<std::string> head;
    bool json = false, allow_rehearsal = false;
};

struct AuditOptions {
    std::string folder, key, older;
    std::vector<std::string> journals;
    std::string until;
    std::optional<std::uint64_t> entry;
    std::uint64_t tolerance = 300;
    bool stopped = false, json = false;
};

struct AttestationOptions {
    std::string file, roots;
    bool explain = false, json = false;
};

int report(const verifier::Checks& checks, bool json) {
    std::cout << (json ? checks.json() + "\n" : checks.human());
    return static_cast<int>(checks.verdict());
}

int verify_ceremony(const CeremonyOptions& options) {
    verifier::CeremonyQuestion question{options.folder, options.roots, {}, options.allow_rehearsal};
    for (const auto& word : options.head) question.head += word + " ";
    if (!options.head_file.empty()) {
        const auto text = read_text_file(options.head_file, 4096);
        if (!text) {
            std::cerr << "sealwright-verify: " << text.error().public_detail() << "\n";
            return kUsage;
        }
        question.head = text.value();
    }
    verifier::Checks checks;
    verifier::verify_ceremony(question, checks);
    return report(checks, options.json);
}

int verify_audit(const AuditOptions& options) {
    verifier::AuditQuestion question{options.folder, options.key, options.older, options.entry,
                                     std::chrono::seconds{options.tolerance}};
    question.journals.assign(options.journals.begin(), options.journals.end());
    if (options.stopped) question.end = verifier::LogEnd::is_final;
    if (!options.until.empty()) {
        const auto until = from_rfc3339(options.until);
        if (!until) {
            std::cerr << "sealwright-verify: --until: " << until.error().public_detail() << "\n";
            return kUsage;
        }
        question.journals_until = until.value();
    }
    verifier::Checks checks;
    const auto entry = verifier::verify_audit(question, checks);
    if (entry && options.json) {
        std::cout << entry->json() << "\n";
        // The entry alone would not say what its proof lacks.
        if (checks.verdict() != verifier::Verdict::valid) std::cerr << checks.human();
        return static_cast<int>(checks.verdict());
    }
    if (entry) std::cout << entry->human() << "\n";
    return report(checks, options.json);
}

// verify_attestation prints the findings behind the verdict of the replay; as JSON they are a second line.
int verify_attestation(const AttestationOptions& options) {
    verifier::Checks checks;
    const auto record = verifier::verify_attestation({options.file, options.roots}, checks);
    const int code = report(checks, options.json);
    if (record && options.explain) {
        std::cout << (options.json ? verifier::explain_json(*record) : "\n" + verifier::explain(*record)) << "\n";
    }
    return code;
}

void add_ceremony(CLI::App& app, CeremonyOptions& options) {
    auto* command = app.add_subcommand(
        "ceremony", "verify the bundle of a key ceremony from its folder, the roots and the head on paper");
    command->add_option("DIR", options.folder, "the bundle")->required();
    command->add_option("--roots", options.roots,
                        "PEM of the roots, obtained from elsewhere; without it the verdict is at best incomplete");
    auto* head = command->add_option("--head", options.head, "the head in words, as written down in the ceremony")
                     ->expected(1, 40);
    command->add_option("--head-file", options.head_file, "a file with the head in words")->excludes(head);
    command->add_flag("--allow-rehearsal", options.allow_rehearsal, "a rehearsal may be valid too");
    command->add_flag("--json", options.json, "one line of JSON");
    command->footer(std::string{kExitCodes});
}

void add_audit(CLI::App& app, AuditOptions& options) {
    auto* command = app.add_subcommand(
        "audit", "verify an exported audit log: every entry, every tile, the signed head, and what the entries say");
    command->add_option("DIR", options.folder, "the exported log")->required();
    command->add_option("--key", options.key,
                        "the log's key, obtained from elsewhere: a vkey, or a file with one or with a PEM public key; "
                        "without it the verdict is at best incomplete");
    command->add_option("--entry", options.entry, "show this entry with its inclusion proof");
    command->add_option("--from-checkpoint", options.older, "an older checkpoint that this log must extend");
    command
        ->add_option("--journal", options.journals,
                     "a signer's journal, as often as there are signers: what was signed is compared with the log")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    auto* until =
        command
            ->add_option(
                "--until", options.until,
                "with --journal: leave out what is of this time (2026-11-22T10:57:29Z) and later, of a CA that goes "
                "on signing")
            ->needs("--journal");
    command
        ->add_flag("--stopped", options.stopped,
                   "with --journal: the daemon is stopped and its log goes on no further, so that what was signed "
                   "behind the log's end is told one by one")
        ->needs("--journal")
        ->excludes(until);
    command->add_option("--tolerance", options.tolerance, "how many seconds times may go back (300)")
        ->check(CLI::Range(0, 86400));
    command->add_flag("--json", options.json, "one line of JSON");
    command->footer(std::string{kExitCodes});
}

void add_attestation(CLI::App& app, AttestationOptions& options) {
    auto* command = app.add_subcommand(
        "attestation",
        "judge the evidence in the record of an attestation again: does the same verdict follow from it?");
    command->add_option("FILE", options.file, "the record, DER or PEM")->required();
    command->add_option("--roots", options.roots,
                        "PEM of the TPM manufacturers' roots that you trust; without it a verdict that rests on an EK "
                        "certificate is at best incomplete");
    command->add_flag("--explain", options.explain, "every finding, with its clause and the octets that it is about");
    command->add_flag("--json", options.json, "one line of JSON; with --explain a second one");
    command->footer(std::string{kExitCodes});
}

}  // namespace

int main(int count, char** arguments) {
    CLI::App app{"Verifies what Sealwright leaves behind. Holds no key, talks to no HSM, no server and no network.",
                 "sealwright-verify"};
    app.set_version_flag("--version", "sealwright-verify " SEALWRIGHT_VERSION);
    app.require_subcommand(1);
    app.footer(std::string{kExitCodes});
    CeremonyOptions ceremony;
    AuditOptions audit;
    add_ceremony(app, ceremony);
    add_audit(app, audit);
    AttestationOptions attestation;
    add_attestation(app, attestation);
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsage;
    }
    try {
        if (app.got_subcommand("attestation")) return verify_attestation(attestation);
        return app.got_subcommand("ceremony") ? verify_ceremony(ceremony) : verify_audit(audit);
    } catch (const std::exception& failure) {
        std::cerr << "sealwright-verify: " << failure.what() << "\n";
        return static_cast<int>(verifier::Verdict::incomplete);
    }
}
