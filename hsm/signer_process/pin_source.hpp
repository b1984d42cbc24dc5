// pin_source.hpp: where a token's PIN comes from. The PIN itself never stands in a configuration, only its source does.
#pragma once

#include <filesystem>
#include <vector>

#include "base/secret.hpp"

namespace sealwright::hsm::signer_process {

class TomlTable;

struct PinSource {
    enum class Kind { prompt, credential, file, descriptor, sealed, halves };
    Kind kind = Kind::prompt;
    std::string name;  // of the credential or of the custodian who is asked; path of the file
    int descriptor = -1;
    std::string tcti;               // sealed: which TPM; empty: the machine's
    std::string token_serial;       // sealed: which token the PIN must be for; empty: any
    std::vector<PinSource> halves;  // two, neither of which is halves itself
};

// read_pin_source reads the key `pin` of the token's table; without one the PIN is asked for. A relative path is taken
// from folder.
Result<PinSource> read_pin_source(TomlTable& token, const std::filesystem::path& folder);

// obtain_pin reads the PIN; a credential is a file in $CREDENTIALS_DIRECTORY, as systemd's LoadCredential puts it
// there. token names the token to whoever is asked. Two halves are joined in locked memory, and each is zeroised.
// Errors say that no PIN was tried: io, unavailable (nobody to ask, no TPM, a file that others can read), config; and
// those of tpm::unseal, of which the machine's other state is unavailable too. Never denied: that is a token's word.
Result<Secret> obtain_pin(const PinSource& source, std::string_view token);

// join_pin makes the PIN of its two halves, in the order in which they were given; both are zeroised.
Secret join_pin(Secret first, Secret second);

}  // namespace sealwright::hsm::signer_process
