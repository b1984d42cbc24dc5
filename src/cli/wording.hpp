// wording.hpp: how keys and counts read in a sentence.
#pragma once

#include <cstdint>
#include <string>

#include "crypto/spki.hpp"

namespace sealwright::cli {

// key_text is "EC P-256", "Ed25519", "RSA 3072".
std::string key_text(const crypto::PublicKey& key);

// counted is "1 entry", "2 entries".
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

}  // namespace sealwright::cli
