// Wrapping: what can be backed up by it, what a restored key says of itself, and what must not be wrapped at all.
#include <array>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/token_judge/probe.hpp"

namespace sealwright::hsm::token_judge {
namespace {

using pkcs11::ckr_name;

// Wrapper is one mechanism with its parameters and the keys that it wraps and unwraps by.
class Wrapper {
public:
    Wrapper(unsigned long type, CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE unwrapping)
        : type_(type), wrapping_(wrapping), unwrapping_(unwrapping) {}

    CK_RV wrap(const Probe& probe, CK_OBJECT_HANDLE key, Bytes& wrapped) {
        wrapped.assign(16384, 0);
        unsigned long size = length(wrapped);
        CK_MECHANISM with = mechanism();
        const CK_RV rv = probe.f().C_WrapKey(probe.session(), &with, wrapping_, key, wrapped.data(), &size);
        wrapped.resize(rv == CKR_OK ? std::min<std::size_t>(size, wrapped.size()) : 0);
        return rv;
    }
    CK_RV unwrap(const Probe& probe, const Bytes& wrapped, Attributes& attributes, CK_OBJECT_HANDLE& key) {
        CK_MECHANISM with = mechanism();
        return probe.f().C_UnwrapKey(probe.session(), &with, unwrapping_, writable(wrapped), length(wrapped),
                                     attributes.data(), attributes.size(), &key);
    }
    std::string name() const { return pkcs11::mechanism_name(type_); }
    // is_for_backups: the mechanisms that `hsm backup` uses. CKM_AES_CBC_PAD does not authenticate what it wraps.
    bool is_for_backups() const {
        return type_ == CKM_AES_KEY_WRAP || type_ == CKM_AES_KEY_WRAP_PAD || type_ == kCkmAesKeyWrapKwp ||
               type_ == kCkmRsaAesKeyWrap;
    }

private:
    CK_MECHANISM mechanism() {
        if (type_ == CKM_AES_CBC_PAD) return {type_, iv_.data(), length(iv_)};
        if (type_ == kCkmRsaAesKeyWrap) {
            rsa_aes_ = {256, &oaep_};
            return {type_, &rsa_aes_, sizeof rsa_aes_};
        }
        return {type_, nullptr, 0};
    }

    unsigned long type_;
    CK_OBJECT_HANDLE wrapping_, unwrapping_;
    std::array<std::uint8_t, 16> iv_{};
    CK_RSA_PKCS_OAEP_PARAMS oaep_{CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
    CK_RSA_AES_KEY_WRAP_PARAMS_2_40 rsa_aes_{};
};

constexpr std::array<unsigned long, 4> kByAes{CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_PAD, kCkmAesKeyWrapKwp,
                                              CKM_AES_CBC_PAD};

// listed_for_wrapping: in the token's list, and not said to do other things alone.
bool listed_for_wrapping(const Probe& probe, unsigned long type) {
    CK_MECHANISM_INFO info{};
    if (!probe.offers(type)) return false;
    return probe.f().C_GetMechanismInfo(probe.slot(), type, &info) != CKR_OK || (info.flags & CKF_WRAP) != 0;
}

// Wrappers makes the wrapping keys that the token can make, and has every mechanism that goes with them.
class Wrappers {
public:
    explicit Wrappers(Probe& probe) : probe_(probe) {
        for (const unsigned long type : kByAes) listed_ = listed_ || listed_for_wrapping(probe, type);
        listed_ = listed_ || listed_for_wrapping(probe, kCkmRsaAesKeyWrap);
        aes_ = make_aes();
        if (aes_ == CK_INVALID_HANDLE) aes_ = import_aes();
        if (aes_ != CK_INVALID_HANDLE) {
            for (const unsigned long type : kByAes) {
                if (probe.offers(type)) all_.emplace_back(type, aes_, aes_);
            }
        }
        if (probe.offers(kCkmRsaAesKeyWrap) && make_rsa() == CKR_OK)
            all_.emplace_back(kCkmRsaAesKeyWrap, rsa_.public_key, rsa_.private_key);
    }
    ~Wrappers() {
        probe_.destroy(rsa_);
        probe_.destroy(aes_);
    }
    Wrappers(const Wrappers&) = delete;
    Wrappers& operator=(const Wrappers&) = delete;
    std::vector<Wrapper>& all() noexcept { return all_; }

