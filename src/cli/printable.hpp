// printable.hpp: text from outside made fit for a terminal: a name in a certificate must not move the cursor or turn
// the line around.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sealwright::cli {

// printable keeps valid UTF-8 and writes everything else as \xNN: control characters (C0, DEL, and C1, in which a
// terminal finds its escape sequences), line and paragraph separators, characters that change the direction of writing
// or take no room, and octets that are not UTF-8.
std::string printable(std::string_view text);

// display_width counts the columns that printable text takes: one for a code point, none for a combining mark, two for
// wide ones.
std::size_t display_width(std::string_view text) noexcept;

// shorten cuts text to a number of columns, ending it in "…" when something was left out.
std::string shorten(std::string_view text, std::size_t columns);

}  // namespace sealwright::cli
