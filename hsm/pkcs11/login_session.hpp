// login_session.hpp: a read/write session with a login of its own, for what is done once: making wrapping keys.
// Internal to hsm/pkcs11.
#pragma once

#include <memory>

#include "hsm/pkcs11/token_impl.hpp"

namespace sealwright::hsm::pkcs11 {

// LoginSession is a read/write session in which the SO or the user is logged in; it logs out, since one login is the
// whole process's. At most one at a time, and under a Claim of the token, which sees to it that no Token is open.
class LoginSession {
public:
    // open tries the PIN once: never one that is locked, nor the last try (denied).
    static Result<std::unique_ptr<LoginSession>> open(const CK_FUNCTION_LIST& functions, const TokenInfo& token,
                                                      CK_USER_TYPE user, const Secret& pin);
    ~LoginSession();
    LoginSession(const LoginSession&) = delete;
    LoginSession& operator=(const LoginSession&) = delete;
    SessionView view() const noexcept { return {&functions_, handle_}; }

private:
    LoginSession(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE handle)
        : functions_(functions), handle_(handle) {}

    const CK_FUNCTION_LIST& functions_;
    CK_SESSION_HANDLE handle_;
    bool logged_in_ = false;
};

}  // namespace sealwright::hsm::pkcs11
