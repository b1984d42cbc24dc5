// Decryption and agreement by a token key (decryptor.hpp).
#include <array>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/key_derivation.hpp"
#include "crypto/key_transport.hpp"
#include "crypto/random.hpp"
#include "hsm/decryption_proof.hpp"
#include "hsm/pkcs11/token_impl.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::DigestAlgorithm;
using crypto::KeyType;

constexpr std::size_t kMaxBlock = 1024;  // RSA with 8192 bits
constexpr std::size_t kMaxLabel = 4096;

struct OaepRow {
    DigestAlgorithm digest;
    CK_MECHANISM_TYPE hash;
    CK_RSA_PKCS_MGF_TYPE mgf;
};
constexpr std::array kOaep{
    OaepRow{DigestAlgorithm::sha1, CKM_SHA_1, CKG_MGF1_SHA1},
    OaepRow{DigestAlgorithm::sha256, CKM_SHA256, CKG_MGF1_SHA256},
    OaepRow{DigestAlgorithm::sha384, CKM_SHA384, CKG_MGF1_SHA384},
    OaepRow{DigestAlgorithm::sha512, CKM_SHA512, CKG_MGF1_SHA512},
};

// Scratch is a buffer for what a token decrypted, zeroised however its user leaves.
template <std::size_t N>
struct Scratch {
    std::array<std::uint8_t, N> octets{};
    Scratch() = default;
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { zeroise(octets.data(), octets.size()); }
};

bool is_ec(KeyType type) { return type == KeyType::ec_p256 || type == KeyType::ec_p384 || type == KeyType::ec_p521; }

Result<void> check_shape(const DecryptRequest& request, const PublicKey& key) {
    const bool wants_ec = request.scheme == DecryptScheme::ecdh;
    if (wants_ec ? !is_ec(key.type()) : key.type() != KeyType::rsa)
        return fail(ErrorCode::unsupported, "a key of this type does not decrypt so");
    if (wants_ec) return success();  // the point is checked where it is read
    if (request.input.size() != key.rsa_modulus().size())
        return fail(ErrorCode::malformed, "an encrypted block that is not as long as the key");
    if (request.label.size() > kMaxLabel) return fail(ErrorCode::too_large, "an OAEP label of more than 4096 octets");
    if (request.scheme == DecryptScheme::rsa_pkcs1 &&
        (request.secret_size == 0 || request.secret_size > kMaxContentKey))
        return fail(ErrorCode::malformed, "a content key has 1 to 64 octets");
    return success();
}

// checked_point refuses a peer's point that is not on the key's curve: a token that multiplied it would give its key
// away piece by piece (invalid curve attack). The curves have prime order, so that no small subgroup is left.
Result<PublicKey> checked_point(const PublicKey& key, ByteView point) {
    const ByteView curve = key.type() == KeyType::ec_p256   ? asn1::oid::kPrime256v1
                           : key.type() == KeyType::ec_p384 ? asn1::oid::kSecp384r1
                                                            : asn1::oid::kSecp521r1;
    asn1::DerWriter spki;
    spki.sequence([&] {
        spki.sequence([&] { spki.oid(asn1::oid::kEcPublicKey).oid(curve); });
        spki.bit_string(point);
    });
    return PublicKey::parse(spki.view());
}

// stand_in is the key that takes the place of a block that does not decrypt: drawn from the block, the length that was
// asked for and a secret of this process, so that asking twice, or for another length, tells nothing.
Bytes stand_in(const Secret& secret, const DecryptRequest& request) {
    Bytes message = bytes_of(request.key.view());
    append(message, request.input);
    message.push_back(static_cast<std::uint8_t>(request.secret_size));  // kMaxContentKey at most
    Bytes drawn = crypto::hmac(DigestAlgorithm::sha512, secret.reveal(), message);
    drawn.resize(request.secret_size);
    return drawn;
}

// choose gives octets where condition is all ones, else other, without a branch or an index that depends on it.
void choose(std::uint8_t mask, const std::uint8_t* octets, Bytes& other) {
    for (std::size_t i = 0; i < other.size(); ++i) {
        other[i] = static_cast<std::uint8_t>((octets[i] & mask) | (other[i] & static_cast<std::uint8_t>(~mask)));
    }
}

