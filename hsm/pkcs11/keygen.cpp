#include "hsm/pkcs11/keygen.hpp"

#include <array>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "hsm/pkcs11/ckr_error.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::KeyType;

Bytes curve_oid(ByteView content) {
    asn1::DerWriter writer;
    writer.oid(content);
    return writer.take();
}

Result<Bytes> curve_parameters(KeyType type) {
    switch (type) {
        case KeyType::ec_p256:
            return curve_oid(asn1::oid::kPrime256v1);
        case KeyType::ec_p384:
            return curve_oid(asn1::oid::kSecp384r1);
        case KeyType::ec_p521:
            return curve_oid(asn1::oid::kSecp521r1);
        case KeyType::ed25519:
            return curve_oid(asn1::oid::kEd25519);
        case KeyType::ed448:
            return curve_oid(asn1::oid::kEd448);
        default:
            return fail(ErrorCode::unsupported, "keys of this type have no curve");
    }
}

// The older spelling of an Edwards curve: CKA_EC_PARAMS as a PrintableString (PKCS#11 3.0, 2.3.10).
Bytes edwards_curve_name(KeyType type) {
    asn1::DerWriter writer;
    writer.primitive(asn1::kPrintableString, view_of(type == KeyType::ed25519 ? "edwards25519" : "edwards448"));
    return writer.take();
}

bool decrypts(const KeySpec& spec) { return spec.evidence_template == kNonExtractableDecrypt; }
bool is_rsa(const KeySpec& spec) { return spec.type == KeyType::rsa; }

// The order is the order of importance: drop_optional takes from the end.
Result<AttributeTemplate> public_template(const KeySpec& spec, const Bytes& cka_id, const std::optional<Bytes>& curve) {
    AttributeTemplate attributes;
    attributes.flag(CKA_TOKEN, "CKA_TOKEN", true);
    attributes.flag(CKA_PRIVATE, "CKA_PRIVATE", false);
    attributes.flag(CKA_VERIFY, "CKA_VERIFY", !decrypts(spec));
    attributes.octets(CKA_LABEL, "CKA_LABEL", view_of(spec.label));
    attributes.octets(CKA_ID, "CKA_ID", cka_id);
    if (spec.type == KeyType::rsa) {
        constexpr std::array<std::uint8_t, 3> kF4{1, 0, 1};
        attributes.number(CKA_MODULUS_BITS, "CKA_MODULUS_BITS", spec.rsa_bits);
        attributes.octets(CKA_PUBLIC_EXPONENT, "CKA_PUBLIC_EXPONENT", kF4);
        attributes.flag(CKA_ENCRYPT, "CKA_ENCRYPT", decrypts(spec));
        attributes.flag(CKA_WRAP, "CKA_WRAP", false);
        attributes.optional_flag(CKA_VERIFY_RECOVER, "CKA_VERIFY_RECOVER", false);
    } else {
        if (const auto set = parameter_set(spec.type)) {
            attributes.number(CKA_PARAMETER_SET, "CKA_PARAMETER_SET", *set);
        } else {
            attributes.octets(CKA_EC_PARAMS, "CKA_EC_PARAMS", *curve);
        }
        attributes.optional_flag(CKA_ENCRYPT, "CKA_ENCRYPT", false);
        attributes.optional_flag(CKA_WRAP, "CKA_WRAP", false);
    }
    attributes.optional_flag(CKA_MODIFIABLE, "CKA_MODIFIABLE", false);
    return attributes;
}

bool curve_refused(CK_RV rv) {
    return rv == CKR_CURVE_NOT_SUPPORTED || rv == CKR_DOMAIN_PARAMS_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID;
}

}  // namespace

