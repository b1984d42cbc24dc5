// login_marks.hpp: memory that the supervisor shares with one life of a token process: what its logins came to. A
// process that crashes or is ended inside C_Login cannot tell any more that it may have spent a try of the PIN; this
// can.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "hsm/pkcs11/token.hpp"

namespace sealwright::hsm::signer_process {

// LoginMarks: written by the token process, read by the supervisor behind its end. A broken module may write over it:
// more tries than there were leave a token alone that need not be, fewer cost tries of the very token that lied.
class LoginMarks final : public pkcs11::LoginWatcher {
public:
    // create maps memory that a child inherits.
    static Result<std::unique_ptr<LoginMarks>> create();
    // keep_from_others: children that are born from now on do not inherit it.
    void keep_from_others() noexcept;

    void begins() noexcept override;
    void ended(pkcs11::LoginOutcome outcome) noexcept override;

    bool has_succeeded() const noexcept { return cells_->succeeded != 0; }
    bool was_refused() const noexcept { return cells_->refused != 0; }
    // unclear counts logins behind the last good one that failed without a clear answer, and one more where any had
    // none yet: side by side are only those for single signatures, behind one that was good.
    unsigned unclear() const noexcept;

private:
    // Numbers, of which every value is one: a bool that somebody else wrote might be neither.
    struct Cells {
        std::atomic<std::uint32_t> under_way{0}, unclear{0}, succeeded{0}, refused{0};
    };
    struct Unmap {
        void operator()(Cells* cells) const noexcept;
    };
    explicit LoginMarks(Cells* cells) : cells_(cells) {}

    std::unique_ptr<Cells, Unmap> cells_;
};

}  // namespace sealwright::hsm::signer_process
