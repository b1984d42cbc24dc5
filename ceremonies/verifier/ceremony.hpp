// ceremony.hpp: verifies the bundle of a ceremony from nothing but its folder, the roots and the head on paper.
#pragma once

#include <filesystem>

#include "ceremonies/verifier/verdict.hpp"

namespace sealwright::verifier {

struct CeremonyQuestion {
    std::filesystem::path folder;
    std::filesystem::path roots;  // PEM; empty: not given, which leaves the proof incomplete
    std::string head;             // words; empty: not given, which leaves the proof incomplete
    bool allow_rehearsal = false;
};

// verify_ceremony adds everything it finds to checks.
void verify_ceremony(const CeremonyQuestion& question, Checks& checks);

}  // namespace sealwright::verifier
