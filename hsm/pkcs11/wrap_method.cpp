#include "hsm/pkcs11/wrap_method.hpp"

#include <array>

#include "hsm/pkcs11/token_impl.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::DigestAlgorithm;

constexpr unsigned kAesBits = 256;
constexpr std::size_t kMaxWrapped = 65536;
constexpr std::size_t kMaxPlain = 1024;  // of one decrypted block

}  // namespace

// 0x210A is what 0x210B was called before PKCS#11 3.0 (its padding is RFC 5649's in SoftHSM); key wrap without padding
// takes encodings that are a multiple of eight octets alone.
std::vector<WrapMethod> WrapMethod::all(WrappingKind kind, const MechanismSet& token) {
    const std::array<WrapMethod, 5> known{
        WrapMethod{CKM_AES_KEY_WRAP_KWP, "CKM_AES_KEY_WRAP_KWP", std::nullopt},
        WrapMethod{CKM_AES_KEY_WRAP_PAD, "CKM_AES_KEY_WRAP_PAD", std::nullopt},
        WrapMethod{CKM_AES_KEY_WRAP, "CKM_AES_KEY_WRAP", std::nullopt},
        WrapMethod{CKM_RSA_AES_KEY_WRAP, "CKM_RSA_AES_KEY_WRAP", DigestAlgorithm::sha256},
        WrapMethod{CKM_RSA_AES_KEY_WRAP, "CKM_RSA_AES_KEY_WRAP", DigestAlgorithm::sha1},
    };
    std::vector<WrapMethod> methods;
    for (const WrapMethod& method : known) {
        if (method.kind() == kind && token.contains(method.type_)) methods.push_back(method);
    }
    return methods;
}

Result<WrapMethod> WrapMethod::of(const KeyBackup& backup, const MechanismSet& token) {
    const MechanismSet every{CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD, CKM_AES_KEY_WRAP, CKM_RSA_AES_KEY_WRAP};
    for (const WrapMethod& method : all(backup.rsa_aes ? WrappingKind::rsa : WrappingKind::aes, every)) {
        if (method.name_ != backup.mechanism) continue;
        if (backup.rsa_aes && (backup.rsa_aes->aes_bits != kAesBits || backup.rsa_aes->oaep_digest != method.oaep_))
            continue;
        if (token.contains(method.type_)) return method;
        return fail(ErrorCode::unsupported, "the token does not unwrap by " + backup.mechanism);
    }
    return fail(ErrorCode::unsupported, "the backup was wrapped in a way that is not known here", backup.mechanism);
}

std::optional<RsaAesParameters> WrapMethod::parameters() const noexcept {
    if (!oaep_) return std::nullopt;
    return RsaAesParameters{kAesBits, *oaep_};
}

CK_RSA_PKCS_OAEP_PARAMS WrapMethod::oaep_parameters() const noexcept {
    // SoftHSM answers CKR_ARGUMENTS_BAD unless a source is named, an empty label too.
    if (oaep_ == DigestAlgorithm::sha1) return {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
    return {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, nullptr, 0};
}

template <class Call>
auto WrapMethod::with_mechanism(Call&& call) const {
    CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_parameters();
    CK_RSA_AES_KEY_WRAP_PARAMS_2_40 parameters{kAesBits, &oaep};
    CK_MECHANISM mechanism{type_, nullptr, 0};
    if (oaep_) mechanism = {type_, &parameters, sizeof(parameters)};
    return call(mechanism);
}

CK_RV WrapMethod::wrap(SessionView session, CK_OBJECT_HANDLE by, CK_OBJECT_HANDLE key, Bytes& wrapped) const {
    return with_mechanism([&](CK_MECHANISM& mechanism) -> CK_RV {
        unsigned long length = 0;
        CK_RV rv = session.functions->C_WrapKey(session.handle, &mechanism, by, key, nullptr, &length);
        if (rv != CKR_OK) return rv;
        if (length == 0 || length > kMaxWrapped) return CKR_DATA_LEN_RANGE;
        wrapped.resize(length);
        rv = session.functions->C_WrapKey(session.handle, &mechanism, by, key, wrapped.data(), &length);
        if (rv != CKR_OK) return rv;
        if (length > wrapped.size()) return CKR_DATA_LEN_RANGE;
        wrapped.resize(length);
        return CKR_OK;
    });
}

CK_RV WrapMethod::unwrap(SessionView session, CK_OBJECT_HANDLE by, ByteView wrapped, std::span<CK_ATTRIBUTE> attributes,
                         CK_OBJECT_HANDLE& made) const {
    return with_mechanism([&](CK_MECHANISM& mechanism) {
        return session.functions->C_UnwrapKey(session.handle, &mechanism, by, mutable_octets(wrapped),
                                              static_cast<unsigned long>(wrapped.size()), attributes.data(),
                                              static_cast<unsigned long>(attributes.size()), &made);
    });
}

CK_RV WrapMethod::unwrap_carrier(SessionView session, CK_OBJECT_HANDLE by, ByteView carrier,
                                 std::span<CK_ATTRIBUTE> attributes, CK_OBJECT_HANDLE& made) const {
    CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_parameters();
    CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
    return session.functions->C_UnwrapKey(session.handle, &mechanism, by, mutable_octets(carrier),
                                          static_cast<unsigned long>(carrier.size()), attributes.data(),
                                          static_cast<unsigned long>(attributes.size()), &made);
}

bool WrapMethod::decrypts(SessionView session, CK_OBJECT_HANDLE by, ByteView carrier) const {
    CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_parameters();
    CK_MECHANISM mechanism{CKM_AES_ECB, nullptr, 0};
    if (oaep_) mechanism = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
    if (session.functions->C_DecryptInit(session.handle, &mechanism, by) != CKR_OK) return false;
    std::array<std::uint8_t, kMaxPlain> plain{};
    auto length = static_cast<unsigned long>(plain.size());
    const CK_RV rv = session.functions->C_Decrypt(session.handle, mutable_octets(carrier),
                                                  static_cast<unsigned long>(carrier.size()), plain.data(), &length);
    zeroise(plain.data(), plain.size());
    return rv == CKR_OK;
}

bool takes_another(CK_RV rv) {
    return rv == CKR_MECHANISM_INVALID || rv == CKR_KEY_SIZE_RANGE || rv == CKR_MECHANISM_PARAM_INVALID ||
           rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_ARGUMENTS_BAD;
}

}  // namespace sealwright::hsm::pkcs11
