// desk.hpp: the port between a ceremony and the people at its table: what they are told, what they confirm, what they
// type.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

namespace sealwright::ceremonies {

// Person is one of the roster, as the bindings have them.
struct Person {
    std::string role, name, initials;
};

// Confirmation is what a person answered. initials is what they typed: the runner refuses initials that are not of the
// role's people and asks again, a few times. Not confirmed: reason says why not.
struct Confirmation {
    bool confirmed = false;
    std::string initials;
    std::string reason;
    // attended is false where a program answered instead of a person: the transcript says so.
    bool attended = true;
};

// ConfirmationRequest names the step, the role and the people who hold it, and the text that is confirmed.
struct ConfirmationRequest {
    std::string step;
    std::string role;
    std::vector<Person> people;  // those of the roster who hold the role; never empty
    std::string text;
};

// PinRequest says whose PIN is asked for. Only bindings with pin = { prompt = true } lead to one.
struct PinRequest {
    std::string token;  // the token's role in the script
    std::string serial, label;
};

// Desk is called from the thread that runs the ceremony, one call at a time.
class Desk {
public:
    virtual ~Desk() = default;
    // show gives one line of progress, without its newline. It holds no secret; it can hold text of the script and of
    // the token's module, so a terminal must escape control characters (base/log.hpp: escape_control).
    virtual void show(std::string_view line) = 0;
    // confirm blocks until a person has answered. A failure (end of input) aborts the ceremony.
    virtual Result<Confirmation> confirm(const ConfirmationRequest& request) = 0;
    // pin blocks until a PIN was typed, with echo off.
    virtual Result<Secret> pin(const PinRequest& request) = 0;
};

// make_terminal_desk talks through standard input and output; PINs are asked for on the controlling terminal.
std::unique_ptr<Desk> make_terminal_desk();

// make_unattended_desk prints what it is shown and confirms everything itself, each confirmation marked as unattended
// in the transcript; a PIN is asked for on the controlling terminal all the same. For demonstrations, tests and
// rehearsals on simulators.
std::unique_ptr<Desk> make_unattended_desk();

}  // namespace sealwright::ceremonies
