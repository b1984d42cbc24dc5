// tpm_names.hpp: Names and Qualified Names (TPM 2.0 Part 1, 16 and 26.5): who an object is, and where it stands.
#pragma once

#include "attestation/tpm_structs.hpp"

namespace sealwright::attestation {

// name_of is nameAlg || H(TPMT_PUBLIC).
Bytes name_of(const TpmPublic& key);
// name_of_octets is the same of a TPMT_PUBLIC as it was read: parse_public takes only what marshals to the same octets.
Bytes name_of_octets(crypto::DigestAlgorithm name_alg, ByteView octets);

// Hierarchy names the seed that a primary key comes from.
enum class Hierarchy : std::uint32_t {
    owner = 0x40000001,
    null = 0x40000007,
    endorsement = 0x4000000B,
    platform = 0x4000000C,
};
std::string_view hierarchy_name(Hierarchy hierarchy) noexcept;  // "endorsement"

// primary_qualified_name is that of a primary key: nameAlg || H(handle || Name). child_qualified_name is that of a key
// below a parent with this Qualified Name: nameAlg || H(parent || Name), with the child's own nameAlg.
Bytes primary_qualified_name(const TpmPublic& key, Hierarchy hierarchy);
Bytes child_qualified_name(const TpmPublic& key, ByteView parent);
// Of a key by its Name.
Bytes primary_qualified_name(ByteView name, Hierarchy hierarchy);
Bytes child_qualified_name(ByteView name, ByteView parent);

// Standing is where a Qualified Name says that a key stands.
struct Standing {
    Hierarchy hierarchy;
    bool below_ek = false;  // a child of the EK; a primary key otherwise
};
// standing_of compares with all places that can be derived: a primary key of one of the four hierarchies, a child of
// the EK (where it is known; an EK is a primary key of the endorsement hierarchy). None: below a parent that nobody
// told of, or not this key's at all.
// Keys are given by their Names; that of the EK is empty where it is not known.
std::optional<Standing> standing_of(ByteView name, ByteView ek_name, ByteView qualified_name);

// is_name_form says whether octets are a digest of the nameAlg of the key with this Name, with the algorithm in front.
bool is_name_form(ByteView key_name, ByteView name) noexcept;

}  // namespace sealwright::attestation
