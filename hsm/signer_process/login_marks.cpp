#include "hsm/signer_process/login_marks.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "hsm/signer_process/packet_socket.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr int kPatience = 1000;  // milliseconds, for leave to try a PIN that was good

// octet_from takes what waits on the socket: nothing where nothing does, 0 at its end.
std::optional<std::uint8_t> octet_from(int socket) noexcept {
    std::uint8_t octet = 0;
    const ssize_t count = ::recv(socket, &octet, 1, MSG_DONTWAIT);
    if (count == 1) return octet;
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? std::nullopt : std::optional<std::uint8_t>{0};
}

template <class Message>
bool say(int socket, Message message) noexcept {
    const auto octet = static_cast<std::uint8_t>(message);
    return ::send(socket, &octet, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

}  // namespace

Result<std::unique_ptr<LoginMarks>> LoginMarks::create() {
    void* memory = ::mmap(nullptr, sizeof(Cells), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return fail(ErrorCode::io, "no shared memory", std::strerror(errno));
    auto* const cells = new (memory) Cells;
    auto sockets = make_packet_pair();
    if (!sockets) {
        ::munmap(memory, sizeof(Cells));
        return sockets.error();
    }
    return std::unique_ptr<LoginMarks>{
        new LoginMarks{cells, std::move(sockets.value().ours), std::move(sockets.value().theirs)}};
}

void LoginMarks::Unmap::operator()(Cells* cells) const noexcept { ::munmap(cells, sizeof(Cells)); }

void LoginMarks::is_born() noexcept {
    ::madvise(cells_.get(), sizeof(Cells), MADV_DONTFORK);
    theirs_.reset();
}

unsigned LoginMarks::unclear_so_far() const noexcept {
    constexpr std::uint32_t kMany = 1000;  // whatever stands there, the sum is a number
    return std::min<std::uint32_t>(cells_->unclear, kMany);
}

unsigned LoginMarks::unclear() const noexcept { return unclear_so_far() + (cells_->under_way != 0 ? 1 : 0); }

std::optional<LoginMarks::Says> LoginMarks::hear() noexcept {
    const auto octet = octet_from(ours_.get());
    if (!octet) return std::nullopt;
    for (const Says says : {Says::asks, Says::settled}) {
        if (*octet == static_cast<std::uint8_t>(says)) return says;
    }
    ours_.reset();  // it has ended, or talks nonsense: nobody listens any more
    return std::nullopt;
}

// One answer to one question: there is always room for it.
void LoginMarks::answer(Leave leave) noexcept { (void)say(ours_.get(), leave); }

Result<void> LoginMarks::permit() {
    while (const auto late = octet_from(theirs_.get())) {  // to a question that was not waited for
        if (*late == 0) break;
    }
    if (!say(theirs_.get(), Says::asks)) return fail(ErrorCode::unavailable, "nobody gives leave to log in");
    pollfd waiting{theirs_.get(), POLLIN, 0};
    int count = -1;
    do {
        count = ::poll(&waiting, 1, has_succeeded() ? kPatience : -1);
    } while (count < 0 && errno == EINTR);
    if (count == 0) return success();
    switch (static_cast<Leave>(octet_from(theirs_.get()).value_or(0))) {
        case Leave::given:
            return success();
        case Leave::not_remembered:
            return fail(ErrorCode::storage,
                        "no PIN was tried: that a login is under way cannot be written down, and a signer that is "
                        "ended meanwhile would forget it");
        case Leave::never:
            return fail(ErrorCode::denied,
                        "logins ended twice in a row without a clear answer; the PIN is not tried again");
    }
    return fail(ErrorCode::unavailable, "nobody gives leave to log in");
}

void LoginMarks::settled() noexcept { (void)say(theirs_.get(), Says::settled); }

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
