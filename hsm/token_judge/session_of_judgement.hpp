// session_of_judgement.hpp: what judge and bench share: the label of their keys, the children that use the token, the
// signals that end them, and the cleaning up. Internal to hsm/token_judge.
#pragma once

#include <signal.h>

#include <array>

#include "hsm/token_judge/child.hpp"
#include "hsm/token_judge/judge.hpp"
#include "hsm/token_judge/probe.hpp"

namespace sealwright::hsm::token_judge {

// module_ref draws a fresh label and id prefix for the throw-away keys.
ModuleRef module_ref(const Subject& subject);

// SignalsStop makes SIGINT, SIGTERM and SIGHUP stop the running child, as long as it lives. A signal that comes when
// the child has just said its last word stops the next one.
class SignalsStop {
public:
    SignalsStop();
    ~SignalsStop();
    SignalsStop(const SignalsStop&) = delete;
    SignalsStop& operator=(const SignalsStop&) = delete;

private:
    std::array<struct sigaction, 3> before_{};
};

// use_token runs body in a child with a logged-in Probe. on_message gets what body reports.
ChildEnd use_token(const ModuleRef& ref, const Secret& pin, bool may_stop, const std::function<void(Probe&)>& body,
                   const std::function<void(const Message&)>& on_message);

// clean_up destroys every throw-away object and counts what is left; nothing where that cannot be known.
std::optional<unsigned> clean_up(const ModuleRef& ref, const Secret& pin);

// refused_error is what a refused login in the middle becomes.
Error refused_error(const ModuleRef& ref, const std::string& detail);

}  // namespace sealwright::hsm::token_judge
