// hsm pin seal, check: a PIN that this machine's TPM gives back while the machine is in the state that it is in now.
#include <filesystem>

#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/secret_source.hpp"
#include "cli/token_access.hpp"
#include "hsm/signer_process/sealed_pin.hpp"
#include "tpm/tpm.hpp"

namespace sealwright::cli {
namespace {

using hsm::signer_process::SealedPin;

constexpr std::size_t kLeastPin = 4;

std::string tcti_of(const std::string& given) { return given.empty() ? tpm::default_tcti() : given; }

// asked_twice: a PIN that was mistyped here would be found out by the signer, at the price of a try.
Result<Secret> asked_twice(Context& context, const SecretOptions& source) {
    constexpr std::string_view kPrompt = "PIN to seal:", kAgain = "PIN to seal, again:";
    SEALWRIGHT_TRY(auto pin, read_secret(source, context.terminal, kPrompt, "pin"));
    if (source.fd || !source.file.empty()) return pin;
    SEALWRIGHT_TRY(const auto again, read_secret(source, context.terminal, kAgain, "pin"));
    if (!equal_constant_time(pin.reveal(), again.reveal()))
        return fail(ErrorCode::denied, "the two PINs are not the same; nothing was sealed");
    return pin;
}

// checked_by_login tries the PIN on the token, once; the serial is then the token's own.
Result<Secret> checked_by_login(Context& context, const HsmOptions& options, std::string& serial) {
    SEALWRIGHT_TRY(auto pin, read_secret(options.pin, context.terminal, "PIN to seal:", "pin"));
    SEALWRIGHT_TRY(const auto module, load_module(options));
    SEALWRIGHT_TRY(const auto chosen, choose_token(*module, options));
    SEALWRIGHT_TRY(const auto token,
                   hsm::pkcs11::Token::open(module, {.serial = chosen.serial, .label = chosen.label}, pin.clone()));
    serial = token->info().serial;
    context.output.note("The token " + chosen.label + " (serial " + serial + ") takes this PIN.");
    return pin;
}

Result<void> write_sealed(const PinSealOptions& options, const SealedPin& pin) {
    const std::string text = hsm::signer_process::encode_sealed_pin(pin);
    if (options.replace) return write_file_atomically(options.out, view_of(text), 0600);
    auto written = create_file_exclusively(options.out, view_of(text), 0600);
    if (!written && written.error().code() == ErrorCode::already_exists)
        return with_advice(written.error(), "With --replace it is overwritten.");
    return written;
}

std::string list_of(const std::vector<unsigned>& pcrs) {
    std::string text;
    for (const unsigned pcr : pcrs) text += (text.empty() ? "" : ", ") + std::to_string(pcr);
    return text;
}

}  // namespace

Result<ExitCode> hsm_pin_seal(Context& context, const PinSealOptions& options) {
    SEALWRIGHT_TRY(const auto selection, tpm::parse_pcr_selection(options.pcrs));
    if (!options.replace && std::filesystem::exists(options.out))
        return with_advice(fail(ErrorCode::already_exists, options.out + " exists"),
                           "With --replace it is overwritten.");
    std::string serial = options.token.token_serial;
    SEALWRIGHT_TRY(const auto pin, options.check_login ? checked_by_login(context, options.token, serial)
                                                       : asked_twice(context, options.token.pin));
    if (pin.size() < kLeastPin || pin.size() > tpm::kMaxSealed)
        return fail(ErrorCode::denied, "a PIN to seal has " + std::to_string(kLeastPin) + " to " +
                                           std::to_string(tpm::kMaxSealed) + " octets");
    SEALWRIGHT_TRY(const auto sealed,
                   hsm::signer_process::seal_pin(tcti_of(options.tcti), pin, selection, std::move(serial)));
    SEALWRIGHT_TRY(write_sealed(options, sealed));
    if (context.output.wants_json()) {
        context.output.json(json::object{{"file", options.out},
                                         {"pcrs", tpm::pcr_selection_text(selection)},
                                         {"token_serial", sealed.token_serial},
                                         {"login_checked", options.check_login}});
        return ExitCode::done;
    }
    context.output.line("Sealed to this TPM and to " + tpm::pcr_selection_text(selection) + ": " + options.out);
    context.output.line("In the signer's [token]: pin = { sealed = \"" +
                        std::filesystem::absolute(options.out).string() + "\" }");
    context.output.note(
        "The file must be readable to the signer's user. Keep the PIN elsewhere too: a change of firmware, "
        "boot loader or kernel that these PCRs measure makes the file useless.");
    return ExitCode::done;
}

Result<ExitCode> hsm_pin_check(Context& context, const PinCheckOptions& options) {
    SEALWRIGHT_TRY(const auto pin, hsm::signer_process::read_sealed_pin(options.file));
    SEALWRIGHT_TRY(const auto state, tpm::examine(tcti_of(options.tcti), pin.sealed));
    const auto opened = hsm::signer_process::unseal_pin(options.tcti, pin, {});
    if (context.output.wants_json()) {
        json::array differing;
        for (const unsigned pcr : state.differing) differing.push_back(pcr);
        context.output.json(json::object{{"unseals", bool{opened}},
                                         {"token_serial", pin.token_serial},
                                         {"pcrs", tpm::pcr_selection_text(pin.sealed.selection)},
                                         {"differing", std::move(differing)},
                                         {"other_tpm", state.is_other_tpm}});
        return opened ? ExitCode::done : ExitCode::failed;
    }
    Facts facts;
    facts.add("Token", pin.token_serial.empty() ? "any" : "serial " + pin.token_serial);
    facts.add("PCRs", tpm::pcr_selection_text(pin.sealed.selection));
    facts.add("Differing", state.differing.empty() ? "none" : list_of(state.differing));
    facts.add("TPM", state.is_other_tpm ? "ANOTHER" : "the one that sealed it");
    facts.add("Unseals", opened ? "yes" : "NO");
    context.output.facts(facts);
    if (!opened) return opened.error();
    return ExitCode::done;
}

}  // namespace sealwright::cli
