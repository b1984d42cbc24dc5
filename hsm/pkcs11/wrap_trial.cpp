#include "hsm/pkcs11/wrap_trial.hpp"

#include <array>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "hsm/pkcs11/attribute_template.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

constexpr unsigned long kRsaBits = 2048;
constexpr std::size_t kAesBlock = 16;

// Booty is a key pair that is made to be wrapped.
class Booty {
public:
    Booty(SessionView session, bool with_trusted, const MechanismSet& token) : session_(session) {
        is_rsa_ = !token.contains(CKM_EC_KEY_PAIR_GEN);
        AttributeTemplate of_public, of_private;
        of_public.flag(CKA_TOKEN, "CKA_TOKEN", false);
        of_public.flag(CKA_VERIFY, "CKA_VERIFY", true);
        if (is_rsa_) {
            constexpr std::array<std::uint8_t, 3> kF4{1, 0, 1};
            of_public.number(CKA_MODULUS_BITS, "CKA_MODULUS_BITS", kRsaBits);
            of_public.octets(CKA_PUBLIC_EXPONENT, "CKA_PUBLIC_EXPONENT", kF4);
        } else {
            asn1::DerWriter curve;
            curve.oid(asn1::oid::kPrime256v1);
            of_public.octets(CKA_EC_PARAMS, "CKA_EC_PARAMS", curve.view());
        }
        of_private.flag(CKA_TOKEN, "CKA_TOKEN", false);
        of_private.flag(CKA_PRIVATE, "CKA_PRIVATE", true);
        of_private.flag(CKA_SENSITIVE, "CKA_SENSITIVE", true);
        of_private.flag(CKA_EXTRACTABLE, "CKA_EXTRACTABLE", true);
        of_private.flag(CKA_SIGN, "CKA_SIGN", true);
        if (with_trusted) of_private.flag(CKA_WRAP_WITH_TRUSTED, "CKA_WRAP_WITH_TRUSTED", true);
        CK_MECHANISM mechanism{is_rsa_ ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, nullptr, 0};
        auto publics = of_public.attributes();
        auto privates = of_private.attributes();
        const CK_RV rv = session.functions->C_GenerateKeyPair(
            session.handle, &mechanism, publics.data(), static_cast<unsigned long>(publics.size()), privates.data(),
            static_cast<unsigned long>(privates.size()), &public_key_, &private_key_);
        if (rv != CKR_OK) public_key_ = private_key_ = CK_INVALID_HANDLE;
    }
    ~Booty() {
        for (const CK_OBJECT_HANDLE half : {private_key_, public_key_}) {
            if (half != CK_INVALID_HANDLE) session_.functions->C_DestroyObject(session_.handle, half);
        }
    }
    Booty(const Booty&) = delete;
    Booty& operator=(const Booty&) = delete;
    CK_OBJECT_HANDLE private_key() const noexcept { return private_key_; }
    CK_KEY_TYPE type() const noexcept { return is_rsa_ ? CKK_RSA : CKK_EC; }

private:
    SessionView session_;
    bool is_rsa_ = false;
    CK_OBJECT_HANDLE public_key_ = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE private_key_ = CK_INVALID_HANDLE;
};

// Wish is what somebody says of the key that he unwraps; what is not there he leaves unsaid.
struct Wish {
    std::optional<bool> is_private, sensitive, with_trusted, extractable;
};
// every_wish: tokens differ in what they want said (SoftHSM 2.6.1 unwraps nothing where an attribute of
// CKA_UNWRAP_TEMPLATE is unsaid, opencryptoki 3.27 nothing where CKA_EXTRACTABLE or CKA_WRAP_WITH_TRUSTED is said), so
// all 81 are tried. A refusal costs a token little.
std::vector<Wish> every_wish() {
    constexpr std::array<std::optional<bool>, 3> kSaid{std::nullopt, false, true};
    std::vector<Wish> all;
    for (const auto is_private : kSaid) {
        for (const auto sensitive : kSaid) {
            for (const auto with_trusted : kSaid) {
                for (const auto extractable : kSaid) all.push_back({is_private, sensitive, with_trusted, extractable});
            }
        }
    }
    return all;
}

