// malformed.hpp: what every parser of DER must refuse, made from a sample that it accepts.
#pragma once

#include <gtest/gtest.h>

#include "base/bytes.hpp"

namespace sealwright::test {

// refuses_every_cut expects that no proper prefix of the sample parses, and nothing with an octet behind it.
template <class Parse>
void refuses_every_cut(const Bytes& sample, Parse parse) {
    ASSERT_TRUE(parse(ByteView{sample})) << "the sample itself must parse";
    for (std::size_t size = 0; size < sample.size(); ++size) {
        // A copy of its own: an address sanitizer then sees a read behind the cut.
        const Bytes cut(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(parse(ByteView{cut})) << "the first " << size << " octets of " << sample.size() << " parse";
    }
    Bytes longer = sample;
    longer.push_back(0);
    EXPECT_FALSE(parse(ByteView{longer})) << "a trailing octet parses";
}

// flips_every_bit gives each neighbour of the sample that differs in one bit to visit, which judges it.
template <class Visit>
void flips_every_bit(const Bytes& sample, Visit visit) {
    for (std::size_t bit = 0; bit < sample.size() * 8; ++bit) {
        Bytes neighbour = sample;
        neighbour[bit / 8] = static_cast<std::uint8_t>(neighbour[bit / 8] ^ (0x80U >> (bit % 8)));
        visit(neighbour, bit);
    }
}

// hex is for octets written in a test: "30 03 02 01 05".
inline Bytes hex(std::string_view text) {
    std::string digits;
    for (const char c : text) {
        if (c != ' ') digits += c;
    }
    return from_hex(digits).value();
}

}  // namespace sealwright::test
