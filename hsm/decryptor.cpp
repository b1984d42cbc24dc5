#include "hsm/decryptor.hpp"

#include <array>

namespace sealwright::hsm {
namespace {

struct SchemeName {
    DecryptScheme scheme;
    std::string_view name;
};

constexpr std::array kSchemes{
    SchemeName{DecryptScheme::rsa_oaep, "rsa-oaep"},
    SchemeName{DecryptScheme::rsa_pkcs1, "rsa-pkcs1"},
    SchemeName{DecryptScheme::ecdh, "ecdh"},
};

}  // namespace

std::string_view decrypt_scheme_name(DecryptScheme scheme) noexcept {
    for (const SchemeName& row : kSchemes) {
        if (row.scheme == scheme) return row.name;
    }
    return "unknown";
}

Result<DecryptScheme> parse_decrypt_scheme_name(std::string_view name) {
    for (const SchemeName& row : kSchemes) {
        if (row.name == name) return row.scheme;
    }
    return fail(ErrorCode::malformed, "unknown way to decrypt; known are rsa-oaep, rsa-pkcs1 and ecdh",
                std::string{name});
}

}  // namespace sealwright::hsm
