// pin_source.hpp: where a token's PIN comes from. The PIN itself never stands in a configuration, only its source does.
#pragma once

#include <filesystem>

#include "base/secret.hpp"

namespace sealwright::hsm::signer_process {

class TomlTable;

struct PinSource {
    enum class Kind { prompt, credential, file, descriptor };
    Kind kind = Kind::prompt;
    std::string name;  // of the credential, or path of the file
    int descriptor = -1;
};

// read_pin_source reads the key `pin` of the token's table; without one the PIN is asked for. A relative path is taken
// from folder.
Result<PinSource> read_pin_source(TomlTable& token, const std::filesystem::path& folder);

// obtain_pin reads the PIN; a credential is a file in $CREDENTIALS_DIRECTORY, as systemd's LoadCredential puts it
// there. token names the token to whoever is asked.
Result<Secret> obtain_pin(const PinSource& source, std::string_view token);

}  // namespace sealwright::hsm::signer_process
