// fuzz.hpp: what every fuzz target includes: the entry point that it defines, and require, which ends the program where
// a property does not hold, in every kind of build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/bytes.hpp"

// LLVMFuzzerTestOneInput must return 0, keep nothing between calls and not depend on anything but its input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace sealwright::fuzz {

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "the property does not hold: %s\n", what);
    std::abort();
}

}  // namespace sealwright::fuzz
