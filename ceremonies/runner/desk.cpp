#include "ceremonies/runner/desk.hpp"

#include <iostream>

#include "ceremonies/runner/text.hpp"

namespace sealwright::ceremonies {
namespace {

std::string pin_prompt(const PinRequest& request) {
    std::string text = "PIN of the token '" + request.token + "'";
    if (!request.label.empty()) text += ", label " + clean_text(request.label);
    if (!request.serial.empty()) text += ", serial " + clean_text(request.serial);
    return text + ": ";
}

class TerminalDesk final : public Desk {
public:
    void show(std::string_view line) override { std::cout << clean_text(line, true) << "\n" << std::flush; }

    Result<Confirmation> confirm(const ConfirmationRequest& request) override {
        std::cout << "\n"
                  << wrapped(clean_text(request.text, true), 78, "    ") << "\n    " << clean_text(request.role) << ":";
        for (const auto& person : request.people)
            std::cout << " " << clean_text(person.name) << " (" << clean_text(person.initials) << ")";
        std::cout << "\n";
        SEALWRIGHT_TRY(const auto answer, ask("    Type your initials when this is done, or 'no': "));
        Confirmation confirmation;
        if (answer != "no") {
            confirmation.confirmed = true;
            confirmation.initials = answer;
            return confirmation;
        }
        SEALWRIGHT_TRY(confirmation.reason, ask("    Why not? "));
        SEALWRIGHT_TRY(confirmation.initials, ask("    Your initials: "));
        return confirmation;
    }

    Result<Secret> pin(const PinRequest& request) override { return read_secret_from_prompt(pin_prompt(request)); }

private:
    static Result<std::string> ask(std::string_view prompt) {
        std::cout << prompt << std::flush;
        std::string line;
        if (!std::getline(std::cin, line)) return fail(ErrorCode::unavailable, "nobody answers: the input has ended");
        if (line.size() > 500) line.resize(500);
        const auto first = line.find_first_not_of(" \t\r");
        if (first == std::string::npos) return std::string{};
        return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
    }
};

class UnattendedDesk final : public Desk {
public:
    void show(std::string_view line) override { std::cout << clean_text(line, true) << "\n" << std::flush; }

    Result<Confirmation> confirm(const ConfirmationRequest& request) override {
        Confirmation confirmation;
        confirmation.confirmed = true;
        confirmation.initials = request.people.front().initials;
        confirmation.attended = false;
        show("  confirmed by the program, for " + request.people.front().name + ": " + request.text);
        return confirmation;
    }

    Result<Secret> pin(const PinRequest& request) override { return read_secret_from_prompt(pin_prompt(request)); }
};

}  // namespace

std::unique_ptr<Desk> make_terminal_desk() { return std::make_unique<TerminalDesk>(); }
std::unique_ptr<Desk> make_unattended_desk() { return std::make_unique<UnattendedDesk>(); }

}  // namespace sealwright::ceremonies
