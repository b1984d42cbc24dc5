// Scripts and bindings: whatever the bytes are, either there is a problem or what was read keeps its promises.
#include "ceremonies/runner/bindings.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace sealwright;
using namespace sealwright::ceremonies;
using sealwright::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of({data, size});
    Problems script_problems, bindings_problems;
    const auto script = parse_script(text, "script.toml", script_problems);
    const auto bindings = parse_bindings(text, "bindings.toml", "/nowhere", bindings_problems);
    require(script_problems.size() <= 201 && bindings_problems.size() <= 201, "problems are bounded");
    if (script_problems.empty()) {
        require(!script.steps.empty() && std::holds_alternative<CloseStep>(script.steps.back().work),
                "a script ends with bundle.close");
        std::set<std::string> seen;
        for (const auto& step : script.steps) {
            for (const auto& id : references_of(step))
                require(seen.contains(id), "a step refers to earlier ones alone");
            require(seen.insert(step.id).second, "the ids of steps are distinct");
        }
        Problems more;
        check_bindings(script, bindings, "bindings.toml", more);
    }
    return 0;
}
