// head_words.hpp: the head of a transcript as words that people can write down, read aloud and type again. The one file
// that runner and verifier share: a list of words cannot be read in two ways.
#pragma once

#include <optional>

#include "base/ids.hpp"

namespace sealwright::ceremonies {

inline constexpr std::size_t kHeadWords = 32;  // one for each octet of a SHA-256
inline constexpr std::size_t kShortHeadWords = 8;

// head_words gives 32 words; head_line is "SIZE word word ..."; head_columns the same in lines of four words, numbered;
// head_short the first eight words.
std::vector<std::string> head_words(const Sha256& root);
std::string head_line(std::uint64_t size, const Sha256& root);
std::string head_columns(std::uint64_t size, const Sha256& root);
std::string head_short(const Sha256& root);

// TypedHead is what somebody typed: the root, and the size if it stood before the words.
struct TypedHead {
    std::optional<std::uint64_t> size;
    Sha256 root;
};

// parse_head reads what head_line wrote, in either case, words parted by white space, commas, semicolons, hyphens, full
// stops or colons; numbers of rows (as head_columns has them, in parentheses) are passed over. malformed names the
// first word that is not in its list and the nearest ones.
Result<TypedHead> parse_head(std::string_view text);

}  // namespace sealwright::ceremonies
