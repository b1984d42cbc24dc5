#include "cli/token_access.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "cli/secret_source.hpp"

namespace sealwright::cli {

using hsm::pkcs11::Module;
using hsm::pkcs11::Token;
using hsm::pkcs11::TokenInfo;
using hsm::pkcs11::TokenKey;

namespace {

constexpr std::size_t kLeastKeyPrefix = 8;
constexpr std::size_t kLeastPart = 3;       // of a label
constexpr std::size_t kMostCompared = 255;  // characters of a label: comparing takes the square
constexpr std::size_t kMostShown = 3;
const std::string kListThem = "List the keys with: sealwright hsm keys";

bool is_hex(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// changes counts how many characters are put in, left out or replaced to make one word of the other.
std::size_t changes(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= from.size(); ++i) {
        std::size_t corner = std::exchange(row[0], i);
        for (std::size_t j = 1; j < row.size(); ++j) {
            const std::size_t replaced = corner + (from[i - 1] == to[j - 1] ? 0 : 1);
            corner = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
        }
    }
    return row.back();
}

// near_labels are those that may have been meant: they hold what was typed, or differ from it by a third at most.
std::string near_labels(const std::vector<TokenKey>& keys, const std::string& wanted) {
    std::set<std::pair<std::size_t, std::string>> near;
    for (const auto& key : keys) {
        if (key.label.empty() || key.label.size() > kMostCompared || wanted.size() > kMostCompared) continue;
        const std::size_t count = changes(wanted, key.label);
        const bool holds = wanted.size() >= kLeastPart && key.label.find(wanted) != std::string::npos;
        if (holds || 3 * count <= std::max(wanted.size(), key.label.size())) near.emplace(count, key.label);
    }
    std::string text;
    std::size_t shown = 0;
    for (const auto& [count, label] : near) {
        if (++shown > kMostShown) break;
        text += (text.empty() ? "" : ", ") + ("'" + label + "'");
    }
    return text;
}

Error no_such_key(const std::vector<TokenKey>& keys, const std::string& wanted) {
    std::string advice;
    if (is_hex(wanted) && wanted.size() < kLeastKeyPrefix)
        advice = "Of an identifier give at least " + std::to_string(kLeastKeyPrefix) + " digits. ";
    if (const std::string near = near_labels(keys, wanted); !near.empty())
        advice += "The nearest labels: " + near + ". ";
    return with_advice(fail(ErrorCode::not_found, "the token has no key '" + wanted + "'"), advice + kListThem);
}

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
    if (found.empty()) return no_such_key(keys, wanted);
    return with_advice(
        fail(ErrorCode::denied, std::to_string(found.size()) + " keys are called '" + wanted + "'; use the identifier"),
        kListThem);
}

}  // namespace sealwright::cli
