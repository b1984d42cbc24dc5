// child.hpp: one process that runs a vendor's code for a while, and its parent that watches it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/secret.hpp"
#include "hsm/token_judge/messages.hpp"

namespace sealwright::hsm::token_judge {

// Ending is how a child's life ended.
enum class Ending : std::uint8_t { done, crashed, hung, stopped, interrupted };

struct ChildEnd {
    Ending how = Ending::done;
    std::string detail;  // "SIGSEGV", "over 60 s", "status 1"
};

// request_stop is what a signal handler may call: the running child is ended, and run_child gives interrupted.
void request_stop() noexcept;
bool stop_requested() noexcept;
void forget_stop() noexcept;

// leave_if_asked ends a child, between two calls of the module, that its parent has asked to go: killed in the middle
// of a call, a token may be left with half an object.
void leave_if_asked() noexcept;

// run_child forks a process that runs body with a copy of the PIN (handed over by a pipe) and a reporter, and gives its
// messages to on_message as they come. A "step" message says how many seconds the step may take (patience applies
// before the first); a child that passes its time is killed, with hung, and so is one that is still there patience
// seconds after its last word. The child is a process group of its own, so
// that a Ctrl-C at the terminal reaches the parent alone, which asks it to leave and kills it after five seconds; it
// dies with its parent, has no standard input or output, and leaves by _exit. The caller must have no other threads,
// and no module loaded. may_stop false: goes on through request_stop (cleaning up).
ChildEnd run_child(const Secret& pin, unsigned patience, bool may_stop,
                   const std::function<void(Reporter&, Secret)>& body,
                   const std::function<void(const Message&)>& on_message);

}  // namespace sealwright::hsm::token_judge
