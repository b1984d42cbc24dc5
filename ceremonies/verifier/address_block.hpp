// address_block.hpp: a block of addresses ("192.0.2.0/24", "2001:db8::/32") as name constraints have it: the address,
// then a mask of the same size (RFC 5280 4.2.1.10).
#pragma once

#include "base/bytes.hpp"

namespace sealwright::verifier {

Result<Bytes> read_address_block(const std::string& text);
bool is_in_block(ByteView address, ByteView block) noexcept;

}  // namespace sealwright::verifier
