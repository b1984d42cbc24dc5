#include "cli/secret_source.hpp"

#include "cli/exit_code.hpp"

namespace sealwright::cli {

Result<Secret> read_secret(const SecretOptions& options, Terminal& terminal, std::string_view prompt,
                           const std::string& flag) {
    if (options.fd) return read_secret_from_fd(*options.fd);
    if (!options.file.empty()) return read_secret_from_file(options.file);
    if (!terminal.attended()) {
        return with_advice(fail(ErrorCode::denied, "a secret is needed, and there is no terminal to ask on"),
                           "A program gives it with --" + flag + "-fd N or --" + flag + "-file FILE.");
    }
    return terminal.secret(prompt);
}

}  // namespace sealwright::cli
