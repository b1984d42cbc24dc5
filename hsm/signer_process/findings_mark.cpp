#include "hsm/signer_process/findings_mark.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "crypto/digest.hpp"

namespace sealwright::hsm::signer_process {

Result<FindingsMark> FindingsMark::create() {
    void* memory = ::mmap(nullptr, sizeof(Cell), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return fail(ErrorCode::io, "no shared memory", std::strerror(errno));
    return FindingsMark{new (memory) Cell{0}};
}

void FindingsMark::Unmap::operator()(Cell* cell) const noexcept { ::munmap(cell, sizeof(Cell)); }

void FindingsMark::share_with_children(bool shared) noexcept {
    ::madvise(told_.get(), sizeof(Cell), shared ? MADV_DOFORK : MADV_DONTFORK);
}

bool FindingsMark::is_news(const std::vector<std::string>& lines) noexcept {
    std::uint64_t digest = 0;
    if (!lines.empty()) {
        std::string text;
        for (const std::string& line : lines) text += line + "\n";
        const Sha256 whole = crypto::sha256(view_of(text));
        std::memcpy(&digest, whole.view().data(), sizeof(digest));
    }
    return told_->exchange(digest) != digest;
}

}  // namespace sealwright::hsm::signer_process
