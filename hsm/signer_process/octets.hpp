// octets.hpp: fixed-size big-endian fields, written and read strictly: the alphabet of the wire and of the journal.
#pragma once

#include <array>
#include <concepts>

#include "base/bytes.hpp"

namespace sealwright::hsm::signer_process {

template <std::unsigned_integral T>
void append_number(Bytes& out, T value) {
    for (std::size_t i = sizeof(T); i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// FieldReader takes fields off the front; the first failure sticks, so that a caller may read a whole record and ask
// once.
class FieldReader {
public:
    explicit FieldReader(ByteView input) noexcept : rest_(input) {}

    ByteView octets(std::size_t count) noexcept {
        if (count > rest_.size()) {
            failed_ = true;
            rest_ = {};
            return {};
        }
        const ByteView taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    template <std::unsigned_integral T>
    T number() noexcept {
        T value = 0;
        for (const std::uint8_t octet : octets(sizeof(T))) value = static_cast<T>((value << 7U << 1U) | octet);
        return value;
    }

    // id reads a FixedBytes; all zeros after a failure.
    template <class Id>
    Id id() noexcept {
        std::array<std::uint8_t, Id::kSize> value{};
        const ByteView taken = octets(Id::kSize);
        for (std::size_t i = 0; i < taken.size(); ++i) value[i] = taken[i];
        return Id{value};
    }

    ByteView rest() noexcept { return octets(rest_.size()); }
    bool failed() const noexcept { return failed_; }
    // finished: everything was there and nothing is left.
    bool finished() const noexcept { return !failed_ && rest_.empty(); }

private:
    ByteView rest_;
    bool failed_ = false;
};

}  // namespace sealwright::hsm::signer_process