    // absent says why the token wraps nothing at all: no mechanism in its list, or a module without C_WrapKey. Nothing
    // where it may wrap, also if no key was made here to wrap by.
    std::optional<std::string> absent(CK_OBJECT_HANDLE any_key) {
        if (!all_.empty()) return std::nullopt;
        if (!listed_) return "no mechanism in its list is for wrapping";
        for (const unsigned long type : kByAes) {
            Bytes wrapped;
            if (!probe_.offers(type)) continue;
            const CK_RV rv = Wrapper{type, any_key, any_key}.wrap(probe_, any_key, wrapped);
            if (rv == CKR_FUNCTION_NOT_SUPPORTED) return "C_WrapKey answered " + ckr_name(rv);
        }
        return std::nullopt;
    }

private:
    CK_OBJECT_HANDLE make_aes() const {
        if (!probe_.offers(CKM_AES_KEY_GEN)) return CK_INVALID_HANDLE;
        Attributes attributes = probe_.base(probe_.fresh_id());
        attributes.flag(CKA_PRIVATE, true)
            .flag(CKA_SENSITIVE, true)
            .flag(CKA_EXTRACTABLE, false)
            .number(CKA_VALUE_LEN, 32);
        attributes.flag(CKA_WRAP, true).flag(CKA_UNWRAP, true);
        CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
        const CK_RV rv =
            probe_.f().C_GenerateKey(probe_.session(), &mechanism, attributes.data(), attributes.size(), &key);
        probe_.report().capability("aes-256", "key generation, for wrapping",
                                   rv == CKR_OK ? Ability::works : Ability::broken, rv == CKR_OK ? "" : ckr_name(rv));
        return rv == CKR_OK ? key : CK_INVALID_HANDLE;
    }
    // Whoever has the PIN may bring a key of his own.
    CK_OBJECT_HANDLE import_aes() const {
        Attributes attributes = probe_.base(probe_.fresh_id());
        attributes.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_AES).octets(CKA_VALUE, Bytes(32, 0x33));
        attributes.flag(CKA_WRAP, true).flag(CKA_UNWRAP, true);
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
        const CK_RV rv = probe_.f().C_CreateObject(probe_.session(), attributes.data(), attributes.size(), &key);
        return rv == CKR_OK ? key : CK_INVALID_HANDLE;
    }
    CK_RV make_rsa() {
        rsa_.id = probe_.fresh_id();
        Attributes of_public = probe_.base(rsa_.id), of_private = probe_.base(rsa_.id);
        const std::array<std::uint8_t, 3> exponent{1, 0, 1};
        of_public.flag(CKA_WRAP, true).number(CKA_MODULUS_BITS, 2048).octets(CKA_PUBLIC_EXPONENT, exponent);
        of_private.flag(CKA_PRIVATE, true)
            .flag(CKA_SENSITIVE, true)
            .flag(CKA_EXTRACTABLE, false)
            .flag(CKA_UNWRAP, true);
        return probe_.generate(probe_.main(), CKM_RSA_PKCS_KEY_PAIR_GEN, of_public, of_private, rsa_);
    }

