#include "audit/merkle_tree.hpp"

#include <bit>

#include "crypto/digest.hpp"

namespace sealwright::audit {
namespace {

constexpr std::uint8_t kLeafPrefix = 0x00;
constexpr std::uint8_t kNodePrefix = 0x01;

// Range is the half-open interval of leaves that a subtree covers.
struct Range {
    std::uint64_t begin = 0, end = 0;
    std::uint64_t size() const noexcept { return end - begin; }
    // split is where RFC 6962 2.1 divides it: the largest power of two smaller than its size (which is at least 2).
    std::uint64_t split() const noexcept { return begin + std::bit_floor(size() - 1); }
};

// hash_of gives MTH of a range that begins at a multiple of its subtrees, reading complete subtrees where they are.
Result<Sha256> hash_of(Range range, const NodeReader& nodes) {
    if (std::has_single_bit(range.size())) {
        const auto level = static_cast<unsigned>(std::countr_zero(range.size()));
        return nodes(level, range.begin >> level);
    }
    SEALWRIGHT_TRY(const auto left, hash_of({range.begin, range.split()}, nodes));
    SEALWRIGHT_TRY(const auto right, hash_of({range.split(), range.end}, nodes));
    return node_hash(left, right);
}

// add_path is PATH(m, D[n]) of RFC 6962 2.1.1, from the leaf upward.
Result<void> add_path(std::uint64_t index, Range range, const NodeReader& nodes, std::vector<Sha256>& proof) {
    if (range.size() == 1) return success();
    const Range left{range.begin, range.split()};
    const Range right{range.split(), range.end};
    const bool in_left = index < left.end;
    SEALWRIGHT_TRY(add_path(index, in_left ? left : right, nodes, proof));
    SEALWRIGHT_TRY(auto sibling, hash_of(in_left ? right : left, nodes));
    proof.push_back(sibling);
    return success();
}

// add_subproof is SUBPROOF(m, D[n], b) of RFC 6962 2.1.2; known says that the verifier has the hash of the whole range
// already (b).
Result<void> add_subproof(std::uint64_t old_end, Range range, bool known, const NodeReader& nodes,
                          std::vector<Sha256>& proof) {
    if (old_end == range.end) {
        if (known) return success();
        SEALWRIGHT_TRY(auto hash, hash_of(range, nodes));
        proof.push_back(hash);
        return success();
    }
    const Range left{range.begin, range.split()};
    const Range right{range.split(), range.end};
    const bool in_left = old_end <= left.end;
    SEALWRIGHT_TRY(add_subproof(old_end, in_left ? left : right, in_left && known, nodes, proof));
    SEALWRIGHT_TRY(auto sibling, hash_of(in_left ? right : left, nodes));
    proof.push_back(sibling);
    return success();
}

Error does_not_hold(std::string detail) {
    return fail(ErrorCode::invalid_signature, "the Merkle proof does not hold", std::move(detail));
}

// Ascent walks two positions of one level upward together, as RFC 9162 2.1.3.2 and 2.1.4.2 do with fn and sn.
struct Ascent {
    std::uint64_t position = 0;  // fn
    std::uint64_t last = 0;      // sn: the last position of this level

