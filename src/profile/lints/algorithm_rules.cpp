#include "profile/lints/algorithm_rules.hpp"

#include "asn1/oid.hpp"

namespace sealwright::profile::lints {
namespace {

namespace oid = asn1::oid;

bool is_one_of(ByteView id, std::initializer_list<ByteView> candidates) {
    return std::any_of(candidates.begin(), candidates.end(), [&](ByteView candidate) { return equal(id, candidate); });
}

// md2, md5 and sha1WithRSAEncryption (the last also as OIW wrote it), ecdsa-with-SHA1, dsa-with-sha1.
constexpr std::uint8_t kMd2WithRsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x02};
constexpr std::uint8_t kMd5WithRsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x04};
constexpr std::uint8_t kOiwSha1WithRsa[] = {0x2B, 0x0E, 0x03, 0x02, 0x1D};
constexpr std::uint8_t kEcdsaWithSha1[] = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01};
constexpr std::uint8_t kDsaWithSha1[] = {0x2A, 0x86, 0x48, 0xCE, 0x38, 0x04, 0x03};

// is_weak_pss: RFC 4055 3.1: hashAlgorithm [0] defaults to SHA-1.
bool is_weak_pss(const std::optional<ByteView>& parameters) {
    const auto content = parameters ? sequence_content(*parameters) : std::nullopt;
    if (!content) return !parameters;
    asn1::DerReader reader{*content};
    auto hash = reader.enter(asn1::context_constructed(0));
    if (!hash) return true;
    const auto algorithm = hash.value().enter(asn1::kSequence);
    if (!algorithm) return false;  // broken, which is check_parameters' business
    asn1::DerReader inner = algorithm.value();
    const auto id = inner.oid();
    return id && equal(id.value(), oid::kSha1);
}

SignatureFamily family_of(const AlgorithmView& algorithm) {
    const ByteView id = algorithm.id;
    if (is_one_of(id, {oid::kSha256WithRsa, oid::kSha384WithRsa, oid::kSha512WithRsa}))
        return SignatureFamily::rsa_pkcs1;
    if (is_one_of(id, {oid::kEcdsaWithSha256, oid::kEcdsaWithSha384, oid::kEcdsaWithSha512}))
        return SignatureFamily::ecdsa;
    if (is_one_of(id, {oid::kEd25519, oid::kEd448})) return SignatureFamily::eddsa;
    if (is_one_of(id, {oid::kMlDsa44, oid::kMlDsa65, oid::kMlDsa87})) return SignatureFamily::ml_dsa;
    if (equal(id, oid::kRsaPss))
        return is_weak_pss(algorithm.parameters) ? SignatureFamily::weak : SignatureFamily::rsa_pss;
    if (is_one_of(id, {oid::kSha1WithRsa, kMd2WithRsa, kMd5WithRsa, kOiwSha1WithRsa, kEcdsaWithSha1, kDsaWithSha1}))
        return SignatureFamily::weak;
    return SignatureFamily::unknown;
}

// RFC 4055 3.1 leaves choices; the house makes one encoding a digest, and a TBS with another was not built by it.
bool is_our_pss(ByteView encoding) {
    using crypto::DigestAlgorithm;
    for (const auto digest : {DigestAlgorithm::sha256, DigestAlgorithm::sha384, DigestAlgorithm::sha512}) {
        if (equal(encoding, crypto::algorithm_identifier({crypto::SignatureScheme::rsa_pss, digest}))) return true;
    }
    return false;
}

bool has_right_parameters(const AlgorithmView& algorithm) {
    constexpr std::uint8_t kNull[] = {0x05, 0x00};
    switch (algorithm.family) {
        case SignatureFamily::rsa_pkcs1:
            return algorithm.parameters && equal(*algorithm.parameters, kNull);
        case SignatureFamily::rsa_pss:
            return is_our_pss(algorithm.encoding);
        case SignatureFamily::ecdsa:
        case SignatureFamily::eddsa:
        case SignatureFamily::ml_dsa:
            return !algorithm.parameters;
        case SignatureFamily::weak:
        case SignatureFamily::unknown:
            break;
    }
    return true;
}

bool family_fits(const AlgorithmView& algorithm, crypto::KeyType type) {
    switch (type) {
        case crypto::KeyType::rsa:
            return algorithm.family == SignatureFamily::rsa_pkcs1 || algorithm.family == SignatureFamily::rsa_pss;
        case crypto::KeyType::ec_p256:
        case crypto::KeyType::ec_p384:
        case crypto::KeyType::ec_p521:
            return algorithm.family == SignatureFamily::ecdsa;
        case crypto::KeyType::ed25519:
            return equal(algorithm.id, oid::kEd25519);
        case crypto::KeyType::ed448:
            return equal(algorithm.id, oid::kEd448);
        case crypto::KeyType::ml_dsa_44:
            return equal(algorithm.id, oid::kMlDsa44);
        case crypto::KeyType::ml_dsa_65:
            return equal(algorithm.id, oid::kMlDsa65);
        case crypto::KeyType::ml_dsa_87:
            return equal(algorithm.id, oid::kMlDsa87);
    }
    return false;
}

}  // namespace

std::optional<AlgorithmView> decode_algorithm(ByteView der) {
    const auto content = sequence_content(der);
    if (!content) return {};
    asn1::DerReader reader{*content};
    AlgorithmView algorithm;
    algorithm.encoding = der;
    const auto id = reader.oid();
    if (!id) return {};
    algorithm.id = id.value();
    if (!reader.at_end()) {
        const auto parameters = reader.next();
        if (!parameters || !reader.at_end()) return {};
        algorithm.parameters = parameters.value().encoding;
    }
    algorithm.family = family_of(algorithm);
    return algorithm;
}

void check_parameters(ByteView der, SignatureFamily family, std::vector<std::string>& details) {
    const auto algorithm = decode_algorithm(der);
    if (!algorithm || algorithm->family != family || has_right_parameters(*algorithm)) return;
    details.push_back("the parameters of " + asn1::oid_name(algorithm->id) + " are " +
                      (algorithm->parameters ? to_hex(*algorithm->parameters) : "absent"));
}

void check_known(ByteView der, std::vector<std::string>& details) {
    const auto algorithm = decode_algorithm(der);
    if (!algorithm) {
        details.emplace_back("the signature field is no AlgorithmIdentifier");
    } else if (algorithm->family == SignatureFamily::unknown) {
        details.push_back("the signature algorithm " + asn1::oid_name(algorithm->id) + " is not one that we make");
    }
}

void check_not_weak(ByteView der, std::vector<std::string>& details) {
    const auto algorithm = decode_algorithm(der);
    if (algorithm && algorithm->family == SignatureFamily::weak)
        details.push_back("the signature algorithm " + asn1::oid_name(algorithm->id) + " uses a broken digest");
}

void check_fits_key(ByteView der, const std::optional<SpkiView>& key, std::vector<std::string>& details) {
    const auto algorithm = decode_algorithm(der);
    if (!algorithm || algorithm->family == SignatureFamily::weak || algorithm->family == SignatureFamily::unknown)
        return;
    if (!key || !key->type || family_fits(*algorithm, *key->type)) return;
    details.push_back(asn1::oid_name(algorithm->id) + " cannot be made by the issuer's key of type " +
                      std::string{crypto::key_type_name(*key->type)});
}

}  // namespace sealwright::profile::lints
