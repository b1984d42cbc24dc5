#include "attestation/tpm_names.hpp"

#include <array>
#include <stdexcept>

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

// algorithm_of is the nameAlg of a Name that was made here.
crypto::DigestAlgorithm algorithm_of(ByteView name) {
    const auto algorithm = name.size() < 2 ? Result<crypto::DigestAlgorithm>{fail(ErrorCode::malformed)}
                                           : tpm_digest(static_cast<std::uint16_t>(name[0] << 8U | name[1]));
    if (!algorithm) throw std::invalid_argument{"no Name of a key"};
    return algorithm.value();
}

}  // namespace

Bytes name_of(const TpmPublic& key) { return name_of_octets(key.name_alg, encode_public(key)); }
Bytes name_of_octets(crypto::DigestAlgorithm name_alg, ByteView octets) { return tagged_digest(name_alg, octets); }

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

Bytes child_qualified_name(const TpmPublic& key, ByteView parent) { return child_qualified_name(name_of(key), parent); }
Bytes primary_qualified_name(const TpmPublic& key, Hierarchy hierarchy) {
    return primary_qualified_name(name_of(key), hierarchy);
}

Bytes child_qualified_name(ByteView name, ByteView parent) {
    Bytes data = bytes_of(parent);
    append(data, name);
    return tagged_digest(algorithm_of(name), data);
}

Bytes primary_qualified_name(ByteView name, Hierarchy hierarchy) {
    Bytes handle;
    append_number(handle, static_cast<std::uint32_t>(hierarchy), 4);
    return child_qualified_name(name, handle);
}

std::optional<Standing> standing_of(ByteView name, ByteView ek_name, ByteView qualified_name) {
    // Whatever can be derived has this form.
    if (!is_name_form(name, qualified_name)) return std::nullopt;
    for (const Hierarchy hierarchy : kHierarchies) {
        if (equal(primary_qualified_name(name, hierarchy), qualified_name)) return Standing{hierarchy, false};
    }
    if (!ek_name.empty() &&
        equal(child_qualified_name(name, primary_qualified_name(ek_name, Hierarchy::endorsement)), qualified_name)) {
        return Standing{Hierarchy::endorsement, true};
    }
    return std::nullopt;
}

bool is_name_form(ByteView key_name, ByteView name) noexcept {
    return name.size() == key_name.size() && name.size() > 2 && equal(name.first(2), key_name.first(2));
}

}  // namespace sealwright::attestation
