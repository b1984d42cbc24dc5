// wrap_method.hpp: the mechanisms by which keys are wrapped for backup, with their parameters. Internal to hsm/pkcs11.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "hsm/key_backup.hpp"
#include "hsm/pkcs11/mechanism.hpp"
#include "hsm/pkcs11/objects.hpp"

namespace sealwright::hsm::pkcs11 {

// WrappingKind is what a wrapping key is: one AES key, or an RSA pair whose public half wraps.
enum class WrappingKind : std::uint8_t { aes, rsa };

// WrapMethod is one way to wrap a key and to unwrap it. A value; it holds nothing of the token.
class WrapMethod {
public:
    // all gives the methods of this kind that the token has, the best first. AES: AES-KWP (RFC 5649), the same under
    // its older number, AES key wrap (RFC 3394). RSA: CKM_RSA_AES_KEY_WRAP with AES-256, OAEP by SHA-256, then by
    // SHA-1; which digest the token takes is in no list, it answers when it wraps.
    static std::vector<WrapMethod> all(WrappingKind kind, const MechanismSet& token);
    // of gives the method by which a backup was wrapped; unsupported for one that the token lacks, or that is unknown.
    static Result<WrapMethod> of(const KeyBackup& backup, const MechanismSet& token);

    WrappingKind kind() const noexcept { return oaep_ ? WrappingKind::rsa : WrappingKind::aes; }
    std::string_view name() const noexcept { return name_; }
    std::optional<RsaAesParameters> parameters() const noexcept;

    // wrap gives what the token wrapped in `wrapped`, or the code that it answered.
    CK_RV wrap(SessionView session, CK_OBJECT_HANDLE by, CK_OBJECT_HANDLE key, Bytes& wrapped) const;
    CK_RV unwrap(SessionView session, CK_OBJECT_HANDLE by, ByteView wrapped, std::span<CK_ATTRIBUTE> attributes,
                 CK_OBJECT_HANDLE& made) const;

    // unwrap_carrier has an RSA key unwrap the AES key alone that stands at the beginning of what this method wrapped:
    // no step of a restoration, but what somebody would do who is after the wrapped key.
    CK_RV unwrap_carrier(SessionView session, CK_OBJECT_HANDLE by, ByteView carrier, std::span<CK_ATTRIBUTE> attributes,
                         CK_OBJECT_HANDLE& made) const;
    // decrypts: the key decrypts in the way that this method encrypts, whatever its attributes say.
    bool decrypts(SessionView session, CK_OBJECT_HANDLE by, ByteView carrier) const;

private:
    WrapMethod(CK_MECHANISM_TYPE type, std::string_view name, std::optional<crypto::DigestAlgorithm> oaep)
        : type_(type), name_(name), oaep_(oaep) {}

    template <class Call>
    auto with_mechanism(Call&& call) const;
    CK_RSA_PKCS_OAEP_PARAMS oaep_parameters() const noexcept;

    CK_MECHANISM_TYPE type_;
    std::string_view name_;
    std::optional<crypto::DigestAlgorithm> oaep_;  // of RSA
};

// takes_another: this method does not do it, another may (SoftHSM's key wrap answers CKR_KEY_SIZE_RANGE to an encoding
// that is no multiple of eight octets, and CKR_ARGUMENTS_BAD to OAEP with SHA-256).
bool takes_another(CK_RV rv);

}  // namespace sealwright::hsm::pkcs11
