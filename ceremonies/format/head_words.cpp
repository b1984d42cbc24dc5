#include "ceremonies/format/head_words.hpp"

#include <charconv>
#include <limits>

namespace sealwright::ceremonies {
namespace {

#include "ceremonies/format/pgp_words.inc"

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

const std::array<std::string_view, 256>& list_for(std::size_t position) {
    return position % 2 == 0 ? kEvenWords : kOddWords;
}

std::optional<std::uint8_t> octet_of(std::string_view lower_word, const std::array<std::string_view, 256>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (lower(words[i]) == lower_word) return static_cast<std::uint8_t>(i);
    }
    return std::nullopt;
}

// edit_distance is Levenshtein's, for words that are short.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

std::string nearest(std::string_view lower_word, const std::array<std::string_view, 256>& words) {
    std::size_t best = std::numeric_limits<std::size_t>::max();
    std::string_view found;
    for (const auto word : words) {
        const std::size_t distance = edit_distance(lower_word, lower(word));
        if (distance < best) {
            best = distance;
            found = word;
        }
    }
    return std::string{found};
}

std::vector<std::string> tokens_of(std::string_view text) {
    std::vector<std::string> tokens;
    std::string token;
    const auto flush = [&] {
        if (!token.empty()) tokens.push_back(std::move(token));
        token.clear();
    };
    bool in_parentheses = false;
    for (const char c : text) {
        if (c == '(' || c == ')') {
            flush();
            in_parentheses = c == '(';
        } else if (!in_parentheses) {
            if (std::string_view{" \t\r\n,;-.:"}.find(c) != std::string_view::npos) {
                flush();
            } else {
                token.push_back(c);
            }
        }
    }
    flush();
    return tokens;
}

bool is_number(std::string_view token) {
    return !token.empty() && token.find_first_not_of("0123456789") == std::string_view::npos;
}

Error unknown_word(std::size_t position, const std::string& token) {
    const std::string word = lower(token);
    const auto& other = list_for(position + 1);
    const std::string where = "word " + std::to_string(position + 1) + " ('" + token.substr(0, 24) + "')";
    if (octet_of(word, other)) {
        return fail(ErrorCode::malformed,
                    where + " is a word for the other position: one before it is missing, doubled or swapped");
    }
    return fail(ErrorCode::malformed,
                where + " is not in the list; the nearest is '" + nearest(word, list_for(position)) + "'");
}

}  // namespace

std::vector<std::string> head_words(const Sha256& root) {
    std::vector<std::string> words;
    words.reserve(kHeadWords);
    for (std::size_t i = 0; i < kHeadWords; ++i) words.emplace_back(list_for(i)[root.octets()[i]]);
    return words;
}

std::string head_line(std::uint64_t size, const Sha256& root) {
    std::string line = std::to_string(size);
    for (const auto& word : head_words(root)) line += " " + word;
    return line;
}

std::string head_columns(std::uint64_t size, const Sha256& root) {
    const auto words = head_words(root);
    std::string text = std::to_string(size) + "\n";
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i % 4 == 0) text += "(" + std::string(i / 4 + 1 < 10 ? 1 : 0, ' ') + std::to_string(i / 4 + 1) + ")  ";
        text += words[i];
        text += i % 4 == 3 ? std::string{"\n"} : std::string(14 - words[i].size(), ' ');
    }
    return text;
}

std::string head_short(const Sha256& root) {
    const auto words = head_words(root);
    std::string text;
    for (std::size_t i = 0; i < kShortHeadWords; ++i) text += (i == 0 ? "" : " ") + words[i];
    return text;
}

Result<TypedHead> parse_head(std::string_view text) {
    if (text.size() > 4096) return fail(ErrorCode::too_large, "the head has more than 4096 characters");
    auto tokens = tokens_of(text);
    TypedHead head;
    if (!tokens.empty() && is_number(tokens.front())) {
        std::uint64_t size = 0;
        const auto& token = tokens.front();
        const auto read = std::from_chars(token.data(), token.data() + token.size(), size);
        if (read.ec != std::errc{})
            return fail(ErrorCode::malformed, "the number of records before the words is too large");
        head.size = size;
        tokens.erase(tokens.begin());
    }
    std::array<std::uint8_t, kHeadWords> octets{};
    for (std::size_t i = 0; i < tokens.size() && i < kHeadWords; ++i) {
        const auto octet = octet_of(lower(tokens[i]), list_for(i));
        if (!octet) return unknown_word(i, tokens[i]);
        octets[i] = *octet;
    }
    if (tokens.size() != kHeadWords) {
        return fail(ErrorCode::malformed, "a head has 32 words, here are " + std::to_string(tokens.size()));
    }
    head.root = Sha256{octets};
    return head;
}

}  // namespace sealwright::ceremonies
