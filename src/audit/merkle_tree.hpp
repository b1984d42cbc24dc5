// merkle_tree.hpp: the Merkle tree of RFC 6962 section 2.1: leaf and node hashes, the compact range that grows it, inclusion and consistency proofs.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/ids.hpp"

namespace sealwright::audit {

Sha256 leaf_hash(ByteView leaf);                              // SHA-256(0x00 || leaf)
Sha256 node_hash(const Sha256& left, const Sha256& right);    // SHA-256(0x01 || left || right)
Sha256 empty_root();                                          // SHA-256("")

// TreeHead: size leaves hash to root.
struct TreeHead {
    std::uint64_t size = 0;
    Sha256 root;
    friend bool operator==(const TreeHead&, const TreeHead&) = default;
};

// CompactRange is the right edge of a tree: the roots of its perfect subtrees, largest first. It grows leaf by leaf in O(1) amortised and is
// what the store keeps in the head row.
class CompactRange {
public:
    CompactRange() = default;
    // from takes a stored edge: exactly popcount(size) hashes.
    static Result<CompactRange> from(std::uint64_t size, std::vector<Sha256> edge);
    // append adds a leaf hash; completed is called for each perfect subtree that this completes: (level, index, hash), level 0 being the leaf.
    void append(const Sha256& leaf, const std::function<void(unsigned level, std::uint64_t index, const Sha256& hash)>& completed);
    void append(const Sha256& leaf);
    std::uint64_t size() const noexcept { return size_; }
    const std::vector<Sha256>& edge() const noexcept { return edge_; }
    Sha256 root() const;
    TreeHead head() const { return {size_, root()}; }

private:
    std::uint64_t size_ = 0;
    std::vector<Sha256> edge_;
};

// NodeReader gives the hash of the perfect subtree (level, index), which must be complete in the tree that is asked about.
using NodeReader = std::function<Result<Sha256>(unsigned level, std::uint64_t index)>;

// Proofs as RFC 6962 2.1.1 and 2.1.2 order them.
Result<std::vector<Sha256>> inclusion_proof(std::uint64_t index, std::uint64_t size, const NodeReader& nodes);
Result<std::vector<Sha256>> consistency_proof(std::uint64_t old_size, std::uint64_t new_size, const NodeReader& nodes);

// verify_ gives invalid_signature when the proof does not hold (RFC 9162 2.1.3.2 and 2.1.4.2).
Result<void> verify_inclusion(const Sha256& leaf, std::uint64_t index, const TreeHead& head, const std::vector<Sha256>& proof);
Result<void> verify_consistency(const TreeHead& old_head, const TreeHead& new_head, const std::vector<Sha256>& proof);

}  // namespace sealwright::audit
