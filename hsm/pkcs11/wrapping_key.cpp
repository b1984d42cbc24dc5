// The wrapping key, which the SO makes (token.hpp: create_wrapping_key).
#include "hsm/pkcs11/wrapping_key.hpp"

#include <algorithm>
#include <array>

#include "crypto/random.hpp"
#include "hsm/pkcs11/attribute_template.hpp"
#include "hsm/pkcs11/token_impl.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

constexpr unsigned long kAes256 = 32;
constexpr std::size_t kCkaIdSize = 16;
// What a key has that this one unwraps, whatever template is given with it.
constexpr std::array<CK_ATTRIBUTE_TYPE, 3> kUnwrapped{CKA_PRIVATE, CKA_SENSITIVE, CKA_WRAP_WITH_TRUSTED};
constexpr std::size_t kMaxNested = 32;
constexpr std::size_t kMaxNestedValue = 256;

// SoSession is a read/write session in which the SO is logged in; it logs out, since one login is the whole process's.
class SoSession {
public:
    static Result<std::unique_ptr<SoSession>> open(const CK_FUNCTION_LIST& functions, const TokenInfo& token,
                                                   const Secret& pin) {
        CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
        CK_RV rv =
            functions.C_OpenSession(token.slot_id, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle);
        if (rv != CKR_OK) return ckr_error("C_OpenSession", rv, "the token gives no session");
        auto session = std::unique_ptr<SoSession>{new SoSession{functions, handle}};
        const ByteView octets = pin.reveal();
        rv = functions.C_Login(handle, CKU_SO, octets.empty() ? nullptr : mutable_octets(octets),
                               static_cast<unsigned long>(octets.size()));
        if (rv != CKR_OK) return ckr_error("C_Login", rv, "the token refused the SO's PIN; it is not tried again");
        session->logged_in_ = true;
        return session;
    }
    ~SoSession() {
        if (logged_in_) functions_.C_Logout(handle_);
        functions_.C_CloseSession(handle_);
    }
    SoSession(const SoSession&) = delete;
    SoSession& operator=(const SoSession&) = delete;
    SessionView view() const noexcept { return {&functions_, handle_}; }

private:
    SoSession(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE handle) : functions_(functions), handle_(handle) {}

    const CK_FUNCTION_LIST& functions_;
    CK_SESSION_HANDLE handle_;
    bool logged_in_ = false;
};

// so_can_try: a locked PIN is not tried, nor the last try spent.
Result<void> so_can_try(const CK_FUNCTION_LIST& functions, CK_SLOT_ID slot) {
    CK_TOKEN_INFO info{};
    const CK_RV rv = functions.C_GetTokenInfo(slot, &info);
    if (rv != CKR_OK) return ckr_error("C_GetTokenInfo", rv, "the token says nothing of itself");
    if ((info.flags & CKF_SO_PIN_LOCKED) != 0) return fail(ErrorCode::denied, "the SO's PIN is locked");
    if ((info.flags & CKF_SO_PIN_FINAL_TRY) != 0)
        return fail(ErrorCode::denied, "the token says that the SO's last try is left; it is not spent here");
    return success();
}

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
    attributes.all_true(CKA_UNWRAP_TEMPLATE, "CKA_UNWRAP_TEMPLATE", kUnwrapped);
    attributes.number(CKA_VALUE_LEN, "CKA_VALUE_LEN", kAes256);
    attributes.octets(CKA_LABEL, "CKA_LABEL", view_of(label));
    attributes.octets(CKA_ID, "CKA_ID", cka_id);
    attributes.optional_flag(CKA_DERIVE, "CKA_DERIVE", false);
    attributes.optional_flag(CKA_MODIFIABLE, "CKA_MODIFIABLE", false);
    attributes.optional_flag(CKA_COPYABLE, "CKA_COPYABLE", false);
    return attributes;
}

Result<CK_OBJECT_HANDLE> make(SessionView session, AttributeTemplate attributes) {
    for (;;) {
        CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
        auto list = attributes.attributes();
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
        const CK_RV rv = session.functions->C_GenerateKey(session.handle, &mechanism, list.data(),
                                                          static_cast<unsigned long>(list.size()), &key);
        if (rv == CKR_OK) return key;
        if (!template_refused(rv) || !attributes.drop_optional())
            return ckr_error("C_GenerateKey", rv, "the token did not make the wrapping key");
    }
}

