#include "hsm/pkcs11/keygen.hpp"

#include <algorithm>
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
    // What a public half may be used for protects nothing. tpm2-pkcs11 1.9 takes TPMA_OBJECT_sign_encrypt for SIGN and
    // ENCRYPT, and decrypt for DECRYPT and VERIFY: it refuses VERIFY and ENCRYPT=false beside a key that only signs.
    attributes.optional_flag(CKA_VERIFY, "CKA_VERIFY", !decrypts(spec));
    attributes.octets(CKA_LABEL, "CKA_LABEL", view_of(spec.label));
    attributes.octets(CKA_ID, "CKA_ID", cka_id);
    if (spec.type == KeyType::rsa) {
        constexpr std::array<std::uint8_t, 3> kF4{1, 0, 1};
        attributes.number(CKA_MODULUS_BITS, "CKA_MODULUS_BITS", spec.rsa_bits);
        attributes.octets(CKA_PUBLIC_EXPONENT, "CKA_PUBLIC_EXPONENT", kF4);
        if (decrypts(spec)) {
            attributes.flag(CKA_ENCRYPT, "CKA_ENCRYPT", true);
        } else {
            attributes.optional_flag(CKA_ENCRYPT, "CKA_ENCRYPT", false);
        }
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

// refused: the token did not like what it was asked for. tpm2-pkcs11 1.9 and NSS 3.87 say CKR_GENERAL_ERROR to an
// attribute that they do not take; that nothing was made is looked up behind each of them.
bool refused(CK_RV rv) {
    return template_refused(rv) || rv == CKR_CURVE_NOT_SUPPORTED || rv == CKR_DOMAIN_PARAMS_INVALID ||
           rv == CKR_GENERAL_ERROR;
}

// Attempt is a template pair from which something was left out.
struct Attempt {
    AttributeTemplate of_public, of_private;
    std::vector<std::string> dropped;
    bool is_fine = false;  // one step among several that a coarser one takes at once
    KeygenMemory::Taken taken = {};
};

// without_all takes every optional attribute out, and names them.
AttributeTemplate without_all(AttributeTemplate attributes, std::vector<std::string>& dropped, std::string_view half) {
    while (const auto name = attributes.drop_optional()) dropped.push_back(std::string{half} + *name);
    return attributes;
}

// attempts_of gives them in the order in which they are made, such that the private half loses as little as may be: the
// whole; without one optional attribute of the public half; without all of those; without one of the private half's;
// without more and more of them from the end, beside a whole public half and then beside a bare one.
std::vector<Attempt> attempts_of(const AttributeTemplate& of_public, const AttributeTemplate& of_private) {
    constexpr std::string_view kPublic = "public ", kPrivate = "private ";
    std::vector<Attempt> list{{of_public, of_private, {}, false, {}}};
    for (std::size_t i = of_public.optional_count(); i-- > 0;) {
        Attempt& one = list.emplace_back(Attempt{of_public, of_private, {}, true, {}});
        one.dropped.push_back(std::string{kPublic} + one.of_public.drop_optional_at(i));
    }
    Attempt bare{of_public, of_private, {}, false, {true, {}}};
    bare.of_public = without_all(of_public, bare.dropped, kPublic);
    if (bare.dropped.size() > 1) list.push_back(bare);
    for (std::size_t i = of_private.optional_count(); i-- > 0;) {
        Attempt& one = list.emplace_back(Attempt{of_public, of_private, {}, false, {}});
        one.taken.of_private.push_back(one.of_private.drop_optional_at(i));
        one.dropped.push_back(std::string{kPrivate} + one.taken.of_private.back());
    }
    for (const Attempt& beside : {list.front(), bare}) {
        Attempt fewer = beside;
        for (std::size_t count = 1; const auto name = fewer.of_private.drop_optional(); ++count) {
            fewer.dropped.push_back(std::string{kPrivate} + *name);
            fewer.taken.of_private.push_back(*name);
            if (count > 1 || !beside.dropped.empty()) list.push_back(fewer);
        }
    }
    return list;
}

Result<std::size_t> count_private_keys(SessionView session) {
    SEALWRIGHT_TRY(const auto found, find_objects(session, CKO_PRIVATE_KEY, {}));
    return found.size();
}

// surely_nothing_made: where the refusal was none of the template, the token also holds as many private keys as before:
// one may have been made that has not even got its CKA_ID.
Result<void> surely_nothing_made(SessionView session, CK_RV rv, const Result<std::size_t>& before,
                                 const Bytes& cka_id) {
    SEALWRIGHT_TRY(nothing_made(session, cka_id));
    if (rv != CKR_GENERAL_ERROR) return success();
    SEALWRIGHT_TRY(const std::size_t now, count_private_keys(session));
    if (now == before.value()) return success();
    return fail(ErrorCode::token,
                "the token refused to make a key and holds another number of private keys than before; look at the "
                "token before going on",
                std::to_string(before.value()) + " before, " + std::to_string(now) + " now");
}

CK_RV attempt_once(SessionView session, CK_MECHANISM_TYPE type, Attempt& attempt, GeneratedPair& pair) {
    CK_MECHANISM mechanism{type, nullptr, 0};
    auto of_public = attempt.of_public.attributes();
    auto of_private = attempt.of_private.attributes();
    return session.functions->C_GenerateKeyPair(
        session.handle, &mechanism, of_public.data(), static_cast<unsigned long>(of_public.size()), of_private.data(),
        static_cast<unsigned long>(of_private.size()), &pair.public_key, &pair.private_key);
}

// check_halves: tpm2-pkcs11 1.9 has given a new public key the handle of another private key.
Result<void> check_halves(SessionView session, const GeneratedPair& pair) {
    const auto class_of = [&](CK_OBJECT_HANDLE half) { return number_of(read_attribute(session, half, CKA_CLASS)); };
    const auto id_of = [&](CK_OBJECT_HANDLE half) { return read_attribute(session, half, CKA_ID).value; };
    if (class_of(pair.public_key) == CKO_PUBLIC_KEY && class_of(pair.private_key) == CKO_PRIVATE_KEY &&
        id_of(pair.public_key) == id_of(pair.private_key))
        return success();
    return fail(ErrorCode::token,
                "the token made a key and gave the handle of another object for one of its halves; the key is in the "
                "token");
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

Result<CK_OBJECT_HANDLE> make_object(AttributeTemplate attributes, std::string_view function, const std::string& what,
                                     const MakeObject& make) {
    for (;;) {
        auto list = attributes.attributes();
        CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
        const CK_RV rv = make(list.data(), static_cast<unsigned long>(list.size()), &made);
        if (rv == CKR_OK) return made;
        if (!template_refused(rv) || !attributes.drop_optional()) return ckr_error(function, rv, what);
    }
}

Result<CK_OBJECT_HANDLE> create_object(SessionView session, AttributeTemplate attributes, const std::string& what) {
    return make_object(std::move(attributes), "C_CreateObject", what, [&](auto* list, auto count, auto* made) {
        return session.functions->C_CreateObject(session.handle, list, count, made);
    });
}

Result<GeneratedPair> make_key_pair(SessionView session, CK_MECHANISM_TYPE type, const PairTemplates& templates,
                                    const Bytes& cka_id, KeygenMemory& memory) {
    // Where it could not be counted CKR_GENERAL_ERROR is the end.
    const Result<std::size_t> before = count_private_keys(session);
    std::vector<Attempt> attempts = attempts_of(templates.of_public, templates.of_private);
    if (templates.other_public) {
        for (Attempt& other : attempts_of(*templates.other_public, templates.of_private))
            attempts.push_back(std::move(other));
    }
    if (const auto taken = memory.taken()) {
        std::stable_partition(attempts.begin(), attempts.end(),
                              [&](const Attempt& attempt) { return !attempt.is_fine && attempt.taken == *taken; });
    }
    std::optional<Error> first;  // what the token said to the whole template
    bool coarse = false;
    for (Attempt& attempt : attempts) {
        if (coarse && attempt.is_fine) continue;
        GeneratedPair pair;
        const CK_RV rv = attempt_once(session, type, attempt, pair);
        if (rv == CKR_OK) {
            SEALWRIGHT_TRY(check_halves(session, pair));
            pair.dropped_attributes = std::move(attempt.dropped);
            if (coarse) memory.remember(std::move(attempt.taken));
            return pair;
        }
        const Error why = ckr_error("C_GenerateKeyPair", rv, "the token did not make the key");
        if (!refused(rv) || (rv == CKR_GENERAL_ERROR && !before)) return why;
        SEALWRIGHT_TRY(surely_nothing_made(session, rv, before, cka_id));
        if (!first) first = why;
        // tpm2-pkcs11 1.9 loses a place in the TPM with each refusal, and has some two dozen.
        coarse = coarse || rv == CKR_GENERAL_ERROR;
    }
    return *first;
}

Result<GeneratedPair> generate_pair(SessionView session, const KeySpec& spec, const Bytes& cka_id,
                                    const MechanismSet& token, KeygenMemory& memory) {
    SEALWRIGHT_TRY(const CK_MECHANISM_TYPE type, generation_mechanism(spec.type));
    if (!token.contains(type))
        return fail(ErrorCode::unsupported, "the token does not make keys of this type",
                    mechanism_name(type) + " is not in its list");
    std::optional<Bytes> curve;
    if (!is_rsa(spec) && !parameter_set(spec.type)) {
        SEALWRIGHT_TRY(curve, curve_parameters(spec.type));
    }
    PairTemplates templates;
    SEALWRIGHT_TRY(templates.of_public, public_template(spec, cka_id, curve));
    templates.of_private = private_template(spec, cka_id, token);
    if (type == CKM_EC_EDWARDS_KEY_PAIR_GEN) {
        SEALWRIGHT_TRY(templates.other_public, public_template(spec, cka_id, edwards_curve_name(spec.type)));
    }
    return make_key_pair(session, type, templates, cka_id, memory);
}

}  // namespace sealwright::hsm::pkcs11
