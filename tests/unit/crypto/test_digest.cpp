#include <gtest/gtest.h>

#include <thread>

#include "crypto/digest.hpp"
#include "tests/support/openssl_cli.hpp"

namespace sealwright::crypto {
namespace {

// FIPS 180-4 examples: the digest of "abc".
TEST(Digest, MeetsTheExamplesOfFips180) {
    const auto of_abc = [](DigestAlgorithm algorithm) { return to_hex(digest(algorithm, view_of("abc"))); };
    EXPECT_EQ(of_abc(DigestAlgorithm::sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(of_abc(DigestAlgorithm::sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(of_abc(DigestAlgorithm::sha384),
              "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
    EXPECT_EQ(of_abc(DigestAlgorithm::sha512),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423"
              "643ce80e2a9ac94fa54ca49f");
    EXPECT_EQ(sha256(view_of("abc")).hex(), of_abc(DigestAlgorithm::sha256));
    EXPECT_EQ(sha256({}).hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, KnowsItsSizesAndNames) {
    EXPECT_EQ(digest_size(DigestAlgorithm::sha1), 20U);
    EXPECT_EQ(digest_size(DigestAlgorithm::sha512), 64U);
    EXPECT_EQ(digest_name(DigestAlgorithm::sha384), "SHA384");
    EXPECT_EQ(digest_size(static_cast<DigestAlgorithm>(9)), 0U);
    EXPECT_EQ(digest_size(static_cast<DigestAlgorithm>(0)), 0U);
}

TEST(Digest, TheHasherGivesWhatOneCallGives) {
    const Bytes data(100000, 0x5A);
    Hasher hasher{DigestAlgorithm::sha384};
    for (int round = 0; round < 2; ++round) {  // finish resets it
        for (std::size_t at = 0; at < data.size(); at += 777) {
            hasher.update(ByteView{data}.subspan(at, std::min<std::size_t>(777, data.size() - at)));
        }
        EXPECT_EQ(hasher.finish(), digest(DigestAlgorithm::sha384, data));
    }
    Hasher moved = std::move(hasher);
    EXPECT_EQ(moved.update(view_of("abc")).finish(), digest(DigestAlgorithm::sha384, view_of("abc")));
}

TEST(Digest, TwoHashersOfOneThreadDoNotMix) {
    Hasher one{DigestAlgorithm::sha256};
    Hasher two{DigestAlgorithm::sha256};
    one.update(view_of("a"));
    two.update(view_of("x"));
    const Sha256 between = sha256(view_of("between"));
    one.update(view_of("bc"));
    EXPECT_EQ(to_hex(one.finish()), sha256(view_of("abc")).hex());
    EXPECT_EQ(to_hex(two.finish()), sha256(view_of("x")).hex());
    EXPECT_EQ(between, sha256(view_of("between")));
}

TEST(Digest, ThreadsDoNotDisturbEachOther) {
    std::vector<std::thread> threads;
    std::array<bool, 4> same{};
    for (std::size_t i = 0; i < same.size(); ++i) {
        threads.emplace_back([&, i] {
            const Bytes data(1000 + i, static_cast<std::uint8_t>(i));
            const Sha256 first = sha256(data);
            bool all = true;
            for (int round = 0; round < 2000; ++round) all = all && sha256(data) == first;
            same[i] = all;
        });
    }
    for (auto& thread : threads) thread.join();
    for (const bool result : same) EXPECT_TRUE(result);
}

TEST(Digest, AKeyIsNamedByTheDigestOfItsSpki) {
    test::OpensslCli cli;
    cli.run(
        "openssl ecparam -name prime256v1 -genkey -noout -out k.pem && openssl pkey -in k.pem -pubout -outform DER "
        "-out k.der && openssl dgst -sha256 -binary k.der > k.sha");
    EXPECT_EQ(to_hex(key_id(SpkiDer{cli.read("k.der")}).view()), to_hex(cli.read("k.sha")));
}

}  // namespace
}  // namespace sealwright::crypto