    Probe& probe_;
    bool listed_ = false;
    CK_OBJECT_HANDLE aes_ = CK_INVALID_HANDLE;
    KeyPair rsa_;
    std::vector<Wrapper> all_;
};

// A key to wrap: P-256, or RSA where there is nothing else. It can be modified and copied.
struct TargetKind {
    bool is_rsa = false;
    bool extractable = true;
    bool with_trusted = false;
};
struct Target {
    KeyPair pair;
    TargetKind kind;
    Result<PublicKey> public_key = fail(ErrorCode::not_found);
};

TargetKind usual_kind(const Probe& probe) { return {!probe.offers(CKM_EC_KEY_PAIR_GEN), true, false}; }

CK_RV make_target(Probe& probe, const TargetKind& kind, Target& target) {
    target.kind = kind;
    target.pair.id = probe.fresh_id();
    Attributes of_public = probe.base(target.pair.id), of_private = probe.base(target.pair.id);
    if (kind.is_rsa) {
        const std::array<std::uint8_t, 3> exponent{1, 0, 1};
        of_public.number(CKA_MODULUS_BITS, 2048).octets(CKA_PUBLIC_EXPONENT, exponent);
    } else {
        asn1::DerWriter curve;
        curve.oid(asn1::oid::kPrime256v1);
        of_public.octets(CKA_EC_PARAMS, curve.view());
    }
    of_private.flag(CKA_PRIVATE, true)
        .flag(CKA_SENSITIVE, true)
        .flag(CKA_EXTRACTABLE, kind.extractable)
        .flag(CKA_SIGN, true);
    if (kind.with_trusted) of_private.flag(CKA_WRAP_WITH_TRUSTED, true);
    const unsigned long mechanism = kind.is_rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
    const CK_RV rv = probe.generate(probe.main(), mechanism, of_public, of_private, target.pair);
    if (rv == CKR_OK) target.public_key = read_key(probe.main(), target.pair.public_key);
    return rv;
}

// A restored key is the old one if it signs for the old public key.
bool is_the_same_key(Probe& probe, CK_OBJECT_HANDLE restored, const Target& target) {
    if (!target.public_key) return false;
    const PublicKey& key = target.public_key.value();
    const SigningKey signing{{target.pair.public_key, restored, {}}, key, crypto::default_algorithm(key.type()), {}};
    return probe.sign(probe.main(), signing, view_of("restored")).has_value();
}

// unwrap_as_restored unwraps by the template of `hsm restore`, which leaves EXTRACTABLE and WRAP_WITH_TRUSTED out where
// the token refuses them (and reads back what they became).
CK_RV unwrap_as_restored(Probe& probe, Wrapper& wrapper, const Bytes& wrapped, const Target& target,
                         CK_OBJECT_HANDLE& restored) {
    CK_RV rv = CKR_GENERAL_ERROR;
    for (const auto& [extractable, with_trusted] :
         {std::pair{true, true}, std::pair{true, false}, std::pair{false, true}, std::pair{false, false}}) {
        Attributes attributes = probe.base(probe.fresh_id());
        attributes.number(CKA_CLASS, CKO_PRIVATE_KEY).number(CKA_KEY_TYPE, target.kind.is_rsa ? CKK_RSA : CKK_EC);
        attributes.flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_SIGN, true);
        if (extractable) attributes.flag(CKA_EXTRACTABLE, true);
        if (with_trusted) attributes.flag(CKA_WRAP_WITH_TRUSTED, true);
        rv = wrapper.unwrap(probe, wrapped, attributes, restored);
        if (rv == CKR_OK) return rv;
    }
    return rv;
}

// unlike_template says what is not as the template of a restored key says; nothing where all is.
std::string unlike_template(const Probe& probe, CK_OBJECT_HANDLE restored) {
    std::string unlike;
    const auto add = [&](const std::string& what) { unlike += (unlike.empty() ? "" : ", ") + what; };
    for (const auto& [type, name] : {std::pair{CKA_PRIVATE, "PRIVATE"}, std::pair{CKA_SENSITIVE, "SENSITIVE"}}) {
        if (probe.flag(restored, type) != true) add(std::string{name} + " is not true");
    }
    for (const auto& [type, name] :
         {std::pair{CKA_VALUE, "CKA_VALUE"}, std::pair{CKA_PRIVATE_EXPONENT, "CKA_PRIVATE_EXPONENT"}}) {
        if (gives(probe, restored, type)) add(std::string{name} + " is given away");
    }
    return unlike;
}

struct RoundTrip {
    bool wrapped = false, unwrapped = false;
    std::string failure;  // why no key came back as `hsm restore` wants it; empty where one did
};

RoundTrip round_trip(Probe& probe, Wrapper& wrapper, const Target& target) {
    Bytes wrapped;
    CK_RV rv = wrapper.wrap(probe, target.pair.private_key, wrapped);
    if (rv != CKR_OK) return {false, false, "C_WrapKey answered " + ckr_name(rv)};
    CK_OBJECT_HANDLE restored = CK_INVALID_HANDLE;
    rv = unwrap_as_restored(probe, wrapper, wrapped, target, restored);
    if (rv != CKR_OK) return {true, false, "C_UnwrapKey answered " + ckr_name(rv)};
    check_provenance(probe, restored, "wrap.provenance-lost", wrapper.name() + ": a restored key");
    const std::string unlike = unlike_template(probe, restored);
    probe.report().check("wrap.template-obeyed", unlike.empty(),
                         unlike.empty() ? "" : wrapper.name() + ": a restored key's " + unlike);
    std::string failure = unlike;
    // `hsm restore` destroys a key without them: it could be wrapped for anybody, or never be backed up again.
    for (const auto& [type, name] :
         {std::pair{CKA_EXTRACTABLE, "EXTRACTABLE"}, std::pair{CKA_WRAP_WITH_TRUSTED, "WRAP_WITH_TRUSTED"}}) {
        if (failure.empty() && probe.flag(restored, type) != true)
            failure = "a restored key cannot be given " + std::string{name} + "=true";
    }
    if (failure.empty() && !is_the_same_key(probe, restored, target))
        failure = "the restored key does not sign for the public key";
    probe.destroy(restored);
    return {true, true, failure};
}

// BoundKey is a wrapping key as `hsm wrapping-key` makes it, AES or RSA, but for CKA_TRUSTED, which is the SO's to
// give: its CKA_UNWRAP_TEMPLATE binds what it unwraps (PKCS#11 3.0, 4.9).
class BoundKey {
public:
    BoundKey(Probe& probe, bool is_rsa) : probe_(probe) {
        static std::uint8_t yes = CK_TRUE;
        static CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
        static std::array<CK_ATTRIBUTE, kBound> bound{{{CKA_CLASS, &object_class, sizeof object_class},
                                                       {CKA_PRIVATE, &yes, 1},
                                                       {CKA_SENSITIVE, &yes, 1},
                                                       {CKA_WRAP_WITH_TRUSTED, &yes, 1}}};
        const Bytes id = probe.fresh_id();
        // SoftHSM 2.6.1 reads a template in its order: the array before the label.
        Attributes attributes;
        attributes.flag(CKA_TOKEN, true)
            .octets(CKA_UNWRAP_TEMPLATE, {reinterpret_cast<const std::uint8_t*>(bound.data()), sizeof bound});
        attributes.octets(CKA_LABEL, view_of(probe.ref().key_label)).octets(CKA_ID, id);
        attributes.flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false);
        attributes.flag(CKA_UNWRAP, true);
        made_ = is_rsa ? make_rsa(id, attributes) : make_aes(attributes);
        if (made_ != CKR_OK) halves_ = {};
    }
    ~BoundKey() {
        if (halves_.public_key == halves_.private_key) halves_.public_key = CK_INVALID_HANDLE;
        probe_.destroy(halves_);
    }
    BoundKey(const BoundKey&) = delete;
    BoundKey& operator=(const BoundKey&) = delete;
    CK_RV made() const noexcept { return made_; }
    CK_OBJECT_HANDLE wrapping() const noexcept { return halves_.public_key; }
    CK_OBJECT_HANDLE unwrapping() const noexcept { return halves_.private_key; }
    // kept: the attribute reads back with as many members.
    bool kept() const {
        CK_ATTRIBUTE attribute{CKA_UNWRAP_TEMPLATE, nullptr, 0};
        return probe_.f().C_GetAttributeValue(probe_.session(), unwrapping(), &attribute, 1) == CKR_OK &&
               attribute.ulValueLen == kBound * sizeof(CK_ATTRIBUTE);
    }

private:
    static constexpr std::size_t kBound = 4;

