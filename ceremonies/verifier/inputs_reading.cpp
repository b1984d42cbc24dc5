#include "ceremonies/verifier/inputs_reading.hpp"

#include <toml++/toml.h>

namespace sealwright::verifier {
namespace {

Result<toml::table> parse(std::string_view text, std::string_view what) {
    try {
        return toml::parse(text);
    } catch (const toml::parse_error& error) {
        return fail(ErrorCode::malformed, std::string{what} + " is not TOML: " + std::string{error.description()});
    }
}

// plain is the text of a text, a number or a truth value.
std::optional<std::string> plain(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* flag = node.as_boolean()) return std::string{flag->get() ? "true" : "false"};
    return {};
}

std::string text_of_key(const toml::table& table, std::string_view key) {
    const auto* node = table.get(key);
    const auto text = node == nullptr ? std::nullopt : plain(*node);
    return text.value_or("");
}

std::vector<std::string> texts_of_key(const toml::table& table, std::string_view key) {
    std::vector<std::string> out;
    const auto* node = table.get(key);
    const auto* items = node == nullptr ? nullptr : node->as_array();
    if (items == nullptr) return out;
    for (const auto& item : *items) {
        if (const auto* text = item.as_string()) out.push_back(text->get());
    }
    return out;
}

std::map<std::string, std::string> texts_of_table(const toml::table& root, std::string_view key) {
    std::map<std::string, std::string> out;
    const auto* node = root.get(key);
    if (node == nullptr || node->as_table() == nullptr) return out;
    for (const auto& [name, value] : *node->as_table()) out[std::string{name.str()}] = plain(value).value_or("");
    return out;
}

// time_of_key is a time in UTC with whole seconds; no other is in bindings that were accepted.
std::optional<UtcTime> time_of_key(const toml::table& table, std::string_view key) {
    const auto* node = table.get(key);
    const auto* value = node == nullptr ? nullptr : node->as_date_time();
    if (value == nullptr) return {};
    const toml::date_time& at = value->get();
    const std::chrono::year_month_day day{std::chrono::year{at.date.year}, std::chrono::month{at.date.month},
                                          std::chrono::day{at.date.day}};
    return UtcTime{std::chrono::sys_days{day}} + std::chrono::hours{at.time.hour} +
           std::chrono::minutes{at.time.minute} + std::chrono::seconds{at.time.second};
}

template <class Visit>
void each_table(const toml::table& table, std::string_view key, Visit&& visit) {
    const auto* node = table.get(key);
    const auto* items = node == nullptr ? nullptr : node->as_array();
    if (items == nullptr) return;
    for (const auto& item : *items) {
        if (const auto* inner = item.as_table()) visit(*inner);
    }
}

SignerKeyReading signer_key_of(const toml::table& table, std::string_view key_name) {
    SignerKeyReading key;
    key.key = text_of_key(table, key_name);
    key.name = text_of_key(table, "name");
    key.purposes = texts_of_key(table, "purposes");
    key.algorithms = texts_of_key(table, "algorithms");
    for (const auto& [name, node] : table) {
        const std::string member{name.str()};
        if (member == key_name || member == "name" || member == "purposes" || member == "algorithms") continue;
        const auto* limits = node.as_table();
        if (limits == nullptr)
            key.limits[member] = plain(node).value_or("?");
        else
            key.limits[member] = "";  // that the table is there means something, even if it is empty
        if (limits == nullptr) continue;
        for (const auto& [limit, value] : *limits)
            key.limits[member + "." + std::string{limit.str()}] = plain(value).value_or("?");
    }
    return key;
}

StepReading step_of(const toml::table& table) {
    StepReading step;
    step.id = text_of_key(table, "id");
    step.action = text_of_key(table, "do");
    step.by = text_of_key(table, "by");
    for (const auto& [key, node] : table) {
        if (const auto text = plain(node)) step.texts[std::string{key.str()}] = *text;
    }
    each_table(table, "key", [&](const toml::table& key) { step.signer_keys.push_back(signer_key_of(key, "key")); });
    return step;
}

}  // namespace

const StepReading* ScriptReading::find(std::string_view id) const noexcept {
    for (const auto& step : steps) {
        if (step.id == id) return &step;
    }
    return nullptr;
}

bool BindingsReading::holds(std::string_view role, std::string_view name, std::string_view initials) const noexcept {
    return std::any_of(people.begin(), people.end(), [&](const auto& person) {
        return person.role == role && person.name == name && person.initials == initials;
    });
}

Result<ScriptReading> read_script(std::string_view toml) {
    SEALWRIGHT_TRY(const auto root, parse(toml, "script.toml"));
    ScriptReading script;
    script.title = text_of_key(root, "title");
    script.kind = text_of_key(root, "kind");
    each_table(root, "role", [&](const toml::table& role) {
        const auto count = role.get("count") == nullptr ? std::string{"1"} : text_of_key(role, "count");
        script.roles.emplace_back(text_of_key(role, "id"),
                                  static_cast<std::size_t>(std::strtoul(count.c_str(), nullptr, 10)));
    });
    each_table(root, "step", [&](const toml::table& step) { script.steps.push_back(step_of(step)); });
    if (script.steps.empty()) return fail(ErrorCode::malformed, "script.toml has no steps");
    return script;
}

Result<BindingsReading> read_bindings(std::string_view toml) {
    SEALWRIGHT_TRY(const auto root, parse(toml, "bindings.toml"));
    BindingsReading bindings;
    bindings.mode = text_of_key(root, "mode");
    each_table(root, "token", [&](const toml::table& token) {
        bindings.tokens[text_of_key(token, "role")] = {text_of_key(token, "module"),
                                                       text_of_key(token, "module_sha256"),
                                                       text_of_key(token, "serial"), text_of_key(token, "label")};
    });
    each_table(root, "person", [&](const toml::table& person) {
        bindings.people.push_back(
            {text_of_key(person, "role"), text_of_key(person, "name"), text_of_key(person, "initials")});
    });
    bindings.logs = texts_of_table(root, "logs");
    bindings.values = texts_of_table(root, "values");
    bindings.keys = texts_of_table(root, "keys");
    if (const auto* node = root.get("certificates"); node != nullptr && node->as_table() != nullptr) {
        for (const auto& [name, entry] : *node->as_table()) {
            if (const auto* certificate = entry.as_table())
                bindings.certificates[std::string{name.str()}] = text_of_key(*certificate, "sha256");
        }
    }
    if (const auto* node = root.get("names"); node != nullptr && node->as_table() != nullptr) {
        for (const auto& [name, list] : *node->as_table())
            bindings.names[std::string{name.str()}] = texts_of_key(*node->as_table(), name.str());
    }
    bindings.signing_time = time_of_key(root, "signing_time");
    return bindings;
}

Result<std::vector<SignerKeyReading>> read_signer_keys(std::string_view toml) {
    SEALWRIGHT_TRY(const auto root, parse(toml, "the signer's keys"));
    std::vector<SignerKeyReading> keys;
    for (const auto& [name, node] : root) {
        if (name.str() != "key")
            return fail(ErrorCode::malformed,
                        "has the key '" + std::string{name.str()} + "', which no list of keys has");
    }
    each_table(root, "key", [&](const toml::table& key) { keys.push_back(signer_key_of(key, "id")); });
    return keys;
}

}  // namespace sealwright::verifier
