// The wrapping key: finding it, what it has to be, and the AES key that the SO makes (token.hpp: create_wrapping_key).
#include "hsm/pkcs11/wrapping_key.hpp"

#include <algorithm>
#include <array>

#include "crypto/random.hpp"
#include "hsm/pkcs11/keygen.hpp"
#include "hsm/pkcs11/login_session.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

constexpr unsigned long kAes256 = 32;
constexpr std::size_t kCkaIdSize = 16;
// What a key has that a wrapping key unwraps, whatever template is given with it.
constexpr std::array<CK_ATTRIBUTE_TYPE, 3> kUnwrapped{CKA_PRIVATE, CKA_SENSITIVE, CKA_WRAP_WITH_TRUSTED};
constexpr std::size_t kMaxNested = 32;
constexpr std::size_t kMaxNestedValue = 256;

AttributeTemplate wrapping_template(const std::string& label, const Bytes& cka_id) {
    AttributeTemplate attributes;
    attributes.flag(CKA_TOKEN, "CKA_TOKEN", true);
    attributes.flag(CKA_PRIVATE, "CKA_PRIVATE", false);  // an SO sees no private objects
    attributes.flag(CKA_SENSITIVE, "CKA_SENSITIVE", true);
    attributes.flag(CKA_EXTRACTABLE, "CKA_EXTRACTABLE", false);
    // SoftHSM takes CKA_TRUSTED from the SO, and only as the key is made.
    attributes.flag(CKA_TRUSTED, "CKA_TRUSTED", true);
    attributes.flag(CKA_WRAP, "CKA_WRAP", true);
    attributes.flag(CKA_UNWRAP, "CKA_UNWRAP", true);
    attributes.flag(CKA_ENCRYPT, "CKA_ENCRYPT", false);
    attributes.flag(CKA_DECRYPT, "CKA_DECRYPT", false);
    attributes.flag(CKA_SIGN, "CKA_SIGN", false);
    attributes.flag(CKA_VERIFY, "CKA_VERIFY", false);
    // The key is no private object: without it anybody unwraps a backup as a key that can be read. Before CKA_LABEL,
    // since SoftHSM 2.6.1 takes a template in its order.
    add_unwrap_template(attributes);
    attributes.number(CKA_VALUE_LEN, "CKA_VALUE_LEN", kAes256);
    attributes.octets(CKA_LABEL, "CKA_LABEL", view_of(label));
    attributes.octets(CKA_ID, "CKA_ID", cka_id);
    attributes.optional_flag(CKA_DERIVE, "CKA_DERIVE", false);
    attributes.optional_flag(CKA_MODIFIABLE, "CKA_MODIFIABLE", false);
    attributes.optional_flag(CKA_COPYABLE, "CKA_COPYABLE", false);
    return attributes;
}

Result<CK_OBJECT_HANDLE> make(SessionView session, AttributeTemplate attributes) {
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    return make_object(std::move(attributes), "C_GenerateKey", "the token did not make the wrapping key",
                       [&](auto* list, auto count, auto* made) {
                           return session.functions->C_GenerateKey(session.handle, &mechanism, list, count, made);
                       });
}

// UnwrapTemplate is a CKA_UNWRAP_TEMPLATE as C_GetAttributeValue gives an array attribute: the length, the elements'
// lengths, the values. Everything that comes back is bounded, and the values are read where we put them.
class UnwrapTemplate {
public:
    UnwrapTemplate(SessionView session, CK_OBJECT_HANDLE key) {
        CK_ATTRIBUTE outer{CKA_UNWRAP_TEMPLATE, nullptr, 0};
        const auto ask = [&] {
            return session.functions->C_GetAttributeValue(session.handle, key, &outer, 1) == CKR_OK;
        };
        if (!ask() || outer.ulValueLen % sizeof(CK_ATTRIBUTE) != 0 ||
            outer.ulValueLen > kMaxNested * sizeof(CK_ATTRIBUTE))
            return;
        const std::size_t count = outer.ulValueLen / sizeof(CK_ATTRIBUTE);
        const CK_ATTRIBUTE whole{CKA_UNWRAP_TEMPLATE, nested_.data(), outer.ulValueLen};
        outer = whole;
        if (count == 0 || !ask()) return;
        for (std::size_t i = 0; i < count; ++i) {
            if (nested_[i].ulValueLen > kMaxNestedValue) return;
            nested_[i].pValue = values_[i].data();
        }
        outer = whole;
        if (ask()) count_ = count;
    }

