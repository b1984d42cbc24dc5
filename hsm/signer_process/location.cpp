#include "hsm/signer_process/location.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hsm/signer_process/octets.hpp"
#include "hsm/signer_process/packet_socket.hpp"

namespace sealwright::hsm::signer_process {
namespace {

// How long a lane may work on one packet, in microseconds: what a packet costs is little beside that.
constexpr double kPacketTime = 1000;
constexpr std::size_t kMostInPacket = 8;
constexpr std::size_t kPacketsForLane = 2;  // one in work, one to go on with
constexpr double kWeight = 0.1;             // of a new duration in the mean

// memory_file holds a message that is too long for a packet.
Result<Descriptor> memory_file(ByteView octets) {
    Descriptor file{::memfd_create("sealwright-message", MFD_CLOEXEC)};
    while (file && !octets.empty()) {
        const ssize_t count = ::write(file.get(), octets.data(), octets.size());
        if (count <= 0) return fail(ErrorCode::io, "no memory for a long message", std::strerror(errno));
        octets = octets.subspan(static_cast<std::size_t>(count));
    }
    if (!file) return fail(ErrorCode::io, "no memory for a long message", std::strerror(errno));
    return file;
}

TokenJob::Form form_of(TokenTask::Kind kind) noexcept {
    switch (kind) {
        case TokenTask::Kind::digest:
            return TokenJob::Form::digest;
        case TokenTask::Kind::decrypt:
            return TokenJob::Form::decrypt;
        case TokenTask::Kind::message:
            break;
    }
    return TokenJob::Form::message;
}

}  // namespace

void Location::begin(std::shared_ptr<TokenConnection> connection, std::uint32_t pid) {
    connection_ = std::move(connection);
    pid_ = pid;
    stream_ended_ = process_ended_ = false;
    keys_.clear();
    busy_.clear();
    assigned_.clear();
    free_.clear();
    for (std::size_t slot = kMaxSlots; slot-- > 0;) free_.push_back(static_cast<std::uint16_t>(slot));
    is_full_ = false;
    proofs.clear();
    failures = 0;
    mean_microseconds_ = 1000;
    ++life;
}

void Location::add_key(const KeyId& key, bool signs_digests) {
    keys_.emplace(key, number_);
    if (signs_digests) {
        without_digests_.erase(key);
    } else {
        without_digests_.insert(key);
    }
}

std::optional<std::size_t> Location::rank(const KeyId& key) const {
    const auto found = keys_.find(key);
    return found == keys_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<std::size_t> Location::rank(const TokenTask& task) const {
    if (task.kind() == TokenTask::Kind::digest && !signs_digests(task.key())) return std::nullopt;
    return rank(task.key());
}

std::size_t Location::most_in_packet() const noexcept {
    const std::size_t share_of_slots = std::max<std::size_t>(kMaxSlots / (kPacketsForLane * configuration_.lanes), 1);
    const auto in_time = static_cast<std::size_t>(kPacketTime / std::max(mean_microseconds_, 1.0));
    return std::clamp<std::size_t>(in_time, 1, std::min(kMostInPacket, share_of_slots));
}

std::size_t Location::bound() const noexcept {
    return std::min(kPacketsForLane * configuration_.lanes * most_in_packet(), kMaxSlots);
}

bool Location::is_refilling() const noexcept {
    return is_full_ && most_in_packet() > 1 && busy_.size() > bound() / 2 && busy_.size() < bound();
}

std::size_t Location::room() const noexcept {
    const std::size_t used = busy_.size();
    if (used >= bound() || is_refilling()) return 0;
    return std::min(bound() - used, free_.size());
}

std::chrono::microseconds Location::backlog() const noexcept {
    const std::size_t behind = busy_.size() - std::min<std::size_t>(busy_.size(), configuration_.lanes);
    const double microseconds = static_cast<double>(behind) * mean_microseconds_ / configuration_.lanes;
    return std::chrono::microseconds{static_cast<std::int64_t>(microseconds)};
}

void Location::assign(std::shared_ptr<TokenTask> task) {
    if (busy_.empty()) last_progress_ = std::chrono::steady_clock::now();
    const std::uint16_t slot = free_.back();
    free_.pop_back();
    const std::uint64_t ticket = next_ticket_++;
    connection_->marks.arm(slot, ticket);
    busy_[slot] = Slot{std::move(task), ticket, std::nullopt, false};
    assigned_.push_back(slot);
    is_full_ = busy_.size() >= bound();
}

// packet_size: all that is under way, shared among the packets that the lanes have room for. A packet is one lane's, so
// that fewer and larger ones would let lanes stand idle.
std::size_t Location::packet_size() const noexcept {
    const std::size_t packets = kPacketsForLane * configuration_.lanes;
    return std::clamp<std::size_t>((busy_.size() + packets - 1) / packets, 1, most_in_packet());
}

TokenJob Location::job_of(std::uint16_t slot, const Slot& what) const {
    TokenJob job;
    job.slot = slot;
    job.ticket = what.ticket;
    job.key = what.task->key();
    job.algorithm = what.task->algorithm();
    job.form = form_of(what.task->kind());
    job.octets = what.task->octets();
    return job;
}

bool Location::send(const std::vector<std::uint16_t>& slots) {
    TokenJobs jobs;
    for (const std::uint16_t slot : slots) jobs.jobs.push_back(job_of(slot, busy_.at(slot)));
    return static_cast<bool>(send_packet(connection_->socket.get(), encode_packet(jobs), Waiting::no));
}

bool Location::send_attached(std::uint16_t slot) {
    TokenJob job = job_of(slot, busy_.at(slot));
    const auto file = memory_file(job.octets);
    if (!file) return false;
    Bytes length;
    append_number(length, static_cast<std::uint64_t>(job.octets.size()));
    job.form = TokenJob::Form::attached;
    job.octets = length;
    return static_cast<bool>(
        send_packet(connection_->socket.get(), encode_packet(TokenJobs{{job}}), Waiting::no, {file.value().get()}));
}

std::vector<std::shared_ptr<TokenTask>> Location::flush() {
    std::vector<std::shared_ptr<TokenTask>> unsent;
    const std::size_t most = packet_size();
    std::vector<std::uint16_t> packet;
    std::size_t octets = 0;
    const auto give_back = [&](std::uint16_t slot) {
        unsent.push_back(std::move(busy_.at(slot).task));
        busy_.erase(slot);
        free_.push_back(slot);
    };
    const auto send_now = [&] {
        if (!packet.empty() && !send(packet)) std::for_each(packet.begin(), packet.end(), give_back);
        packet.clear();
        octets = 0;
    };
    for (const std::uint16_t slot : assigned_) {
        const std::size_t size = busy_.at(slot).task->octets().size();
        if (size > kMaxInlineOctets) {
            if (!send_attached(slot)) give_back(slot);
            continue;
        }
        if (octets + size > kMaxInlineOctets) send_now();
        packet.push_back(slot);
        octets += size;
        if (packet.size() == most) send_now();
    }
    send_now();
    assigned_.clear();
    return unsent;
}

bool Location::was_cancelled(const TokenResult& result) const noexcept {
    return result.slot < kMaxSlots && connection_->marks.is_cancelled(result.slot, result.ticket);
}

std::shared_ptr<TokenTask> Location::finish(const TokenResult& result) {
    const auto found = busy_.find(result.slot);
    if (found == busy_.end() || found->second.ticket != result.ticket) return nullptr;
    last_progress_ = std::chrono::steady_clock::now();
    auto task = std::move(found->second.task);
    busy_.erase(found);
    free_.push_back(result.slot);
    if (busy_.size() <= bound() / 2) is_full_ = false;
    return task;
}

void Location::note_duration(std::uint32_t microseconds, std::size_t tasks) noexcept {
    const double each = static_cast<double>(microseconds) / static_cast<double>(std::max<std::size_t>(tasks, 1));
    mean_microseconds_ += kWeight * (each - mean_microseconds_);
}

void Location::cancel_unwanted(SteadyTime now) {
    for (auto& [slot, what] : busy_) {
        if (!what.task->is_wanted() || what.task->deadline() <= now) connection_->marks.cancel(slot, what.ticket);
    }
}

std::vector<Location::Abandoned> Location::abandon() {
    std::vector<std::pair<std::uint64_t, Abandoned>> found;
    for (auto& [slot, what] : busy_) {
        const bool not_asked = connection_->marks.surely_not_asked(slot, what.ticket);
        found.emplace_back(what.ticket, Abandoned{std::move(what.task), not_asked, what.is_hung});
    }
    busy_.clear();
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Abandoned> abandoned;
    for (auto& [ticket, one] : found) abandoned.push_back(std::move(one));
    return abandoned;
}

bool Location::watch(SteadyTime now) {
    bool hangs = !busy_.empty() && now - last_progress_ >= 2 * configuration_.hang;
    for (auto& [slot, what] : busy_) {
        if (connection_->marks.surely_not_asked(slot, what.ticket)) continue;
        if (!what.asked) what.asked = now;
        what.is_hung = now - *what.asked >= configuration_.hang;
        hangs = hangs || what.is_hung;
    }
    return hangs;
}

bool Location::only_hung() const {
    return std::all_of(busy_.begin(), busy_.end(), [&](const auto& entry) {
        return entry.second.is_hung || connection_->marks.surely_not_asked(entry.first, entry.second.ticket);
    });
}

}  // namespace sealwright::hsm::signer_process