    bool at_top() const noexcept { return last == 0; }
    bool is_right_child_or_last() const noexcept { return (position & 1U) != 0 || position == last; }
    void up() noexcept {
        position >>= 1U;
        last >>= 1U;
    }
    // skip_lone_levels passes the levels at which a node without sibling is carried up unchanged.
    void skip_lone_levels() noexcept {
        while ((position & 1U) == 0 && position != 0) up();
    }
};

}  // namespace

Sha256 leaf_hash(ByteView leaf) {
    std::array<std::uint8_t, 1024> small;
    if (leaf.size() < small.size()) {
        small[0] = kLeafPrefix;
        std::copy(leaf.begin(), leaf.end(), small.begin() + 1);
        return crypto::sha256(ByteView{small.data(), leaf.size() + 1});
    }
    Bytes prefixed;
    prefixed.reserve(leaf.size() + 1);
    prefixed.push_back(kLeafPrefix);
    append(prefixed, leaf);
    return crypto::sha256(prefixed);
}

Sha256 node_hash(const Sha256& left, const Sha256& right) {
    std::array<std::uint8_t, 1 + 2 * Sha256::kSize> input;
    input[0] = kNodePrefix;
    std::copy(left.octets().begin(), left.octets().end(), input.begin() + 1);
    std::copy(right.octets().begin(), right.octets().end(), input.begin() + 1 + Sha256::kSize);
    return crypto::sha256(input);
}

Sha256 empty_root() { return crypto::sha256({}); }

Result<CompactRange> CompactRange::from(std::uint64_t size, std::vector<Sha256> edge) {
    if (edge.size() != static_cast<std::size_t>(std::popcount(size))) {
        return fail(ErrorCode::malformed, "the edge of the tree does not fit its size",
                    std::to_string(edge.size()) + " hashes for size " + std::to_string(size));
    }
    CompactRange range;
    range.size_ = size;
    range.edge_ = std::move(edge);
    return range;
}

void CompactRange::append(
    const Sha256& leaf, const std::function<void(unsigned level, std::uint64_t index, const Sha256& hash)>& completed) {
    Sha256 hash = leaf;
    unsigned level = 0;
    if (completed) completed(0, size_, hash);
    // Each set bit of the old size, from the lowest, is a perfect subtree that the new leaf completes a larger one
    // with.
    for (; ((size_ >> level) & 1U) != 0; ++level) {
        hash = node_hash(edge_.back(), hash);
        edge_.pop_back();
        if (completed) completed(level + 1, size_ >> (level + 1), hash);
    }
    edge_.push_back(hash);
    ++size_;
}

void CompactRange::append(const Sha256& leaf) { append(leaf, nullptr); }

Sha256 CompactRange::root() const {
    if (edge_.empty()) return empty_root();
    Sha256 root = edge_.back();
    for (std::size_t i = edge_.size() - 1; i-- > 0;) root = node_hash(edge_[i], root);
    return root;
}

Result<std::vector<Sha256>> inclusion_proof(std::uint64_t index, std::uint64_t size, const NodeReader& nodes) {
    if (index >= size) return fail(ErrorCode::malformed, "the entry lies beyond the tree");
    std::vector<Sha256> proof;
    SEALWRIGHT_TRY(add_path(index, {0, size}, nodes, proof));
    return proof;
}

Result<std::vector<Sha256>> consistency_proof(std::uint64_t old_size, std::uint64_t new_size, const NodeReader& nodes) {
    if (old_size > new_size) return fail(ErrorCode::malformed, "the older tree is larger than the newer one");
    std::vector<Sha256> proof;
    // Nothing is needed to go on from an empty tree, or from the same one.
    if (old_size == 0 || old_size == new_size) return proof;
    SEALWRIGHT_TRY(add_subproof(old_size, {0, new_size}, true, nodes, proof));
    return proof;
}

Result<void> verify_inclusion(const Sha256& leaf, std::uint64_t index, const TreeHead& head,
                              const std::vector<Sha256>& proof) {
    if (index >= head.size) return does_not_hold("index beyond the tree");
    Ascent ascent{index, head.size - 1};
    Sha256 hash = leaf;
    for (const Sha256& sibling : proof) {
        if (ascent.at_top()) return does_not_hold("proof too long");
        if (ascent.is_right_child_or_last()) {
            hash = node_hash(sibling, hash);
            ascent.skip_lone_levels();
        } else {
            hash = node_hash(hash, sibling);
        }
        ascent.up();
    }
    if (!ascent.at_top()) return does_not_hold("proof too short");
    if (hash != head.root) return does_not_hold("another root");
    return success();
}

Result<void> verify_consistency(const TreeHead& old_head, const TreeHead& new_head, const std::vector<Sha256>& proof) {
    if (old_head.size > new_head.size) return does_not_hold("the older tree is larger");
    if (old_head.size == 0 && old_head.root != empty_root()) return does_not_hold("an empty tree with another root");
    if (old_head.size == new_head.size && old_head.root != new_head.root) return does_not_hold("one size, two roots");
    if (old_head.size == 0 || old_head.size == new_head.size) {
        return proof.empty() ? Result<void>{success()} : Result<void>{does_not_hold("proof too long")};
    }

    // "If first is an exact power of 2, then prepend first_hash to the consistency_path array" (RFC 9162 2.1.4.2).
    const bool old_root_is_node = std::has_single_bit(old_head.size);
    if (proof.empty()) return does_not_hold("proof too short");
    Ascent ascent{old_head.size - 1, new_head.size - 1};
    while ((ascent.position & 1U) != 0) ascent.up();
    Sha256 old_hash = old_root_is_node ? old_head.root : proof.front();
    Sha256 new_hash = old_hash;
    for (std::size_t i = old_root_is_node ? 0 : 1; i < proof.size(); ++i) {
        if (ascent.at_top()) return does_not_hold("proof too long");
        if (ascent.is_right_child_or_last()) {
            old_hash = node_hash(proof[i], old_hash);
            new_hash = node_hash(proof[i], new_hash);
            ascent.skip_lone_levels();
        } else {
            new_hash = node_hash(new_hash, proof[i]);
        }
        ascent.up();
    }
    if (!ascent.at_top()) return does_not_hold("proof too short");
    if (old_hash != old_head.root) return does_not_hold("another old root");
    if (new_hash != new_head.root) return does_not_hold("another new root");
    return success();
}

}  // namespace sealwright::audit