    // has: the attribute is there, and wherever it is there it has this value.
    bool has(CK_ATTRIBUTE_TYPE type, ByteView value) const {
        bool said = false;
        for (std::size_t i = 0; i < count_; ++i) {
            if (nested_[i].type != type) continue;
            if (nested_[i].ulValueLen > kMaxNestedValue ||
                !equal(ByteView{values_[i]}.first(nested_[i].ulValueLen), value))
                return false;
            said = true;
        }
        return said;
    }
    bool keeps_secret() const {
        constexpr std::array<std::uint8_t, 1> kTrue{CK_TRUE};
        return std::all_of(kUnwrapped.begin(), kUnwrapped.end(),
                           [&](CK_ATTRIBUTE_TYPE type) { return has(type, kTrue); });
    }
    bool takes_private_keys_alone() const {
        const CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
        return has(CKA_CLASS, {reinterpret_cast<const std::uint8_t*>(&object_class), sizeof(object_class)});
    }

private:
    std::array<CK_ATTRIBUTE, kMaxNested> nested_{};
    std::array<std::array<std::uint8_t, kMaxNestedValue>, kMaxNested> values_{};
    std::size_t count_ = 0;
};

struct Demand {
    CK_ATTRIBUTE_TYPE type;
    std::string_view name;
    bool value;
};

std::string first_unmet(SessionView session, CK_OBJECT_HANDLE key, std::span<const Demand> demands) {
    for (const Demand& demand : demands) {
        if (boolean_of(read_attribute(session, key, demand.type)) != demand.value)
            return std::string{demand.name} + " is not " + (demand.value ? "true" : "false");
    }
    return {};
}

// loosened: what a token need not know, but must not say: by these the user makes a key of it that decrypts.
std::string loosened(SessionView session, CK_OBJECT_HANDLE key) {
    constexpr std::array kForbidden{
        Demand{CKA_MODIFIABLE, "CKA_MODIFIABLE", true},
        Demand{CKA_COPYABLE, "CKA_COPYABLE", true},
        Demand{CKA_DERIVE, "CKA_DERIVE", true},
        Demand{CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER", true},
    };
    for (const Demand& demand : kForbidden) {
        if (boolean_of(read_attribute(session, key, demand.type)) == demand.value)
            return std::string{demand.name} + " is true";
    }
    return {};
}

constexpr std::string_view kTemplateFault =
    "CKA_UNWRAP_TEMPLATE does not have CKA_PRIVATE, CKA_SENSITIVE and CKA_WRAP_WITH_TRUSTED true";

bool unwraps_by_rsa_aes_alone(SessionView session, CK_OBJECT_HANDLE key) {
    const CK_MECHANISM_TYPE only = CKM_RSA_AES_KEY_WRAP;
    const auto allowed = read_attribute(session, key, CKA_ALLOWED_MECHANISMS);
    return allowed.value && equal(*allowed.value, {reinterpret_cast<const std::uint8_t*>(&only), sizeof(only)});
}

WrappingKey read_aes(SessionView session, CK_OBJECT_HANDLE object, const std::string& label) {
    const auto octets = [&](CK_ATTRIBUTE_TYPE type) {
        return read_attribute(session, object, type).value.value_or(Bytes{});
    };
    return {label, octets(CKA_ID), octets(CKA_CHECK_VALUE),
            boolean_of(read_attribute(session, object, CKA_TRUSTED)).value_or(false), wrapping_fault(session, object)};
}

// rsa_fault: the public half has little to say, since whoever has it can wrap without the token.
std::string rsa_fault(SessionView session, CK_OBJECT_HANDLE public_half, CK_OBJECT_HANDLE private_half,
                      const crypto::PublicKey& key) {
    if (key.bits() < kLeastRsaWrappingBits)
        return "an RSA key of " + std::to_string(key.bits()) + " bits; 3072 are the least";
    if (boolean_of(read_attribute(session, public_half, CKA_WRAP)) != true) return "CKA_WRAP is not true";
    return unwrapping_fault(session, private_half);
}

Result<FoundWrappingKey> read_rsa(SessionView session, CK_OBJECT_HANDLE public_half, CK_OBJECT_HANDLE private_half,
                                  const std::string& label) {
    SEALWRIGHT_TRY(auto key, read_public_key(session, public_half));
    SEALWRIGHT_TRY(const auto other, read_public_key(session, private_half));
    if (key.type() != crypto::KeyType::rsa)
        return fail(ErrorCode::not_found, "the key '" + label + "' is no wrapping key, neither AES nor RSA");
    if (key.id() != other.id())
        return fail(ErrorCode::conflict, "the two halves with the label '" + label + "' are of two keys");
    FoundWrappingKey found{WrappingKind::rsa, {}, {}};
    found.key = {label,
                 read_attribute(session, private_half, CKA_ID).value.value_or(Bytes{}),
                 bytes_of(key.id().view()),
                 boolean_of(read_attribute(session, public_half, CKA_TRUSTED)).value_or(false),
                 rsa_fault(session, public_half, private_half, key),
                 key};
    found.halves = {public_half, private_half, found.key.trusted, key.bits() / 8};
    return found;
}

// checked reads back what was made: a module that ignores a template makes a key that carries others out in plain.
Result<WrappingKey> checked(SessionView session, CK_OBJECT_HANDLE key, const std::string& label, const Bytes& cka_id) {
    const std::string fault = wrapping_fault(session, key);
    if (!fault.empty()) {
        const CK_RV rv = session.functions->C_DestroyObject(session.handle, key);
        return fail(ErrorCode::token,
                    "the token did not make the wrapping key as it was told; the key was " +
                        std::string{rv == CKR_OK ? "destroyed" : "not destroyed"},
                    fault);
    }
    return WrappingKey{label, cka_id, read_attribute(session, key, CKA_CHECK_VALUE).value.value_or(Bytes{}), true, {}};
}

}  // namespace

