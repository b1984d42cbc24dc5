// version.
#include "cli/commands.hpp"

namespace sealwright::cli {

Result<ExitCode> version(Context& context) {
    if (context.output.wants_json()) {
        context.output.json(json::object{{"program", "sealwright"}, {"version", SEALWRIGHT_VERSION}});
    } else {
        context.output.line("sealwright " SEALWRIGHT_VERSION);
    }
    return ExitCode::done;
}

}  // namespace sealwright::cli