// unwrap_template_holds reads an array attribute as C_GetAttributeValue has it: the length, the elements' lengths, the
// values. Everything that comes back is bounded, and the values are read where we put them.
bool unwrap_template_holds(SessionView session, CK_OBJECT_HANDLE key) {
    CK_ATTRIBUTE outer{CKA_UNWRAP_TEMPLATE, nullptr, 0};
    const auto ask = [&] { return session.functions->C_GetAttributeValue(session.handle, key, &outer, 1) == CKR_OK; };
    if (!ask() || outer.ulValueLen % sizeof(CK_ATTRIBUTE) != 0 || outer.ulValueLen > kMaxNested * sizeof(CK_ATTRIBUTE))
        return false;
    const std::size_t count = outer.ulValueLen / sizeof(CK_ATTRIBUTE);
    std::array<CK_ATTRIBUTE, kMaxNested> nested{};
    const CK_ATTRIBUTE whole{CKA_UNWRAP_TEMPLATE, nested.data(), outer.ulValueLen};
    outer = whole;
    if (count == 0 || !ask()) return false;
    std::array<std::array<std::uint8_t, kMaxNestedValue>, kMaxNested> values{};
    for (std::size_t i = 0; i < count; ++i) {
        if (nested[i].ulValueLen > kMaxNestedValue) return false;
        nested[i].pValue = values[i].data();
    }
    outer = whole;
    if (!ask()) return false;
    return std::all_of(kUnwrapped.begin(), kUnwrapped.end(), [&](CK_ATTRIBUTE_TYPE type) {
        bool said = false;
        for (std::size_t i = 0; i < count; ++i) {
            if (nested[i].type != type) continue;
            if (nested[i].ulValueLen != sizeof(CK_BBOOL) || values[i][0] != CK_TRUE) return false;
            said = true;
        }
        return said;
    });
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

std::string wrapping_fault(SessionView session, CK_OBJECT_HANDLE key) {
    struct Demand {
        CK_ATTRIBUTE_TYPE type;
        std::string_view name;
        bool value;
    };
    constexpr std::array kDemands{
        Demand{CKA_TRUSTED, "CKA_TRUSTED", true},
        Demand{CKA_SENSITIVE, "CKA_SENSITIVE", true},
        Demand{CKA_EXTRACTABLE, "CKA_EXTRACTABLE", false},
        Demand{CKA_DECRYPT, "CKA_DECRYPT", false},
        Demand{CKA_WRAP, "CKA_WRAP", true},
        Demand{CKA_UNWRAP, "CKA_UNWRAP", true},
    };
    for (const Demand& demand : kDemands) {
        if (boolean_of(read_attribute(session, key, demand.type)) != demand.value)
            return std::string{demand.name} + " is not " + (demand.value ? "true" : "false");
    }
    if (!unwrap_template_holds(session, key))
        return "CKA_UNWRAP_TEMPLATE does not have CKA_PRIVATE, CKA_SENSITIVE and CKA_WRAP_WITH_TRUSTED true";
    return {};
}

Result<WrappingKey> create_wrapping_key(const std::shared_ptr<Module>& module, const TokenSelector& selector,
                                        const Secret& so_pin, const std::string& label) {
    if (!module) return fail(ErrorCode::internal, "no PKCS#11 module");
    if (label.empty() || label.size() > 255) return fail(ErrorCode::config, "a key's label has 1 to 255 octets");
    SEALWRIGHT_TRY(const auto info, select_token(*module, selector));
    auto& inside = loaded(*module);
    SEALWRIGHT_TRY(const auto mechanisms, mechanism_set(inside.functions(), info.slot_id));
    const bool wraps = mechanisms.contains(CKM_AES_KEY_WRAP_KWP) || mechanisms.contains(CKM_AES_KEY_WRAP_PAD) ||
                       mechanisms.contains(CKM_AES_KEY_WRAP);
    if (!mechanisms.contains(CKM_AES_KEY_GEN) || !wraps)
        return fail(ErrorCode::unsupported, "the token has no AES keys that wrap others");
    SEALWRIGHT_TRY(const auto claim, Claim::take(inside, info));
    SEALWRIGHT_TRY(so_can_try(inside.functions(), info.slot_id));
    SEALWRIGHT_TRY(const auto session, SoSession::open(inside.functions(), info, so_pin));
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
