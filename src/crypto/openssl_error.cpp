#include "crypto/openssl_error.hpp"

#include <openssl/err.h>

#include <array>
#include <stdexcept>

namespace sealwright::crypto {

std::string openssl_errors() {
    std::string out;
    while (const unsigned long code = ERR_get_error()) {
        std::array<char, 256> text{};
        ERR_error_string_n(code, text.data(), text.size());
        if (!out.empty()) out += "; ";
        out += text.data();
    }
    return out.empty() ? "no detail" : out;
}

void clear_openssl_errors() noexcept { ERR_clear_error(); }

void throw_openssl_failure(std::string_view what) {
    throw std::runtime_error{"OpenSSL: " + std::string{what} + ": " + openssl_errors()};
}

}  // namespace sealwright::crypto
