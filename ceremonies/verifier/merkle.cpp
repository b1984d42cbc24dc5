#include "ceremonies/verifier/merkle.hpp"

#include <bit>

#include "crypto/digest.hpp"

namespace sealwright::verifier {
namespace {

// split is "k is the largest power of two smaller than n" (RFC 6962 2.1).
std::size_t split(std::size_t n) { return std::bit_floor(n - 1); }

// fold goes down from the root: at each level the path's last hash is the sibling of the half that holds the leaf.
Result<Sha256> fold(const Sha256& leaf, std::uint64_t index, std::uint64_t size, std::span<const Sha256> path) {
    if (size == 1) {
        if (!path.empty()) return fail(ErrorCode::invalid_signature, "the inclusion proof is too long");
        return leaf;
    }
    if (path.empty()) return fail(ErrorCode::invalid_signature, "the inclusion proof is too short");
    const std::uint64_t k = std::bit_floor(size - 1);
    const Sha256& sibling = path.back();
    if (index < k) {
        SEALWRIGHT_TRY(const auto left, fold(leaf, index, k, path.first(path.size() - 1)));
        return hash_of_node(left, sibling);
    }
    SEALWRIGHT_TRY(const auto right, fold(leaf, index - k, size - k, path.first(path.size() - 1)));
    return hash_of_node(sibling, right);
}

}  // namespace

Sha256 hash_of_leaf(ByteView leaf) {
    crypto::Hasher hasher{crypto::DigestAlgorithm::sha256};
    const std::uint8_t prefix = 0x00;
    hasher.update({&prefix, 1}).update(leaf);
    return Sha256::from(hasher.finish()).value();
}

Sha256 hash_of_node(const Sha256& left, const Sha256& right) {
    crypto::Hasher hasher{crypto::DigestAlgorithm::sha256};
    const std::uint8_t prefix = 0x01;
    hasher.update({&prefix, 1}).update(left.view()).update(right.view());
    return Sha256::from(hasher.finish()).value();
}

Sha256 tree_root(std::span<const Sha256> leaves) {
    if (leaves.empty()) return crypto::sha256({});
    if (leaves.size() == 1) return leaves[0];
    const std::size_t k = split(leaves.size());
    return hash_of_node(tree_root(leaves.first(k)), tree_root(leaves.subspan(k)));
}

std::vector<Sha256> inclusion_path(std::size_t index, std::span<const Sha256> leaves) {
    if (leaves.size() <= 1) return {};
    const std::size_t k = split(leaves.size());
    const bool in_left = index < k;
    auto path = in_left ? inclusion_path(index, leaves.first(k)) : inclusion_path(index - k, leaves.subspan(k));
    path.push_back(tree_root(in_left ? leaves.subspan(k) : leaves.first(k)));
    return path;
}

Result<Sha256> root_from_path(const Sha256& leaf, std::uint64_t index, std::uint64_t size,
                              std::span<const Sha256> path) {
    if (index >= size) return fail(ErrorCode::malformed, "the entry is not in the tree");
    return fold(leaf, index, size, path);
}

}  // namespace sealwright::verifier
