#include "hsm/signer_process/key_register.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "hsm/signer_process/toml_table.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::size_t kMaxFile = 1U << 20U;

Result<RegisteredKey> read_key(TomlTable& table) {
    RegisteredKey key;
    SEALWRIGHT_TRY(const auto id, table.text("id"));
    const auto parsed = KeyId::from_hex_text(id);
    if (!parsed) return table.problem("id", "must be the SHA-256 of the key's SubjectPublicKeyInfo, in hexadecimal");
    key.id = parsed.value();
    SEALWRIGHT_TRY(key.name, table.text("name"));
    SEALWRIGHT_TRY(key.purposes, table.texts("purposes"));
    if (!table.has("locations")) return key;
    SEALWRIGHT_TRY(key.locations, table.texts("locations"));
    return key;
}

Result<std::vector<RegisteredKey>> read_keys(TomlTable& root) {
    SEALWRIGHT_TRY(auto tables, root.tables("key"));
    std::vector<RegisteredKey> keys;
    for (TomlTable& table : tables) {
        SEALWRIGHT_TRY(auto key, read_key(table));
        if (std::ranges::find(keys, key.id, &RegisteredKey::id) != keys.end())
            return table.problem("id", "a key that stands there twice");
        keys.push_back(std::move(key));
    }
    return keys;
}

// table_of finds the key's table in a document that read_keys takes.
toml::table* table_of(toml::table& document, const KeyId& key) {
    for (toml::node& node : *document.get("key")->as_array()) {
        const auto id = (*node.as_table())["id"].value<std::string>();
        const auto parsed = KeyId::from_hex_text(id.value_or(""));
        if (parsed && parsed.value() == key) return node.as_table();
    }
    return nullptr;
}

// offset_of is where a line (from 1) and column (in characters, from 1) lie in a text.
std::size_t offset_of(std::string_view text, const toml::source_position& position) {
    std::size_t at = 0;
    for (toml::source_index line = 1; line < position.line; ++line) {
        at = text.find('\n', at);
        if (at == std::string_view::npos) return text.size();
        ++at;
    }
    for (toml::source_index column = 1; column < position.column && at < text.size(); ++column) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80) ++at;  // UTF-8
    }
    return at;
}

std::string array_text(const std::vector<std::string>& serials) {
    std::string text = "[";
    for (const auto& serial : serials) text += (text.size() > 1 ? ", " : "") + toml_string(serial);
    return text + "]";
}

// is_same_but_locations compares two documents: nothing but that key's locations may differ.
bool is_same_but_locations(toml::table before, toml::table after, const KeyId& key) {
    for (toml::table* document : {&before, &after}) {
        toml::table* table = table_of(*document, key);
        if (table == nullptr) return false;
        table->erase("locations");
    }
    return before == after;
}

}  // namespace

std::string locations_line(const std::vector<std::string>& serials) { return "locations = " + array_text(serials); }

Result<std::vector<RegisteredKey>> parse_key_register(std::string_view text, const std::string& name) {
    SEALWRIGHT_TRY(const auto document, parse_toml(text, name));
    TomlTable root{document, name, {}};
    return read_keys(root);
}

Result<std::vector<RegisteredKey>> read_key_register(const std::filesystem::path& file) {
    SEALWRIGHT_TRY(const auto text, read_text_file(file, kMaxFile));
    SEALWRIGHT_TRY(const auto document, parse_toml(text, file.string()));
    TomlTable root{document, file.string(), {}};
    if (!root.has("keys_file")) return read_keys(root);
    SEALWRIGHT_TRY(const auto path, root.text("keys_file"));
    const auto keys = std::filesystem::absolute(file).parent_path() / path;
    SEALWRIGHT_TRY(const auto keys_text, read_text_file(keys, kMaxFile));
    return parse_key_register(keys_text, keys.string());
}

Result<std::vector<std::string>> with_location(const RegisteredKey& key, const std::string& serial,
                                               const std::string& first_serial) {
    if (std::ranges::find(key.locations, serial) != key.locations.end())
        return fail(ErrorCode::already_exists, serial + " stands among the locations of " + key.name + " already");
    if (key.locations.empty() && first_serial.empty())
        return fail(ErrorCode::conflict, "the key " + key.name +
                                             " has no `locations`: any token that holds it serves it now, and none but "
                                             "this one would with this location alone");
    if (!key.locations.empty() && !first_serial.empty())
        return fail(ErrorCode::conflict,
                    "the key " + key.name + " has `locations` already; its first is " + key.locations.front());
    std::vector<std::string> serials = key.locations;
    if (!first_serial.empty() && first_serial != serial) serials.push_back(first_serial);
    serials.push_back(serial);
    return serials;
}

Result<std::string> set_locations(std::string_view text, const std::string& name, const KeyId& key,
                                  const std::vector<std::string>& serials) {
    SEALWRIGHT_TRY(auto document, parse_toml(text, name));
    TomlTable root{document, name, {}};
    SEALWRIGHT_TRY(const auto keys, read_keys(root));
    if (std::ranges::find(keys, key, &RegisteredKey::id) == keys.end())
        return fail(ErrorCode::not_found, name + " has no table of the key " + key.hex());
    toml::table& table = *table_of(document, key);
    std::string changed{text};
    if (const toml::node* old = table.get("locations"); old != nullptr) {
        const std::size_t begin = offset_of(text, old->source().begin), end = offset_of(text, old->source().end);
        changed.replace(begin, end - begin, array_text(serials));
    } else {
        // Behind the line of the id, which begins no table of its own.
        const std::size_t at = text.find('\n', offset_of(text, table.get("id")->source().end));
        if (at == std::string_view::npos) changed += "\n" + locations_line(serials) + "\n";
        if (at != std::string_view::npos) changed.insert(at + 1, locations_line(serials) + "\n");
    }
    SEALWRIGHT_TRY(const auto again, parse_toml(changed, name));
    SEALWRIGHT_TRY(const auto now, parse_key_register(changed, name));
    const auto it = std::ranges::find(now, key, &RegisteredKey::id);
    if (it == now.end() || it->locations != serials || !is_same_but_locations(document, again, key))
        return fail(ErrorCode::config, name +
                                           " is written in a way that cannot be changed safely; put the line in by "
                                           "hand: " +
                                           locations_line(serials));
    return changed;
}

}  // namespace sealwright::hsm::signer_process
