// The RSA wrapping key (token.hpp: create_rsa_wrapping_key).
#include <array>

#include "crypto/random.hpp"
#include "hsm/pkcs11/keygen.hpp"
#include "hsm/pkcs11/login_session.hpp"
#include "hsm/pkcs11/wrapping_key.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

constexpr std::size_t kCkaIdSize = 16;
constexpr std::array<CK_OBJECT_CLASS, 3> kEveryKey{CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_SECRET_KEY};

// Wanted is the pair that is to be.
struct Wanted {
    std::string label;
    Bytes cka_id;
    unsigned bits;
};

// public_base is what every public half that wraps is, generated or made from its value.
AttributeTemplate public_base(const Wanted& wanted) {
    AttributeTemplate attributes;
    attributes.flag(CKA_TOKEN, "CKA_TOKEN", true);
    attributes.flag(CKA_PRIVATE, "CKA_PRIVATE", false);  // an SO sees no private objects
    attributes.flag(CKA_WRAP, "CKA_WRAP", true);
    attributes.flag(CKA_ENCRYPT, "CKA_ENCRYPT", false);
    attributes.flag(CKA_VERIFY, "CKA_VERIFY", false);
    attributes.octets(CKA_LABEL, "CKA_LABEL", view_of(wanted.label));
    attributes.octets(CKA_ID, "CKA_ID", wanted.cka_id);
    return attributes;
}

PairTemplates templates_of(const Wanted& wanted) {
    constexpr std::array<std::uint8_t, 3> kF4{1, 0, 1};
    PairTemplates templates{public_base(wanted), {}, std::nullopt};
    templates.of_public.number(CKA_MODULUS_BITS, "CKA_MODULUS_BITS", wanted.bits);
    templates.of_public.octets(CKA_PUBLIC_EXPONENT, "CKA_PUBLIC_EXPONENT", kF4);
    templates.of_public.optional_flag(CKA_VERIFY_RECOVER, "CKA_VERIFY_RECOVER", false);
    AttributeTemplate& attributes = templates.of_private;
    attributes.flag(CKA_TOKEN, "CKA_TOKEN", true);
    attributes.flag(CKA_PRIVATE, "CKA_PRIVATE", true);
    attributes.flag(CKA_SENSITIVE, "CKA_SENSITIVE", true);
    attributes.flag(CKA_EXTRACTABLE, "CKA_EXTRACTABLE", false);
    attributes.flag(CKA_UNWRAP, "CKA_UNWRAP", true);
    attributes.flag(CKA_DECRYPT, "CKA_DECRYPT", false);
    attributes.flag(CKA_SIGN, "CKA_SIGN", false);
    add_unwrap_template(attributes);
    attributes.octets(CKA_LABEL, "CKA_LABEL", view_of(wanted.label));
    attributes.octets(CKA_ID, "CKA_ID", wanted.cka_id);
    attributes.optional_flag(CKA_DERIVE, "CKA_DERIVE", false);
    attributes.optional_flag(CKA_MODIFIABLE, "CKA_MODIFIABLE", false);
    attributes.optional_flag(CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER", false);
    attributes.optional_flag(CKA_COPYABLE, "CKA_COPYABLE", false);
    attributes.optional_numbers(CKA_ALLOWED_MECHANISMS, "CKA_ALLOWED_MECHANISMS",
                                std::vector<unsigned long>{CKM_RSA_AES_KEY_WRAP});
    return templates;
}

Result<CK_OBJECT_HANDLE> the_one(SessionView session, CK_OBJECT_CLASS object_class, const Bytes& cka_id) {
    const std::array criteria{Criterion{CKA_ID, cka_id}};
    SEALWRIGHT_TRY(const auto found, find_objects(session, object_class, criteria));
    if (found.size() == 1) return found.front();
    return fail(ErrorCode::token, "the token does not show one new wrapping key",
                std::to_string(found.size()) + " objects with CKA_ID " + to_hex(cka_id));
}

// keeps_secret tries what the token does with what the private half unwraps; one way to wrap has to work.
Result<void> keeps_secret(SessionView session, const TrialKeys& halves, const MechanismSet& token) {
    CK_RV rv = CKR_MECHANISM_INVALID;
    for (const WrapMethod& method : WrapMethod::all(WrappingKind::rsa, token)) {
        const Trial trial = try_to_read(session, method, halves, token);
        if (!trial.fault.empty()) {
            return fail(ErrorCode::denied,
                        "the token does not keep secret what an RSA wrapping key unwraps: whoever has it, its PIN and "
                        "a backup could read the key",
                        trial.fault);
        }
        if (trial.wrapped == CKR_OK) return success();
        rv = trial.wrapped;
        if (!takes_another(rv)) break;
    }
    return ckr_error("C_WrapKey", rv, "the token does not wrap by RSA-AES, though it is in its list");
}

// destroy takes both halves out, where they are.
void destroy(SessionView session, const Bytes& cka_id) {
    const std::array criteria{Criterion{CKA_ID, cka_id}};
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
        const auto found = find_objects(session, object_class, criteria);
        if (!found) continue;
        for (const CK_OBJECT_HANDLE half : found.value()) session.functions->C_DestroyObject(session.handle, half);
    }
}

