// token_access.hpp: how the commands of `sealwright hsm` come to a module, a token and a key.
#pragma once

#include "cli/context.hpp"
#include "hsm/pkcs11/token.hpp"

namespace sealwright::cli {

// load_module loads --module, with advice where that fails.
Result<std::shared_ptr<hsm::pkcs11::Module>> load_module(const TokenOptions& options);

// choose_among: where one initialised token is there it is meant; where several are, serial or label must name one.
// none is the advice where there is none at all.
Result<hsm::pkcs11::TokenInfo> choose_among(const std::vector<hsm::pkcs11::TokenInfo>& tokens,
                                            const std::string& serial, const std::string& label,
                                            const std::string& none);

// choose_token is choose_among for the tokens of a module.
Result<hsm::pkcs11::TokenInfo> choose_token(const hsm::pkcs11::Module& module, const TokenOptions& options);

// open_token chooses the one token that the options name, asks for the PIN where the token wants one, and logs in once.
Result<std::shared_ptr<hsm::pkcs11::Token>> open_token(Context& context, const TokenOptions& options);

// find_key finds a key by its identifier, at least 8 of its first digits, or its label; exactly one must match. Where
// none does the advice names the labels that are nearest.
Result<hsm::pkcs11::TokenKey> find_key(hsm::pkcs11::Token& token, const std::string& wanted);

}  // namespace sealwright::cli
