// strong_type.hpp: small value types that do not mix: a KeyId is no IntentId though both are octets.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace sealwright {

// FixedBytes<Tag, N> is N octets of one meaning, ordered, hashable, shown as lower-case hexadecimal.
template <class Tag, std::size_t N>
class FixedBytes {
public:
    static constexpr std::size_t kSize = N;

    constexpr FixedBytes() = default;
    constexpr explicit FixedBytes(const std::array<std::uint8_t, N>& octets) : octets_(octets) {}

    // from takes exactly N octets.
    static Result<FixedBytes> from(ByteView octets) {
        if (octets.size() != N) return fail(ErrorCode::malformed, "expected " + std::to_string(N) + " octets, got " + std::to_string(octets.size()));
        FixedBytes value;
        for (std::size_t i = 0; i < N; ++i) value.octets_[i] = octets[i];
        return value;
    }
    static Result<FixedBytes> from_hex_text(std::string_view text) {
        SEALWRIGHT_TRY(auto octets, from_hex(text));
        return from(octets);
    }

    ByteView view() const noexcept { return octets_; }
    const std::array<std::uint8_t, N>& octets() const noexcept { return octets_; }
    std::string hex() const { return to_hex(octets_); }

    friend auto operator<=>(const FixedBytes&, const FixedBytes&) = default;

private:
    std::array<std::uint8_t, N> octets_{};
};

// StrongInteger<Tag, T> is a number of one meaning: ordered, explicit.
template <class Tag, class T>
class StrongInteger {
public:
    constexpr StrongInteger() = default;
    constexpr explicit StrongInteger(T value) : value_(value) {}
    constexpr T value() const noexcept { return value_; }
    friend constexpr auto operator<=>(const StrongInteger&, const StrongInteger&) = default;

private:
    T value_{};
};

}  // namespace sealwright

template <class Tag, std::size_t N>
struct std::hash<sealwright::FixedBytes<Tag, N>> {
    std::size_t operator()(const sealwright::FixedBytes<Tag, N>& value) const noexcept {
        return std::hash<std::string_view>{}(sealwright::text_of(value.view()));
    }
};