    CK_RV make_aes(Attributes& attributes) {
        attributes.number(CKA_VALUE_LEN, 32).flag(CKA_WRAP, true);
        CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
        const CK_RV rv = probe_.f().C_GenerateKey(probe_.session(), &mechanism, attributes.data(), attributes.size(),
                                                  &halves_.private_key);
        halves_.public_key = halves_.private_key;
        return rv;
    }
    CK_RV make_rsa(const Bytes& id, Attributes& of_private) {
        halves_.id = id;
        Attributes of_public = probe_.base(id);
        const std::array<std::uint8_t, 3> exponent{1, 0, 1};
        of_public.flag(CKA_WRAP, true).number(CKA_MODULUS_BITS, 3072).octets(CKA_PUBLIC_EXPONENT, exponent);
        return probe_.generate(probe_.main(), CKM_RSA_PKCS_KEY_PAIR_GEN, of_public, of_private, halves_);
    }

    Probe& probe_;
    CK_RV made_ = CKR_OK;
    KeyPair halves_;
};

// unwrap_bound unwraps by a template that agrees with the bound one, or by one that contradicts it in everything.
CK_RV unwrap_bound(Probe& probe, Wrapper& wrapper, const Bytes& wrapped, const Target& target, bool agrees,
                   CK_OBJECT_HANDLE& key) {
    Attributes attributes = probe.base(probe.fresh_id());
    attributes.number(CKA_CLASS, CKO_PRIVATE_KEY).number(CKA_KEY_TYPE, target.kind.is_rsa ? CKK_RSA : CKK_EC);
    attributes.flag(CKA_TOKEN, agrees).flag(CKA_PRIVATE, agrees).flag(CKA_SENSITIVE, agrees);
    attributes.flag(CKA_EXTRACTABLE, true).flag(CKA_SIGN, true).flag(CKA_WRAP_WITH_TRUSTED, agrees);
    return wrapper.unwrap(probe, wrapped, attributes, key);
}

