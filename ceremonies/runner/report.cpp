#include "ceremonies/runner/report.hpp"

#include "ceremonies/runner/steps.hpp"
#include "ceremonies/runner/style.hpp"
#include "ceremonies/runner/text.hpp"

namespace sealwright::ceremonies {
namespace {

constexpr std::size_t kColumns = 100;

using Fields = std::vector<std::pair<std::string, std::string>>;

// Report writes the same content as text and as HTML.
class Report {
public:
    void title(const std::string& text, bool rehearsal) {
        text_ += wrapped(clean_text(text), kColumns, "");
        if (rehearsal) {
            text_ += "\nREHEARSAL: nothing of this is for production\n";
            html_ += "<div class=\"banner\">REHEARSAL</div>";
        }
        html_ += "<h1>" + html_text(clean_text(text)) + "</h1>";
    }
    void heading(const std::string& text) {
        text_ += "\n" + text + "\n" + std::string(text.size(), '=') + "\n";
        html_ += "<h2>" + html_text(text) + "</h2>";
    }
    void paragraph(const std::string& text) {
        text_ += wrapped(clean_text(text, true), kColumns, "");
        html_ += "<p>" + html_text(clean_text(text, true)) + "</p>";
    }
    void warning(const std::string& text) {
        text_ += "\n" + wrapped(clean_text(text, true), kColumns, "");
        html_ += "<p><strong>" + html_text(clean_text(text, true)) + "</strong></p>";
    }
    void fields(const std::string& name, const Fields& fields) {
        if (!name.empty()) text_ += "\n" + clean_text(name) + "\n";
        html_ += "<table>";
        if (!name.empty()) html_ += "<tr><th colspan=\"2\">" + html_text(clean_text(name)) + "</th></tr>";
        for (const auto& [key, value] : fields) {
            std::string label = "  " + key + ":";
            label.resize(std::max<std::size_t>(label.size() + 1, 28), ' ');
            text_ += label + clean_text(value) + "\n";
            html_ += "<tr><td style=\"width:48mm\">" + html_text(key) + "</td><td" +
                     (is_digest(value) ? " class=\"mono\"" : "") + ">" + html_text(clean_text(value)) + "</td></tr>";
        }
        html_ += "</table>";
    }

    std::string take_text() { return std::move(text_); }
    std::string take_html(const std::string& title) {
        return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
               html_text(clean_text(title)) + "</title><style>" + std::string{kStyleSheet} +
               "</style></head><body><main class=\"sheet\">" + html_ + "</main></body></html>\n";
    }

private:
    static bool is_digest(std::string_view text) {
        return text.size() >= 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    }