AttributeTemplate private_template(const KeySpec& spec, const Bytes& cka_id, const MechanismSet& token) {
    AttributeTemplate attributes;
    attributes.flag(CKA_TOKEN, "CKA_TOKEN", true);
    attributes.flag(CKA_PRIVATE, "CKA_PRIVATE", true);
    attributes.flag(CKA_SENSITIVE, "CKA_SENSITIVE", true);
    const bool leaves = spec.evidence_template == kWrapBackup;
    attributes.flag(CKA_EXTRACTABLE, "CKA_EXTRACTABLE", leaves);
    // Without it any key of the token that wraps would carry the key out.
    if (leaves) attributes.flag(CKA_WRAP_WITH_TRUSTED, "CKA_WRAP_WITH_TRUSTED", true);
    attributes.flag(CKA_SIGN, "CKA_SIGN", !decrypts(spec));
    attributes.flag(CKA_DECRYPT, "CKA_DECRYPT", decrypts(spec) && is_rsa(spec));
    attributes.flag(CKA_UNWRAP, "CKA_UNWRAP", false);
    if (decrypts(spec) && !is_rsa(spec)) attributes.flag(CKA_DERIVE, "CKA_DERIVE", true);
    attributes.octets(CKA_LABEL, "CKA_LABEL", view_of(spec.label));
    attributes.octets(CKA_ID, "CKA_ID", cka_id);
    if (!decrypts(spec) || is_rsa(spec)) attributes.optional_flag(CKA_DERIVE, "CKA_DERIVE", false);
    attributes.optional_flag(CKA_MODIFIABLE, "CKA_MODIFIABLE", false);
    attributes.optional_flag(CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER", false);
    attributes.optional_flag(CKA_ALWAYS_AUTHENTICATE, "CKA_ALWAYS_AUTHENTICATE", false);
    attributes.optional_flag(CKA_COPYABLE, "CKA_COPYABLE", false);
    const auto algorithms =
        spec.algorithms.empty() ? std::vector{crypto::default_algorithm(spec.type)} : spec.algorithms;
    const auto mechanisms =
        decrypts(spec) ? decryption_mechanisms(spec.type, token) : allowed_mechanisms(algorithms, token);
    if (!mechanisms.empty()) attributes.optional_numbers(CKA_ALLOWED_MECHANISMS, "CKA_ALLOWED_MECHANISMS", mechanisms);
    return attributes;
}

Result<void> nothing_made(SessionView session, const Bytes& cka_id) {
    const std::array criteria{Criterion{CKA_ID, cka_id}};
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
        SEALWRIGHT_TRY(const auto found, find_objects(session, object_class, criteria));
        if (!found.empty()) {
            return fail(ErrorCode::token,
                        "the token refused to make a key but left an object behind; look at the token before going on",
                        "CKA_ID " + to_hex(cka_id));
        }
    }
    return success();
}

Result<GeneratedPair> generate_pair(SessionView session, const KeySpec& spec, const Bytes& cka_id,
                                    const MechanismSet& token) {
    SEALWRIGHT_TRY(const CK_MECHANISM_TYPE type, generation_mechanism(spec.type));
    if (!token.contains(type))
        return fail(ErrorCode::unsupported, "the token does not make keys of this type",
                    mechanism_name(type) + " is not in its list");
    std::optional<Bytes> curve;
    if (!is_rsa(spec) && !parameter_set(spec.type)) {
        SEALWRIGHT_TRY(curve, curve_parameters(spec.type));
    }
    SEALWRIGHT_TRY(auto of_public, public_template(spec, cka_id, curve));
    AttributeTemplate of_private = private_template(spec, cka_id, token);
    bool other_spelling_left = type == CKM_EC_EDWARDS_KEY_PAIR_GEN;
    GeneratedPair pair;
    for (;;) {
        CK_MECHANISM mechanism{type, nullptr, 0};
        auto public_attributes = of_public.attributes();
        auto private_attributes = of_private.attributes();
        const CK_RV rv = session.functions->C_GenerateKeyPair(
            session.handle, &mechanism, public_attributes.data(), static_cast<unsigned long>(public_attributes.size()),
            private_attributes.data(), static_cast<unsigned long>(private_attributes.size()), &pair.public_key,
            &pair.private_key);
        if (rv == CKR_OK) return pair;
        const Error refused = ckr_error("C_GenerateKeyPair", rv, "the token did not make the key");
        if (curve_refused(rv) && other_spelling_left) {
            other_spelling_left = false;
            SEALWRIGHT_TRY(of_public, public_template(spec, cka_id, edwards_curve_name(spec.type)));
        } else if (template_refused(rv)) {
            auto dropped = of_private.drop_optional();
            if (dropped) {
                pair.dropped_attributes.push_back("private " + *dropped);
            } else if ((dropped = of_public.drop_optional())) {
                pair.dropped_attributes.push_back("public " + *dropped);
            } else {
                return refused;
            }
        } else {
            return refused;
        }
        SEALWRIGHT_TRY(nothing_made(session, cka_id));
    }
}

}  // namespace sealwright::hsm::pkcs11