// bound_by tries one mechanism: nothing where it cannot be told.
std::optional<std::string> bound_by(Probe& probe, Wrapper& wrapper, const Target& target) {
    Bytes wrapped;
    if (wrapper.wrap(probe, target.pair.private_key, wrapped) != CKR_OK) return std::nullopt;
    CK_OBJECT_HANDLE agreeing = CK_INVALID_HANDLE, loose = CK_INVALID_HANDLE;
    if (unwrap_bound(probe, wrapper, wrapped, target, true, agreeing) != CKR_OK) return std::nullopt;
    probe.destroy(agreeing);
    if (unwrap_bound(probe, wrapper, wrapped, target, false, loose) != CKR_OK) return "";
    // It may have taken the key's template instead of the caller's.
    const bool bound = probe.flag(loose, CKA_PRIVATE) == true && probe.flag(loose, CKA_SENSITIVE) == true &&
                       probe.flag(loose, CKA_WRAP_WITH_TRUSTED) == true &&
                       !gives(probe, loose, target.kind.is_rsa ? CKA_PRIVATE_EXPONENT : CKA_VALUE);
    probe.destroy(loose);
    return bound ? "" : wrapper.name() + ": a key is unwrapped with PRIVATE and SENSITIVE false";
}

// Bound is what one kind of wrapping key came to; `why` is empty where it holds.
struct Bound {
    Outcome outcome;
    std::string why;
};

Bound bound_key(Probe& probe, const Target& target, bool is_rsa) {
    const BoundKey key{probe, is_rsa};
    const std::string kind = is_rsa ? "RSA: " : "AES: ";
    if (key.made() != CKR_OK)
        return {Outcome::not_applicable, kind + "no key with a CKA_UNWRAP_TEMPLATE is made: " + ckr_name(key.made())};
    if (!key.kept()) return {Outcome::broken, kind + "CKA_UNWRAP_TEMPLATE is taken, and does not read back"};
    bool tried = false;
    const auto types = is_rsa ? std::vector{kCkmRsaAesKeyWrap} : std::vector(kByAes.begin(), kByAes.end());
    for (const unsigned long type : types) {
        if (!probe.offers(type)) continue;
        Wrapper wrapper{type, key.wrapping(), key.unwrapping()};
        const auto loose = bound_by(probe, wrapper, target);
        if (loose && !loose->empty()) return {Outcome::broken, *loose};
        tried = tried || loose;
    }
    if (!tried) return {Outcome::undecided, kind + "a key with a CKA_UNWRAP_TEMPLATE unwraps nothing"};
    return {Outcome::holds, ""};
}

