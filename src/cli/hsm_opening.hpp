// hsm_opening.hpp: what every command on a token does first: load its module, choose the token, log in, find a key.
#pragma once

#include "cli/context.hpp"
#include "hsm/pkcs11/token.hpp"

namespace sealwright::cli {

Result<std::shared_ptr<hsm::pkcs11::Module>> load_module(const HsmOptions& options);
// choose_token: where one token is there it is meant; where several are, one must be named.
Result<hsm::pkcs11::TokenInfo> choose_token(const hsm::pkcs11::Module& module, const HsmOptions& options);
Result<std::shared_ptr<hsm::pkcs11::Token>> open_token(Context& context, const HsmOptions& options);
// find_key finds by identifier, by its first eight digits at least, or by label.
Result<hsm::pkcs11::TokenKey> find_key(hsm::pkcs11::Token& token, const std::string& wanted);

}  // namespace sealwright::cli
