// paper.hpp: the script as people hold it in their hands: numbered steps with boxes to tick, and fields for initials
// and time.
#pragma once

#include "ceremonies/runner/commands.hpp"
#include "ceremonies/runner/inputs.hpp"

namespace sealwright::ceremonies {

// print_script lays out pages of A4. Each carries the digests of script and bindings, its number, and REHEARSAL where
// the bindings say so; text and HTML have the same pages. inputs must have no problems.
PrintedScript print_script(const Inputs& inputs);

// instruction is what happens in a step, in words.
std::string instruction(const Step& step, const Inputs& inputs);

}  // namespace sealwright::ceremonies
