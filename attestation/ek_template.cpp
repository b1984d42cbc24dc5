#include "attestation/ek_template.hpp"

#include <array>

namespace sealwright::attestation {
namespace {

using crypto::DigestAlgorithm;
using crypto::KeyType;

// TCG EK Credential Profile, Annex B: the low range "adminWithPolicy", the high range "userWithAuth, adminWithPolicy".
constexpr std::uint32_t kLowAttributes =
    kFixedTpm | kFixedParent | kSensitiveDataOrigin | kAdminWithPolicy | kRestricted | kDecrypt;
constexpr std::uint32_t kHighAttributes = kLowAttributes | kUserWithAuth;

// PolicyA is PolicySecret of the endorsement hierarchy; PolicyB that or PolicyAuthorizeNV, which
// depends on nameAlg.
constexpr std::string_view kPolicyA = "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa";
constexpr std::string_view kPolicyBSha256 = "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0";
constexpr std::string_view kPolicyBSha384 =
    "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12";
constexpr std::string_view kPolicyBSha512 =
    "b8221ca69e8550a4914de3faa6a18c072cc01208073a928d5d66d59ef79e49a429c41a6b269571d57edb25fbdb183842"
    "5608b413cd616a5f6db5b6071af99bea";

struct Template {
    std::string_view name;
    KeyType type;
    std::uint16_t rsa_bits;
    DigestAlgorithm name_alg;
    std::uint16_t aes_bits;
    std::uint32_t attributes;
    std::string_view policy;
};

constexpr std::array<Template, 8> kTemplates{{
    {"L-1", KeyType::rsa, 2048, DigestAlgorithm::sha256, 128, kLowAttributes, kPolicyA},
    {"L-2", KeyType::ec_p256, 0, DigestAlgorithm::sha256, 128, kLowAttributes, kPolicyA},
    {"H-1", KeyType::rsa, 2048, DigestAlgorithm::sha256, 128, kHighAttributes, kPolicyBSha256},
    {"H-2", KeyType::ec_p256, 0, DigestAlgorithm::sha256, 128, kHighAttributes, kPolicyBSha256},
    {"H-3", KeyType::ec_p384, 0, DigestAlgorithm::sha384, 256, kHighAttributes, kPolicyBSha384},
    {"H-4", KeyType::ec_p521, 0, DigestAlgorithm::sha512, 256, kHighAttributes, kPolicyBSha512},
    {"H-6", KeyType::rsa, 3072, DigestAlgorithm::sha384, 256, kHighAttributes, kPolicyBSha384},
    {"H-7", KeyType::rsa, 4096, DigestAlgorithm::sha384, 256, kHighAttributes, kPolicyBSha384},
}};

bool has_numbers_of(const TpmPublic& key, const Template& form) {
    if (const auto* rsa = std::get_if<RsaPublic>(&key.unique)) {
        // An exponent of zero is 65537; a TPM that writes it out has another Name, and no template asks for it.
        return form.type == KeyType::rsa && rsa->bits == form.rsa_bits && rsa->exponent == 0;
    }
    const auto& ecc = std::get<EccPublic>(key.unique);
    return form.type == ecc.curve && ecc.kdf == Scheme{};
}

bool matches(const TpmPublic& key, const Template& form) {
    return has_numbers_of(key, form) && key.name_alg == form.name_alg && key.attributes == form.attributes &&
           key.scheme == Scheme{} && key.symmetric == SymmetricDefinition{kAlgAes, form.aes_bits, kAlgCfb} &&
           to_hex(key.auth_policy) == form.policy;
}

// numbers_of takes the EC point apart: 04 || x || y.
EccPublic point_of(const crypto::PublicKey& key) {
    const ByteView point = key.public_bits().subspan(1);
    const std::size_t size = point.size() / 2;
    return {key.type(), Scheme{}, bytes_of(point.first(size)), bytes_of(point.last(size))};
}

constexpr std::array<std::uint8_t, 3> kDefaultExponent{0x01, 0x00, 0x01};

}  // namespace

std::string_view ek_template_name(const TpmPublic& key) {
    for (const Template& form : kTemplates) {
        if (matches(key, form)) return form.name;
    }
    return {};
}

Result<TpmPublic> ek_from_template(const crypto::PublicKey& key, std::string_view name) {
    const auto form =
        std::find_if(kTemplates.begin(), kTemplates.end(), [&](const Template& t) { return t.name == name; });
    if (form == kTemplates.end()) return fail(ErrorCode::unsupported, "no template of this name is supported");
    TpmPublic out;
    out.name_alg = form->name_alg;
    out.attributes = form->attributes;
    out.auth_policy = from_hex(form->policy).value();
    out.symmetric = {kAlgAes, form->aes_bits, kAlgCfb};
    if (key.type() != form->type) return fail(ErrorCode::malformed, "the key is of another type than the template's");
    if (key.type() == KeyType::rsa) {
        if (key.bits() != form->rsa_bits || !equal(key.rsa_exponent(), kDefaultExponent)) {
            return fail(ErrorCode::malformed, "the key has another size or exponent than the template's");
        }
        out.unique = RsaPublic{form->rsa_bits, 0, bytes_of(key.rsa_modulus())};
    } else {
        out.unique = point_of(key);
    }
    return out;
}

}  // namespace sealwright::attestation
