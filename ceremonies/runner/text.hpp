// text.hpp: what names may look like in scripts and bindings, and text made safe for a terminal, for JSON and for HTML.
#pragma once

#include <string>
#include <string_view>

namespace sealwright::ceremonies {

// is_name: ids, roles and names of lists: a lower-case letter, then lower-case letters, digits and hyphens, 32 at most.
bool is_name(std::string_view text) noexcept;
inline constexpr std::string_view kNameRule =
    "must be a lower-case letter, then lower-case letters, digits and hyphens, 32 at most";

// is_file_name: letters, digits, '.', '-', '_', first a letter or digit, 64 at most.
bool is_file_name(std::string_view text) noexcept;

// is_profile_path: "profiles/NAME.toml".
bool is_profile_path(std::string_view text) noexcept;

// clean_text keeps well-formed UTF-8 without control characters (line feeds too are escaped, unless kept) and writes
// all else as \xNN.
std::string clean_text(std::string_view text, bool keep_line_feeds = false);

// html_text escapes what HTML would read as markup.
std::string html_text(std::string_view text);

// wrapped breaks text into lines of at most width columns (octets of UTF-8 count by character), keeping its own line
// feeds.
std::string wrapped(std::string_view text, std::size_t width, std::string_view indent);

}  // namespace sealwright::ceremonies
