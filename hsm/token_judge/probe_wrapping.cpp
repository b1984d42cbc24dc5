// Wrapping: what can be backed up by it, what a restored key says of itself, and what must not be wrapped at all.
#include <array>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/token_judge/probe.hpp"

namespace sealwright::hsm::token_judge {
namespace {

using pkcs11::ckr_name;

// CK_RSA_AES_KEY_WRAP_PARAMS of PKCS#11 2.40, which p11-kit's header lacks.
struct RsaAesKeyWrapParams {
    unsigned long aes_key_bits;
    CK_RSA_PKCS_OAEP_PARAMS* oaep;
};

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
    // CKM_AES_CBC_PAD does not authenticate what it wraps: no backup mechanism.
    bool is_for_backups() const { return type_ != CKM_AES_CBC_PAD; }

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
    RsaAesKeyWrapParams rsa_aes_{};
};

// Wrappers makes the wrapping keys that the token can make, and has every mechanism that goes with them.
class Wrappers {
public:
    explicit Wrappers(Probe& probe) : probe_(probe) {
        aes_ = make_aes();
        if (aes_ != CK_INVALID_HANDLE) {
            for (const unsigned long type :
                 {static_cast<unsigned long>(CKM_AES_KEY_WRAP), static_cast<unsigned long>(CKM_AES_KEY_WRAP_PAD),
                  kCkmAesKeyWrapKwp, static_cast<unsigned long>(CKM_AES_CBC_PAD)}) {
                if (probe.offers(type)) all_.emplace_back(type, aes_, aes_);
            }
        }
        if (probe.offers(kCkmRsaAesKeyWrap) && make_rsa() == CKR_OK)
            all_.emplace_back(kCkmRsaAesKeyWrap, rsa_.public_key, rsa_.private_key);
    }
    ~Wrappers() {
        probe_.destroy(rsa_);
        if (aes_ != CK_INVALID_HANDLE) probe_.f().C_DestroyObject(probe_.session(), aes_);
    }
    Wrappers(const Wrappers&) = delete;
    Wrappers& operator=(const Wrappers&) = delete;
    std::vector<Wrapper>& all() noexcept { return all_; }

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
    CK_OBJECT_HANDLE aes_ = CK_INVALID_HANDLE;
    KeyPair rsa_;
    std::vector<Wrapper> all_;
};

// A CA key of a backup template: P-256, or RSA where there is nothing else.
struct Target {
    KeyPair pair;
    bool is_rsa = false;
    Result<PublicKey> public_key = fail(ErrorCode::not_found);
};

CK_RV make_target(Probe& probe, bool with_trusted, Target& target) {
    target.is_rsa = !probe.offers(CKM_EC_KEY_PAIR_GEN);
    target.pair.id = probe.fresh_id();
    Attributes of_public = probe.base(target.pair.id), of_private = probe.base(target.pair.id);
    if (target.is_rsa) {
        const std::array<std::uint8_t, 3> exponent{1, 0, 1};
        of_public.number(CKA_MODULUS_BITS, 2048).octets(CKA_PUBLIC_EXPONENT, exponent);
    } else {
        asn1::DerWriter curve;
        curve.oid(asn1::oid::kPrime256v1);
        of_public.octets(CKA_EC_PARAMS, curve.view());
    }
    of_private.flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, true).flag(CKA_SIGN, true);
    if (with_trusted) of_private.flag(CKA_WRAP_WITH_TRUSTED, true);
    const unsigned long mechanism = target.is_rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
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

// round_trip gives why it failed; nothing where the key came back.
std::string round_trip(Probe& probe, Wrapper& wrapper, const Target& target) {
    Bytes wrapped;
    CK_RV rv = wrapper.wrap(probe, target.pair.private_key, wrapped);
    if (rv != CKR_OK) return "C_WrapKey answered " + ckr_name(rv);
    Attributes attributes = probe.base(probe.fresh_id());
    attributes.number(CKA_CLASS, CKO_PRIVATE_KEY).number(CKA_KEY_TYPE, target.is_rsa ? CKK_RSA : CKK_EC);
    attributes.flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false).flag(CKA_SIGN, true);
    CK_OBJECT_HANDLE restored = CK_INVALID_HANDLE;
    rv = wrapper.unwrap(probe, wrapped, attributes, restored);
    if (rv != CKR_OK) return "C_UnwrapKey answered " + ckr_name(rv);
    check_provenance(probe, restored, "wrap.provenance-lost", wrapper.name() + ": a restored key");
    const bool same = is_the_same_key(probe, restored, target);
    probe.f().C_DestroyObject(probe.session(), restored);
    return same ? "" : "the restored key does not sign for the public key";
}

