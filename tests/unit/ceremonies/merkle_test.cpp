// The verifier's tree against the one that the log is written with: two implementations of RFC 6962, one recursive and
// one incremental.
#include "ceremonies/verifier/merkle.hpp"

#include <gtest/gtest.h>

#include "audit/merkle_tree.hpp"

namespace sealwright::verifier {
namespace {

struct Tree {
    std::vector<Sha256> leaves;
    audit::CompactRange range;
    std::map<std::pair<unsigned, std::uint64_t>, Sha256> nodes;

    void grow() {
        const std::string leaf = "leaf " + std::to_string(leaves.size());
        leaves.push_back(hash_of_leaf(view_of(leaf)));
        EXPECT_EQ(leaves.back(), audit::leaf_hash(view_of(leaf)));
        range.append(leaves.back(), [this](unsigned level, std::uint64_t index, const Sha256& hash) {
            nodes[{level, index}] = hash;
        });
    }
    audit::NodeReader reader() const {
        return [this](unsigned level, std::uint64_t index) -> Result<Sha256> { return nodes.at({level, index}); };
    }
};

TEST(VerifierMerkle, HashesTheRootsAndProofsOfTheWriter) {
    Tree tree;
    EXPECT_EQ(tree_root(tree.leaves), audit::empty_root());
    for (std::uint64_t size = 1; size <= 70; ++size) {
        tree.grow();
        ASSERT_EQ(tree_root(tree.leaves), tree.range.root()) << size;
        for (std::uint64_t index = 0; index < size; ++index) {
            const auto proof = inclusion_path(index, tree.leaves);
            ASSERT_EQ(proof, audit::inclusion_proof(index, size, tree.reader()).value()) << index << " of " << size;
            ASSERT_EQ(root_from_path(tree.leaves[index], index, size, proof).value(), tree.range.root());
        }
    }
}

// RFC 6962's own test vectors, as certificate-transparency-go has them: the roots of its first eight leaves.
TEST(VerifierMerkle, HashesTheRootOfThePublishedVectors) {
    std::vector<Sha256> leaves;
    for (const auto* hex :
         {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"})
        leaves.push_back(hash_of_leaf(from_hex(hex).value()));
    EXPECT_EQ(tree_root(leaves).hex(), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    leaves.pop_back();
    EXPECT_EQ(tree_root(leaves).hex(), "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c");
}

TEST(VerifierMerkle, AProofWithOneBitFlippedLeadsElsewhere) {
    Tree tree;
    for (int i = 0; i < 21; ++i) tree.grow();
    const auto root = tree_root(tree.leaves);
    const auto proof = inclusion_path(13, tree.leaves);
    for (std::size_t i = 0; i < proof.size(); ++i) {
        auto octets = proof[i].octets();
        octets[7] ^= 1U;
        auto flipped = proof;
        flipped[i] = Sha256{octets};
        EXPECT_NE(root_from_path(tree.leaves[13], 13, 21, flipped).value(), root);
    }
    EXPECT_NE(root_from_path(tree.leaves[12], 13, 21, proof).value(), root);
    EXPECT_NE(root_from_path(tree.leaves[13], 12, 21, proof).value(), root);
    EXPECT_FALSE(root_from_path(tree.leaves[13], 13, 21, std::span{proof}.first(proof.size() - 1)));
    auto longer = proof;
    longer.push_back(root);
    EXPECT_FALSE(root_from_path(tree.leaves[13], 13, 21, longer));
    EXPECT_FALSE(root_from_path(tree.leaves[13], 21, 21, proof));
}

}  // namespace
}  // namespace sealwright::verifier
