#include "attestation/tpm_names.hpp"

#include <array>

namespace sealwright::attestation {
namespace {

constexpr std::array kHierarchies{Hierarchy::endorsement, Hierarchy::owner, Hierarchy::platform, Hierarchy::null};

void append_number(Bytes& out, std::uint32_t value, unsigned octets) {
    for (unsigned shift = octets * 8; shift > 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
}

Bytes tagged_digest(crypto::DigestAlgorithm algorithm, ByteView data) {
    Bytes out;
    append_number(out, tpm_digest_id(algorithm), 2);
    append(out, crypto::digest(algorithm, data));
    return out;
}

}  // namespace

Bytes name_of(const TpmPublic& key) { return tagged_digest(key.name_alg, encode_public(key)); }

std::string_view hierarchy_name(Hierarchy hierarchy) noexcept {
    switch (hierarchy) {
        case Hierarchy::owner:
            return "owner";
        case Hierarchy::null:
            return "null";
        case Hierarchy::endorsement:
            return "endorsement";
        case Hierarchy::platform:
            return "platform";
    }
    return "unknown";
}

Bytes child_qualified_name(const TpmPublic& key, ByteView parent) {
    Bytes data = bytes_of(parent);
    append(data, name_of(key));
    return tagged_digest(key.name_alg, data);
}

Bytes primary_qualified_name(const TpmPublic& key, Hierarchy hierarchy) {
    Bytes handle;
    append_number(handle, static_cast<std::uint32_t>(hierarchy), 4);
    return child_qualified_name(key, handle);
}

std::optional<Standing> standing_of(const TpmPublic& key, const TpmPublic* ek, ByteView qualified_name) {
    if (ek != nullptr &&
        equal(child_qualified_name(key, primary_qualified_name(*ek, Hierarchy::endorsement)), qualified_name)) {
        return Standing{Hierarchy::endorsement, true};
    }
    for (const Hierarchy hierarchy : kHierarchies) {
        if (equal(primary_qualified_name(key, hierarchy), qualified_name)) return Standing{hierarchy, false};
    }
    return std::nullopt;
}

bool is_name_form(const TpmPublic& key, ByteView name) noexcept {
    const std::uint16_t algorithm = tpm_digest_id(key.name_alg);
    return name.size() == 2 + crypto::digest_size(key.name_alg) && name[0] == (algorithm >> 8U) &&
           name[1] == (algorithm & 0xFFU);
}

}  // namespace sealwright::attestation
