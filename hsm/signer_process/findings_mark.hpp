// findings_mark.hpp: memory that all lives of a token process share: what the log was told of the token's keys. The
// next life says it again only when it finds something else.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace sealwright::hsm::signer_process {

// FindingsMark: made by the supervisor, used by one token process at a time.
class FindingsMark {
public:
    static Result<FindingsMark> create();
    // share_with_children: those that are born from now on have it or not: not those of another token.
    void share_with_children(bool shared) noexcept;
    // is_news: these lines are others than the last ones, and are the last ones from now on.
    bool is_news(const std::vector<std::string>& lines) noexcept;

private:
    using Cell = std::atomic<std::uint64_t>;
    struct Unmap {
        void operator()(Cell* cell) const noexcept;
    };
    explicit FindingsMark(Cell* cell) : told_(cell) {}

    std::unique_ptr<Cell, Unmap> told_;  // a digest of the lines; 0: of none
};

}  // namespace sealwright::hsm::signer_process
