#include "base/error.hpp"

#include <array>
#include <utility>

namespace sealwright {
namespace {

constexpr std::array<std::pair<ErrorCode, std::string_view>, 22> kNames{{
    {ErrorCode::malformed, "malformed"},
    {ErrorCode::too_large, "too_large"},
    {ErrorCode::unsupported, "unsupported"},
    {ErrorCode::invalid_signature, "invalid_signature"},
    {ErrorCode::denied, "denied"},
    {ErrorCode::unauthenticated, "unauthenticated"},
    {ErrorCode::not_found, "not_found"},
    {ErrorCode::already_exists, "already_exists"},
    {ErrorCode::conflict, "conflict"},
    {ErrorCode::expired, "expired"},
    {ErrorCode::weak_key, "weak_key"},
    {ErrorCode::lint, "lint"},
    {ErrorCode::unavailable, "unavailable"},
    {ErrorCode::overloaded, "overloaded"},
    {ErrorCode::timed_out, "timed_out"},
    {ErrorCode::storage, "storage"},
    {ErrorCode::token, "token"},
    {ErrorCode::clock, "clock"},
    {ErrorCode::config, "config"},
    {ErrorCode::io, "io"},
    {ErrorCode::indeterminate, "indeterminate"},
    {ErrorCode::internal, "internal"},
}};

}  // namespace

std::string_view error_code_name(ErrorCode code) noexcept {
    for (const auto& [candidate, name] : kNames) {
        if (candidate == code) return name;
    }
    return "internal";
}

ErrorCode parse_error_code(std::string_view name) noexcept {
    for (const auto& [code, candidate] : kNames) {
        if (candidate == name) return code;
    }
    return ErrorCode::internal;
}

std::string Error::describe() const {
    std::string text{error_code_name(code_)};
    if (!public_detail_.empty()) text += ": " + public_detail_;
    if (!private_detail_.empty()) text += " [" + private_detail_ + "]";
    return text;
}

Error Error::in(std::string_view where) const {
    std::string detail{where};
    if (!public_detail_.empty()) detail += ": " + public_detail_;
    return Error{code_, std::move(detail), private_detail_};
}

}  // namespace sealwright
