// ek_source.hpp: endorsement keys as files have them, for the list of approved ones.
#pragma once

#include <string>
#include <vector>

#include "base/ids.hpp"

namespace sealwright::cli {

struct EkFound {
    KeyId ek;
    std::string note;  // of a line in a list
};

// read_eks reads a file with: PEM certificates (also several, with text between them), one DER certificate as it stands
// in a TPM's NV index, PEM public keys, a TPM2B_PUBLIC, or a list with a SHA-256 of a SubjectPublicKeyInfo a line (64
// hexadecimal digits, then a note; # begins a comment). malformed with the line or the block; nothing of a file that
// has an error is taken.
Result<std::vector<EkFound>> read_eks(const std::string& path);

}  // namespace sealwright::cli
