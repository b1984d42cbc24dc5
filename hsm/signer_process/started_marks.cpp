#include "hsm/signer_process/started_marks.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::size_t kSize = kMaxSlots * sizeof(std::atomic<std::uint64_t>);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

constexpr std::uint64_t kBegun = 0;

// What a slot holds while its job was not begun, and when it was cancelled: nothing that a stray write would leave by
// chance.
std::uint64_t armed(std::uint64_t ticket) noexcept { return ~ticket ^ 0x5ea1b1a9d5ea1b1aULL; }
std::uint64_t cancelled(std::uint64_t ticket) noexcept { return armed(ticket) ^ 0xc0de0ffc0de0ff00ULL; }

}  // namespace

void StartedMarks::Unmap::operator()(std::atomic<std::uint64_t>* cells) const noexcept { ::munmap(cells, kSize); }

Result<StartedMarks> StartedMarks::create() {
    Descriptor memory{::memfd_create("sealwright-marks", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    // Sealed: a file that shrinks would end who reads its mapping.
    if (!memory || ::ftruncate(memory.get(), static_cast<off_t>(kSize)) != 0 ||
        ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return fail(ErrorCode::io, "no shared memory", std::strerror(errno));
    return map(std::move(memory));
}

Result<StartedMarks> StartedMarks::map(Descriptor descriptor) {
    void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0);
    if (memory == MAP_FAILED) return fail(ErrorCode::io, "no shared memory", std::strerror(errno));
    return StartedMarks{std::move(descriptor), static_cast<std::atomic<std::uint64_t>*>(memory)};
}

void StartedMarks::arm(std::uint16_t slot, std::uint64_t ticket) noexcept { cells_.get()[slot] = armed(ticket); }

bool StartedMarks::begin(std::uint16_t slot, std::uint64_t ticket) noexcept {
    std::uint64_t expected = armed(ticket);
    return slot < kMaxSlots && cells_.get()[slot].compare_exchange_strong(expected, kBegun);
}

bool StartedMarks::cancel(std::uint16_t slot, std::uint64_t ticket) noexcept {
    std::uint64_t expected = armed(ticket);
    return cells_.get()[slot].compare_exchange_strong(expected, cancelled(ticket));
}

bool StartedMarks::is_cancelled(std::uint16_t slot, std::uint64_t ticket) const noexcept {
    return cells_.get()[slot] == cancelled(ticket);
}

bool StartedMarks::surely_not_asked(std::uint16_t slot, std::uint64_t ticket) const noexcept {
    const std::uint64_t cell = cells_.get()[slot];
    return cell == armed(ticket) || cell == cancelled(ticket);
}

}  // namespace sealwright::hsm::signer_process
