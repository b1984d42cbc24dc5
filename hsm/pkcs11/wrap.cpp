// Backup of a key by wrapping, and its restoration (token.hpp, key_backup.hpp).
#include <array>

#include "asn1/der_reader.hpp"
#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "hsm/pkcs11/keygen.hpp"
#include "hsm/pkcs11/token_impl.hpp"
#include "hsm/pkcs11/wrapping_key.hpp"
#include "x509/findings.hpp"

namespace sealwright::hsm::pkcs11 {
namespace {

using crypto::KeyType;

Error refused(std::string_view what, std::string detail = {}) {
    return fail(ErrorCode::denied, std::string{what}, std::move(detail));
}

CK_KEY_TYPE token_key_type(KeyType type) {
    switch (type) {
        case KeyType::rsa:
            return CKK_RSA;
        case KeyType::ed25519:
        case KeyType::ed448:
            return CKK_EC_EDWARDS;
        case KeyType::ml_dsa_44:
        case KeyType::ml_dsa_65:
        case KeyType::ml_dsa_87:
            return CKK_ML_DSA;
        default:
            return CKK_EC;
    }
}

// every_algorithm: which of them the original was bound to is not in its wrapped form.
std::vector<SignatureAlgorithm> every_algorithm(KeyType type) {
    std::vector<SignatureAlgorithm> all;
    for (const auto scheme :
         {crypto::SignatureScheme::rsa_pkcs1, crypto::SignatureScheme::rsa_pss, crypto::SignatureScheme::ecdsa}) {
        for (const auto digest :
             {crypto::DigestAlgorithm::sha256, crypto::DigestAlgorithm::sha384, crypto::DigestAlgorithm::sha512}) {
            if (crypto::fits({scheme, digest}, type)) all.push_back({scheme, digest});
        }
    }
    if (all.empty()) all.push_back(crypto::default_algorithm(type));
    return all;
}

AttributeTemplate restored_template(const KeyBackup& backup, const MechanismSet& token) {
    const KeySpec spec{backup.public_key.type(), 0, backup.label, std::string{kWrapBackup},
                       every_algorithm(backup.public_key.type())};
    AttributeTemplate attributes = private_template(spec, backup.cka_id, token);
    attributes.number(CKA_CLASS, "CKA_CLASS", CKO_PRIVATE_KEY);
    attributes.number(CKA_KEY_TYPE, "CKA_KEY_TYPE", token_key_type(backup.public_key.type()));
    // SoftHSM 2.6.1 takes the template in its order, and nothing more once the key is not to be modified.
    attributes.move_to_end(CKA_MODIFIABLE);
    // opencryptoki 3.27 refuses one of these; what is left out is read back, and the key destroyed that does not have
    // it.
    attributes.make_optional(CKA_EXTRACTABLE);
    attributes.make_optional(CKA_WRAP_WITH_TRUSTED);
    return attributes;
}

// unwrap_once: one attempt. A refused template has made no key, which is looked up before the next attempt.
Result<CK_OBJECT_HANDLE> unwrap_once(SessionView session, const WrapMethod& method, CK_OBJECT_HANDLE by,
                                     const KeyBackup& backup, AttributeTemplate& attributes, bool& refused_template) {
    auto list = attributes.attributes();
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    const CK_RV rv = method.unwrap(session, by, backup.wrapped, list, made);
    if (rv == CKR_OK) return made;
    refused_template = template_refused(rv);
    SEALWRIGHT_TRY(nothing_made(session, backup.cka_id));
    return ckr_error("C_UnwrapKey", rv, "the token does not open the backup with this wrapping key");
}

// unwrap leaves out as few of the optional attributes as it can: none, else one alone, else from the end.
Result<CK_OBJECT_HANDLE> unwrap(SessionView session, const WrapMethod& method, CK_OBJECT_HANDLE by,
                                const KeyBackup& backup, AttributeTemplate attributes,
                                std::vector<std::string>& dropped) {
    bool refused_template = false;
    auto whole = unwrap_once(session, method, by, backup, attributes, refused_template);
    if (whole || !refused_template) return whole;
    for (std::size_t i = 0; i < attributes.optional_count(); ++i) {
        AttributeTemplate fewer = attributes;
        const std::string name = fewer.drop_optional_at(i);
        auto made = unwrap_once(session, method, by, backup, fewer, refused_template);
        if (made) dropped.push_back("private " + name);
        if (made || !refused_template) return made;
    }
    for (;;) {
        const auto name = attributes.drop_optional();
        if (!name) return whole;
        dropped.push_back("private " + *name);
        auto made = unwrap_once(session, method, by, backup, attributes, refused_template);
        if (made || !refused_template) return made;
    }
}

Result<void> add_public_value(const PublicKey& key, AttributeTemplate& attributes) {
    const ByteView bits = key.public_bits();
    if (key.type() == KeyType::rsa) {
        attributes.octets(CKA_MODULUS, "CKA_MODULUS", key.rsa_modulus());
        attributes.octets(CKA_PUBLIC_EXPONENT, "CKA_PUBLIC_EXPONENT", key.rsa_exponent());
        return success();
    }
    if (const auto set = parameter_set(key.type())) {
        attributes.number(CKA_PARAMETER_SET, "CKA_PARAMETER_SET", *set);
        attributes.octets(CKA_VALUE, "CKA_VALUE", bits);
        return success();
    }
    // The curve stands behind the algorithm of an EC key, and is the algorithm of an Edwards key (RFC 5480, 8410).
    asn1::DerReader outer{key.spki().view()};
    SEALWRIGHT_TRY(auto spki, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(auto algorithm, spki.enter(asn1::kSequence));
    SEALWRIGHT_TRY(auto curve, algorithm.expect(asn1::kOid));
    if (!algorithm.at_end()) {
        SEALWRIGHT_TRY(curve, algorithm.expect(asn1::kOid));
    }
    asn1::DerWriter point;
    point.octet_string(bits);
    attributes.octets(CKA_EC_PARAMS, "CKA_EC_PARAMS", curve.encoding);
    attributes.octets(CKA_EC_POINT, "CKA_EC_POINT", point.view());
    return success();
}

// create_public_half: wrapping carries the private half alone.
Result<CK_OBJECT_HANDLE> create_public_half(SessionView session, const KeyBackup& backup) {
    AttributeTemplate attributes;
    attributes.number(CKA_CLASS, "CKA_CLASS", CKO_PUBLIC_KEY);
    attributes.number(CKA_KEY_TYPE, "CKA_KEY_TYPE", token_key_type(backup.public_key.type()));
    attributes.flag(CKA_TOKEN, "CKA_TOKEN", true);
    attributes.flag(CKA_PRIVATE, "CKA_PRIVATE", false);
    attributes.flag(CKA_VERIFY, "CKA_VERIFY", true);
    attributes.octets(CKA_LABEL, "CKA_LABEL", view_of(backup.label));
    attributes.octets(CKA_ID, "CKA_ID", backup.cka_id);
    SEALWRIGHT_TRY(add_public_value(backup.public_key, attributes));
    attributes.optional_flag(CKA_ENCRYPT, "CKA_ENCRYPT", false);
    attributes.optional_flag(CKA_WRAP, "CKA_WRAP", false);
    attributes.optional_flag(CKA_MODIFIABLE, "CKA_MODIFIABLE", false);
    return create_object(session, std::move(attributes), "the token does not take the public half of the backup");
}

Result<void> check_backup_target(const KeyBackup& backup, const WrappingKey& by) {
    SEALWRIGHT_TRY(check_wrapping_key(by));
    if (backup.rsa_aes.has_value() != by.public_key.has_value())
        return fail(ErrorCode::conflict, "'" + by.label + "' is another kind of key than the backup's wrapping key");
    const bool comparable = !backup.wrapping_check_value.empty() && !by.check_value.empty();
    if (comparable && backup.wrapping_check_value != by.check_value) {
        return fail(ErrorCode::conflict, "'" + by.label + "' is another wrapping key than the backup's",
                    "check values " + to_hex(backup.wrapping_check_value) + " and " + to_hex(by.check_value));
    }
    return success();
}

// judged: the key is what may be backed up, whether it was born here or restored.
Result<void> judged(const KeyEvidence& evidence, KeyMobility mobility) {
    if (mobility == KeyMobility::stays || mobility == KeyMobility::came_or_left)
        return refused("the key cannot leave the token: it was made unextractable", "CKA_EXTRACTABLE is false");
    const auto name = mobility == KeyMobility::restored ? kWrapBackupRestored : kWrapBackup;
    SEALWRIGHT_TRY(const auto findings, judge_evidence(evidence, name));
    for (const auto& finding : findings) {
        if (finding.severity == x509::Severity::error)
            return refused("the key is not of the template " + std::string{name}, finding.detail);
    }
    return success();
}

}  // namespace

Result<WrappingKey> TokenImpl::find_wrapping_key(const std::string& label) {
    return with_session([&](SessionLease& lease) -> Attempt<WrappingKey> {
        CK_RV rv = CKR_OK;
        auto found = wrapping_key_of(lease.view(), label, &rv);
        lease.failed(rv);
        if (!found) return {found.error(), handles_lost(rv)};
        return {std::move(found.value().key), false};
    });
}

Result<KeyBackup> TokenImpl::back_up(const KeyId& key, const std::string& wrapping_label, UtcTime now) {
    SEALWRIGHT_TRY(const auto told, evidence(key));
    SEALWRIGHT_TRY(const auto known, find_entry(key));
    SEALWRIGHT_TRY(judged(told, known->key.mobility));
    return with_session([&](SessionLease& lease) -> Attempt<KeyBackup> {
        const auto entry = entry_of(key);
        if (!entry || entry->generation != lease.generation())
            return {fail(ErrorCode::unavailable, "the token was lost and is being found again"), true};
        CK_RV rv = CKR_OK;
        const auto by = wrapping_key_of(lease.view(), wrapping_label, &rv);
        lease.failed(rv);
        if (!by) return {by.error(), handles_lost(rv)};
        const WrappingKey& safe = by.value().key;
        if (auto usable = check_wrapping_key(safe); !usable) return {usable.error(), false};
        rv = CKR_MECHANISM_INVALID;
        for (const WrapMethod& method : WrapMethod::all(by.value().kind, mechanisms_)) {
            const Trial trial = try_to_read(lease.view(), method, by.value().halves, mechanisms_);
            if (!trial.fault.empty()) {
                return {refused("the token does not keep secret what the wrapping key '" + wrapping_label +
                                    "' unwraps: whoever has it, its PIN and a backup could read the key",
                                trial.fault),
                        false};
            }
            Bytes wrapped;
            rv = method.wrap(lease.view(), by.value().halves.wrapping, entry->private_key, wrapped);
            if (rv == CKR_OK) {
                return {
                    KeyBackup{entry->key.public_key, entry->key.label, entry->key.cka_id, std::string{method.name()},
                              wrapping_label, safe.cka_id, safe.check_value, info_.serial, info_.label, now,
                              evidence_json(told), std::move(wrapped), method.parameters()},
                    false};
            }
            if (!takes_another(rv)) break;
        }
        lease.failed(rv);
        return {ckr_error("C_WrapKey", rv, "the token did not wrap the key"), handles_lost(rv)};
    });
}

// restored_as_told: what had to be left out of the template has its value all the same.
Result<void> TokenImpl::restored_as_told(const KeyId& key) {
    SEALWRIGHT_TRY(const auto told, evidence(key));
    SEALWRIGHT_TRY(const auto findings, judge_evidence(told, kWrapBackupRestored));
    for (const auto& finding : findings) {
        if (finding.severity == x509::Severity::error)
            return refused("the token did not restore the key as it was told", finding.detail);
    }
    return success();
}

// proved_or_destroyed: only a key that signs for the backup's SPKI, and that the token holds as it was told, stays.
Result<TokenKey> TokenImpl::proved_or_destroyed(SessionView session, const TokenKey& key,
                                                std::array<CK_OBJECT_HANDLE, 2> halves) {
    const KeySpec spec{key.public_key.type(), 0, key.label, std::string{kWrapBackup}, {}};
    auto read = keys();
    auto proof = read ? prove(key, spec) : Result<void>{read.error()};
    if (proof) proof = restored_as_told(key.id);
    if (proof) return key;
    std::string left;
    for (const CK_OBJECT_HANDLE half : halves) {
        const CK_RV rv = functions_.C_DestroyObject(session.handle, half);
        if (rv != CKR_OK) left = "; it could not be destroyed (" + ckr_name(rv) + ") and is still in the token";
    }
    {
        const std::scoped_lock lock{table_mutex_};
        table_.erase(key.id);
    }
    return fail(ErrorCode::conflict, "what was unwrapped is not the key of the backup as it has to be" + left,
                proof.error().describe());
}

Result<TokenKey> TokenImpl::restore_on(SessionView session, const KeyBackup& backup,
                                       const std::string& wrapping_label) {
    SEALWRIGHT_TRY(label_is_free(session, backup.label, kKeyHalves));
    const std::array criteria{Criterion{CKA_ID, backup.cka_id}};
    for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
        SEALWRIGHT_TRY(const auto found, find_objects(session, object_class, criteria));
        if (!found.empty()) return fail(ErrorCode::already_exists, "the token has a key with the backup's CKA_ID");
    }
    SEALWRIGHT_TRY(const auto by, wrapping_key_of(session, wrapping_label));
    SEALWRIGHT_TRY(check_backup_target(backup, by.key));
    SEALWRIGHT_TRY(const auto method, WrapMethod::of(backup, mechanisms_));
    TokenKey key{backup.public_key.id(), backup.cka_id, backup.label, backup.public_key, true, {}};
    key.mobility = KeyMobility::restored;
    SEALWRIGHT_TRY(const auto private_half, unwrap(session, method, by.halves.unwrapping, backup,
                                                   restored_template(backup, mechanisms_), key.dropped_attributes));
    const auto public_half = create_public_half(session, backup);
    if (!public_half) {
        const Error& why = public_half.error();
        const CK_RV rv = functions_.C_DestroyObject(session.handle, private_half);
        if (rv == CKR_OK) return why;
        return fail(why.code(),
                    why.public_detail() +
                        "; the private half, which is not proved to be the backup's key, could not be "
                        "destroyed (" +
                        ckr_name(rv) + ") and is still in the token",
                    why.describe());
    }
    return proved_or_destroyed(session, key, {private_half, public_half.value()});
}

Result<void> TokenImpl::check_restore(const KeyBackup& backup, const std::string& wrapping_label) {
    SEALWRIGHT_TRY(const auto present, keys());
    for (const TokenKey& key : present) {
        if (key.id == backup.public_key.id())
            return fail(ErrorCode::already_exists, "the token has this key already, with the label " + key.label);
        if (key.label == backup.label)
            return fail(ErrorCode::already_exists, "the token has another key with the label " + key.label);
    }
    if (!crypto::library_verifies(backup.public_key.type()))
        return fail(ErrorCode::unsupported, "this libcrypto cannot verify what the restored key would sign");
    SEALWRIGHT_TRY(const auto by, find_wrapping_key(wrapping_label));
    SEALWRIGHT_TRY(check_backup_target(backup, by));
    SEALWRIGHT_TRY(WrapMethod::of(backup, mechanisms_));
    return success();
}

Result<TokenKey> TokenImpl::restore(const KeyBackup& backup, const std::string& wrapping_label) {
    SEALWRIGHT_TRY(check_restore(backup, wrapping_label));
    const std::scoped_lock one_at_a_time{keygen_mutex_};
    CK_RV rv = CKR_OK;
    SEALWRIGHT_TRY(const auto session, pool_.open_extra(CKF_SERIAL_SESSION | CKF_RW_SESSION, rv));
    auto restored = restore_on({&functions_, session}, backup, wrapping_label);
    functions_.C_CloseSession(session);
    return restored;
}

}  // namespace sealwright::hsm::pkcs11
