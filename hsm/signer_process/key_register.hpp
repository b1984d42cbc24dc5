// key_register.hpp: the [[key]] tables of a signer's file as an operator's tool sees them: which keys, for what, where;
// and how a location is added to such a file without touching anything else in it. It reads fewer keys than the signer
// does and judges nothing: a file that it takes may still be one that the signer refuses.
#pragma once

#include <filesystem>

#include "base/ids.hpp"

namespace sealwright::hsm::signer_process {

struct RegisteredKey {
    KeyId id;
    std::string name;
    std::vector<std::string> purposes;
    std::vector<std::string> locations;  // serials of tokens, in order of preference; empty: the file names none
};

// parse_key_register reads the [[key]] tables of a text; name is what its errors (config) call it.
Result<std::vector<RegisteredKey>> parse_key_register(std::string_view text, const std::string& name);

// read_key_register reads a signer's configuration with the keys_file that it names, or a file of [[key]] tables.
Result<std::vector<RegisteredKey>> read_key_register(const std::filesystem::path& file);

// with_location puts the serial at the end of a key's locations. A key without any is served by every token that holds
// it, and by none that its first list does not name: first_serial says which token serves it now (which may be this
// one), and is for such a key alone. conflict without it, or with it where the key has locations; already_exists where
// the serial stands there.
Result<std::vector<std::string>> with_location(const RegisteredKey& key, const std::string& serial,
                                               const std::string& first_serial);

// set_locations gives the text with those `locations` in that key's table: every other octet stays. not_found where the
// key has no table.
Result<std::string> set_locations(std::string_view text, const std::string& name, const KeyId& key,
                                  const std::vector<std::string>& serials);

// locations_line is the line as it stands in the file: locations = ["A", "B"].
std::string locations_line(const std::vector<std::string>& serials);

}  // namespace sealwright::hsm::signer_process
