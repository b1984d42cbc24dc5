// key_kind.hpp: which keys are made in a TPM, and the names that people give them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace sealwright::tpm {

// EkTemplate is a template of the TCG EK Credential Profile 2.x, annex B: an endorsement key is made anew from its
// template and is the same key each time.
enum class EkTemplate : std::uint8_t { l1, l2, h3, h6 };    // RSA 2048, P-256, P-384, RSA 3072
std::string_view ek_template_name(EkTemplate ek) noexcept;  // "L-1"
Result<EkTemplate> parse_ek_template(std::string_view name);

// ek_candidates reads "auto", "rsa", "ecc" or a template's name: the templates to try, the first one best. Elliptic
// curves come before RSA: they are quick, and decrypting with RSA-OAEP has leaked by its time in more than one TPM.
Result<std::vector<EkTemplate>> ek_candidates(std::string_view choice);

enum class KeyKind : std::uint8_t { rsa2048, p256, p384 };
std::string_view key_kind_name(KeyKind kind) noexcept;  // "rsa2048"
Result<KeyKind> parse_key_kind(std::string_view name);

}  // namespace sealwright::tpm
