// messages.hpp: what a probing child tells its parent, a line a message. The child runs a vendor's code: what comes out
// of it is bounded and parsed strictly.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "hsm/token_judge/report.hpp"

namespace sealwright::hsm::token_judge {

// Message is a kind and its fields: "step" name seconds; "finding" rule outcome detail; "capability" key operation
// ability detail; "fact" name value; "mechanism" name; "token" with its facts; "measure" of a benchmark; "failure" code
// public private: the group cannot go on; "refused" detail: a login was refused, and nobody may try again; "end".
struct Message {
    std::string kind;
    std::vector<std::string> fields;
};

// Reporter writes messages to a descriptor; each is whole in one write. What a field holds besides printable ASCII is
// replaced. Thread-compatible.
class Reporter {
public:
    explicit Reporter(int descriptor) : descriptor_(descriptor) {}

    void send(std::string_view kind, const std::vector<std::string>& fields);
    void step(std::string_view name, unsigned seconds) { send("step", {std::string{name}, std::to_string(seconds)}); }
    void finding(std::string_view rule, Outcome outcome, const std::string& detail) {
        send("finding", {std::string{rule}, std::string{outcome_name(outcome)}, detail});
    }
    // check is a finding that holds or is broken; detail tells what was seen.
    void check(std::string_view rule, bool holds, const std::string& detail = {}) {
        finding(rule, holds ? Outcome::holds : Outcome::broken, detail);
    }
    void capability(const std::string& key, const std::string& operation, Ability ability,
                    const std::string& detail = {}) {
        send("capability", {key, operation, std::string{ability_name(ability)}, detail});
    }
    void fact(const std::string& name, const std::string& value) { send("fact", {name, value}); }
    void failure(const Error& error);

private:
    int descriptor_;
};

// MessageReader takes octets as they come and gives whole messages.
class MessageReader {
public:
    // take fails (too_large) when a line or the whole passes its bound.
    Result<void> take(std::string_view octets);
    std::optional<Message> next();

private:
    std::string rest_;
    std::deque<Message> messages_;
    std::size_t total_ = 0;
};

// error_of is the Error that a "failure" message carries.
Error error_of(const Message& message);

}  // namespace sealwright::hsm::token_judge
