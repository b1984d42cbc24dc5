// Making keys, reading what the token says of them, destroying them.
#include <array>

#include "crypto/random.hpp"
#include "hsm/pkcs11/evidence.hpp"
#include "hsm/pkcs11/keygen.hpp"
#include "hsm/pkcs11/token_impl.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

constexpr std::size_t kCkaIdSize = 16;

bool can_decrypt(crypto::KeyType type) {
    using enum crypto::KeyType;
    return type == rsa || type == ec_p256 || type == ec_p384 || type == ec_p521;
}

Result<void> check_spec(const KeySpec& spec) {
    if (spec.label.empty() || spec.label.size() > 255)
        return fail(ErrorCode::config, "a key's label has 1 to 255 octets");
    SEALWRIGHT_TRY(check_evidence_template(spec.evidence_template));
    if (spec.evidence_template == kWrapBackupRestored)
        return fail(ErrorCode::config, "no key is born as one that was restored");
    const bool decrypts = spec.evidence_template == kNonExtractableDecrypt;
    if (decrypts && !can_decrypt(spec.type)) return fail(ErrorCode::config, "only RSA and EC keys decrypt or agree");
    if (decrypts && !spec.algorithms.empty()) return fail(ErrorCode::config, "a key that decrypts makes no signatures");
    if (!crypto::library_verifies(spec.type)) {
        return fail(ErrorCode::unsupported, "this libcrypto cannot verify " +
                                                std::string{crypto::key_type_name(spec.type)} +
                                                " signatures, so that no such key is made; OpenSSL 3.5 and later can");
    }
    if (spec.type == crypto::KeyType::rsa && spec.rsa_bits != 2048 && spec.rsa_bits != 3072 && spec.rsa_bits != 4096) {
        return fail(ErrorCode::config, "RSA keys have 2048, 3072 or 4096 bits");
    }
    for (const SignatureAlgorithm& algorithm : spec.algorithms) {
        if (!crypto::fits(algorithm, spec.type))
            return fail(ErrorCode::config,
                        "a key of this type does not make " + crypto::signature_name(algorithm) + " signatures");
    }
    return success();
}

}  // namespace

Result<Bytes> TokenImpl::random_from(SessionView session, std::size_t count) const {
    Bytes octets(count);
    const CK_RV rv =
        functions_.C_GenerateRandom(session.handle, octets.data(), static_cast<unsigned long>(octets.size()));
    if (rv != CKR_OK) return ckr_error("C_GenerateRandom", rv, "the token's generator gives nothing");
    return octets;
}
// fresh_cka_id draws a CKA_ID that no object has: the key's own digest is not known before it exists.
Result<Bytes> TokenImpl::fresh_cka_id(SessionView session) const {
    SEALWRIGHT_TRY(auto cka_id, random_from(session, kCkaIdSize));
    const std::array criteria{Criterion{CKA_ID, cka_id}};
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE, CKO_SECRET_KEY}) {
        SEALWRIGHT_TRY(const auto found, find_objects(session, object_class, criteria));
        if (!found.empty())
            return fail(ErrorCode::token, "the token's generator repeated itself", "CKA_ID " + to_hex(cka_id));
    }
    return cka_id;
}

// prove signs a challenge by which private and public half are shown to belong together.
Result<void> TokenImpl::prove(const TokenKey& key, const KeySpec& spec) {
    if (spec.evidence_template == kNonExtractableDecrypt) return prove_decryption(key);
    const SignatureAlgorithm algorithm =
        spec.algorithms.empty() ? crypto::default_algorithm(spec.type) : spec.algorithms.front();
    Bytes challenge = bytes_of(view_of("Sealwright proof that the halves of a new key belong together\n"));
    crypto::SystemRandom system_random;
    std::array<std::uint8_t, 32> nonce{};
    system_random.fill(nonce);
    append(challenge, nonce);
    SignRequest request;
    request.key = key.id;
    request.algorithm = algorithm;
    request.tbs = challenge;
    SEALWRIGHT_TRY(const auto signature, sign(request));
    return key.public_key.verify(algorithm, challenge, signature);
}