// made_by_user gives the public value of a pair that was made and tried in the user's session.
Result<crypto::PublicKey> made_by_user(SessionView session, const Wanted& wanted, const MechanismSet& token) {
    SEALWRIGHT_TRY(label_is_free(session, wanted.label, kEveryKey));
    KeygenMemory memory;
    SEALWRIGHT_TRY(const auto pair,
                   make_key_pair(session, CKM_RSA_PKCS_KEY_PAIR_GEN, templates_of(wanted), wanted.cka_id, memory));
    SEALWRIGHT_TRY(const auto key, read_public_key(session, pair.public_key));
    if (key.type() != crypto::KeyType::rsa || key.bits() != wanted.bits)
        return fail(ErrorCode::token, "the token made a key of another type or size than it was asked for");
    if (const std::string fault = unwrapping_fault(session, pair.private_key); !fault.empty())
        return fail(ErrorCode::token, "the token did not make the wrapping key as it was told", fault);
    SEALWRIGHT_TRY(keeps_secret(session, {pair.public_key, pair.private_key, false, key.bits() / 8}, token));
    return key;
}

// made_again makes the public half as a trusted one, for tokens that take CKA_TRUSTED as an object is made and not
// later (SoftHSM 2.6.1 and 2.7), and takes the first one out.
Result<void> made_again(SessionView session, CK_OBJECT_HANDLE first, const Wanted& wanted,
                        const crypto::PublicKey& key) {
    AttributeTemplate attributes = public_base(wanted);
    attributes.number(CKA_CLASS, "CKA_CLASS", CKO_PUBLIC_KEY);
    attributes.number(CKA_KEY_TYPE, "CKA_KEY_TYPE", CKK_RSA);
    attributes.flag(CKA_TRUSTED, "CKA_TRUSTED", true);
    attributes.octets(CKA_MODULUS, "CKA_MODULUS", key.rsa_modulus());
    attributes.octets(CKA_PUBLIC_EXPONENT, "CKA_PUBLIC_EXPONENT", key.rsa_exponent());
    attributes.optional_flag(CKA_MODIFIABLE, "CKA_MODIFIABLE", false);
    SEALWRIGHT_TRY(create_object(session, attributes, "the token does not let its SO mark a public key as trusted"));
    const CK_RV rv = session.functions->C_DestroyObject(session.handle, first);
    if (rv == CKR_OK) return success();
    return ckr_error("C_DestroyObject", rv, "the public half that is not trusted stays beside the other");
}

