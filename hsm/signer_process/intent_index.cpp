#include "hsm/signer_process/intent_index.hpp"

#include <bit>
#include <cstring>

#include "crypto/random.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::size_t kFirstSize = 1024;  // a power of two, as every size

// SipHash-2-4 of exactly sixteen octets (Aumasson and Bernstein 2012).
struct SipState {
    std::uint64_t v0, v1, v2, v3;

    void round() noexcept {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }
    void word(std::uint64_t m) noexcept {
        v3 ^= m;
        round();
        round();
        v0 ^= m;
    }
};

std::uint64_t value_of(std::uint64_t offset, JournalState state) {
    return offset << 8U | static_cast<std::uint8_t>(state);
}

}  // namespace

IntentIndex::IntentIndex() : key_{}, slots_(kFirstSize) {
    crypto::SystemRandom random;
    std::array<std::uint8_t, sizeof(key_)> octets{};
    random.fill(octets);
    std::memcpy(key_, octets.data(), sizeof(key_));
}

std::uint64_t IntentIndex::fingerprint_of(const IntentId& intent) const noexcept {
    std::uint64_t words[2];
    std::memcpy(words, intent.octets().data(), sizeof(words));
    SipState state{key_[0] ^ 0x736f6d6570736575U, key_[1] ^ 0x646f72616e646f6dU, key_[0] ^ 0x6c7967656e657261U,
                   key_[1] ^ 0x7465646279746573U};
    state.word(words[0]);
    state.word(words[1]);
    state.word(std::uint64_t{16} << 56U);
    state.v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) state.round();
    const std::uint64_t fingerprint = state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
    return fingerprint == 0 ? 1 : fingerprint;
}

void IntentIndex::grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
        if (slot.fingerprint == 0) continue;
        std::size_t at = slot.fingerprint & (slots_.size() - 1);
        while (slots_[at].fingerprint != 0) at = (at + 1) & (slots_.size() - 1);
        slots_[at] = slot;
    }
}

void IntentIndex::insert(const IntentId& intent, std::uint64_t offset) {
    if ((count_ + 1) * 5 > slots_.size() * 4) grow();
    const std::uint64_t fingerprint = fingerprint_of(intent);
    std::size_t at = fingerprint & (slots_.size() - 1);
    while (slots_[at].fingerprint != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = Slot{fingerprint, value_of(offset, JournalState::may_have_signed)};
    ++count_;
}

void IntentIndex::settle(const IntentId& intent, JournalState state) {
    const std::uint64_t fingerprint = fingerprint_of(intent);
    for (std::size_t at = fingerprint & (slots_.size() - 1); slots_[at].fingerprint != 0;
         at = (at + 1) & (slots_.size() - 1)) {
        if (slots_[at].fingerprint != fingerprint) continue;
        slots_[at].value = value_of(slots_[at].value >> 8U, state);
        return;
    }
}

std::optional<IntentIndex::Entry> IntentIndex::find(const IntentId& intent,
                                                    const std::function<bool(std::uint64_t offset)>& confirms) const {
    const std::uint64_t fingerprint = fingerprint_of(intent);
    for (std::size_t at = fingerprint & (slots_.size() - 1); slots_[at].fingerprint != 0;
         at = (at + 1) & (slots_.size() - 1)) {
        if (slots_[at].fingerprint != fingerprint) continue;
        const Entry entry{slots_[at].value >> 8U, static_cast<JournalState>(slots_[at].value & 0xffU)};
        if (confirms(entry.offset)) return entry;
    }
    return std::nullopt;
}

}  // namespace sealwright::hsm::signer_process
