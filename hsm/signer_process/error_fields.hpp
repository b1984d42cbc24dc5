// error_fields.hpp: texts and errors as the signer's own processes tell them to each other: a text is its length (2)
// and at most kMaxText octets, an error its code (2), public detail and private detail.
#pragma once

#include <string>

#include "base/error.hpp"
#include "hsm/signer_process/octets.hpp"

namespace sealwright::hsm::signer_process {

inline constexpr std::size_t kMaxText = 2000;

// A text that is too long is cut.
inline void append_text(Bytes& out, std::string_view text) {
    text = text.substr(0, kMaxText);
    append_number(out, static_cast<std::uint16_t>(text.size()));
    append(out, view_of(text));
}

inline void append_error(Bytes& out, const Error& error) {
    append_number(out, static_cast<std::uint16_t>(error.code()));
    append_text(out, error.public_detail());
    append_text(out, error.private_detail());
}

inline std::string read_text(FieldReader& fields) {
    const auto length = fields.number<std::uint16_t>();
    if (length > kMaxText) {
        fields.octets(SIZE_MAX);  // fails, and stays so
        return {};
    }
    return std::string{text_of(fields.octets(length))};
}

// read_error reads the details behind a code. A code that nobody knows is internal, whatever the other process meant by
// it.
inline Error read_error(FieldReader& fields, std::uint16_t code) {
    const bool is_known = code >= 1 && code <= static_cast<std::uint16_t>(ErrorCode::internal);
    std::string public_detail = read_text(fields);
    std::string private_detail = read_text(fields);
    return Error{is_known ? static_cast<ErrorCode>(code) : ErrorCode::internal, std::move(public_detail),
                 std::move(private_detail)};
}

}  // namespace sealwright::hsm::signer_process
