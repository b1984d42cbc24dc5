// loaded_module.hpp: what the rest of hsm/pkcs11 needs of a Module beyond its public face: the function list for direct
// calls, and which tokens this process is logged in to. Internal to hsm/pkcs11.
#pragma once

#include <set>

#include "hsm/pkcs11/cryptoki.hpp"
#include "hsm/pkcs11/token.hpp"

namespace sealwright::hsm::pkcs11 {

class LoadedModule : public Module {
public:
    virtual const CK_FUNCTION_LIST& functions() const noexcept = 0;

    // claim marks a token as logged in to by this process; false when it is already. Login belongs to the whole
    // process, so that a second C_Login would accept any PIN at all.
    virtual bool claim(const std::string& token_serial) = 0;
    virtual void release(const std::string& token_serial) noexcept = 0;
};

// loaded gives the inside of a Module; every Module that load returns has one.
LoadedModule& loaded(Module& module);

// mechanism_set is C_GetMechanismList of a slot.
Result<std::set<CK_MECHANISM_TYPE>> mechanism_set(const CK_FUNCTION_LIST& functions, CK_SLOT_ID slot);

// token_info_of reads C_GetTokenInfo of a slot.
Result<TokenInfo> token_info_of(const CK_FUNCTION_LIST& functions, CK_SLOT_ID slot);

}  // namespace sealwright::hsm::pkcs11
