#include "hsm/pkcs11/login_session.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

// can_try: a locked PIN is not tried, nor the last try spent.
Result<void> can_try(const CK_FUNCTION_LIST& functions, CK_SLOT_ID slot, bool is_so) {
    CK_TOKEN_INFO info{};
    const CK_RV rv = functions.C_GetTokenInfo(slot, &info);
    if (rv != CKR_OK) return ckr_error("C_GetTokenInfo", rv, "the token says nothing of itself");
    const std::string whose = is_so ? "the SO's" : "the user's";
    if ((info.flags & (is_so ? CKF_SO_PIN_LOCKED : CKF_USER_PIN_LOCKED)) != 0)
        return fail(ErrorCode::denied, whose + " PIN is locked");
    if ((info.flags & (is_so ? CKF_SO_PIN_FINAL_TRY : CKF_USER_PIN_FINAL_TRY)) != 0)
        return fail(ErrorCode::denied, "the token says that " + whose + " last try is left; it is not spent here");
    return success();
}

}  // namespace

Result<std::unique_ptr<LoginSession>> LoginSession::open(const CK_FUNCTION_LIST& functions, const TokenInfo& token,
                                                         CK_USER_TYPE user, const Secret& pin) {
    const bool is_so = user == CKU_SO;
    SEALWRIGHT_TRY(can_try(functions, token.slot_id, is_so));
    CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
    CK_RV rv = functions.C_OpenSession(token.slot_id, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle);
    if (rv != CKR_OK) return ckr_error("C_OpenSession", rv, "the token gives no session");
    auto session = std::unique_ptr<LoginSession>{new LoginSession{functions, handle}};
    const ByteView octets = pin.reveal();
    rv = functions.C_Login(handle, user, octets.empty() ? nullptr : mutable_octets(octets),
                           static_cast<unsigned long>(octets.size()));
    if (rv != CKR_OK) {
        return ckr_error("C_Login", rv,
                         is_so ? "the token refused the SO's PIN; it is not tried again"
                               : "the token refused the user's PIN; it is not tried again");
    }
    session->logged_in_ = true;
    return session;
}

LoginSession::~LoginSession() {
    if (logged_in_) functions_.C_Logout(handle_);
    functions_.C_CloseSession(handle_);
}

}  // namespace sealwright::hsm::pkcs11