    std::string text_, html_;
};

// by_program is empty where people gave every confirmation.
std::string by_program(const Performance& performance) {
    if (performance.unattended == 0) return {};
    return std::to_string(performance.unattended) + " of " + std::to_string(performance.confirmations) +
           " confirmations were given by a program, not by people";
}

void add_occasion(Report& report, const Inputs& inputs, const Performance& performance, UtcTime at) {
    Fields fields{{"Kind", inputs.script.kind},
                  {"Mode", std::string{mode_name(inputs.bindings.mode)}},
                  {"Report of", to_rfc3339(at)}};
    if (!inputs.bindings.place.empty()) fields.emplace_back("Place", inputs.bindings.place);
    if (inputs.bindings.signing_time)
        fields.emplace_back("Signing time", to_rfc3339(*inputs.bindings.signing_time) + " (fixed by the bindings)");
    const auto unattended = by_program(performance);
    fields.emplace_back(
        "Confirmations",
        unattended.empty() ? std::to_string(performance.confirmations) + ", each by a person of its role" : unattended);
    fields.emplace_back("Program", "sealwright " SEALWRIGHT_VERSION);
    fields.emplace_back("Script SHA-256", inputs.script_sha256.hex());
    fields.emplace_back("Bindings SHA-256", inputs.bindings_sha256.hex());
    for (const auto& profile : inputs.profiles) fields.emplace_back(profile.path, profile.sha256.hex());
    report.heading("Occasion");
    report.fields("", fields);
    // What people must do together (dual control, witness) was not done where a program answered for them.
    for (const auto& clause : inputs.script.requires_)
        report.paragraph((unattended.empty() ? "Held to: " : "Asked for by the script, not proved: ") + clause);
}

void add_people(Report& report, const Inputs& inputs) {
    report.heading("Roles and functions");
    for (const auto& role : inputs.script.roles) {
        Fields fields;
        for (const auto& person : inputs.bindings.holders(role.id)) fields.emplace_back(person.initials, person.name);
        std::string steps;
        for (const auto& step : inputs.script.steps) {
            if (step.by == role.id) steps += (steps.empty() ? "" : ", ") + step.id;
        }
        fields.emplace_back("steps", steps.empty() ? "none" : steps);
        report.fields(role.title, fields);
    }
}

void add_keys(Report& report, const Performance& performance) {
    report.heading("Keys");
    for (const auto& made : performance.keys) {
        const auto& key = made.key.public_key;
        const auto& token = made.token_info;
        Fields fields{
            {"Algorithm", std::string{crypto::key_type_name(key.type())}},
            {"Size", std::to_string(key.bits()) + " bits"},
            {"SPKI SHA-256", key.id().hex()},
            {"Label", made.key.label},
            {made.found ? "Found at" : "Generated at", to_rfc3339(made.made_at)},
            {"Device", token.manufacturer + " " + token.model + ", hardware " + token.hardware_version + ", firmware " +
                           token.firmware_version},
            {"Token", "role " + made.token + ", label '" + token.label + "', serial " + token.serial},
            {"Generation", made.found ? "in an earlier ceremony; its evidence was read and judged anew (" +
                                            made.evidence_template + ")"
                                      : "in the token, by its own generator, with a full private-key template (" +
                                            made.evidence_template + ")"}};
        for (const auto& attribute : made.key.dropped_attributes)
            fields.emplace_back("Left out of template", attribute + " (the token refused it)");
        if (made.evidence_findings.empty()) fields.emplace_back("Evidence", "accepted, no findings");
        for (const auto& finding : made.evidence_findings) fields.emplace_back("Evidence", findings_text({finding}));
        report.fields("Key of step '" + made.step + "'", fields);
    }
    report.paragraph(
        "Evidence is what the token's module says of the key when it is asked. It is no attestation by the vendor.");
}

void add_certificates(Report& report, const Performance& performance) {
    report.heading("Certificates");
    for (const auto& made : performance.certificates) {
        const auto& fields = made.certificate.fields();
        const std::string origin = made.imported ? " (of an earlier ceremony)" : "";
        report.fields("Certificate of step '" + made.step + "'" + origin,
                      {{"Subject", x509::format_name(fields.subject)},
                       {"Issuer", x509::format_name(fields.issuer)},
                       {"Serial", to_hex(fields.serial)},
                       {"Not before", to_rfc3339(fields.not_before)},
                       {"Not after", to_rfc3339(fields.not_after)},
                       {"Key of step", made.key_step},
                       {"SHA-256", made.certificate.fingerprint().hex()},
                       {"File", made.file}});
    }
}

void add_files(Report& report, const Performance& performance) {
    report.heading("Artefacts");
    Fields fields;
    for (const auto& file : performance.files) fields.emplace_back(file.file, file.sha256.hex());
    report.fields("", fields);
}

void add_deviations(Report& report, const Performance& performance) {
    report.heading("Deviations and warnings");
    const auto unattended = by_program(performance);
    if (!unattended.empty()) report.paragraph(unattended + ".");
    if (performance.deviations.empty() && unattended.empty())
        report.paragraph("No deviation from the script was recorded.");
    for (const auto& deviation : performance.deviations) report.paragraph("Deviation: " + deviation);
    for (const auto& warning : performance.lint_warnings) report.paragraph("Linter: " + warning);
}

void add_signatures(Report& report, const Inputs& inputs) {
    report.heading("Signatures");
    report.paragraph(
        "The head of the transcript covers this report and therefore does not stand in it. It was printed in words at "
        "the end of the ceremony; those who sign below have it on "
        "paper. Whoever has that paper, the roots and this folder can verify everything with sealwright-verify.");
    for (const auto& role : inputs.script.roles) {
        for (const auto& person : inputs.bindings.holders(role.id))
            report.paragraph("\n____________________________   " + person.name + ", " + role.title);
    }
}

}  // namespace

Result<void> keep_reports(const Inputs& inputs, const Performance& performance, UtcTime at, Recorder& recorder) {
    Report report;
    const std::string title = "Report of the ceremony: " + inputs.script.title;
    report.title(title, inputs.rehearsal());
    if (const auto unattended = by_program(performance); !unattended.empty())
        report.warning(unattended + ": dual control is not proved.");
    add_occasion(report, inputs, performance, at);
    add_people(report, inputs);
    add_keys(report, performance);
    add_certificates(report, performance);
    add_files(report, performance);
    add_deviations(report, performance);
    add_signatures(report, inputs);
    SEALWRIGHT_TRY(recorder.keep({"report.txt", "report", bytes_of(view_of(report.take_text())), {}}, ""));
    return recorder.keep({"report.html", "report", bytes_of(view_of(report.take_html(title))), {}}, "");
}

}  // namespace sealwright::ceremonies