void add_unwrap_template(AttributeTemplate& attributes) {
    static CK_BBOOL yes = CK_TRUE;
    static CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
    static const std::array elements{
        CK_ATTRIBUTE{CKA_CLASS, &object_class, sizeof(object_class)}, CK_ATTRIBUTE{CKA_PRIVATE, &yes, sizeof(yes)},
        CK_ATTRIBUTE{CKA_SENSITIVE, &yes, sizeof(yes)}, CK_ATTRIBUTE{CKA_WRAP_WITH_TRUSTED, &yes, sizeof(yes)}};
    attributes.nested(CKA_UNWRAP_TEMPLATE, "CKA_UNWRAP_TEMPLATE", elements);
}

std::string wrapping_fault(SessionView session, CK_OBJECT_HANDLE key) {
    constexpr std::array kDemands{
        Demand{CKA_TRUSTED, "CKA_TRUSTED", true},
        Demand{CKA_SENSITIVE, "CKA_SENSITIVE", true},
        Demand{CKA_EXTRACTABLE, "CKA_EXTRACTABLE", false},
        Demand{CKA_DECRYPT, "CKA_DECRYPT", false},
        Demand{CKA_WRAP, "CKA_WRAP", true},
        Demand{CKA_UNWRAP, "CKA_UNWRAP", true},
    };
    if (auto unmet = first_unmet(session, key, kDemands); !unmet.empty()) return unmet;
    if (!UnwrapTemplate{session, key}.keeps_secret()) return std::string{kTemplateFault};
    return loosened(session, key);
}

std::string unwrapping_fault(SessionView session, CK_OBJECT_HANDLE private_half) {
    constexpr std::array kDemands{
        Demand{CKA_PRIVATE, "CKA_PRIVATE", true},
        Demand{CKA_SENSITIVE, "CKA_SENSITIVE", true},
        Demand{CKA_EXTRACTABLE, "CKA_EXTRACTABLE", false},
        Demand{CKA_DECRYPT, "CKA_DECRYPT", false},
        Demand{CKA_SIGN, "CKA_SIGN", false},
        Demand{CKA_UNWRAP, "CKA_UNWRAP", true},
    };
    if (auto unmet = first_unmet(session, private_half, kDemands); !unmet.empty()) return unmet;
    const UnwrapTemplate unwrapped{session, private_half};
    if (!unwrapped.keeps_secret()) return std::string{kTemplateFault};
    if (!unwrapped.takes_private_keys_alone() && !unwraps_by_rsa_aes_alone(session, private_half)) {
        return "neither CKA_UNWRAP_TEMPLATE has CKA_CLASS nor CKA_ALLOWED_MECHANISMS RSA-AES alone: it also unwraps "
               "the AES key by which a backup is wrapped";
    }
    return loosened(session, private_half);
}