Result<TokenKey> TokenImpl::generate_on(SessionView session, const KeySpec& spec) {
    SEALWRIGHT_TRY(label_is_free(session, spec.label, kKeyHalves));
    SEALWRIGHT_TRY(const auto cka_id, fresh_cka_id(session));
    SEALWRIGHT_TRY(const auto pair, generate_pair(session, spec, cka_id, mechanisms_, keygen_memory_));
    SEALWRIGHT_TRY(const auto public_key, read_public_key(session, pair.public_key));
    if (public_key.type() != spec.type || (spec.type == crypto::KeyType::rsa && public_key.bits() != spec.rsa_bits)) {
        return fail(ErrorCode::token,
                    "the token made a key of another type or size than it was asked for; the key is still in the token",
                    "CKA_ID " + to_hex(cka_id));
    }
    return TokenKey{public_key.id(), cka_id, spec.label, public_key, true, pair.dropped_attributes};
}

Result<TokenKey> TokenImpl::generate(const KeySpec& spec) {
    SEALWRIGHT_TRY(check_spec(spec));
    const std::scoped_lock one_at_a_time{keygen_mutex_};
    CK_RV rv = CKR_OK;
    SEALWRIGHT_TRY(const auto session, pool_.open_extra(CKF_SERIAL_SESSION | CKF_RW_SESSION, rv));
    auto made = generate_on({&functions_, session}, spec);
    functions_.C_CloseSession(session);
    if (!made) return made;
    SEALWRIGHT_TRY(keys());  // the new key's handles
    if (auto proof = prove(made.value(), spec); !proof) {
        return fail(ErrorCode::token,
                    "the halves of the new key are not proved to belong together; the key is still in the token",
                    proof.error().describe());
    }
    return made;
}

Result<KeyEvidence> TokenImpl::evidence(const KeyId& key) {
    SEALWRIGHT_TRY(find_entry(key));
    return with_session([&](SessionLease& lease) -> Attempt<KeyEvidence> {
        const auto entry = entry_of(key);
        if (!entry || entry->generation != lease.generation())
            return {fail(ErrorCode::unavailable, "the token was lost and is being found again"), true};
        if (!entry->key.has_private)
            return {fail(ErrorCode::not_found, "the token holds only the public half of this key"), false};
        KeyEvidence evidence{key,
                             info_.serial,
                             info_.label,
                             info_.model,
                             info_.manufacturer,
                             info_.firmware_version,
                             entry->key.label,
                             entry->key.cka_id,
                             {}};
        evidence.items = read_evidence_items(lease.view(), entry->private_key, entry->public_key);
        // Handles that went stale read as absent attributes everywhere; that would be a false statement about the key.
        const auto& first = evidence.items.front();
        const bool lost =
            !first.value &&
            (first.why_absent == ckr_name(CKR_SESSION_HANDLE_INVALID) ||
             first.why_absent == ckr_name(CKR_OBJECT_HANDLE_INVALID) ||
             first.why_absent == ckr_name(CKR_SESSION_CLOSED) || first.why_absent == ckr_name(CKR_DEVICE_REMOVED) ||
             first.why_absent == ckr_name(CKR_TOKEN_NOT_PRESENT) || first.why_absent == ckr_name(CKR_DEVICE_ERROR));
        if (lost) {
            lease.failed(CKR_SESSION_HANDLE_INVALID);
            return {fail(ErrorCode::unavailable, "the token was lost while its attributes were read", first.why_absent),
                    true};
        }
        return {std::move(evidence), false};
    });
}

Result<void> TokenImpl::destroy(const KeyId& key) {
    SEALWRIGHT_TRY(find_entry(key));
    CK_RV rv = CKR_OK;
    SEALWRIGHT_TRY(const auto session, pool_.open_extra(CKF_SERIAL_SESSION | CKF_RW_SESSION, rv));
    const auto entry = entry_of(key);
    CK_RV of_private = CKR_OK;
    CK_RV of_public = CKR_OK;
    if (entry && entry->private_key != CK_INVALID_HANDLE)
        of_private = functions_.C_DestroyObject(session, entry->private_key);
    if (entry && entry->public_key != CK_INVALID_HANDLE)
        of_public = functions_.C_DestroyObject(session, entry->public_key);
    functions_.C_CloseSession(session);
    {
        const std::scoped_lock lock{table_mutex_};
        table_.erase(key);
    }
    if (of_private != CKR_OK) return ckr_error("C_DestroyObject", of_private, "the private half was not destroyed");
    if (of_public != CKR_OK) return ckr_error("C_DestroyObject", of_public, "the public half was not destroyed");
    return success();
}

}  // namespace sealwright::hsm::pkcs11
