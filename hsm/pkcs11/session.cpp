#include "hsm/pkcs11/session.hpp"

#include <chrono>

#include "hsm/pkcs11/ckr_error.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

constexpr std::chrono::seconds kLongestWait{30};

// session_unknown: after this answer the token has no such session, so that closing it could only hit another.
bool session_unknown(CK_RV rv) noexcept {
    return rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED || rv == CKR_DEVICE_REMOVED ||
           rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_CRYPTOKI_NOT_INITIALIZED;
}

// no_read_only: what a token without read-only sessions may answer to the demand for one (PKCS#11 has no code for it;
// CKR_SESSION_READ_ONLY is for what such a session does not do). A session that was not opened has changed nothing.
bool no_read_only(CK_RV rv) noexcept {
    return rv == CKR_SESSION_READ_ONLY || rv == CKR_FUNCTION_FAILED || rv == CKR_ARGUMENTS_BAD ||
           rv == CKR_FUNCTION_NOT_SUPPORTED;
}

}  // namespace

SessionLease::~SessionLease() {
    if (pool_ != nullptr) pool_->give_back(handle_, generation_, failure_);
}

SessionView SessionLease::view() const noexcept { return {&pool_->functions(), handle_}; }

SessionPool::~SessionPool() {
    for (const CK_SESSION_HANDLE handle : idle_) functions_.C_CloseSession(handle);
    if (anchor_ != CK_INVALID_HANDLE) functions_.C_CloseSession(anchor_);
}

bool SessionPool::is_known(CK_SESSION_HANDLE handle) const {
    CK_SESSION_INFO info{};
    return functions_.C_GetSessionInfo(handle, &info) == CKR_OK;
}

Result<SessionLease> SessionPool::lease(CK_RV& rv) {
    rv = CKR_OK;
    std::unique_lock lock{mutex_};
    const bool is_free =
        returned_.wait_for(lock, kLongestWait, [&] { return !idle_.empty() || open_ < max_sessions_; });
    if (!is_free) return fail(ErrorCode::overloaded, "all sessions of the token are busy");
    if (!idle_.empty()) {
        const CK_SESSION_HANDLE handle = idle_.back();
        idle_.pop_back();
        return SessionLease{this, handle, generation_};
    }
    ++open_;
    const std::uint64_t generation = generation_;
    lock.unlock();
    auto opened = open_extra(flags_, rv);
    if (opened) return SessionLease{this, opened.value(), generation};
    lock.lock();
    --open_;
    returned_.notify_one();
    return opened.error();
}

Result<CK_SESSION_HANDLE> SessionPool::open_first(CK_RV& rv) {
    auto opened = open_extra(flags_, rv);
    if (opened || !no_read_only(rv)) return opened;
    CK_RV again = CKR_OK;
    auto read_write = open_extra(CKF_SERIAL_SESSION | CKF_RW_SESSION, again);
    if (!read_write) return opened;
    flags_ = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    rv = CKR_OK;
    return read_write;
}

Result<CK_SESSION_HANDLE> SessionPool::open_extra(CK_FLAGS flags, CK_RV& rv) const {
    CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
    rv = functions_.C_OpenSession(slot(), flags, nullptr, nullptr, &handle);
    if (rv != CKR_OK) return ckr_error("C_OpenSession", rv, "the token opens no session");
    return handle;
}

std::vector<CK_SESSION_HANDLE> SessionPool::take_survivors() {
    std::vector<CK_SESSION_HANDLE> idle;
    {
        const std::scoped_lock lock{mutex_};
        idle.swap(idle_);
        open_ -= static_cast<unsigned>(idle.size());
    }
    std::erase_if(idle, [&](CK_SESSION_HANDLE handle) { return !is_known(handle); });
    return idle;
}

CK_SESSION_HANDLE SessionPool::living_anchor() const {
    CK_SESSION_HANDLE anchor = CK_INVALID_HANDLE;
    {
        const std::scoped_lock lock{mutex_};
        anchor = anchor_;
    }
    return anchor != CK_INVALID_HANDLE && is_known(anchor) ? anchor : CK_INVALID_HANDLE;
}

void SessionPool::renew(CK_SLOT_ID slot, CK_SESSION_HANDLE anchor, const std::vector<CK_SESSION_HANDLE>& good) {
    {
        const std::scoped_lock lock{mutex_};
        ++generation_;
        slot_ = slot;
        anchor_ = anchor;
        open_ += static_cast<unsigned>(good.size());
        idle_.insert(idle_.end(), good.begin(), good.end());
    }
    returned_.notify_all();
}

std::uint64_t SessionPool::generation() const {
    const std::scoped_lock lock{mutex_};
    return generation_;
}

CK_SLOT_ID SessionPool::slot() const {
    const std::scoped_lock lock{mutex_};
    return slot_;
}

void SessionPool::give_back(CK_SESSION_HANDLE handle, std::uint64_t generation, CK_RV failure) noexcept {
    bool keep = false;
    {
        const std::scoped_lock lock{mutex_};
        keep = failure == CKR_OK && generation == generation_;
        if (keep) {
            idle_.push_back(handle);
        } else {
            --open_;
        }
    }
    returned_.notify_one();
    if (!keep && !session_unknown(failure)) functions_.C_CloseSession(handle);
}

}  // namespace sealwright::hsm::pkcs11
