#include "cli/judged_token.hpp"

#include "cli/confirmation.hpp"
#include "cli/secret_source.hpp"
#include "cli/token_access.hpp"

namespace sealwright::cli {
namespace {

using hsm::pkcs11::TokenInfo;

Result<void> check_pin_state(const TokenInfo& token) {
    if (token.user_pin_locked)
        return with_advice(fail(ErrorCode::denied, "the token's user PIN is locked"),
                           "The security officer sets a new one.");
    if (token.user_pin_final_try)
        return with_advice(
            fail(ErrorCode::denied,
                 "one wrong PIN more would lock the token, and this program does not spend the last try"),
            "Log in once with another tool, by the right PIN; then come back.");
    if (token.write_protected)
        return fail(ErrorCode::denied, "the token is write-protected: no throw-away keys can be made in it");
    return success();
}

std::string name_of(const TokenInfo& token) { return token.label + " (serial " + token.serial + ")"; }

}  // namespace

Result<std::optional<JudgedToken>> take_token(Context& context, const JudgedTokenOptions& options,
                                              const std::string& purpose) {
    JudgedToken taken;
    taken.subject = {options.module, options.init_args, options.token_serial, options.token_label, options.deadline};
    auto survey = hsm::token_judge::survey(taken.subject);
    if (!survey && survey.error().code() == ErrorCode::denied) return survey.error();
    if (!survey)
        return with_advice(survey.error(),
                           "Is " + options.module + " the PKCS#11 library of your HSM, and built for this machine?");
    taken.survey = std::move(survey).value();
    SEALWRIGHT_TRY(const TokenInfo token, choose_among(taken.survey.tokens, options.token_serial, options.token_label,
                                                       "The module has no initialised token."));
    SEALWRIGHT_TRY(check_pin_state(token));
    taken.subject.token_serial = token.serial;
    taken.subject.token_label = token.label;
    if (token.login_required) {
        SEALWRIGHT_TRY(taken.pin,
                       read_secret(options.pin, context.terminal, "PIN of token " + name_of(token) + ":", "pin"));
    }
    SEALWRIGHT_TRY(const std::size_t keys, hsm::token_judge::count_private_keys(taken.subject, taken.pin));
    if (keys > 0 && !options.yes) {
        return with_advice(fail(ErrorCode::denied, "token " + name_of(token) + " holds " + std::to_string(keys) +
                                                       (keys == 1 ? " private key" : " private keys")),
                           "Make a token of its own for this. If it has to be this one, say --yes: only keys labelled "
                           "sealwright-test-... are made and destroyed.");
    }
    SEALWRIGHT_TRY(const bool yes, confirm_unless(options.yes, context,
                                                  "Make throw-away keys in token " + name_of(token) + ", " + purpose +
                                                      " with them and destroy them?"));
    if (!yes) return std::optional<JudgedToken>{};
    return std::optional<JudgedToken>{std::move(taken)};
}

void tell_leftovers(Context& context, const std::string& label, std::optional<unsigned> leftovers) {
    if (leftovers == 0U) return;
    context.output.warning((leftovers ? std::to_string(*leftovers) + " throw-away objects could not be destroyed"
                                      : std::string{"it is not known whether the throw-away keys are destroyed"}) +
                           ": look for objects labelled " + label + " and remove them with the vendor's tool");
}

}  // namespace sealwright::cli
