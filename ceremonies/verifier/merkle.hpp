// merkle.hpp: the verifier's own Merkle tree (RFC 6962 2.1), written from its recursive definition.
#pragma once

#include <span>

#include "base/ids.hpp"

namespace sealwright::verifier {

Sha256 hash_of_leaf(ByteView leaf);
Sha256 hash_of_node(const Sha256& left, const Sha256& right);

// tree_root is MTH of 2.1 over hashes of leaves. The same over a prefix is the head of the older, smaller tree: that
// the new log extends the old one needs no proof for who holds all leaves.
Sha256 tree_root(std::span<const Sha256> leaves);

// inclusion_path is PATH(m, D[n]) of 2.1.1; root_from_path folds it again, as one does who has nothing but leaf, path
// and head.
std::vector<Sha256> inclusion_path(std::size_t index, std::span<const Sha256> leaves);
Result<Sha256> root_from_path(const Sha256& leaf, std::uint64_t index, std::uint64_t size,
                              std::span<const Sha256> path);

}  // namespace sealwright::verifier
