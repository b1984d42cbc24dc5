// judged_token.hpp: what `hsm test` and `hsm bench` do before they begin: choose the token, get the PIN, look whether
// others' keys are in the token, ask. The module is loaded by children alone: this process must stay without it.
#pragma once

#include "cli/context.hpp"
#include "hsm/token_judge/judge.hpp"

namespace sealwright::cli {

struct JudgedToken {
    hsm::token_judge::Subject subject;
    hsm::token_judge::Survey survey;
    Secret pin;
};

// take_token gives nothing where the person said no. purpose is what the question says of it: "test", "measure".
Result<std::optional<JudgedToken>> take_token(Context& context, const JudgedTokenOptions& options,
                                              const std::string& purpose);

// tell_leftovers warns of throw-away keys that are still in the token, or may be.
void tell_leftovers(Context& context, const std::string& label, std::optional<unsigned> leftovers);

}  // namespace sealwright::cli
