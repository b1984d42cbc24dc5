// sealed_pin.hpp: the file of a PIN that is sealed to this machine's TPM: format 1, TOML. Nothing in it is secret; only
// the TPM that made it opens it, while its PCRs are as they stand there.
#pragma once

#include "tpm/sealed.hpp"

namespace sealwright::hsm::signer_process {

inline constexpr std::size_t kMaxSealedPinFile = 65536;

struct SealedPin {
    std::string token_serial;  // whose PIN it is; empty: any token's
    tpm::Sealed sealed;
};

// seal_pin seals to the PCRs as they are now. Errors as tpm::seal has.
Result<SealedPin> seal_pin(const std::string& tcti, const Secret& pin, const tpm::PcrSelection& selection,
                           std::string token_serial);

std::string encode_sealed_pin(const SealedPin& pin);
// parse_sealed_pin is strict; name is what its errors call the file. A file that it takes is well-formed, no more:
// unsealing tells what was changed.
Result<SealedPin> parse_sealed_pin(std::string_view text, const std::string& name);
Result<SealedPin> read_sealed_pin(const std::string& path);

// check_seal_is_of refuses (config) a PIN that was sealed for the token with another serial.
Result<void> check_seal_is_of(const SealedPin& pin, std::string_view token_serial);

// unseal_pin refuses (config) a PIN of another token before it asks the TPM; an empty token_serial is not compared. An
// empty tcti is the default one.
Result<Secret> unseal_pin(const std::string& tcti, const SealedPin& pin, std::string_view token_serial);

}  // namespace sealwright::hsm::signer_process
