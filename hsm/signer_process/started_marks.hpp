// started_marks.hpp: one page of memory that the signer's server and a token process share: for each slot, whether the
// token was asked. It survives the token process, so that behind a crash or a hang the server knows which signatures
// can exist, and asks for the others again.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "hsm/signer_process/unix_socket.hpp"

namespace sealwright::hsm::signer_process {

inline constexpr std::size_t kMaxSlots = 512;

// StartedMarks: the server arms a slot before it sends the job; the token process begins it right before it asks the
// module; the server can cancel what has not begun. One of the two wins. Whatever a broken module may write over the
// page, only the very value that the server put there counts as "not asked". Thread-safe by slot.
class StartedMarks {
public:
    // create makes the page; descriptor is what the token process maps.
    static Result<StartedMarks> create();
    static Result<StartedMarks> map(Descriptor descriptor);

    StartedMarks(StartedMarks&&) noexcept = default;
    StartedMarks& operator=(StartedMarks&&) noexcept = default;

    int descriptor() const noexcept { return descriptor_.get(); }
    void arm(std::uint16_t slot, std::uint64_t ticket) noexcept;
    // begin is false when the slot was cancelled: the token must not be asked.
    bool begin(std::uint16_t slot, std::uint64_t ticket) noexcept;
    // cancel is false when the token was asked already.
    bool cancel(std::uint16_t slot, std::uint64_t ticket) noexcept;
    bool is_cancelled(std::uint16_t slot, std::uint64_t ticket) const noexcept;
    bool surely_not_asked(std::uint16_t slot, std::uint64_t ticket) const noexcept;

private:
    struct Unmap {
        void operator()(std::atomic<std::uint64_t>* cells) const noexcept;
    };
    StartedMarks(Descriptor descriptor, std::atomic<std::uint64_t>* cells)
        : descriptor_(std::move(descriptor)), cells_(cells) {}

    Descriptor descriptor_;
    std::unique_ptr<std::atomic<std::uint64_t>, Unmap> cells_;
};

}  // namespace sealwright::hsm::signer_process
