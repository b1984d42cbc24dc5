// Whether templates are obeyed or merely kept, what a minimal one gives, and whether a protected key can be loosened.
#include <array>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/pkcs11/evidence.hpp"
#include "hsm/token_judge/probe.hpp"

namespace sealwright::hsm::token_judge {
namespace {

using pkcs11::ckr_name;

std::string text_of_flag(std::optional<bool> value) { return !value ? "absent" : *value ? "true" : "false"; }

void house_template(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    const CK_OBJECT_HANDLE object = key.value().pair.private_key;
    const auto sensitive = probe.flag(object, CKA_SENSITIVE), extractable = probe.flag(object, CKA_EXTRACTABLE);
    const bool protects = sensitive == true && extractable == false;
    probe.report().check(
        "template.sensitive", protects,
        protects ? "" : "SENSITIVE reads " + text_of_flag(sensitive) + ", EXTRACTABLE " + text_of_flag(extractable));
    std::string usage;
    for (const auto& [type, name] :
         {std::pair{CKA_DECRYPT, "DECRYPT"}, std::pair{CKA_UNWRAP, "UNWRAP"}, std::pair{CKA_DERIVE, "DERIVE"}}) {
        const bool set = key.value().could_set(std::string{"CKA_"} + name);
        if (probe.flag(object, type) == true)
            usage += std::string{usage.empty() ? "" : ", "} + name +
                     (set ? " reads true" : " is true, and cannot be set to false");
    }
    probe.report().check("template.usage", usage.empty(), usage);
    std::string dropped;
    for (const auto& name : key.value().dropped_attributes) dropped += (dropped.empty() ? "left out: " : ", ") + name;
    probe.report().check("template.complete", dropped.empty(), dropped);

    KeyEvidence evidence;
    evidence.items = pkcs11::read_evidence_items(probe.main(), object, key.value().pair.public_key);
    const auto findings = judge_evidence(evidence, kNonExtractable);
    std::string broken;
    for (const auto& finding : findings ? findings.value() : x509::Findings{}) {
        if (finding.severity == x509::Severity::error) broken += (broken.empty() ? "" : "; ") + finding.detail;
    }
    probe.report().check("template.evidence", findings && broken.empty(), broken);
    probe.destroy(key.value().pair);
}

// unless_set tells that a rule about an attribute cannot be tried, where the token did not take it in the template.
bool unless_set(Probe& probe, const SigningKey& key, std::string_view attribute, std::string_view rule) {
    if (key.could_set(attribute)) return false;
    probe.report().finding(rule, Outcome::not_applicable,
                           "the token does not take " + std::string{attribute} + " in a template");
    probe.destroy(key.pair);
    return true;
}

// A pair of another template than the house's: RSA or P-256, whichever there is.
struct Recipe {
    unsigned long mechanism;
    bool is_rsa;
};

std::optional<Recipe> recipe(const Probe& probe, bool prefer_rsa) {
    const bool rsa = probe.offers(CKM_RSA_PKCS_KEY_PAIR_GEN), ec = probe.offers(CKM_EC_KEY_PAIR_GEN);
    if (rsa && (prefer_rsa || !ec)) return Recipe{CKM_RSA_PKCS_KEY_PAIR_GEN, true};
    if (ec) return Recipe{CKM_EC_KEY_PAIR_GEN, false};
    return std::nullopt;
}

void add_kind(Attributes& of_public, const Recipe& recipe) {
    constexpr std::array<std::uint8_t, 3> kExponent{1, 0, 1};
    constexpr std::array<std::uint8_t, 10> kP256{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    if (recipe.is_rsa) {
        of_public.number(CKA_MODULUS_BITS, 2048).octets(CKA_PUBLIC_EXPONENT, kExponent);
    } else {
        of_public.octets(CKA_EC_PARAMS, kP256);
    }
}

// make gives a pair whose private half has these attributes besides label and id.
CK_RV make(Probe& probe, const Recipe& recipe, const std::function<void(Attributes&)>& of_private_half, KeyPair& pair) {
    pair.id = probe.fresh_id();
    Attributes of_public = probe.base(pair.id), of_private = probe.base(pair.id);
    add_kind(of_public, recipe);
    of_private_half(of_private);
    return probe.generate(probe.main(), recipe.mechanism, of_public, of_private, pair);
}

CK_MECHANISM signing_mechanism(const Recipe& recipe) { return {recipe.is_rsa ? CKM_RSA_PKCS : CKM_ECDSA, nullptr, 0}; }

Attributes& protect(Attributes& attributes) {
    return attributes.flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false);
}

// A key that may not sign must not begin to.
void sign_refused(Probe& probe) {
    const auto kind = recipe(probe, true);
    KeyPair pair;
    if (!kind) return;
    const CK_RV made = make(
        probe, *kind,
        [&](Attributes& a) {
            protect(a).flag(CKA_SIGN, false).flag(CKA_DECRYPT, kind->is_rsa).flag(CKA_DERIVE, !kind->is_rsa);
        },
        pair);
    if (made != CKR_OK)
        return probe.report().finding("template.usage-enforced", Outcome::not_tested,
                                      "a key that may not sign is not made: " + ckr_name(made));
    Bytes raw;
    const CK_RV rv = probe.raw_sign(probe.main(), signing_mechanism(*kind), pair.private_key, Bytes(32, 1), raw);
    probe.report().check("template.usage-enforced", rv != CKR_OK, rv != CKR_OK ? "" : "a key with SIGN=false signs");
    probe.destroy(pair);
}

void decrypt_refused(Probe& probe) {
    if (!probe.offers(CKM_RSA_PKCS) || !probe.offers(CKM_RSA_PKCS_KEY_PAIR_GEN)) return;
    auto key = probe.house_key(probe.main(), KeyType::rsa, 2048, {});
    if (!key) return;
    if (unless_set(probe, key.value(), "CKA_DECRYPT", "template.usage-enforced")) return;
    CK_MECHANISM mechanism{CKM_RSA_PKCS, nullptr, 0};
    const CK_RV rv = probe.f().C_DecryptInit(probe.session(), &mechanism, key.value().pair.private_key);
    probe.report().check("template.usage-enforced", rv != CKR_OK,
                         rv != CKR_OK ? "" : "a key with DECRYPT=false begins to decrypt");
    probe.destroy(key.value().pair);
    if (rv == CKR_OK) (void)probe.start_again();
}

void derive_refused(Probe& probe) {
    if (!probe.offers(CKM_ECDH1_DERIVE) || !probe.offers(CKM_EC_KEY_PAIR_GEN)) return;
    auto key = probe.house_key(probe.main(), KeyType::ec_p256, 0, {});
    if (!key) return;
    if (unless_set(probe, key.value(), "CKA_DERIVE", "template.usage-enforced")) return;
    const ByteView peer = key.value().public_key.public_bits();
    CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, length(peer), writable(peer)};
    CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
    Attributes attributes;
    attributes.number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .flag(CKA_TOKEN, false)
        .number(CKA_VALUE_LEN, 32);
    CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
    const CK_RV rv = probe.f().C_DeriveKey(probe.session(), &mechanism, key.value().pair.private_key, attributes.data(),
                                           attributes.size(), &derived);
    probe.report().check("template.usage-enforced", rv != CKR_OK,
                         rv != CKR_OK ? "" : "a key with DERIVE=false derives");
    if (rv == CKR_OK) probe.f().C_DestroyObject(probe.session(), derived);
    probe.destroy(key.value().pair);
}

void defaults(Probe& probe) {
    const auto kind = recipe(probe, false);
    KeyPair pair;
    if (!kind) return;
    const CK_RV made = make(
        probe, *kind, [](Attributes&) {}, pair);
    if (made != CKR_OK)
        return probe.report().finding("template.defaults-safe", Outcome::not_applicable,
                                      "a minimal template is refused: " + ckr_name(made));
    struct Expected {
        unsigned long type;
        const char* name;
        bool safe;
    };
    std::string surprises;
    for (const Expected& row :
         {Expected{CKA_PRIVATE, "PRIVATE", true}, Expected{CKA_SENSITIVE, "SENSITIVE", true},
          Expected{CKA_EXTRACTABLE, "EXTRACTABLE", false}, Expected{CKA_DECRYPT, "DECRYPT", false},
          Expected{CKA_UNWRAP, "UNWRAP", false}, Expected{CKA_DERIVE, "DERIVE", false},
          Expected{CKA_SIGN_RECOVER, "SIGN_RECOVER", false}}) {
        const auto value = probe.flag(pair.private_key, row.type);
        if (value && *value != row.safe)
            surprises += std::string{surprises.empty() ? "" : ", "} + row.name + '=' + (*value ? "true" : "false");
    }
    probe.report().check("template.defaults-safe", surprises.empty(),
                         surprises.empty() ? "" : "a minimal template gives " + surprises);
    probe.destroy(pair);
}

// The house's template allows the mechanisms of one algorithm; another of the same key must be refused.
void allowed_mechanisms(Probe& probe) {
    const crypto::SignatureAlgorithm allowed{crypto::SignatureScheme::rsa_pkcs1, crypto::DigestAlgorithm::sha256};
    const bool rsa = probe.offers(CKM_RSA_PKCS_KEY_PAIR_GEN) && probe.offers(CKM_SHA512_RSA_PKCS);
    auto key = rsa ? probe.house_key(probe.main(), KeyType::rsa, 2048, {allowed}) : probe.usual_key();
    if (!key) return;
    const auto reading = pkcs11::read_attribute(probe.main(), key.value().pair.private_key, CKA_ALLOWED_MECHANISMS);
    const bool kept = reading.value && !reading.value->empty();
    probe.report().check("template.allowed-mechanisms-stored", kept,
                         kept            ? ""
                         : reading.value ? "empty"
                                         : ckr_name(reading.rv));
    if (unless_set(probe, key.value(), "CKA_ALLOWED_MECHANISMS", "template.allowed-mechanisms-enforced")) return;
    if (!rsa) {
        probe.report().finding("template.allowed-mechanisms-enforced", Outcome::not_applicable,
                               "one mechanism is all that the key has");
    } else {
        Bytes raw;
        const CK_RV rv = probe.raw_sign(probe.main(), {CKM_SHA512_RSA_PKCS, nullptr, 0}, key.value().pair.private_key,
                                        Bytes(32, 1), raw);
        probe.report().check("template.allowed-mechanisms-enforced", rv != CKR_OK,
                             rv != CKR_OK ? "" : "CKM_SHA512_RSA_PKCS signs with a key that allows SHA-256 alone");
    }
    probe.destroy(key.value().pair);
}

void modifiable(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    if (unless_set(probe, key.value(), "CKA_MODIFIABLE", "template.modifiable-enforced")) return;
    Attributes change;
    const Bytes other = probe.fresh_id();
    change.octets(CKA_ID, other);
    const CK_RV rv =
        probe.f().C_SetAttributeValue(probe.session(), key.value().pair.private_key, change.data(), change.size());
    const auto now = pkcs11::read_attribute(probe.main(), key.value().pair.private_key, CKA_ID);
    const bool changed = now.value && equal(*now.value, other);
    probe.report().check("template.modifiable-enforced", !changed,
                         changed ? "CKA_ID was changed; C_SetAttributeValue answered " + ckr_name(rv) : "");
    probe.destroy(key.value().pair);
}

// copied gives a copy of a key with one attribute changed, if the token makes it.
CK_OBJECT_HANDLE copied(Probe& probe, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, bool value) {
    Attributes change = probe.base(probe.fresh_id());
    change.flag(type, value);
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
    const CK_RV rv = probe.f().C_CopyObject(probe.session(), key, change.data(), change.size(), &copy);
    return rv == CKR_OK ? copy : CK_INVALID_HANDLE;
}

void copyable(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    if (unless_set(probe, key.value(), "CKA_COPYABLE", "template.copyable-enforced")) return;
    const CK_OBJECT_HANDLE copy = copied(probe, key.value().pair.private_key, CKA_TOKEN, true);
    probe.report().check("template.copyable-enforced", copy == CK_INVALID_HANDLE,
                         copy == CK_INVALID_HANDLE ? "" : "a key with COPYABLE=false was copied");
    probe.destroy(copy);
    probe.destroy(key.value().pair);
}

// Loosening is tried on keys that may be modified and copied: the protection must not hang on those attributes.
template <class Try>
void with_protected_key(Probe& probe, std::string_view rule, Try&& attempt) {
    const auto kind = recipe(probe, false);
    KeyPair pair;
    if (!kind) return;
    const CK_RV made = make(
        probe, *kind, [](Attributes& a) { protect(a).flag(CKA_SIGN, true); }, pair);
    if (made != CKR_OK) {
        auto key = probe.usual_key();
        if (!key) return probe.report().finding(rule, Outcome::not_tested, "no key to try it on: " + ckr_name(made));
        pair = key.value().pair;
    }
    attempt(pair);
    probe.destroy(pair);
}

void set_loosens(Probe& probe, std::string_view rule, CK_ATTRIBUTE_TYPE type, bool loose) {
    with_protected_key(probe, rule, [&](const KeyPair& pair) {
        Attributes change;
        change.flag(type, loose);
        const CK_RV rv = probe.f().C_SetAttributeValue(probe.session(), pair.private_key, change.data(), change.size());
        const auto now = probe.flag(pair.private_key, type);
        const bool kept = now == !loose;
        probe.report().check(rule, kept,
                             "C_SetAttributeValue answered " + ckr_name(rv) + ", reads " + text_of_flag(now));
    });
}

// Loosened in both ways, does it give anything away?
void loosened_keeps(Probe& probe) {
    with_protected_key(probe, "secret.loosened-keeps", [&](const KeyPair& pair) {
        for (const auto& [type, value] : {std::pair{CKA_EXTRACTABLE, true}, std::pair{CKA_SENSITIVE, false}}) {
            Attributes change;
            change.flag(type, value);
            probe.f().C_SetAttributeValue(probe.session(), pair.private_key, change.data(), change.size());
        }
        std::string given;
        for (const auto& [type, name] :
             {std::pair{CKA_VALUE, "CKA_VALUE"}, std::pair{CKA_PRIVATE_EXPONENT, "CKA_PRIVATE_EXPONENT"},
              std::pair{CKA_PRIME_1, "CKA_PRIME_1"}}) {
            if (gives(probe, pair.private_key, type))
                given += std::string{given.empty() ? "" : ", "} + name + " is given away";
        }
        probe.report().check("secret.loosened-keeps", given.empty(), given);
    });
}

void extractable_stays(Probe& probe) { set_loosens(probe, "secret.extractable-stays-false", CKA_EXTRACTABLE, true); }
void sensitive_stays(Probe& probe) { set_loosens(probe, "secret.sensitive-stays-true", CKA_SENSITIVE, false); }

void copy_keeps(Probe& probe) {
    with_protected_key(probe, "secret.copy-keeps", [&](const KeyPair& pair) {
        std::string loose;
        for (const auto& [type, value, name] :
             {std::tuple{CKA_EXTRACTABLE, true, "EXTRACTABLE=true"},
              std::tuple{CKA_SENSITIVE, false, "SENSITIVE=false"}, std::tuple{CKA_TOKEN, false, "TOKEN=false"}}) {
            const CK_OBJECT_HANDLE copy = copied(probe, pair.private_key, type, value);
            if (copy == CK_INVALID_HANDLE) continue;
            if (probe.flag(copy, CKA_EXTRACTABLE) != false || probe.flag(copy, CKA_SENSITIVE) != true)
                loose += std::string{loose.empty() ? "" : ", "} + "a copy with " + name;
            probe.destroy(copy);
        }
        probe.report().check("secret.copy-keeps", loose.empty(), loose);
    });
}

void not_disclosed(Probe& probe) {
    const auto ask = [&](CK_OBJECT_HANDLE key, std::string_view kind) {
        for (const auto& [type, name] :
             {std::pair{CKA_VALUE, "CKA_VALUE"}, std::pair{CKA_PRIVATE_EXPONENT, "CKA_PRIVATE_EXPONENT"},
              std::pair{CKA_PRIME_1, "CKA_PRIME_1"}, std::pair{CKA_PRIME_2, "CKA_PRIME_2"},
              std::pair{CKA_EXPONENT_1, "CKA_EXPONENT_1"}, std::pair{CKA_EXPONENT_2, "CKA_EXPONENT_2"},
              std::pair{CKA_COEFFICIENT, "CKA_COEFFICIENT"}}) {
            const bool given = gives(probe, key, type);
            probe.report().check("secret.not-disclosed", !given,
                                 given ? std::string{kind} + ": " + name + " is given away" : "");
        }
    };
    for (const KeyType type : {KeyType::ec_p256, KeyType::rsa}) {
        auto key = probe.house_key(probe.main(), type, type == KeyType::rsa ? 2048 : 0, {});
        if (!key) continue;
        ask(key.value().pair.private_key, crypto::key_type_name(type));
        probe.destroy(key.value().pair);
    }
}

// The private key of RFC 6979, A.2.5: known to everybody.
constexpr std::array<std::uint8_t, 32> kKnownScalar{0xC9, 0xAF, 0xA9, 0xD8, 0x45, 0xBA, 0x75, 0x16, 0x6B, 0x5C, 0x21,
                                                    0x57, 0x67, 0xB1, 0xD6, 0x93, 0x4E, 0x50, 0xC3, 0xDB, 0x36, 0xE8,
                                                    0x9B, 0x12, 0x7B, 0x8A, 0x62, 0x2B, 0x12, 0x0F, 0x67, 0x21};

void import_provenance(Probe& probe) {
    Attributes attributes = probe.base(probe.fresh_id());
    asn1::DerWriter curve;
    curve.oid(asn1::oid::kPrime256v1);
    attributes.number(CKA_CLASS, CKO_PRIVATE_KEY)
        .number(CKA_KEY_TYPE, CKK_EC)
        .octets(CKA_EC_PARAMS, curve.view())
        .octets(CKA_VALUE, kKnownScalar);
    protect(attributes).flag(CKA_SIGN, true);
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    const CK_RV rv = probe.f().C_CreateObject(probe.session(), attributes.data(), attributes.size(), &key);
    if (rv != CKR_OK)
        return probe.report().finding("secret.import-provenance", Outcome::not_applicable,
                                      "private keys are not imported: " + ckr_name(rv));
    check_provenance(probe, key, "secret.import-provenance", "an imported key");
    probe.destroy(key);
}

}  // namespace

Group template_group() {
    return {"templates",
            {{"the house's template", false, 2, house_template},
             {"SIGN=false", true, 5, sign_refused},
             {"DECRYPT=false", true, 5, decrypt_refused},
             {"DERIVE=false", true, 2, derive_refused},
             {"defaults", true, 5, defaults},
             {"allowed mechanisms", true, 5, allowed_mechanisms},
             {"MODIFIABLE=false", true, 2, modifiable},
             {"COPYABLE=false", true, 2, copyable}}};
}

Group secret_group() {
    return {"secrets",
            {{"secret attributes", false, 5, not_disclosed},
             {"EXTRACTABLE to true", true, 5, extractable_stays},
             {"SENSITIVE to false", true, 5, sensitive_stays},
             {"loosened key", true, 5, loosened_keeps},
             {"copies", true, 5, copy_keeps},
             {"imported key", true, 1, import_provenance}}};
}

}  // namespace sealwright::hsm::token_judge
