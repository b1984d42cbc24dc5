// session.hpp: the sessions of one logged-in token: opened when needed, kept, dropped all together when the token was
// lost. Internal to hsm/pkcs11.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "hsm/pkcs11/objects.hpp"

namespace sealwright::hsm::pkcs11 {

class SessionPool;

// SessionLease is one session, for one thread, until it goes. It returns to the pool unless a call on it failed: then
// it is closed, or merely forgotten if the token no longer knows it (a module may have given its number to a new
// session).
class SessionLease {
public:
    SessionLease(SessionPool* pool, CK_SESSION_HANDLE handle, std::uint64_t generation) noexcept
        : pool_(pool), handle_(handle), generation_(generation) {}
    SessionLease(SessionLease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          handle_(other.handle_),
          generation_(other.generation_),
          failure_(other.failure_) {}
    SessionLease& operator=(SessionLease&&) = delete;
    SessionLease(const SessionLease&) = delete;
    SessionLease& operator=(const SessionLease&) = delete;
    ~SessionLease();

    SessionView view() const noexcept;
    std::uint64_t generation() const noexcept { return generation_; }
    void failed(CK_RV rv) noexcept { failure_ = rv; }

private:
    SessionPool* pool_;
    CK_SESSION_HANDLE handle_;
    std::uint64_t generation_;
    CK_RV failure_ = CKR_OK;
};

// SessionPool opens at most max_sessions read-only sessions (read/write ones where the token opens no others) on one
// slot, and keeps one more, the anchor, on which nothing is ever signed: a token forgets the login when the process
// closes its last session. A generation is the time between two losses of the token: handles of an older one are worth
// nothing. Thread-safe.
class SessionPool {
public:
    SessionPool(const CK_FUNCTION_LIST& functions, CK_SLOT_ID slot, unsigned max_sessions)
        : functions_(functions), slot_(slot), max_sessions_(max_sessions) {}
    ~SessionPool();
    SessionPool(const SessionPool&) = delete;
    SessionPool& operator=(const SessionPool&) = delete;

    // lease waits while all sessions are out (30 s at most: overloaded). rv tells the CKR code of a failed
    // C_OpenSession.
    Result<SessionLease> lease(CK_RV& rv);

    // open_first opens the session of the first login, outside the bound. Where the token refuses a read-only one by a
    // code that may mean that it has none (AWS CloudHSM's client 5), a read/write one is tried, once; if that opens,
    // all later sessions of this pool are read/write. Before any other thread knows the pool.
    Result<CK_SESSION_HANDLE> open_first(CK_RV& rv);

    // open_extra opens a session outside the bound (key generation).
    Result<CK_SESSION_HANDLE> open_extra(CK_FLAGS flags, CK_RV& rv) const;

    // flags of the sessions that sign.
    CK_FLAGS flags() const noexcept { return flags_; }

    // take_survivors empties the pool of idle sessions and gives those that the token still knows; the others are
    // forgotten.
    std::vector<CK_SESSION_HANDLE> take_survivors();

    // living_anchor gives the anchor if the token still knows it, else CK_INVALID_HANDLE.
    CK_SESSION_HANDLE living_anchor() const;

    // renew begins a new generation on a slot, with this anchor and these good sessions; a session that is out now is
    // closed as it returns.
    void renew(CK_SLOT_ID slot, CK_SESSION_HANDLE anchor, const std::vector<CK_SESSION_HANDLE>& good);

    std::uint64_t generation() const;
    CK_SLOT_ID slot() const;
    const CK_FUNCTION_LIST& functions() const noexcept { return functions_; }

private:
    friend class SessionLease;
    bool is_known(CK_SESSION_HANDLE handle) const;
    void give_back(CK_SESSION_HANDLE handle, std::uint64_t generation, CK_RV failure) noexcept;

    const CK_FUNCTION_LIST& functions_;
    mutable std::mutex mutex_;
    std::condition_variable returned_;
    CK_SLOT_ID slot_;
    unsigned max_sessions_;
    CK_FLAGS flags_ = CKF_SERIAL_SESSION;  // as open_first left them
    unsigned open_ = 0;
    std::uint64_t generation_ = 1;
    CK_SESSION_HANDLE anchor_ = CK_INVALID_HANDLE;
    std::vector<CK_SESSION_HANDLE> idle_;
};

}  // namespace sealwright::hsm::pkcs11
