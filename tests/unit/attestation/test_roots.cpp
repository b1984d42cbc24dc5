// The manufacturers' own certificates: what of them can be read, and whether each intermediate leads to a root.
#include "attestation/ek_trust.hpp"
#include "tests/unit/attestation/scene.hpp"

namespace sealwright::attestation::test {
namespace {

// Store is a PEM file with remarks between the blocks.
struct Store {
    std::vector<x509::Certificate> certificates;
    std::vector<std::string> unread;
};

Store read_store(const std::filesystem::path& path) {
    std::ifstream in{path};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    Store store;
    constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";
    for (auto at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin, at + 1)) {
        const std::string block = text.substr(at, text.find(kEnd, at) + kEnd.size() - at) + "\n";
        auto parsed = x509::Certificate::parse_pem(block);
        if (parsed) {
            store.certificates.push_back(parsed.value().at(0));
        } else {
            store.unread.push_back(parsed.error().describe());
        }
    }
    return store;
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
    const Store roots = read_store(std::filesystem::path{folder} / "ek-roots" / "roots.pem");
    const Store intermediates = read_store(std::filesystem::path{folder} / "ek-roots" / "intermediates.pem");
    const TrustAnchors anchors{roots.certificates, intermediates.certificates};
    std::size_t chain = 0, valid = 0;
    std::map<std::string, int> why;
    for (const auto& certificate : intermediates.certificates) {
        const auto path = path_of(certificate, anchors);
        if (!path) {
            ++why["no path: " + x509::format_name(certificate.fields().issuer)];
            continue;
        }
        ++chain;
        if (path->objections.empty()) ++valid;
        for (const auto& objection : path->objections) ++why[objection];
    }
    for (const auto& error : roots.unread) std::cerr << "root: " << error << "\n";
    for (const auto& error : intermediates.unread) std::cerr << "intermediate: " << error << "\n";
    for (const auto& [text, count] : why) std::cerr << count << " x " << text << "\n";
    std::cerr << roots.certificates.size() << " roots, " << intermediates.certificates.size() << " intermediates, "
              << chain << " chain, " << valid << " of them valid\n";
    EXPECT_EQ(roots.certificates.size() + roots.unread.size(), 26U);
    EXPECT_EQ(intermediates.certificates.size() + intermediates.unread.size(), 143U);
    // The strict parser of the house refuses four roots of one manufacturer, whose names are not in the order of DER.
    EXPECT_EQ(roots.unread.size(), 4U);
    EXPECT_TRUE(intermediates.unread.empty());
    EXPECT_GE(chain, 133U);
    EXPECT_GE(valid, 133U);
}

}  // namespace
}  // namespace sealwright::attestation::test
