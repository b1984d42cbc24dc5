#include "cli/secret_source.hpp"

#include "cli/exit_code.hpp"

namespace sealwright::cli {
namespace {

// read_halves asks two custodians, one behind the other, and joins what they typed in locked memory.
Result<Secret> read_halves(Terminal& terminal, std::string_view prompt) {
    SEALWRIGHT_TRY(const auto first, terminal.secret("First custodian, first half of the " + std::string{prompt}));
    SEALWRIGHT_TRY(
        const auto second,
        terminal.secret("The first half is in and cannot be seen any more. Second custodian, second half of the " +
                        std::string{prompt}));
    Secret joined = Secret::with_capacity(first.size() + second.size());
    for (const Secret* half : {&first, &second}) {
        for (const std::uint8_t octet : half->reveal()) joined.append(octet);
    }
    return joined;
}

}  // namespace

Result<Secret> read_secret(const SecretOptions& options, Terminal& terminal, std::string_view prompt,
                           const std::string& flag) {
    if (options.fd) return read_secret_from_fd(*options.fd);
    if (!options.file.empty()) return read_secret_from_file(options.file);
    if (!terminal.attended()) {
        return with_advice(fail(ErrorCode::denied, "a secret is needed, and there is no terminal to ask on"),
                           "A program gives it with --" + flag + "-fd N or --" + flag + "-file FILE.");
    }
    return options.halves ? read_halves(terminal, prompt) : terminal.secret(prompt);
}

}  // namespace sealwright::cli
