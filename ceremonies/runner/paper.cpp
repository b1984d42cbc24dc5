#include "ceremonies/runner/paper.hpp"

#include "ceremonies/runner/style.hpp"
#include "ceremonies/runner/text.hpp"

namespace sealwright::ceremonies {
namespace {

constexpr std::size_t kColumns = 88;
constexpr std::size_t kLinesOnPage = 39;  // what a page of the HTML holds; one of text would hold more
constexpr std::string_view kTextRule =
    "----------------------------------------------------------------------------------------\n";

std::size_t lines_in(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string pin_text(const TokenBinding& token) {
    switch (token.pin) {
        case PinSource::prompt:
            return "typed by its holder, who alone sees it";
        case PinSource::fd:
            return "read from file descriptor " + std::to_string(token.pin_fd);
        case PinSource::credential:
            return "read from the credential '" + token.pin_location + "'";
        case PinSource::file:
            break;
    }
    return "read from the file " + token.pin_location;
}

std::string token_text(const TokenBinding& token) {
    std::string out;
    if (!token.serial.empty()) out += "serial " + token.serial;
    if (!token.label.empty()) out += std::string{out.empty() ? "" : ", "} + "label '" + token.label + "'";
    return out;
}

std::string key_text(const KeyDemand& work) {
    return std::string{crypto::key_type_name(work.type)} +
           (work.rsa_bits == 0 ? "" : " with " + std::to_string(work.rsa_bits) + " bits");
}

std::string profile_text(const CertifyStep& work, const Inputs& inputs) {
    const auto* file = inputs.profile(work.profile);
    std::string out = "the profile " + work.profile;
    if (file != nullptr) out += " (SHA-256 " + file->sha256.hex() + ")";
    if (!work.names.empty()) {
        out += ", for the names";
        for (const auto& name : inputs.bindings.names.at(work.names)) out += " " + name;
    }
    return out;
}

// Instruction says what a step does; compare is what people check beside it, with a line to write on.
struct Instruction {
    std::string text;
    std::string compare;
};

struct Describer {
    const Step& step;
    const Inputs& inputs;

    Instruction operator()(const ConfirmStep& work) const { return {work.text, {}}; }
    Instruction operator()(const OpenTokenStep& work) const {
        const auto& token = *inputs.bindings.token(work.token);
        return {"The program finds the token '" + work.token + "' (" + token_text(token) + ") through the module " +
                    token.module + " and logs in once. The PIN is " + pin_text(token) +
                    ". A refused PIN ends the ceremony.",
                "Serial number on the device"};
    }
    Instruction operator()(const GenerateStep& work) const {
        const auto* open = std::get_if<OpenTokenStep>(&inputs.script.find(work.token_step)->work);
        return {"The token '" + open->token + "' generates a key: " + key_text(work) + ", labelled '" + work.label +
                    "'. The program reads its attributes back and judges them by " + work.evidence_template +
                    "; a key that could ever leave the token ends the ceremony. A generation that failed is never "
                    "tried again.",
                "First 8 digits of the key's SHA-256"};
    }
    Instruction operator()(const FindKeyStep& work) const {
        const auto* open = std::get_if<OpenTokenStep>(&inputs.script.find(work.token_step)->work);
        return {"The program finds in the token '" + open->token + "' the key labelled '" + work.label + "', " +
                    key_text(work) + ", whose public key has the SHA-256 " + inputs.bindings.keys.at(work.spki).hex() +
                    ". It reads the key's attributes back and judges them by " + work.evidence_template +
                    "; a key that is another, or that could ever leave the token, ends the ceremony. No key is "
                    "generated.",
                "First 8 digits of the key's SHA-256"};
    }
    Instruction operator()(const ImportStep& work) const {
        return {"The program takes the certificate '" + work.certificate +
                    "' of an earlier ceremony, whose SHA-256 is " +
                    inputs.bindings.certificates.at(work.certificate).sha256.hex() +
                    (work.key.empty() ? "" : ", compares its key with that of step '" + work.key + "'") +
                    ", validates its path and keeps it as " + work.artefact + ".",
                {}};
    }
    Instruction operator()(const CertifyStep& work) const {
        const std::string by = work.self_signed ? "that same key" : "the key of step '" + work.issuer + "'";
        return {"The program makes the certificate of the key of step '" + work.key + "' by " +
                    profile_text(work, inputs) + ", lints it, has it signed by " + by +
                    ", verifies it and keeps it as " + work.artefact + ".",
                "Subject as on the screen"};
    }
    Instruction operator()(const CrlStep& work) const {
        return {"The program makes CRL number " + std::to_string(work.number) + " of the CA of step '" + work.issuer +
                    "', with no entries and valid for " + std::to_string(work.validity / std::chrono::hours{24}) +
                    " days, has it signed, verifies it and keeps it as " + work.artefact + ".",
                {}};
    }
    Instruction operator()(const SignerConfigStep& work) const {
        std::string keys;
        for (const auto& key : work.keys) {
            keys += keys.empty() ? "" : "; ";
            keys += key.name + ":";
            for (const auto purpose : key.purposes) keys += " " + std::string{hsm::purpose_name(purpose)};
        }
        return {"The program writes " + work.artefact +
                    ", which says what sealwright-signer will let each key sign: " + keys + ".",
                {}};
    }
    Instruction operator()(const CloseStep& work) const {
        return {work.key.empty() ? "The transcript ends."
                                 : "The transcript ends, and the key of step '" + work.key + "' signs its head.",
                {}};
    }
};

Instruction describe(const Step& step, const Inputs& inputs) { return std::visit(Describer{step, inputs}, step.work); }

// Piece is what must stand together on one page, in both forms.
struct Piece {
    std::string text, html;
    std::size_t lines = 0;
};

Piece make_piece(std::string text, std::string html) {
    const std::size_t lines = lines_in(text);
    return {std::move(text), std::move(html), lines};
}

std::string role_title(const Inputs& inputs, const std::string& id) {
    const auto* role = inputs.script.role(id);
    return role == nullptr ? id : role->title;
}

std::string holders_text(const Inputs& inputs, const std::string& role) {
    std::string out;
    for (const auto& person : inputs.bindings.holders(role))
        out += (out.empty() ? "" : ", ") + person.name + " (" + person.initials + ")";
    return out;
}

Piece head_words_piece() {
    std::string text = "      The head of the transcript, from the screen. Records: __________\n\n",
                html =
                    "<p>The head of the transcript, from the screen. Records: <span class=\"line\"></span></p><div "
                    "class=\"words\">";
    for (int row = 1; row <= 8; ++row) {
        text += "      (" + std::to_string(row) +
                ")  ________________  ________________  ________________  ________________\n\n";
        html += "<span>(" + std::to_string(row) + ")</span>";
        for (int column = 0; column < 4; ++column) html += "<span class=\"line\"></span>";
    }
    return make_piece(text, html + "</div>");
}

Piece step_piece(const Step& step, std::size_t number, const Inputs& inputs) {
    const auto described = describe(step, inputs);
    const std::string what = step.id + " - " + std::string{action_name(step)} + " - " + role_title(inputs, step.by) +
                             ": " + holders_text(inputs, step.by);
    std::string text = wrapped(std::to_string(number) + ".  [ ]  " + clean_text(what), kColumns, "") +
                       wrapped(clean_text(described.text, true), kColumns, "      ");
    std::string html = "<div class=\"step\"><div class=\"number\">" + std::to_string(number) +
                       "</div><div><div class=\"what\">" + html_text(clean_text(what)) + "</div><p>" +
                       html_text(clean_text(described.text, true)) + "</p>";
    if (!step.note.empty()) {
        text += wrapped("Note: " + clean_text(step.note, true), kColumns, "      ");
        html += "<p class=\"muted\">Note: " + html_text(clean_text(step.note, true)) + "</p>";
    }
    if (!described.compare.empty()) {
        text += "      " + described.compare + ": ________________________________\n";
        html += "<div class=\"fields\"><span>" + html_text(described.compare) +
                " <span class=\"line wide\"></span></span></div>";
    }
    if (std::holds_alternative<CloseStep>(step.work)) {
        const auto words = head_words_piece();
        text += words.text;
        html += words.html;
    }
    text += "      Initials: ____________   Time (UTC): ____________   Remark: ________________________\n\n";
    html +=
        "<div class=\"fields\"><span><span class=\"box\"></span>done</span><span>Initials <span "
        "class=\"line\"></span></span><span>Time (UTC) <span class=\"line\"></span></span>"
        "<span class=\"remark\">Remark <span class=\"line\"></span></span></div></div></div>";
    return make_piece(std::move(text), std::move(html));
}

std::string table_row(const std::vector<std::string>& cells, std::string_view cell) {
    std::string out = "<tr>";
    for (const auto& text : cells)
        out += "<" + std::string{cell} + ">" + html_text(clean_text(text)) + "</" + std::string{cell} + ">";
    return out + "</tr>";
}

Piece title_piece(const Inputs& inputs) {
    const auto& script = inputs.script;
    std::string text = wrapped(clean_text(script.title), kColumns, "") + "\nKind: " + script.kind +
                       "    Mode: " + std::string{mode_name(inputs.bindings.mode)} + "\n";
    std::string html = "<h1>" + html_text(clean_text(script.title)) +
                       "</h1><p class=\"muted\">Kind: " + html_text(script.kind) +
                       ". Mode: " + std::string{mode_name(inputs.bindings.mode)} + ".";
    if (!inputs.bindings.place.empty()) {
        text += "Place: " + clean_text(inputs.bindings.place) + "\n";
        html += " Place: " + html_text(clean_text(inputs.bindings.place)) + ".";
    }
    html += "</p>";
    text += "Date: __________________   Begin (UTC): ____________   End (UTC): ____________\n\n";
    html +=
        "<div class=\"fields\"><span>Date <span class=\"line\"></span></span><span>Begin (UTC) <span "
        "class=\"line\"></span></span><span>End (UTC) <span class=\"line\"></span></span></div>";
    if (!script.requires_.empty()) {
        text += "Held to:\n";
        html += "<h2>Held to</h2><p>";
        for (const auto& clause : script.requires_) {
            text += wrapped(clean_text(clause), kColumns, "  ");
            html += html_text(clean_text(clause)) + "\n";
        }
        text += "\n";
        html += "</p>";
    }
    return make_piece(std::move(text), std::move(html));
}

Piece people_piece(const Inputs& inputs) {
    std::string text = "People                                    Role                          Initials   Signature\n";
    std::string html = "<h2>People</h2><table>" + table_row({"Name", "Role", "Initials", "Signature"}, "th");
    for (const auto& role : inputs.script.roles) {
        for (const auto& person : inputs.bindings.holders(role.id)) {
            std::string line = clean_text(person.name);
            line.resize(std::max<std::size_t>(line.size() + 1, 42), ' ');
            line += clean_text(role.title);
            line.resize(std::max<std::size_t>(line.size() + 1, 72), ' ');
            text += line + person.initials + "\n";
            html += table_row({person.name, role.title, person.initials, ""}, "td");
        }
    }
    return make_piece(text + "\n", html + "</table>");
}

Piece tokens_piece(const Inputs& inputs) {
    std::string text = "Tokens\n",
                html = "<h2>Tokens</h2><table>" + table_row({"Role", "Token", "Module", "PIN"}, "th");
    for (const auto& token : inputs.bindings.tokens) {
        text += wrapped(
            clean_text(token.role + ": " + token_text(token) + "; module " + token.module + "; PIN " + pin_text(token)),
            kColumns, "  ");
        html += table_row({token.role, token_text(token), token.module, pin_text(token)}, "td");
    }
    return make_piece(text + "\n", html + "</table>");
}

Piece values_piece(const Inputs& inputs) {
    std::string text = "Values\n", html = "<h2>Values</h2><table>";
    for (const auto& [name, value] : inputs.bindings.values) {
        text += wrapped(clean_text(name + " = " + value), kColumns, "  ");
        html += table_row({name, value}, "td");
    }
    return make_piece(text + "\n", html + "</table>");
}

std::vector<Piece> pieces_of(const Inputs& inputs) {
    std::vector<Piece> pieces{title_piece(inputs), people_piece(inputs), tokens_piece(inputs)};
    if (!inputs.bindings.values.empty()) pieces.push_back(values_piece(inputs));
    for (std::size_t i = 0; i < inputs.script.steps.size(); ++i)
        pieces.push_back(step_piece(inputs.script.steps[i], i + 1, inputs));
    return pieces;
}

// paginated puts pieces on pages in their order; the steps begin on a page of their own.
std::vector<std::vector<Piece>> paginated(std::vector<Piece> pieces, std::size_t first_step) {
    std::vector<std::vector<Piece>> pages(1);
    std::size_t used = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const bool full = used + pieces[i].lines > kLinesOnPage;
        if ((full || i == first_step) && !pages.back().empty()) {
            pages.emplace_back();
            used = 0;
        }
        used += pieces[i].lines;
        pages.back().push_back(std::move(pieces[i]));
    }
    return pages;
}

std::string text_page(const std::vector<Piece>& page, std::size_t number, std::size_t count, const Inputs& inputs) {
    std::string out;
    if (inputs.rehearsal()) out += "                     * * *   R E H E A R S A L   * * *   not for production\n\n";
    std::size_t lines = 0;
    for (const auto& piece : page) {
        out += piece.text;
        lines += piece.lines;
    }
    out += std::string(lines < kLinesOnPage ? kLinesOnPage - lines : 0, '\n');
    out += kTextRule;
    out += "script   SHA-256 " + inputs.script_sha256.hex() + "\n";
    out += "bindings SHA-256 " + inputs.bindings_sha256.hex() + "\n";
    return out + "page " + std::to_string(number) + " of " + std::to_string(count) + "\n";
}

std::string html_page(const std::vector<Piece>& page, std::size_t number, std::size_t count, const Inputs& inputs) {
    std::string out = "<section class=\"page\"><div class=\"running\"><span>" +
                      html_text(clean_text(inputs.script.title)) + "</span><span>page " + std::to_string(number) +
                      " of " + std::to_string(count) + "</span></div>";
    if (inputs.rehearsal()) out += "<div class=\"banner\">REHEARSAL</div>";
    for (const auto& piece : page) out += piece.html;
    return out + "<div class=\"grow\"></div><div class=\"foot\">script SHA-256 <span class=\"mono\">" +
           inputs.script_sha256.hex() + "</span><br>bindings SHA-256 <span class=\"mono\">" +
           inputs.bindings_sha256.hex() + "</span></div></section>\n";
}

}  // namespace

std::string instruction(const Step& step, const Inputs& inputs) { return describe(step, inputs).text; }

PrintedScript print_script(const Inputs& inputs) {
    auto pieces = pieces_of(inputs);
    const std::size_t first_step = pieces.size() - inputs.script.steps.size();
    const auto pages = paginated(std::move(pieces), first_step);
    PrintedScript printed;
    printed.html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                   html_text(clean_text(inputs.script.title)) + "</title><style>" + std::string{kStyleSheet} +
                   "</style></head><body>\n";
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (i != 0) printed.text += "\f";
        printed.text += text_page(pages[i], i + 1, pages.size(), inputs);
        printed.html += html_page(pages[i], i + 1, pages.size(), inputs);
    }
    printed.html += "</body></html>\n";
    return printed;
}

}  // namespace sealwright::ceremonies