// mask_if_equal is all ones where a and b are the same number, else zero, without a branch.
std::uint8_t mask_if_equal(unsigned long a, unsigned long b) {
    const unsigned long difference = a ^ b;
    const unsigned long top = (difference | (0UL - difference)) >> (sizeof(unsigned long) * 8 - 1);
    return static_cast<std::uint8_t>(top - 1UL);
}

// still_good asks the session itself, after a call on it answered rv. Modules are known that answer a wrong padding
// with CKR_DEVICE_ERROR, which elsewhere means that the token was lost: an answer of its own, a recovery and a second
// attempt would tell whoever sent the block what its padding was (Bleichenbacher, Manger).
bool still_good(SessionView session, CK_RV rv) {
    CK_SESSION_INFO info{};
    if (session.functions->C_GetSessionInfo(session.handle, &info) != CKR_OK) return false;
    // A token without a login has public sessions alone.
    const bool logged_in = info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
    return logged_in || rv != CKR_USER_NOT_LOGGED_IN;
}

// DerivedObject destroys the session object that a derivation made.
class DerivedObject {
public:
    DerivedObject(SessionView session, CK_OBJECT_HANDLE handle) : session_(session), handle_(handle) {}
    ~DerivedObject() { session_.functions->C_DestroyObject(session_.handle, handle_); }
    DerivedObject(const DerivedObject&) = delete;
    DerivedObject& operator=(const DerivedObject&) = delete;

private:
    SessionView session_;
    CK_OBJECT_HANDLE handle_;
};

CK_RV derive(SessionView session, CK_OBJECT_HANDLE key, ByteView point, std::size_t size, CK_OBJECT_HANDLE& out) {
    CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, static_cast<unsigned long>(point.size()),
                                      mutable_octets(point)};
    CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof(parameters)};
    CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
    CK_KEY_TYPE key_type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    auto length = static_cast<unsigned long>(size);
    // Readable on purpose: the protocol's own derivation follows outside. CKA_SENSITIVE and CKA_EXTRACTABLE have
    // defaults that differ among modules; SoftHSM takes CKA_VALUE_LEN, others refuse it where the size is fixed.
    std::array attributes{CK_ATTRIBUTE{CKA_CLASS, &object_class, sizeof(object_class)},
                          CK_ATTRIBUTE{CKA_KEY_TYPE, &key_type, sizeof(key_type)},
                          CK_ATTRIBUTE{CKA_TOKEN, &no, sizeof(no)},
                          CK_ATTRIBUTE{CKA_SENSITIVE, &no, sizeof(no)},
                          CK_ATTRIBUTE{CKA_EXTRACTABLE, &yes, sizeof(yes)},
                          CK_ATTRIBUTE{CKA_VALUE_LEN, &length, sizeof(length)}};
    const auto call = [&](unsigned long count) {
        return session.functions->C_DeriveKey(session.handle, &mechanism, key, attributes.data(), count, &out);
    };
    const CK_RV rv = call(attributes.size());
    const bool length_refused = rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_TEMPLATE_INCONSISTENT ||
                                rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_ATTRIBUTE_TYPE_INVALID;
    return length_refused ? call(attributes.size() - 1) : rv;
}

}  // namespace

Secret fresh_rejection_key() {
    Scratch<32> drawn;
    crypto::SystemRandom random;
    random.fill_secret(drawn.octets);
    return Secret::copy_of(drawn.octets);
}

CK_RV TokenImpl::decrypt_init(SessionLease& lease, const KeyEntry& entry, CK_MECHANISM& mechanism) {
    const SessionView session = lease.view();
    CK_RV rv = functions_.C_DecryptInit(session.handle, &mechanism, entry.private_key);
    if (rv == CKR_OK && entry.always_authenticate) rv = authenticate(session.handle);
    if (rv != CKR_OK) lease.failed(rv);
    return rv;
}

