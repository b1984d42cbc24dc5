#include "ceremonies/verifier/address_block.hpp"

#include <charconv>

#include "x509/general_names.hpp"

namespace sealwright::verifier {

Result<Bytes> read_address_block(const std::string& text) {
    const auto slash = text.find('/');
    SEALWRIGHT_TRY(const auto name, x509::parse_general_name_text("IP:" + text.substr(0, slash)));
    const auto* address = std::get_if<x509::IpAddress>(&name);
    if (address == nullptr) return fail(ErrorCode::malformed, "'" + text + "' is no block of addresses");
    Bytes block = address->octets;
    const std::size_t size = block.size();
    std::size_t length = size * 8;
    if (slash != std::string::npos) {
        const char* end = text.data() + text.size();
        const auto read = std::from_chars(text.data() + slash + 1, end, length);
        if (read.ec != std::errc{} || read.ptr != end || length > size * 8)
            return fail(ErrorCode::malformed, "'" + text + "' is no block of addresses");
    }
    for (std::size_t bit = 0; bit < size * 8; bit += 8) {
        const std::size_t ones = std::min<std::size_t>(8, length > bit ? length - bit : 0);
        block.push_back(static_cast<std::uint8_t>(0xFF00U >> ones));
    }
    return block;
}

bool is_in_block(ByteView address, ByteView block) noexcept {
    if (block.size() != address.size() * 2) return false;
    for (std::size_t i = 0; i < address.size(); ++i) {
        const std::uint8_t mask = block[address.size() + i];
        if ((address[i] & mask) != (block[i] & mask)) return false;
    }
    return true;
}

}  // namespace sealwright::verifier
