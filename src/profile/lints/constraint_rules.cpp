#include "profile/lints/constraint_rules.hpp"

#include "profile/name_syntax.hpp"

namespace sealwright::profile::lints {
namespace {

// Behind the base: minimum [0] and maximum [1], both INTEGER (0..MAX).
bool is_base_distance(ByteView behind) {
    asn1::DerReader reader{behind};
    for (const unsigned number : {0U, 1U}) {
        if (reader.peek() == asn1::context(number) && !reader.small_integer(asn1::context(number))) return false;
    }
    return reader.at_end();
}

bool are_subtrees(const std::optional<ByteView>& content) {
    if (!content) return true;
    bool sound = !content->empty();
    return each_subtree(*content,
                        [&](const SubtreeView& subtree) {
                            sound = sound && is_well_formed(subtree.base) && is_base_distance(subtree.behind);
                        }) &&
           sound;
}

}  // namespace

bool are_well_formed_constraints(ByteView value) {
    const auto constraints = decode_name_constraints(value);
    return constraints && are_subtrees(constraints->permitted) && are_subtrees(constraints->excluded);
}

bool is_address_range(ByteView content) noexcept {
    if (content.size() != 8 && content.size() != 32) return false;
    const ByteView address = content.first(content.size() / 2), mask = content.subspan(content.size() / 2);
    bool zeros = false;
    for (std::size_t bit = 0; bit < mask.size() * 8; ++bit) {
        const unsigned place = 0x80U >> (bit % 8);
        const bool set = (mask[bit / 8] & place) != 0;
        if (set && zeros) return false;
        zeros = zeros || !set;
        if (zeros && (address[bit / 8] & place) != 0) return false;
    }
    return true;
}

bool is_host_or_domain(ByteView content) noexcept {
    std::string_view text = text_of(content);
    if (text.starts_with('.')) text.remove_prefix(1);
    return dns_name_problem(text, false).empty();
}

}  // namespace sealwright::profile::lints
