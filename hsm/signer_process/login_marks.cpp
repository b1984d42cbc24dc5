#include "hsm/signer_process/login_marks.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace sealwright::hsm::signer_process {

Result<std::unique_ptr<LoginMarks>> LoginMarks::create() {
    void* memory = ::mmap(nullptr, sizeof(Cells), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return fail(ErrorCode::io, "no shared memory", std::strerror(errno));
    return std::unique_ptr<LoginMarks>{new LoginMarks{new (memory) Cells}};
}

void LoginMarks::Unmap::operator()(Cells* cells) const noexcept { ::munmap(cells, sizeof(Cells)); }

void LoginMarks::keep_from_others() noexcept { ::madvise(cells_.get(), sizeof(Cells), MADV_DONTFORK); }

unsigned LoginMarks::unclear() const noexcept {
    constexpr std::uint32_t kMany = 1000;  // whatever stands there, the sum is a number
    return std::min<std::uint32_t>(cells_->unclear, kMany) + (cells_->under_way != 0 ? 1 : 0);
}

void LoginMarks::begins() noexcept { ++cells_->under_way; }

void LoginMarks::ended(pkcs11::LoginOutcome outcome) noexcept {
    switch (outcome) {
        case pkcs11::LoginOutcome::done:
            cells_->succeeded = 1;
            cells_->unclear = 0;
            break;
        case pkcs11::LoginOutcome::refused:
            cells_->refused = 1;
            break;
        case pkcs11::LoginOutcome::unclear:
            ++cells_->unclear;
            break;
        case pkcs11::LoginOutcome::not_tried:
            break;
    }
    --cells_->under_way;
}

}  // namespace sealwright::hsm::signer_process