// unwrap_template gives why none of the house's wrapping keys can be made in this token; nothing where one can.
std::string unwrap_template(Probe& probe, const Target& target) {
    std::vector<Bound> kinds;
    if (probe.offers(CKM_AES_KEY_GEN)) kinds.push_back(bound_key(probe, target, false));
    if (probe.offers(kCkmRsaAesKeyWrap)) kinds.push_back(bound_key(probe, target, true));
    Bound told{Outcome::not_applicable, "no wrapping key is made"};
    bool usable = false;
    for (const Bound& kind : kinds) {
        usable = usable || kind.outcome == Outcome::holds;
        const bool says_more = kind.outcome == Outcome::broken ||
                               (told.outcome != Outcome::broken && kind.outcome == Outcome::holds) ||
                               (told.outcome == Outcome::not_applicable);
        if (says_more && told.outcome != Outcome::broken) told = kind;
    }
    probe.report().finding("wrap.unwrap-template-obeyed", told.outcome, told.why);
    return usable ? "" : told.why;
}

// nothing_unwrapped: rules about restored keys need one.
void nothing_unwrapped(Probe& probe, Outcome outcome, const std::string& why) {
    for (const std::string_view rule :
         {"wrap.provenance-lost", "wrap.template-obeyed", "wrap.unwrap-template-obeyed", "secret.history-honest"})
        probe.report().finding(rule, outcome, why);
}

void backup_of(Probe& probe, Wrappers& wrappers, const Target& target) {
    bool works = false, wrapped = false, unwrapped = false;
    std::string why;
    for (Wrapper& wrapper : wrappers.all()) {
        const RoundTrip trip = round_trip(probe, wrapper, target);
        probe.report().capability("private key", "wrap and unwrap, " + wrapper.name(),
                                  trip.failure.empty() ? Ability::works
                                  : !trip.wrapped      ? Ability::absent
                                                       : Ability::broken,
                                  trip.failure);
        works = works || (trip.failure.empty() && wrapper.is_for_backups());
        wrapped = wrapped || trip.wrapped;
        unwrapped = unwrapped || trip.unwrapped;
        if (!trip.failure.empty()) why += (why.empty() ? "" : "; ") + wrapper.name() + ": " + trip.failure;
    }
    if (!works && why.empty()) why = "what works is no mechanism of hsm backup";
    if (!unwrapped) {
        const std::string reason = (wrapped ? "keys are wrapped, none was unwrapped: " : "none was wrapped: ") + why;
        nothing_unwrapped(probe, Outcome::undecided, reason);
    } else if (const std::string unbound = unwrap_template(probe, target); !unbound.empty()) {
        works = false;
        why += (why.empty() ? "" : "; ") + unbound;
    }
    probe.report().check("wrap.backup", works, works ? "" : why);
}

void backup(Probe& probe) {
    Wrappers wrappers{probe};
    Target target;
    const CK_RV made = make_target(probe, usual_kind(probe), target);
    if (made == CKR_OK && !wrappers.all().empty()) {
        backup_of(probe, wrappers, target);
    } else {
        auto any = made == CKR_OK ? Result<SigningKey>{fail(ErrorCode::not_found)} : probe.usual_key();
        const auto absent = wrappers.absent(any ? any.value().pair.private_key : target.pair.private_key);
        const std::string why = absent           ? *absent
                                : made != CKR_OK ? "no extractable key is made: " + ckr_name(made)
                                                 : "no key is made to wrap by, though a mechanism is in the list";
        nothing_unwrapped(probe, absent ? Outcome::not_applicable : Outcome::undecided, why);
        probe.report().check("wrap.backup", false, why);
        if (any) probe.destroy(any.value().pair);
    }
    probe.destroy(target.pair);
}

