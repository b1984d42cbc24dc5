// The vectors are those of the Certificate Transparency reference tests (google/certificate-transparency
// cpp/merkletree/merkle_tree_test.cc, kept in transparency-dev/merkle proof/verify_test.go); all other sizes are
// compared with the definition of RFC 6962, written down as it stands.
#include <gtest/gtest.h>

#include "audit/merkle_tree.hpp"
#include "crypto/digest.hpp"

namespace sealwright::audit {
namespace {

constexpr std::array<std::string_view, 8> kLeaves{
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
constexpr std::array<std::string_view, 9> kRoots{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                                 "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                                 "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                                 "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                                 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                                 "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                                 "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                                 "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                                 "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

using Proof = std::vector<Sha256>;

Sha256 hash(std::string_view hex) { return Sha256::from_hex_text(hex).value(); }
Proof hashes(std::initializer_list<std::string_view> texts) {
    Proof proof;
    for (const auto text : texts) proof.push_back(hash(text));
    return proof;
}

// The definition, naive: RFC 6962 2.1, 2.1.1 and 2.1.2 over a list of leaves.
using Leaves = std::span<const Bytes>;

std::size_t split(std::size_t n) {
    std::size_t k = 1;
    while (k * 2 < n) k *= 2;
    return k;
}

Sha256 mth(Leaves leaves) {
    if (leaves.empty()) return crypto::sha256({});
    if (leaves.size() == 1) {
        Bytes input{0};
        append(input, leaves[0]);
        return crypto::sha256(input);
    }
    const std::size_t k = split(leaves.size());
    Bytes input{1};
    append(input, mth(leaves.first(k)).view());
    append(input, mth(leaves.subspan(k)).view());
    return crypto::sha256(input);
}

Proof path(std::size_t m, Leaves leaves) {
    if (leaves.size() == 1) return {};
    const std::size_t k = split(leaves.size());
    Proof proof = m < k ? path(m, leaves.first(k)) : path(m - k, leaves.subspan(k));
    proof.push_back(mth(m < k ? leaves.subspan(k) : leaves.first(k)));
    return proof;
}

Proof subproof(std::size_t m, Leaves leaves, bool known) {
    if (m == leaves.size()) return known ? Proof{} : Proof{mth(leaves)};
    const std::size_t k = split(leaves.size());
    Proof proof = m <= k ? subproof(m, leaves.first(k), known) : subproof(m - k, leaves.subspan(k), false);
    proof.push_back(mth(m <= k ? leaves.subspan(k) : leaves.first(k)));
    return proof;
}

// Log keeps what a store keeps: leaves, the completed nodes and the edge.
struct Log {
    std::vector<Bytes> leaves;
    std::map<std::pair<unsigned, std::uint64_t>, Sha256> nodes;
    CompactRange range;

    void add(Bytes leaf) {
        range.append(leaf_hash(leaf), [this](unsigned level, std::uint64_t index, const Sha256& value) {
            ASSERT_TRUE(nodes.emplace(std::pair{level, index}, value).second) << "completed twice";
        });
        leaves.push_back(std::move(leaf));
    }
    TreeHead head(std::size_t size) const { return {size, mth(Leaves{leaves}.first(size))}; }
    // reader gives only nodes that are complete in a tree of this size.
    NodeReader reader(std::uint64_t size) const {
        return [this, size](unsigned level, std::uint64_t index) -> Result<Sha256> {
            if (((index + 1) << level) > size)
                return fail(ErrorCode::internal, "asked for a node that is not complete");
            return nodes.at({level, index});
        };
    }
};

Log vector_log() {
    Log log;
    for (const auto leaf : kLeaves) log.add(from_hex(leaf).value());
    return log;
}

Log numbered_log(std::size_t size) {
    Log log;
    for (std::size_t i = 0; i < size; ++i) log.add(bytes_of(view_of("entry " + std::to_string(i))));
    return log;
}

Sha256 flipped(Sha256 value, std::size_t bit) {
    auto octets = value.octets();
    octets[bit / 8] = static_cast<std::uint8_t>(octets[bit / 8] ^ (1U << (bit % 8)));
    return Sha256{octets};
}

TEST(MerkleTree, HashesLeavesAndNodesWithTheirPrefixes) {
    EXPECT_EQ(empty_root().hex(), kRoots[0]);
    EXPECT_EQ(leaf_hash({}).hex(), kRoots[1]);
    EXPECT_EQ(leaf_hash(Bytes{0}).hex(), "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
    EXPECT_EQ(node_hash(leaf_hash({}), leaf_hash(Bytes{0})).hex(), kRoots[2]);
    EXPECT_NE(node_hash(leaf_hash(Bytes{0}), leaf_hash({})).hex(), kRoots[2]);
}

TEST(MerkleTree, HashesLeavesOfEachSizeAlike) {
    for (const std::size_t size : {1022U, 1023U, 1024U, 1025U, 65535U}) {
        const Bytes leaf(size, 0x5A);
        Bytes prefixed{0};
        append(prefixed, leaf);
        EXPECT_EQ(leaf_hash(leaf), crypto::sha256(prefixed)) << size;
    }
}

TEST(MerkleTree, GrowsToTheReferenceRoots) {
    Log log;
    EXPECT_EQ(log.range.root().hex(), kRoots[0]);
    for (std::size_t size = 1; size <= kLeaves.size(); ++size) {
        log.add(from_hex(kLeaves[size - 1]).value());
        EXPECT_EQ(log.range.root().hex(), kRoots[size]);
        EXPECT_EQ(log.range.size(), size);
    }
}

TEST(MerkleTree, GivesTheReferenceInclusionProofs) {
    const Log log = vector_log();
    const auto proof = [&](std::uint64_t index, std::uint64_t size) {
        return inclusion_proof(index, size, log.reader(size)).value();
    };
    EXPECT_EQ(proof(0, 1), Proof{});
    EXPECT_EQ(proof(0, 8), hashes({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                   "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                   "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
    EXPECT_EQ(proof(5, 8), hashes({"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                                   "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                   "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
    EXPECT_EQ(proof(2, 3), hashes({"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}));
    EXPECT_EQ(proof(1, 5), hashes({"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                   "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                   "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}));
}

TEST(MerkleTree, GivesTheReferenceConsistencyProofs) {
    const Log log = vector_log();
    const auto proof = [&](std::uint64_t from, std::uint64_t to) {
        return consistency_proof(from, to, log.reader(to)).value();
    };
    EXPECT_EQ(proof(1, 1), Proof{});
    EXPECT_EQ(proof(1, 8), hashes({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                   "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                   "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
    EXPECT_EQ(proof(6, 8), hashes({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                                   "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                   "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
    EXPECT_EQ(proof(2, 5), hashes({"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                   "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}));
    EXPECT_EQ(proof(6, 7), hashes({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                                   "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
                                   "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
}

TEST(MerkleTree, AgreesWithTheDefinitionForEachSizeUpTo130) {
    Log log;
    for (std::size_t size = 0; size <= 130; ++size) {
        const TreeHead head = log.head(size);
        ASSERT_EQ(log.range.head(), head);
        const Leaves leaves{log.leaves};
        for (std::size_t index = 0; index < size; ++index) {
            const auto proof = inclusion_proof(index, size, log.reader(size));
            ASSERT_TRUE(proof) << proof.error().describe();
            ASSERT_EQ(proof.value(), path(index, leaves));
            ASSERT_TRUE(verify_inclusion(leaf_hash(leaves[index]), index, head, proof.value()));
        }
        for (std::size_t old_size = 0; old_size <= size; ++old_size) {
            const auto proof = consistency_proof(old_size, size, log.reader(size));
            ASSERT_TRUE(proof) << proof.error().describe();
            ASSERT_EQ(proof.value(), old_size == 0 ? Proof{} : subproof(old_size, leaves, true));
            ASSERT_TRUE(verify_consistency(log.head(old_size), head, proof.value()));
        }
        log.add(bytes_of(view_of("entry " + std::to_string(size))));
    }
}

TEST(MerkleTree, EdgeIsRestoredFromItsHashes) {
    Log log = numbered_log(77);
    auto restored = CompactRange::from(77, log.range.edge());
    ASSERT_TRUE(restored);
    restored.value().append(leaf_hash(Bytes{1}));
    log.range.append(leaf_hash(Bytes{1}));
    EXPECT_EQ(restored.value().head(), log.range.head());
}

TEST(MerkleTree, RefusesAnEdgeThatDoesNotFitItsSize) {
    const Log log = numbered_log(77);  // 1001101b: four hashes
    ASSERT_TRUE(CompactRange::from(77, log.range.edge()));
    EXPECT_EQ(CompactRange::from(79, log.range.edge()).error().code(), ErrorCode::malformed);
    EXPECT_EQ(CompactRange::from(76, log.range.edge()).error().code(), ErrorCode::malformed);
    EXPECT_EQ(CompactRange::from(0, log.range.edge()).error().code(), ErrorCode::malformed);
}

TEST(MerkleTree, RefusesProofsBeyondTheTree) {
    const Log log = numbered_log(5);
    EXPECT_TRUE(inclusion_proof(4, 5, log.reader(5)));
    EXPECT_EQ(inclusion_proof(5, 5, log.reader(5)).error().code(), ErrorCode::malformed);
    EXPECT_EQ(inclusion_proof(0, 0, log.reader(0)).error().code(), ErrorCode::malformed);
    EXPECT_EQ(consistency_proof(6, 5, log.reader(5)).error().code(), ErrorCode::malformed);
}

TEST(MerkleTree, PassesOnTheErrorOfItsNodeReader) {
    const NodeReader broken = [](unsigned, std::uint64_t) -> Result<Sha256> {
        return fail(ErrorCode::storage, "gone");
    };
    EXPECT_EQ(inclusion_proof(3, 9, broken).error().code(), ErrorCode::storage);
    EXPECT_EQ(consistency_proof(3, 9, broken).error().code(), ErrorCode::storage);
}

// expect_inclusion_refused tries everything that differs from a proof that holds in one place.
void expect_inclusion_refused(const Sha256& leaf, std::uint64_t index, const TreeHead& head, const Proof& proof) {
    const auto refused = [&](const Sha256& l, std::uint64_t i, const TreeHead& h, const Proof& p) {
        const auto result = verify_inclusion(l, i, h, p);
        return !result && result.error().code() == ErrorCode::invalid_signature;
    };
    ASSERT_FALSE(refused(leaf, index, head, proof));
    for (std::size_t bit = 0; bit < 256; bit += 37) {
        EXPECT_TRUE(refused(flipped(leaf, bit), index, head, proof));
        EXPECT_TRUE(refused(leaf, index, {head.size, flipped(head.root, bit)}, proof));
        for (std::size_t i = 0; i < proof.size(); ++i) {
            Proof wrong = proof;
            wrong[i] = flipped(wrong[i], bit);
            EXPECT_TRUE(refused(leaf, index, head, wrong)) << "element " << i << " bit " << bit;
        }
    }
    EXPECT_TRUE(refused(leaf, index + 1, head, proof) || head.size == 1);
    EXPECT_TRUE(refused(leaf, index ^ 1U, head, proof));
    EXPECT_TRUE(refused(leaf, index, {head.size * 2, head.root}, proof));
    EXPECT_TRUE(refused(leaf, index, {head.size / 2, head.root}, proof));
    Proof longer = proof;
    longer.push_back(head.root);
    EXPECT_TRUE(refused(leaf, index, head, longer));
    longer = proof;
    longer.insert(longer.begin(), head.root);
    EXPECT_TRUE(refused(leaf, index, head, longer));
    if (!proof.empty()) {
        EXPECT_TRUE(refused(leaf, index, head, Proof(proof.begin(), proof.end() - 1)));
        EXPECT_TRUE(refused(leaf, index, head, Proof(proof.begin() + 1, proof.end())));
    }
}

TEST(MerkleTree, RefusesInclusionProofsThatDifferAnywhere) {
    const Log log = numbered_log(23);
    for (const std::size_t size : {1U, 2U, 7U, 8U, 13U, 16U, 23U}) {
        for (std::size_t index = 0; index < size; ++index) {
            expect_inclusion_refused(leaf_hash(log.leaves[index]), index, log.head(size),
                                     inclusion_proof(index, size, log.reader(size)).value());
        }
    }
}

TEST(MerkleTree, RefusesInclusionInAnEmptyTree) {
    EXPECT_EQ(verify_inclusion(leaf_hash({}), 0, {0, empty_root()}, {}).error().code(), ErrorCode::invalid_signature);
}

TEST(MerkleTree, RefusesConsistencyProofsThatDifferAnywhere) {
    const Log log = numbered_log(23);
    const auto refused = [](const TreeHead& a, const TreeHead& b, const Proof& p) {
        const auto result = verify_consistency(a, b, p);
        return !result && result.error().code() == ErrorCode::invalid_signature;
    };
    for (const std::size_t size : {2U, 7U, 8U, 13U, 16U, 23U}) {
        for (std::size_t old_size = 1; old_size < size; ++old_size) {
            const TreeHead old_head = log.head(old_size), head = log.head(size);
            const Proof proof = consistency_proof(old_size, size, log.reader(size)).value();
            ASSERT_FALSE(refused(old_head, head, proof));
            for (std::size_t bit = 0; bit < 256; bit += 37) {
                EXPECT_TRUE(refused({old_size, flipped(old_head.root, bit)}, head, proof));
                EXPECT_TRUE(refused(old_head, {size, flipped(head.root, bit)}, proof));
                for (std::size_t i = 0; i < proof.size(); ++i) {
                    Proof wrong = proof;
                    wrong[i] = flipped(wrong[i], bit);
                    EXPECT_TRUE(refused(old_head, head, wrong))
                        << old_size << "-" << size << " element " << i << " bit " << bit;
                }
            }
            EXPECT_TRUE(refused(head, old_head, proof));
            EXPECT_TRUE(refused(old_head, head, {}));
            EXPECT_TRUE(refused(old_head, head, Proof(proof.begin(), proof.end() - 1)));
            EXPECT_TRUE(refused(old_head, head, Proof(proof.begin() + 1, proof.end())));
            Proof longer = proof;
            longer.push_back(head.root);
            EXPECT_TRUE(refused(old_head, head, longer));
            longer = proof;
            longer.insert(longer.begin(), old_head.root);
            EXPECT_TRUE(refused(old_head, head, longer));
        }
    }
}

TEST(MerkleTree, JudgesTheTrivialConsistencies) {
    const Log log = numbered_log(3);
    const TreeHead empty{0, empty_root()}, three = log.head(3);
    EXPECT_TRUE(verify_consistency(empty, empty, {}));
    EXPECT_TRUE(verify_consistency(empty, three, {}));
    EXPECT_TRUE(verify_consistency(three, three, {}));
    EXPECT_FALSE(verify_consistency({0, three.root}, three, {}));
    EXPECT_FALSE(verify_consistency(empty, three, {three.root}));
    EXPECT_FALSE(verify_consistency(three, {3, flipped(three.root, 0)}, {}));
    EXPECT_FALSE(verify_consistency(three, three, {three.root}));
}

}  // namespace
}  // namespace sealwright::audit
