// token_house.hpp: where a ceremony's tokens come from: PKCS#11 modules as the bindings name them, or software for the
// play of `check`.
#pragma once

#include "ceremonies/runner/bindings.hpp"
#include "hsm/pkcs11/token.hpp"

namespace sealwright::ceremonies {

class TokenHouse {
public:
    virtual ~TokenHouse() = default;
    // module loads what a token's binding names and compares its file with the digest that the bindings want (denied).
    // It asks nothing of a token.
    virtual Result<hsm::pkcs11::ModuleInfo> module(const TokenBinding& binding) = 0;
    // open finds the token, gets its PIN as the binding says, and logs in. Once: a PIN that was refused is not tried
    // again.
    virtual Result<std::shared_ptr<hsm::pkcs11::Token>> open(const TokenBinding& binding) = 0;
    // keeps_evidence is false where there is no token that could give any: then the play judges none.
    virtual bool keeps_evidence() const noexcept = 0;
};

// make_pkcs11_house asks desk for PINs that are to be prompted for. desk must outlive it.
std::unique_ptr<TokenHouse> make_pkcs11_house(Desk& desk);

// make_software_house makes tokens of keys in memory, which die with it.
std::unique_ptr<TokenHouse> make_software_house();

}  // namespace sealwright::ceremonies