// trusted_by_so marks the public half, which has to be the one that the user's session made.
Result<void> trusted_by_so(SessionView session, const Wanted& wanted, const crypto::PublicKey& key) {
    SEALWRIGHT_TRY(const auto public_half, the_one(session, CKO_PUBLIC_KEY, wanted.cka_id));
    SEALWRIGHT_TRY(const auto found, read_public_key(session, public_half));
    if (found.id() != key.id())
        return fail(ErrorCode::conflict, "the public half is another one than was made a moment ago");
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE mark{CKA_TRUSTED, &yes, sizeof(yes)};
    if (session.functions->C_SetAttributeValue(session.handle, public_half, &mark, 1) != CKR_OK) {
        SEALWRIGHT_TRY(made_again(session, public_half, wanted, key));
    }
    SEALWRIGHT_TRY(const auto marked, the_one(session, CKO_PUBLIC_KEY, wanted.cka_id));
    SEALWRIGHT_TRY(const auto again, read_public_key(session, marked));
    if (again.id() != key.id() || boolean_of(read_attribute(session, marked, CKA_TRUSTED)) != true)
        return fail(ErrorCode::token, "the token does not mark the public half as trusted", "CKA_TRUSTED is not true");
    return success();
}

}  // namespace

Result<WrappingKey> create_rsa_wrapping_key(const std::shared_ptr<Module>& module, const TokenSelector& selector,
                                            const RsaWrappingPins& pins, const std::string& label, unsigned bits) {
    if (!module) return fail(ErrorCode::internal, "no PKCS#11 module");
    if (label.empty() || label.size() > 255) return fail(ErrorCode::config, "a key's label has 1 to 255 octets");
    if (bits != 3072 && bits != 4096) return fail(ErrorCode::config, "RSA wrapping keys have 3072 or 4096 bits");
    SEALWRIGHT_TRY(const auto info, select_token(*module, selector));
    auto& inside = loaded(*module);
    const auto& functions = inside.functions();
    SEALWRIGHT_TRY(const auto mechanisms, mechanism_set(functions, info.slot_id));
    if (!mechanisms.contains(CKM_RSA_PKCS_KEY_PAIR_GEN) || WrapMethod::all(WrappingKind::rsa, mechanisms).empty())
        return fail(ErrorCode::unsupported, "the token has no RSA keys that wrap others",
                    "CKM_RSA_AES_KEY_WRAP or CKM_RSA_PKCS_KEY_PAIR_GEN is not in its list");
    SEALWRIGHT_TRY(const auto claim, Claim::take(inside, info));
    Wanted wanted{label, Bytes(kCkaIdSize), bits};
    crypto::SystemRandom random;
    random.fill(wanted.cka_id);
    const auto open = [&](CK_USER_TYPE user) {
        return LoginSession::open(functions, info, user, user == CKU_SO ? pins.so : pins.user);
    };
    // The SO's PIN first: a pair that nobody can mark is not made.
    {
        SEALWRIGHT_TRY(const auto so, open(CKU_SO));
        SEALWRIGHT_TRY(label_is_free(so->view(), label, kEveryKey));
    }
    std::optional<crypto::PublicKey> key;
    {
        SEALWRIGHT_TRY(const auto user, open(CKU_USER));
        auto made = made_by_user(user->view(), wanted, mechanisms);
        if (!made) {
            destroy(user->view(), wanted.cka_id);
            return made.error();
        }
        key = std::move(made).value();
    }
    auto marked = [&]() -> Result<void> {
        SEALWRIGHT_TRY(const auto so, open(CKU_SO));
        return trusted_by_so(so->view(), wanted, *key);
    }();
    SEALWRIGHT_TRY(const auto user, open(CKU_USER));
    if (marked) {
        auto found = wrapping_key_of(user->view(), label);
        if (found) marked = check_wrapping_key(found.value().key);
        if (found && marked) return std::move(found).value().key;
        if (!found) marked = found.error();
    }
    destroy(user->view(), wanted.cka_id);
    return marked.error();
}

}  // namespace sealwright::hsm::pkcs11
