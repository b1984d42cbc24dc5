#include "cli/confirmation.hpp"

namespace sealwright::cli {

Result<bool> confirm_unless(bool yes, Context& context, const std::string& question) {
    if (yes) return true;
    if (!context.terminal.attended()) {
        return with_advice(fail(ErrorCode::denied, "this wants confirmation, and there is no terminal to ask on"),
                           "A program confirms with --yes.");
    }
    SEALWRIGHT_TRY(const bool confirmed, context.terminal.confirm(question));
    if (!confirmed) context.output.warning("not confirmed: nothing was changed");
    return confirmed;
}

}  // namespace sealwright::cli