void backup(Probe& probe) {
    Wrappers wrappers{probe};
    Target target;
    const CK_RV made = make_target(probe, false, target);
    bool works = false;
    std::string why = wrappers.all().empty() ? "no wrapping mechanism"
                      : made != CKR_OK       ? "no extractable key is made: " + ckr_name(made)
                                             : "";
    for (Wrapper& wrapper : wrappers.all()) {
        if (made != CKR_OK) break;
        const std::string failure = round_trip(probe, wrapper, target);
        const bool refused = failure.starts_with("C_WrapKey");
        probe.report().capability("private key", "wrap and unwrap, " + wrapper.name(),
                                  failure.empty() ? Ability::works
                                  : refused       ? Ability::absent
                                                  : Ability::broken,
                                  failure);
        works = works || (failure.empty() && wrapper.is_for_backups());
        if (!failure.empty()) why += (why.empty() ? "" : "; ") + wrapper.name() + ": " + failure;
    }
    if (!works && why.empty()) why = "what works does not authenticate what it wraps";
    probe.report().check("wrap.backup", works, works ? "" : why);
    // Rules about restored keys hold or are broken where any mechanism brought one back.
    if (!works) {
        for (const std::string_view rule : {"wrap.provenance-lost", "secret.history-honest"})
            probe.report().finding(rule, Outcome::not_applicable, "nothing is unwrapped");
    }
    probe.destroy(target.pair);
}

void refused(Probe& probe, std::string_view rule, CK_OBJECT_HANDLE key, std::string_view what) {
    Wrappers wrappers{probe};
    if (wrappers.all().empty()) return probe.report().finding(rule, Outcome::not_applicable, "no wrapping mechanism");
    for (Wrapper& wrapper : wrappers.all()) {
        Bytes wrapped;
        const CK_RV rv = wrapper.wrap(probe, key, wrapped);
        probe.report().check(rule, rv != CKR_OK, rv != CKR_OK ? "" : wrapper.name() + " wraps " + std::string{what});
    }
}

void unextractable(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    refused(probe, "wrap.unextractable-refused", key.value().pair.private_key, "an unextractable key");
    probe.destroy(key.value().pair);
}

// A key that is made extractable afterwards must not leave wrapped either.
void loosened(Probe& probe) {
    auto key = probe.usual_key();
    if (!key) return;
    Attributes change;
    change.flag(CKA_EXTRACTABLE, true);
    const CK_RV rv =
        probe.f().C_SetAttributeValue(probe.session(), key.value().pair.private_key, change.data(), change.size());
    if (rv == CKR_OK)
        refused(probe, "secret.loosened-keeps", key.value().pair.private_key,
                "a key that was made extractable afterwards");
    probe.destroy(key.value().pair);
}

void with_trusted(Probe& probe) {
    Target target;
    const CK_RV made = make_target(probe, true, target);
    if (made != CKR_OK)
        return probe.report().finding("wrap.with-trusted-enforced", Outcome::not_applicable,
                                      "no such key is made: " + ckr_name(made));
    refused(probe, "wrap.with-trusted-enforced", target.pair.private_key, "it by a key that is not trusted");
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
