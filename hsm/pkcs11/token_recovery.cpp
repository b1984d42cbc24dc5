// Login, and what to do when it, the sessions or the device are gone.
#include "hsm/pkcs11/token_impl.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

constexpr std::chrono::milliseconds kRecoveryPause{250};
constexpr unsigned kUnclearLogins = 2;

LoginOutcome outcome_of(CK_RV rv) noexcept {
    if (rv == CKR_OK) return LoginOutcome::done;
    if (pin_attempt_spent(rv)) return LoginOutcome::refused;
    const bool was_not_there = handles_lost(rv) && surely_not_signed(rv);
    return was_not_there || rv == CKR_USER_ALREADY_LOGGED_IN ? LoginOutcome::not_tried : LoginOutcome::unclear;
}

}  // namespace

// call_login is the only place where the user's PIN is tried, and keeps count of what came of it.
CK_RV TokenImpl::call_login(CK_SESSION_HANDLE session, CK_USER_TYPE user) {
    if (options_.login_watcher != nullptr) options_.login_watcher->begins();
    const ByteView pin = pin_.reveal();
    const CK_RV rv = functions_.C_Login(session, user, pin.empty() ? nullptr : mutable_octets(pin),
                                        static_cast<unsigned long>(pin.size()));
    const LoginOutcome outcome = outcome_of(rv);
    if (options_.login_watcher != nullptr) options_.login_watcher->ended(outcome);
    if (outcome == LoginOutcome::done) unclear_logins_ = 0;
    // The PIN stays where it is: another thread may be reading it. It is not tried again.
    if (outcome == LoginOutcome::refused || (outcome == LoginOutcome::unclear && ++unclear_logins_ >= kUnclearLogins))
        pin_refused_ = true;
    return rv;
}

Result<void> TokenImpl::log_in(CK_SESSION_HANDLE session) {
    if (!info_.login_required) return success();
    SEALWRIGHT_TRY(const auto now, token_info_of(functions_, pool_.slot()));
    if (now.user_pin_locked) return fail(ErrorCode::denied, "the token's user PIN is locked");
    if (now.user_pin_final_try) {
        return fail(ErrorCode::denied,
                    "the token has one PIN try left and it is not spent here; log in once with the vendor's own tool "
                    "to reset the count");
    }
    LoginWatcher* const watcher = options_.login_watcher;
    if (watcher != nullptr) {
        SEALWRIGHT_TRY(watcher->permit());
    }
    const CK_RV rv = call_login(session, CKU_USER);
    if (watcher != nullptr) watcher->settled();
    if (rv == CKR_OK) return success();
    if (rv == CKR_PIN_INCORRECT) return ckr_error("C_Login", rv, "the token refused the PIN; it is not tried again");
    if (rv == CKR_USER_ALREADY_LOGGED_IN)
        return ckr_error("C_Login", rv,
                         "this process is logged in to the token already; a second login would accept any PIN");
    return ckr_error(
        "C_Login", rv,
        pin_attempt_spent(rv) ? "the token refused the PIN; it is not tried again" : "the token refused the login");
}

Result<bool> TokenImpl::is_logged_in(CK_SESSION_HANDLE session) const {
    if (!info_.login_required) return true;
    CK_SESSION_INFO state{};
    const CK_RV rv = functions_.C_GetSessionInfo(session, &state);
    if (rv != CKR_OK) return ckr_error("C_GetSessionInfo", rv, "the token does not answer");
    return state.state == CKS_RO_USER_FUNCTIONS || state.state == CKS_RW_USER_FUNCTIONS;
}

