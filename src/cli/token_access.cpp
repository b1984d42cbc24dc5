#include "cli/token_access.hpp"

#include "cli/secret_source.hpp"

namespace sealwright::cli {

using hsm::pkcs11::Module;
using hsm::pkcs11::Token;
using hsm::pkcs11::TokenInfo;
using hsm::pkcs11::TokenKey;

namespace {

constexpr std::size_t kLeastKeyPrefix = 8;

}  // namespace

Result<TokenInfo> choose_among(const std::vector<TokenInfo>& tokens, const std::string& serial,
                               const std::string& label, const std::string& none) {
    std::vector<TokenInfo> matching;
    std::string labels;
    for (const auto& token : tokens) {
        if (!token.initialized) continue;
        labels += "\n" + token.label + " (serial " + token.serial + ")";
        const bool serial_fits = serial.empty() || serial == token.serial;
        const bool label_fits = label.empty() || label == token.label;
        if (serial_fits && label_fits) matching.push_back(token);
    }
    if (matching.size() == 1) return matching.front();
    const std::string advice =
        labels.empty() ? none : "Name one with --token-serial or --token-label. The module has:" + labels;
    return matching.empty()
               ? with_advice(fail(ErrorCode::not_found, "no token matches"), advice)
               : with_advice(fail(ErrorCode::denied, std::to_string(matching.size()) + " tokens match"), advice);
}

Result<TokenInfo> choose_token(const Module& module, const TokenOptions& options) {
    SEALWRIGHT_TRY(const auto tokens, module.tokens());
    return choose_among(tokens, options.token_serial, options.token_label,
                        "The module has no initialised token: sealwright hsm tokens --module " + options.module);
}

Result<std::shared_ptr<Module>> load_module(const TokenOptions& options) {
    auto module = Module::load(options.module, options.init_args);
    if (module) return module;
    return with_advice(module.error(), "Is " + options.module +
                                           " the PKCS#11 library of your HSM, and built for this machine? SoftHSM's is "
                                           "/usr/lib/softhsm/libsofthsm2.so.");
}

Result<std::shared_ptr<Token>> open_token(Context& context, const TokenOptions& options) {
    SEALWRIGHT_TRY(const auto module, load_module(options));
    SEALWRIGHT_TRY(const auto chosen, choose_token(*module, options));
    Secret pin;
    if (chosen.login_required) {
        SEALWRIGHT_TRY(pin, read_secret(options.pin, context.terminal,
                                        "PIN of token " + chosen.label + " (serial " + chosen.serial + "):", "pin"));
    }
    return Token::open(module, {.serial = chosen.serial, .label = chosen.label}, std::move(pin));
}

Result<TokenKey> find_key(Token& token, const std::string& wanted) {
    SEALWRIGHT_TRY(const auto keys, token.keys());
    std::vector<TokenKey> found;
    for (const auto& key : keys) {
        const bool by_id = wanted.size() >= kLeastKeyPrefix && key.id.hex().starts_with(wanted);
        if (by_id || key.label == wanted) found.push_back(key);
    }
    if (found.size() == 1) return found.front();
    const std::string advice = "List the keys with: sealwright hsm keys";
    return found.empty() ? with_advice(fail(ErrorCode::not_found, "the token has no key '" + wanted + "'"), advice)
                         : with_advice(fail(ErrorCode::denied, std::to_string(found.size()) + " keys are called '" +
                                                                   wanted + "'; use the identifier"),
                                       advice);
}

}  // namespace sealwright::cli