Result<FoundWrappingKey> wrapping_key_of(SessionView session, const std::string& label, CK_RV* rv) {
    const std::array criteria{Criterion{CKA_LABEL, view_of(label)}};
    SEALWRIGHT_TRY(const auto secret, find_objects(session, CKO_SECRET_KEY, criteria, rv));
    SEALWRIGHT_TRY(const auto publics, find_objects(session, CKO_PUBLIC_KEY, criteria, rv));
    SEALWRIGHT_TRY(const auto privates, find_objects(session, CKO_PRIVATE_KEY, criteria, rv));
    const std::size_t pairs = std::max(publics.size(), privates.size());
    if (secret.size() + pairs == 0) return fail(ErrorCode::not_found, "the token has no wrapping key '" + label + "'");
    if (secret.size() + pairs > 1)
        return fail(ErrorCode::conflict,
                    "the token has " + std::to_string(secret.size() + pairs) + " keys '" + label + "'");
    if (pairs == 0) {
        return FoundWrappingKey{
            WrappingKind::aes, {secret.front(), secret.front(), true, 0}, read_aes(session, secret.front(), label)};
    }
    if (publics.empty() || privates.empty()) {
        return fail(ErrorCode::not_found, "the token has only the " +
                                              std::string{publics.empty() ? "private" : "public"} +
                                              " half of the wrapping key '" + label + "'");
    }
    return read_rsa(session, publics.front(), privates.front(), label);
}

Result<void> check_wrapping_key(const WrappingKey& key) {
    if (!key.trusted)
        return fail(ErrorCode::denied,
                    "the wrapping key '" + key.label + "' is not one that the token's SO has marked as trusted",
                    "CKA_TRUSTED is not true");
    if (!key.fault.empty())
        return fail(ErrorCode::denied,
                    "the wrapping key '" + key.label + "' does not keep what it wraps secret; make another one",
                    key.fault);
    return success();
}

Result<WrappingKey> create_wrapping_key(const std::shared_ptr<Module>& module, const TokenSelector& selector,
                                        const Secret& so_pin, const std::string& label) {
    if (!module) return fail(ErrorCode::internal, "no PKCS#11 module");
    if (label.empty() || label.size() > 255) return fail(ErrorCode::config, "a key's label has 1 to 255 octets");
    SEALWRIGHT_TRY(const auto info, select_token(*module, selector));
    auto& inside = loaded(*module);
    SEALWRIGHT_TRY(const auto mechanisms, mechanism_set(inside.functions(), info.slot_id));
    if (!mechanisms.contains(CKM_AES_KEY_GEN) || WrapMethod::all(WrappingKind::aes, mechanisms).empty()) {
        return fail(ErrorCode::unsupported,
                    "the token has no AES keys that wrap others" +
                        std::string{WrapMethod::all(WrappingKind::rsa, mechanisms).empty() ? "" : "; it has RSA keys"});
    }
    SEALWRIGHT_TRY(const auto claim, Claim::take(inside, info));
    SEALWRIGHT_TRY(const auto session, LoginSession::open(inside.functions(), info, CKU_SO, so_pin));
    const std::array criteria{Criterion{CKA_LABEL, view_of(label)}};
    SEALWRIGHT_TRY(const auto found, find_objects(session->view(), CKO_SECRET_KEY, criteria));
    if (!found.empty())
        return fail(ErrorCode::already_exists, "the token already holds a secret key with the label " + label);
    Bytes cka_id(kCkaIdSize);
    crypto::SystemRandom random;
    random.fill(cka_id);
    SEALWRIGHT_TRY(const auto key, make(session->view(), wrapping_template(label, cka_id)));
    return checked(session->view(), key, label, cka_id);
}

}  // namespace sealwright::hsm::pkcs11