// log_in_again is the login of a recovery: with the kept PIN, and never again once that was refused.
Result<void> TokenImpl::log_in_again(CK_SESSION_HANDLE session) {
    SEALWRIGHT_TRY(const bool logged_in, is_logged_in(session));
    if (logged_in) return success();
    if (pin_refused_) return fail(ErrorCode::denied, "the token refused the kept PIN before; it is not tried again");
    if (pin_.empty())
        return fail(ErrorCode::unavailable,
                    "the token has forgotten the login and the PIN was not kept; open the token again");
    auto again = log_in(session);
    // Locked, or one try left: call_login was not even reached.
    if (!again && again.error().code() == ErrorCode::denied) pin_refused_ = true;
    return again;
}

// locate gives the slot where the same token, by serial (where it has none by label), is now.
Result<CK_SLOT_ID> TokenImpl::locate() const {
    const auto here = token_info_of(functions_, pool_.slot());
    if (here && here.value().serial == info_.serial && (!info_.serial.empty() || here.value().label == info_.label))
        return pool_.slot();
    SEALWRIGHT_TRY(const auto found, select_token(*module_, info_.serial.empty() ? TokenSelector{{}, info_.label}
                                                                                 : TokenSelector{info_.serial, {}}));
    return found.slot_id;
}

Result<void> TokenImpl::recover(std::uint64_t lost_generation) {
    const std::scoped_lock lock{recovery_mutex_};
    if (pool_.generation() != lost_generation) return success();  // another thread has recovered meanwhile
    const auto now = std::chrono::steady_clock::now();
    if (last_recovery_failure_ && now - last_recovery_ < kRecoveryPause) return *last_recovery_failure_;
    auto recovered = recover_now();
    last_recovery_ = std::chrono::steady_clock::now();
    last_recovery_failure_.reset();
    if (recovered) return success();
    // Whatever failed here, nothing was signed: the caller may come again.
    const Error& error = recovered.error();
    const ErrorCode code = error.code() == ErrorCode::denied || error.code() == ErrorCode::conflict
                               ? error.code()
                               : ErrorCode::unavailable;
    last_recovery_failure_ = Error{code, error.public_detail(), "token recovery: " + error.private_detail()};
    return *last_recovery_failure_;
}

// recover_now drops all handles, finds the token by its serial, sees to a session and a login, and finds the keys
// again. Sessions that the token still knows are kept: closing them could close what it has reopened under the same
// number.
Result<void> TokenImpl::recover_now() {
    auto idle = pool_.take_survivors();
    CK_SESSION_HANDLE anchor = pool_.living_anchor();
    const auto close_all = [&] {
        for (const CK_SESSION_HANDLE handle : idle) functions_.C_CloseSession(handle);
        idle.clear();
    };
    const auto give_up = [&](const Error& error) {
        close_all();
        return error;
    };
    const auto slot = locate();
    if (!slot) return give_up(slot.error());
    if (slot.value() != pool_.slot()) {
        close_all();
        if (anchor != CK_INVALID_HANDLE) functions_.C_CloseSession(anchor);
        anchor = CK_INVALID_HANDLE;
    }
    if (anchor == CK_INVALID_HANDLE) {
        const CK_RV rv = functions_.C_OpenSession(slot.value(), pool_.flags(), nullptr, nullptr, &anchor);
        if (rv != CKR_OK) return give_up(ckr_error("C_OpenSession", rv, "the token opens no session"));
    }
    const std::uint64_t next_generation = pool_.generation() + 1;
    auto found = keys_after_loss(anchor, next_generation);
    if (!found) {
        if (anchor != pool_.living_anchor()) functions_.C_CloseSession(anchor);
        return give_up(found.error());
    }
    store(std::move(found).value(), next_generation);
    pool_.renew(slot.value(), anchor, idle);
    return success();
}

Result<KeyTable> TokenImpl::keys_after_loss(CK_SESSION_HANDLE session, std::uint64_t generation) {
    SEALWRIGHT_TRY(log_in_again(session));
    CK_RV rv = CKR_OK;
    SEALWRIGHT_TRY(auto found, read_keys({&functions_, session}, generation, rv));
    SEALWRIGHT_TRY(same_keys(found));
    return found;
}

}  // namespace sealwright::hsm::pkcs11