// refused: no mechanism wraps this key. That one refuses says something where it wraps an extractable key of the same
// kind, or where it names the reason.
void refused(Probe& probe, std::string_view rule, CK_OBJECT_HANDLE key, bool is_rsa, std::string_view what) {
    Wrappers wrappers{probe};
    if (const auto absent = wrappers.absent(key)) return probe.report().finding(rule, Outcome::not_applicable, *absent);
    if (wrappers.all().empty())
        return probe.report().finding(rule, Outcome::undecided,
                                      "no key is made to wrap by, though a mechanism is in the list");
    Target control;
    const CK_RV made = make_target(probe, {is_rsa, true, false}, control);
    for (Wrapper& wrapper : wrappers.all()) {
        Bytes wrapped;
        const CK_RV rv = wrapper.wrap(probe, key, wrapped);
        if (rv == CKR_OK) {
            probe.report().check(rule, false, wrapper.name() + " wraps " + std::string{what});
            continue;
        }
        const CK_RV other = made == CKR_OK ? wrapper.wrap(probe, control.pair.private_key, wrapped) : made;
        const std::string seen = wrapper.name() + " answers " + ckr_name(rv);
        if (other == CKR_OK || rv == CKR_KEY_UNEXTRACTABLE) {
            probe.report().check(rule, true, seen);
        } else {
            probe.report().finding(rule, Outcome::undecided, seen + ", and for an extractable key " + ckr_name(other));
        }
    }
    probe.destroy(control.pair);
}

void unextractable(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    refused(probe, "wrap.unextractable-refused", key.value().pair.private_key,
            key.value().public_key.type() == KeyType::rsa, "an unextractable key");
    probe.destroy(key.value().pair);
}

// loosened_copy is a copy with EXTRACTABLE=true, if the token makes one.
CK_OBJECT_HANDLE loosened_copy(Probe& probe, CK_OBJECT_HANDLE key) {
    Attributes change = probe.base(probe.fresh_id());
    change.flag(CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
    const CK_RV rv = probe.f().C_CopyObject(probe.session(), key, change.data(), change.size(), &copy);
    return rv == CKR_OK ? copy : CK_INVALID_HANDLE;
}

// A key that is made extractable afterwards, or a copy that is, must not leave wrapped either. Tried on a key that may
// be modified and copied: the protection must not hang on those attributes.
void loosened(Probe& probe) {
    constexpr std::string_view kRule = "wrap.loosened-keeps";
    Target target;
    TargetKind kind = usual_kind(probe);
    kind.extractable = false;
    const CK_RV made = make_target(probe, kind, target);
    if (made != CKR_OK)
        return probe.report().finding(kRule, Outcome::not_tested, "no key to try it on: " + ckr_name(made));
    const CK_OBJECT_HANDLE key = target.pair.private_key;
    const CK_OBJECT_HANDLE copy = loosened_copy(probe, key);
    if (copy != CK_INVALID_HANDLE) refused(probe, kRule, copy, kind.is_rsa, "a copy that was made extractable");
    Attributes change;
    change.flag(CKA_EXTRACTABLE, true);
    const CK_RV rv = probe.f().C_SetAttributeValue(probe.session(), key, change.data(), change.size());
    if (rv == CKR_OK || probe.flag(key, CKA_EXTRACTABLE) != false) {
        refused(probe, kRule, key, kind.is_rsa, "a key that was made extractable afterwards");
    } else if (copy == CK_INVALID_HANDLE) {
        probe.report().check(kRule, true, "neither the key nor a copy can be loosened: " + ckr_name(rv));
    }
    probe.destroy(copy);
    probe.destroy(target.pair);
}

void with_trusted(Probe& probe) {
    Target target;
    TargetKind kind = usual_kind(probe);
    kind.with_trusted = true;
    const CK_RV made = make_target(probe, kind, target);
    if (made != CKR_OK)
        return probe.report().finding("wrap.with-trusted-enforced", Outcome::not_applicable,
                                      "no such key is made: " + ckr_name(made));
    refused(probe, "wrap.with-trusted-enforced", target.pair.private_key, kind.is_rsa,
            "it by a key that is not trusted");
    probe.destroy(target.pair);
}

}  // namespace

Group wrapping_group() {
    return {"wrapping",
            {{"backup", true, 5, backup},
             {"unextractable key", true, 5, unextractable},
             {"loosened key", true, 5, loosened},
             {"WRAP_WITH_TRUSTED", true, 5, with_trusted}}};
}

}  // namespace sealwright::hsm::token_judge