TokenImpl::Attempt<Secret> TokenImpl::decrypt_oaep(SessionLease& lease, const KeyEntry& entry,
                                                   const DecryptRequest& request) {
    const auto row =
        std::find_if(kOaep.begin(), kOaep.end(), [&](const OaepRow& known) { return known.digest == request.digest; });
    if (row == kOaep.end())
        return {fail(ErrorCode::unsupported, "OAEP with another digest than SHA-1 and SHA-2"), false};
    // SoftHSM answers CKR_ARGUMENTS_BAD unless a source is named, an empty label too.
    CK_RSA_PKCS_OAEP_PARAMS parameters{row->hash, row->mgf, CKZ_DATA_SPECIFIED,
                                       request.label.empty() ? nullptr : mutable_octets(request.label),
                                       static_cast<unsigned long>(request.label.size())};
    CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof(parameters)};
    CK_RV rv = decrypt_init(lease, entry, mechanism);
    if (rv == CKR_ARGUMENTS_BAD || rv == CKR_MECHANISM_PARAM_INVALID)
        return {fail(ErrorCode::unsupported, "the token does no OAEP with this digest or label",
                     "C_DecryptInit answered " + ckr_name(rv)),
                false};
    if (rv != CKR_OK) return {ckr_error("C_DecryptInit", rv, "the token refused to decrypt"), handles_lost(rv)};
    Scratch<kMaxBlock> plain;
    auto length = static_cast<unsigned long>(plain.octets.size());
    rv = functions_.C_Decrypt(lease.view().handle, mutable_octets(request.input),
                              static_cast<unsigned long>(request.input.size()), plain.octets.data(), &length);
    if (rv == CKR_OK && length <= plain.octets.size())
        return {Secret::copy_of(ByteView{plain.octets}.first(length)), false};
    const bool lives = still_good(lease.view(), rv);
    if (!lives) lease.failed(rv);
    if (handles_lost(rv) && !lives) return {ckr_error("C_Decrypt", rv, "the token was lost while it decrypted"), true};
    // One answer for every block that does not decrypt (RFC 8017 7.1.2, the note on Manger's attack).
    return {fail(ErrorCode::malformed, "the block does not decrypt", "C_Decrypt answered " + ckr_name(rv)), false};
}

// decrypt_pkcs1 has the stand-in ready before it asks, and from the token's answer on neither branches nor indexes by
// whether the padding held. The time that the token itself takes is the token's.
TokenImpl::Attempt<Secret> TokenImpl::decrypt_pkcs1(SessionLease& lease, const KeyEntry& entry,
                                                    const DecryptRequest& request) {
    Bytes chosen = stand_in(rejection_key_, request);
    CK_MECHANISM mechanism{CKM_RSA_PKCS, nullptr, 0};
    CK_RV rv = decrypt_init(lease, entry, mechanism);
    if (rv != CKR_OK) return {ckr_error("C_DecryptInit", rv, "the token refused to decrypt"), handles_lost(rv)};
    Scratch<kMaxBlock> plain;
    auto length = static_cast<unsigned long>(plain.octets.size());
    rv = functions_.C_Decrypt(lease.view().handle, mutable_octets(request.input),
                              static_cast<unsigned long>(request.input.size()), plain.octets.data(), &length);
    // Asked whatever was answered, so that the question itself tells nothing.
    const bool lives = still_good(lease.view(), rv);
    if (handles_lost(rv) && !lives) {
        lease.failed(rv);
        zeroise(chosen.data(), chosen.size());
        return {ckr_error("C_Decrypt", rv, "the token was lost while it decrypted"), true};
    }
    // Modules answer a wrong padding with several codes (SoftHSM 2.6.1 with CKR_GENERAL_ERROR): all of them mean the
    // same here. C_Decrypt ends its operation whatever it answers, but for a buffer that is too small, which this is
    // not.
    const auto held = static_cast<std::uint8_t>(mask_if_equal(rv, CKR_OK) & mask_if_equal(length, request.secret_size));
    choose(held, plain.octets.data(), chosen);
    Secret secret = Secret::copy_of(chosen);
    zeroise(chosen.data(), chosen.size());
    return {std::move(secret), false};
}