AttributeTemplate wished(CK_OBJECT_CLASS object_class, CK_KEY_TYPE type, const Wish& wish) {
    AttributeTemplate attributes;
    attributes.number(CKA_CLASS, "CKA_CLASS", object_class);
    attributes.number(CKA_KEY_TYPE, "CKA_KEY_TYPE", type);
    attributes.flag(CKA_TOKEN, "CKA_TOKEN", false);
    if (wish.is_private) attributes.flag(CKA_PRIVATE, "CKA_PRIVATE", *wish.is_private);
    if (wish.sensitive) attributes.flag(CKA_SENSITIVE, "CKA_SENSITIVE", *wish.sensitive);
    if (wish.with_trusted) attributes.flag(CKA_WRAP_WITH_TRUSTED, "CKA_WRAP_WITH_TRUSTED", *wish.with_trusted);
    if (wish.extractable) attributes.flag(CKA_EXTRACTABLE, "CKA_EXTRACTABLE", *wish.extractable);
    return attributes;
}

// readable says how a key that was unwrapped can be read; empty where it cannot.
std::string readable(SessionView session, CK_OBJECT_HANDLE key) {
    const auto flag = [&](CK_ATTRIBUTE_TYPE type) { return boolean_of(read_attribute(session, key, type)); };
    for (const CK_ATTRIBUTE_TYPE secret : {CKA_VALUE, CKA_PRIVATE_EXPONENT}) {
        if (attribute_discloses(session, key, secret) == CKR_OK) return "a key that it unwraps can be read in plain";
    }
    if (flag(CKA_SENSITIVE) != true) return "a key that it unwraps has CKA_SENSITIVE false";
    if (flag(CKA_PRIVATE) != true) return "a key that it unwraps has CKA_PRIVATE false";
    if (flag(CKA_EXTRACTABLE) != false && flag(CKA_WRAP_WITH_TRUSTED) != true)
        return "a key that it unwraps can leave by any key that wraps";
    return {};
}

std::string read_by_wishes(SessionView session, const WrapMethod& method, CK_OBJECT_HANDLE by, ByteView wrapped,
                           CK_KEY_TYPE type) {
    bool unwrapped = false;
    for (const Wish& wish : every_wish()) {
        AttributeTemplate attributes = wished(CKO_PRIVATE_KEY, type, wish);
        auto list = attributes.attributes();
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
        if (method.unwrap(session, by, wrapped, list, key) != CKR_OK) continue;
        unwrapped = true;
        const std::string how = readable(session, key);
        session.functions->C_DestroyObject(session.handle, key);
        if (!how.empty()) return how;
    }
    return unwrapped ? "" : "it unwraps nothing of what it wraps";
}

// read_by_carrier: who gets the AES key as a key of his own unwraps the rest by it, by a template of his own.
std::string read_by_carrier(SessionView session, const WrapMethod& method, CK_OBJECT_HANDLE by, ByteView carrier) {
    for (const Wish& wish : every_wish()) {
        AttributeTemplate attributes = wished(CKO_SECRET_KEY, CKK_AES, wish);
        attributes.flag(CKA_UNWRAP, "CKA_UNWRAP", true);
        auto list = attributes.attributes();
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
        if (method.unwrap_carrier(session, by, carrier, list, key) != CKR_OK) continue;
        session.functions->C_DestroyObject(session.handle, key);
        return "it also unwraps the AES key alone by which a key is wrapped";
    }
    return {};
}

}  // namespace

Trial try_to_read(SessionView session, const WrapMethod& method, const TrialKeys& keys, const MechanismSet& token) {
    const Booty booty{session, keys.trusted, token};
    if (booty.private_key() == CK_INVALID_HANDLE) return {CKR_KEY_NEEDED, {}};
    Bytes wrapped;
    const CK_RV rv = method.wrap(session, keys.wrapping, booty.private_key(), wrapped);
    if (rv != CKR_OK) return {rv, {}};
    const bool is_rsa = method.kind() == WrappingKind::rsa;
    const std::size_t carrier = is_rsa ? keys.carrier_size : kAesBlock;
    if (wrapped.size() < carrier) return {CKR_DATA_LEN_RANGE, {}};
    const ByteView first = ByteView{wrapped}.first(carrier);
    std::string fault = read_by_wishes(session, method, keys.unwrapping, wrapped, booty.type());
    if (fault.empty() && is_rsa) fault = read_by_carrier(session, method, keys.unwrapping, first);
    if (fault.empty() && method.decrypts(session, keys.unwrapping, first)) fault = "it also decrypts";
    return {CKR_OK, std::move(fault)};
}

}  // namespace sealwright::hsm::pkcs11
