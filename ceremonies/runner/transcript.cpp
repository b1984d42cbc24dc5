#include "ceremonies/runner/transcript.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "audit/tiles.hpp"
#include "base/file.hpp"

namespace sealwright::ceremonies {
namespace {

constexpr std::size_t kMaxLeaf = 65535;  // C2SP tlog-tiles: an entry's length is a uint16

Error failed(std::string_view what, const std::filesystem::path& path) {
    const int number = errno;
    return fail(number == EEXIST ? ErrorCode::already_exists : ErrorCode::io,
                std::string{what} + " " + path.string() + ": " + std::strerror(number));
}

}  // namespace

struct Transcript::State {
    std::filesystem::path folder;
    const Clock& clock;
    int fd = -1;
    bool broken = false;
    std::vector<Bytes> leaves;
    audit::CompactRange range;
    std::map<std::pair<unsigned, std::uint64_t>, Sha256> nodes;

    State(std::filesystem::path where, const Clock& time, int entries)
        : folder(std::move(where)), clock(time), fd(entries) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { ::close(fd); }

    std::filesystem::path entries() const { return folder / "entries.jsonl"; }
};

Transcript::Transcript(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transcript::Transcript(Transcript&&) noexcept = default;
Transcript& Transcript::operator=(Transcript&&) noexcept = default;
Transcript::~Transcript() = default;

Result<Transcript> Transcript::begin(const std::filesystem::path& folder, const Clock& clock) {
    if (::mkdir(folder.c_str(), 0755) != 0) return failed("cannot make the folder", folder);
    const auto path = folder / "entries.jsonl";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) return failed("cannot create", path);
    auto state = std::make_unique<State>(folder, clock, fd);
    SEALWRIGHT_TRY(sync_directory(folder));
    SEALWRIGHT_TRY(sync_directory(folder.parent_path()));
    return Transcript{std::move(state)};
}

Result<void> Transcript::append(std::string_view type, std::string_view step, JsonObject body) {
    if (state_->broken)
        return fail(ErrorCode::io, "the transcript could not be written before; nothing more is recorded");
    const Json record{JsonObject{{"body", std::move(body)},
                                 {"n", std::uint64_t{state_->leaves.size()}},
                                 {"step", std::string{step}},
                                 {"t", to_rfc3339(state_->clock.now())},
                                 {"type", std::string{type}},
                                 {"v", std::uint64_t{kTranscriptVersion}}}};
    std::string line = record.canonical();
    if (line.size() > kMaxLeaf)
        return fail(ErrorCode::too_large, "a record of the transcript has more than 65535 octets");
    Bytes leaf = bytes_of(view_of(line));
    line += '\n';
    std::size_t done = 0;
    while (done < line.size()) {
        const ssize_t count = ::write(state_->fd, line.data() + done, line.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            state_->broken = true;
            return failed("cannot write", state_->entries());
        }
        done += static_cast<std::size_t>(count);
    }
    if (::fsync(state_->fd) != 0) {
        state_->broken = true;
        return failed("cannot sync", state_->entries());
    }
    state_->range.append(audit::leaf_hash(leaf), [this](unsigned level, std::uint64_t index, const Sha256& hash) {
        state_->nodes[{level, index}] = hash;
    });
    state_->leaves.push_back(std::move(leaf));
    return success();
}

audit::TreeHead Transcript::head() const { return state_->range.head(); }

Result<void> Transcript::seal(std::string_view note, std::string_view vkey) {
    const auto leaves = [this](std::uint64_t first, std::uint64_t last) -> Result<std::vector<Bytes>> {
        if (first > last || last > state_->leaves.size()) return fail(ErrorCode::internal, "leaves out of range");
        return std::vector<Bytes>(state_->leaves.begin() + static_cast<std::ptrdiff_t>(first),
                                  state_->leaves.begin() + static_cast<std::ptrdiff_t>(last));
    };
    const auto nodes = [this](unsigned level, std::uint64_t index) -> Result<Sha256> {
        const auto found = state_->nodes.find({level, index});
        if (found == state_->nodes.end()) return fail(ErrorCode::internal, "a node of the tree is not complete");
        return found->second;
    };
    return audit::export_tiles(state_->folder, head(), note, vkey, 0, leaves, nodes);
}

}  // namespace sealwright::ceremonies