TokenImpl::Attempt<Secret> TokenImpl::agree(SessionLease& lease, const KeyEntry& entry, ByteView point) {
    const SessionView session = lease.view();
    const std::size_t size = crypto::coordinate_size(entry.key.public_key);
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CK_RV rv = derive(session, entry.private_key, point, size, made);
    if (rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_ARGUMENTS_BAD || rv == CKR_DOMAIN_PARAMS_INVALID) {
        // Some modules want the point as CKA_EC_POINT has it: in an OCTET STRING (PKCS#11 3.0, 2.3.1 allows both).
        asn1::DerWriter wrapped;
        wrapped.octet_string(point);
        rv = derive(session, entry.private_key, wrapped.view(), size, made);
    }
    if (rv != CKR_OK) {
        lease.failed(rv);
        return {ckr_error("C_DeriveKey", rv, "the token refused to agree on a secret"), handles_lost(rv)};
    }
    const DerivedObject ends{session, made};
    Scratch<128> value;
    CK_ATTRIBUTE attribute{CKA_VALUE, value.octets.data(), static_cast<unsigned long>(value.octets.size())};
    rv = functions_.C_GetAttributeValue(session.handle, made, &attribute, 1);
    if (rv != CKR_OK) {
        lease.failed(rv);
        return {ckr_error("C_GetAttributeValue", rv, "the token keeps the agreed secret to itself"), handles_lost(rv)};
    }
    // Modules are known that strip leading zeros of the coordinate, which X9.63 keeps.
    if (attribute.ulValueLen == 0 || attribute.ulValueLen > size)
        return {fail(ErrorCode::token, "the token agreed on a secret of the wrong length",
                     std::to_string(attribute.ulValueLen) + " octets"),
                false};
    Secret secret = Secret::with_capacity(size);
    for (std::size_t i = attribute.ulValueLen; i < size; ++i) secret.append(0);
    for (std::size_t i = 0; i < attribute.ulValueLen; ++i) secret.append(value.octets[i]);
    return {std::move(secret), false};
}

Result<Secret> TokenImpl::decrypt(const DecryptRequest& request) {
    SEALWRIGHT_TRY(auto entry, find_entry(request.key));
    if (!entry->key.has_private) return fail(ErrorCode::not_found, "the token holds only the public half of this key");
    SEALWRIGHT_TRY(check_shape(request, entry->key.public_key));
    if (request.scheme == DecryptScheme::ecdh) {
        SEALWRIGHT_TRY(checked_point(entry->key.public_key, request.input));
    }
    const CK_MECHANISM_TYPE mechanism = request.scheme == DecryptScheme::ecdh        ? CKM_ECDH1_DERIVE
                                        : request.scheme == DecryptScheme::rsa_pkcs1 ? CKM_RSA_PKCS
                                                                                     : CKM_RSA_PKCS_OAEP;
    if (!mechanisms_.contains(mechanism))
        return fail(ErrorCode::unsupported, "the token does not decrypt so",
                    mechanism_name(mechanism) + " is not in its list");
    return with_session([&](SessionLease& lease) -> Attempt<Secret> {
        if (entry->generation != lease.generation()) entry = entry_of(request.key);
        if (!entry || entry->generation != lease.generation())
            return {fail(ErrorCode::unavailable, "the token was lost and is being found again"), true};
        switch (request.scheme) {
            case DecryptScheme::rsa_oaep:
                return decrypt_oaep(lease, *entry, request);
            case DecryptScheme::rsa_pkcs1:
                return decrypt_pkcs1(lease, *entry, request);
            case DecryptScheme::ecdh:
                return agree(lease, *entry, request.input);
        }
        return {fail(ErrorCode::unsupported, "an unknown way to decrypt"), false};
    });
}

// prove_decryption has the new key decrypt what was encrypted to it, in the first way that the token does.
Result<void> TokenImpl::prove_decryption(const TokenKey& key) {
    crypto::SystemRandom random;
    Result<void> proof = fail(ErrorCode::unsupported, "a key of this type does not decrypt");
    for (const DecryptionWay& way : decryption_ways(key.public_key)) {
        SEALWRIGHT_TRY(const auto challenge, DecryptionProof::make(key.public_key, way, random));
        // The key is named by the caller: what stands under another name must not pass.
        DecryptRequest request = challenge.request();
        request.key = key.id;
        const auto got = decrypt(request);
        proof = got ? challenge.check(got.value().reveal()) : Result<void>{got.error()};
        if (proof || !may_be_lacking(proof.error())) break;
    }
    return proof;
}

}  // namespace sealwright::hsm::pkcs11
