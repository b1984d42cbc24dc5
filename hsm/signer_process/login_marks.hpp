// login_marks.hpp: what the supervisor shares with one life of a token process about its logins: memory that says what
// they came to, and a socket on which the process asks before it makes one. A process that crashes or is ended inside
// C_Login cannot tell any more that it may have spent a try of the PIN; the memory can. A supervisor that is ended
// meanwhile cannot either: it writes down that a login is under way before it gives leave (refused_pins.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "hsm/pkcs11/token.hpp"
#include "hsm/signer_process/unix_socket.hpp"

namespace sealwright::hsm::signer_process {

// LoginMarks: the marks are written by the token process and read by the supervisor, at any time and behind its end. A
// broken module may write over them, or ask and tell in the process's place: more tries than there were leave a token
// alone that need not be, fewer cost tries of the very token that lied.
class LoginMarks final : public pkcs11::LoginWatcher {
public:
    // What the process says, one octet a packet: it wants to log in; such a login has ended, as the marks say.
    enum class Says : std::uint8_t { asks = 1, settled = 2 };
    // What it is answered: go on; not now, since that it was tried could not be remembered; not any more.
    enum class Leave : std::uint8_t { given = 1, not_remembered = 2, never = 3 };

    // create maps memory that a child inherits, and makes the socket.
    static Result<std::unique_ptr<LoginMarks>> create();

    // --- of the supervisor ---
    int descriptor_of_process() const noexcept { return theirs_.get(); }
    // is_born: the process has what is its; children that are born from now on inherit nothing of it.
    void is_born() noexcept;
    int descriptor() const noexcept {
        return ours_.get();
    }                                     // readable when the process says something; -1: it has ended
    std::optional<Says> hear() noexcept;  // does not wait
    void answer(Leave leave) noexcept;

    bool has_succeeded() const noexcept { return cells_->succeeded != 0; }
    bool was_refused() const noexcept { return cells_->refused != 0; }
    // unclear counts logins behind the last good one that failed without a clear answer, and one more where any had
    // none yet: side by side are only those for single signatures, behind one that was good. unclear_so_far leaves that
    // one out.
    unsigned unclear() const noexcept;
    unsigned unclear_so_far() const noexcept;

    // --- of the token process ---
    // permit waits for the supervisor's leave. It has one thread, which may be asking a person for another token's PIN:
    // once the PIN was good in this life, that is waited for no longer than a second.
    Result<void> permit() override;  // storage, denied; unavailable without a supervisor
    void begins() noexcept override;
    void ended(pkcs11::LoginOutcome outcome) noexcept override;
    void settled() noexcept override;

private:
    // Numbers, of which every value is one: a bool that somebody else wrote might be neither.
    struct Cells {
        std::atomic<std::uint32_t> under_way{0}, unclear{0}, succeeded{0}, refused{0};
    };
    struct Unmap {
        void operator()(Cells* cells) const noexcept;
    };
    LoginMarks(Cells* cells, Descriptor ours, Descriptor theirs)
        : cells_(cells), ours_(std::move(ours)), theirs_(std::move(theirs)) {}

    std::unique_ptr<Cells, Unmap> cells_;
    Descriptor ours_, theirs_;
};

}  // namespace sealwright::hsm::signer_process
