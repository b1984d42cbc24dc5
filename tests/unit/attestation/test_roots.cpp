// The manufacturers' own certificates: what of them can be read, and whether each intermediate leads to a root.
#include "attestation/anchors.hpp"
#include "attestation/ek_trust.hpp"
#include "tests/unit/attestation/scene.hpp"

namespace sealwright::attestation::test {
namespace {

std::vector<x509::Certificate> read_bundle(const std::filesystem::path& path) {
    std::ifstream in{path};
    auto parsed = parse_anchors(std::string{std::istreambuf_iterator<char>{in}, {}});
    EXPECT_TRUE(parsed) << parsed.error().describe();
    return parsed ? std::move(parsed).value() : std::vector<x509::Certificate>{};
}

// as_ek is a CA certificate taken for what is to be proven: find_ek_path looks at no purposes.
std::optional<EkPath> path_of(const x509::Certificate& certificate, const TrustAnchors& anchors) {
    EkCertificate as_ek;
    as_ek.issuer = certificate.fields().issuer_der;
    as_ek.signature_algorithm = certificate.signature_algorithm();
    as_ek.signed_octets = bytes_of(certificate.tbs());
    as_ek.signature = bytes_of(certificate.signature());
    return find_ek_path(as_ek, {}, anchors, now());
}

TEST(EkRoots, OfTheManufacturersParseAndChain) {
    const char* folder = std::getenv("SEALWRIGHT_VECTORS");
    if (folder == nullptr)
        GTEST_SKIP() << "SEALWRIGHT_VECTORS is not set: the manufacturers' certificates are NOT tested";
    const TrustAnchors anchors{read_bundle(std::filesystem::path{folder} / "ek-roots" / "roots.pem"),
                               read_bundle(std::filesystem::path{folder} / "ek-roots" / "intermediates.pem")};
    std::size_t chain = 0, valid = 0;
    std::map<std::string, int> why;
    for (const auto& certificate : anchors.intermediates) {
        const auto path = path_of(certificate, anchors);
        if (!path) {
            ++why["no path: " + x509::format_name(certificate.fields().issuer)];
            continue;
        }
        ++chain;
        if (path->objections.empty()) ++valid;
        for (const auto& objection : path->objections) ++why[objection];
    }
    for (const auto& [text, count] : why) std::cerr << count << " x " << text << "\n";
    std::cerr << chain << " chain, " << valid << " of them valid\n";
    EXPECT_EQ(anchors.roots.size(), 26U);
    EXPECT_EQ(anchors.intermediates.size(), 143U);
    EXPECT_GE(chain, 133U);
    EXPECT_EQ(valid, chain);
}

TEST(Anchors, AreReadWithRemarksAndWithNamesOutOfOrder) {
    const std::string pem = x509::encode_pem("CERTIFICATE", vendor().root().der().view());
    EXPECT_EQ(parse_anchors("# a remark\n" + pem + "\n# another\n" + pem).value().size(), 2U);
    EXPECT_FALSE(parse_anchors("# a remark"));
    EXPECT_FALSE(parse_anchors(pem.substr(0, pem.size() / 2)));
    const auto broken = parse_anchors(pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().public_detail().find("certificate 2"), 0U);
}

}  // namespace
}  // namespace sealwright::attestation::test
