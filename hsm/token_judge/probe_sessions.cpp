// Sessions and login: how many, what ends them, what comes back; and threads side by side.
#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/token_judge/probe.hpp"

namespace sealwright::hsm::token_judge {
namespace {

using pkcs11::ckr_name;
using std::chrono::steady_clock;

void session_limits(Probe& probe, bool quick) {
    constexpr std::size_t kLanes = 32, kMany = 256;
    const std::size_t wanted = quick ? kLanes + 32 : kMany;
    std::vector<CK_SESSION_HANDLE> open{probe.session()};
    CK_RV rv = CKR_OK;
    while (open.size() < wanted && rv == CKR_OK) {
        CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
        rv = probe.open(session, false);
        if (rv == CKR_OK) open.push_back(session);
    }
    const std::string seen = std::to_string(open.size()) + " sessions" + (rv == CKR_OK ? "" : ", then " + ckr_name(rv));
    probe.report().fact("sessions_opened", seen);
    probe.report().check("session.lanes", open.size() >= kLanes, seen);
    if (quick && rv == CKR_OK) {
        probe.report().finding("session.many", Outcome::not_tested, "left out by --quick");
    } else {
        probe.report().check("session.many", open.size() >= kMany, seen);
    }
    for (std::size_t i = 1; i < open.size(); ++i) probe.f().C_CloseSession(open[i]);
}

void read_only(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_RV rv = probe.open(session, false);
    if (rv != CKR_OK) {
        probe.report().check("session.read-only-signs", false, "C_OpenSession answered " + ckr_name(rv));
    } else {
        // Without a login of its own: that of the main session must count.
        const auto outcome = probe.sign({&probe.f(), session}, key.value(), view_of("read-only"));
        CK_SESSION_INFO info{};
        rv = probe.f().C_GetSessionInfo(session, &info);
        const bool needs_login = probe.token().login_required;
        const bool shared = !needs_login || (rv == CKR_OK && info.state == CKS_RO_USER_FUNCTIONS);
        probe.report().check("session.login-shared", shared,
                             shared ? "" : "the new session's state is " + std::to_string(info.state));
        probe.report().check("session.read-only-signs", outcome.has_value(), outcome ? "" : outcome.error().describe());
        probe.f().C_CloseSession(session);
    }
    const CK_RV dead = probe.f().C_GetSessionInfo(session, std::array<CK_SESSION_INFO, 1>{}.data());
    probe.report().check("session.dead-handles", dead == CKR_SESSION_HANDLE_INVALID || dead == CKR_SESSION_CLOSED,
                         dead == CKR_SESSION_HANDLE_INVALID ? "" : "answered " + ckr_name(dead));
    probe.destroy(key.value().pair);
}

// find_again takes up the handles of a key by its CKA_ID, and proves by a signature that it is the same.
Result<void> find_again(Probe& probe, SigningKey& key) {
    const std::array criteria{pkcs11::Criterion{CKA_ID, key.pair.id}};
    SEALWRIGHT_TRY(const auto halves, pkcs11::find_objects(probe.main(), CKO_PRIVATE_KEY, criteria));
    if (halves.size() != 1)
        return fail(ErrorCode::not_found, std::to_string(halves.size()) + " private keys are found again");
    key.pair.private_key = halves.front();
    SEALWRIGHT_TRY(const auto publics, pkcs11::find_objects(probe.main(), CKO_PUBLIC_KEY, criteria));
    if (publics.size() == 1) {
        key.pair.public_key = publics.front();
        SEALWRIGHT_TRY(const auto now, read_key(probe.main(), publics.front()));
        if (now.id() != key.public_key.id()) return fail(ErrorCode::conflict, "the public key is another one now");
    }
    return probe.sign(probe.main(), key, view_of("again"));
}

void relogin(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    if (!probe.token().login_required) {
        for (const std::string_view rule : {"session.relogin", "session.logout-ends-use"})
            probe.report().finding(rule, Outcome::not_applicable, "the token needs no login");
        return probe.destroy(key.value().pair);
    }
    CK_RV rv = probe.f().C_Logout(probe.session());
    if (rv != CKR_OK) return probe.report().check("session.relogin", false, "C_Logout answered " + ckr_name(rv));
    const auto after = probe.sign(probe.main(), key.value(), view_of("logged out"));
    probe.report().check("session.logout-ends-use", !after, after ? "a private key signs after C_Logout" : "");
    rv = probe.log_in(probe.session());
    Result<void> outcome = success();
    if (rv != CKR_OK) {
        // The main session may have an operation left, or may be gone.
        outcome = probe.start_again();
    }
    if (outcome) outcome = find_again(probe, key.value());
    probe.report().check("session.relogin", outcome.has_value(), outcome ? "" : outcome.error().describe());
    probe.destroy_all();  // numbers may be others after a login
}

void close_all(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    const CK_RV rv = probe.f().C_CloseAllSessions(probe.slot());
    if (rv != CKR_OK)
        return probe.report().check("session.recovers-from-close-all", false,
                                    "C_CloseAllSessions answered " + ckr_name(rv));
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    const CK_RV opened = probe.open(session);
    if (opened != CKR_OK)
        return probe.report().check("session.recovers-from-close-all", false,
                                    "C_OpenSession answered " + ckr_name(opened));
    if (!probe.token().login_required) {
        probe.report().finding("session.close-all-ends-login", Outcome::not_applicable, "the token needs no login");
    } else {
        const auto signs = probe.sign({&probe.f(), session}, key.value(), view_of("closed"));
        CK_SESSION_INFO info{};
        probe.f().C_GetSessionInfo(session, &info);
        const bool logged_in = info.state == CKS_RW_USER_FUNCTIONS || info.state == CKS_RO_USER_FUNCTIONS;
        probe.report().check("session.close-all-ends-login", !logged_in && !signs,
                             logged_in ? "a new session is logged in at once"
                             : signs   ? "a private key signs without a login"
                                       : "");
    }
    probe.f().C_CloseSession(session);
    Result<void> outcome = probe.start_again();
    if (outcome) outcome = find_again(probe, key.value());
    probe.report().check("session.recovers-from-close-all", outcome.has_value(),
                         outcome ? "" : outcome.error().describe());
    probe.destroy_all();
}

// Tally is what several threads saw.
class Tally {
public:
    void note(const Result<void>& outcome) {
        if (outcome) {
            ++made_;
            return;
        }
        const std::scoped_lock lock{mutex_};
        auto& list = outcome.error().code() == ErrorCode::invalid_signature ? wrong_ : errors_;
        ++(outcome.error().code() == ErrorCode::invalid_signature ? wrong_count_ : error_count_);
        if (list.empty()) list = outcome.error().describe();
    }
    unsigned made() const { return made_; }
    unsigned errors() const { return error_count_; }
    unsigned wrong() const { return wrong_count_; }
    std::string first_error() const { return errors_; }
    std::string first_wrong() const { return wrong_; }

private:
    std::atomic<unsigned> made_{0};
    std::mutex mutex_;
    unsigned error_count_ = 0, wrong_count_ = 0;
    std::string errors_, wrong_;
};

void sign_side_by_side(Probe& probe, bool quick) {
    constexpr std::size_t kThreads = 4;
    const auto time = quick ? std::chrono::milliseconds{400} : std::chrono::milliseconds{3000};
    constexpr unsigned kEach = 500;
    auto key = probe.usual_key();
    if (!key) return;
    Tally tally;
    std::array<std::atomic<unsigned>, kThreads> made_on{};
    std::vector<CK_SESSION_HANDLE> sessions;
    for (std::size_t i = 0; i < kThreads; ++i) {
        CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
        if (probe.open(session, false) == CKR_OK) sessions.push_back(session);
    }
    {
        const auto until = steady_clock::now() + time;
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < sessions.size(); ++t) {
            threads.emplace_back([&, t] {
                for (unsigned i = 0; i < kEach && steady_clock::now() < until; ++i) {
                    // Each message is its own: a signature over a neighbour's does not verify.
                    const std::string message = "thread " + std::to_string(t) + " message " + std::to_string(i);
                    const auto outcome = probe.sign({&probe.f(), sessions[t]}, key.value(), view_of(message));
                    if (outcome) ++made_on.at(t);
                    tally.note(outcome);
                }
            });
        }
    }
    for (const CK_SESSION_HANDLE session : sessions) probe.f().C_CloseSession(session);
    const std::string seen =
        std::to_string(tally.made()) + " good signatures on " + std::to_string(sessions.size()) + " threads";
    const bool clean = tally.errors() == 0 && sessions.size() == kThreads;
    probe.report().check("thread.sign", clean,
                         seen + (tally.errors() == 0 ? ""
                                                     : ", " + std::to_string(tally.errors()) +
                                                           " errors, the first: " + tally.first_error()));
    // Where fewer than two sessions signed, nothing went on side by side.
    const auto signing = std::count_if(made_on.begin(), made_on.end(), [](const auto& made) { return made > 0; });
    if (tally.wrong() > 0) {
        probe.report().check("thread.sign-correct", false,
                             std::to_string(tally.wrong()) + " wrong signatures: " + tally.first_wrong());
    } else {
        probe.report().finding("thread.sign-correct", signing >= 2 ? Outcome::holds : Outcome::undecided,
                               signing >= 2 ? "" : seen);
    }
    probe.destroy(key.value().pair);
}

void generate_side_by_side(Probe& probe) {
    constexpr std::size_t kThreads = 2;
    constexpr unsigned kEach = 4;
    auto first = probe.usual_key();
    if (!first) return;
    const KeyType type = first.value().public_key.type();
    const unsigned bits = type == KeyType::rsa ? 2048 : 0;
    probe.destroy(first.value().pair);
    // Not by the house's own way, which counts the token's keys behind a refusal, as if it were alone.
    const auto alone = probe.bare_key(probe.main(), type, bits);
    if (!alone)
        return probe.report().finding("thread.generate", Outcome::not_tested,
                                      "no key is made by a short template: " + alone.error().describe());
    probe.destroy(alone.value().pair);
    Tally tally;
    std::vector<CK_SESSION_HANDLE> sessions;
    for (std::size_t i = 0; i < kThreads; ++i) {
        CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
        if (probe.open(session) == CKR_OK) sessions.push_back(session);
    }
    std::mutex mutex;
    std::vector<KeyPair> made;
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < sessions.size(); ++t) {
            threads.emplace_back([&, t] {
                for (unsigned i = 0; i < kEach; ++i) {
                    auto key = probe.bare_key({&probe.f(), sessions[t]}, type, bits);
                    tally.note(key ? probe.sign({&probe.f(), sessions[t]}, key.value(), view_of("new"))
                                   : Result<void>{key.error()});
                    const std::scoped_lock lock{mutex};
                    if (key) made.push_back(key.value().pair);
                }
            });
        }
    }
    for (const KeyPair& pair : made) probe.destroy(pair);
    for (const CK_SESSION_HANDLE session : sessions) probe.f().C_CloseSession(session);
    const bool clean = sessions.size() == kThreads && tally.errors() == 0 && tally.wrong() == 0;
    probe.report().check("thread.generate", clean, clean ? "" : tally.first_error() + tally.first_wrong());
}

}  // namespace

Group session_group(bool quick) {
    return {"sessions",
            {{"limits", false, 2, [quick](Probe& probe) { session_limits(probe, quick); }},
             {"read-only session", false, 2, read_only},
             {"logout and login", false, 2, relogin},
             {"C_CloseAllSessions", false, 2, close_all}}};
}

Group thread_group(bool quick) {
    return {"threads",
            {{"sign side by side", false, 2, [quick](Probe& probe) { sign_side_by_side(probe, quick); }},
             {"generate side by side", true, 5, generate_side_by_side}}};
}

}  // namespace sealwright::hsm::token_judge
