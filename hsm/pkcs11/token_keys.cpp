// The table of keys: read from the token, kept for a generation of sessions, compared after a loss.
#include <array>

#include "hsm/pkcs11/token_impl.hpp"

namespace sealwright::hsm::pkcs11 {

namespace {

KeyMobility mobility_of(SessionView session, CK_OBJECT_HANDLE private_key) {
    const auto flag = [&](CK_ATTRIBUTE_TYPE type) { return boolean_of(read_attribute(session, private_key, type)); };
    const auto extractable = flag(CKA_EXTRACTABLE);
    if (!extractable) return KeyMobility::unknown;
    if (!*extractable) {
        // PKCS#11 3.0, 4.9: CKA_EXTRACTABLE alone says nothing of the time before it was false, nor of where the key
        // comes from.
        const auto never = flag(CKA_NEVER_EXTRACTABLE), local = flag(CKA_LOCAL);
        if (never == true && local == true) return KeyMobility::stays;
        return never == false || local == false ? KeyMobility::came_or_left : KeyMobility::unknown;
    }
    if (!flag(CKA_WRAP_WITH_TRUSTED).value_or(false)) return KeyMobility::can_leave;
    return flag(CKA_LOCAL).value_or(true) ? KeyMobility::can_leave_wrapped : KeyMobility::restored;
}

}  // namespace

// read_keys lists the private keys with their public halves, and public keys that stand alone. A key of a type that we
// do not use, or without CKA_ID, is not listed.
Result<KeyTable> TokenImpl::read_keys(SessionView session, std::uint64_t generation, CK_RV& rv) const {
    KeyTable table;
    const auto label_of = [&](CK_OBJECT_HANDLE object) {
        const auto label = read_attribute(session, object, CKA_LABEL);
        return label.value ? std::string{text_of(*label.value)} : std::string{};
    };
    const auto add = [&](const Bytes& cka_id, const PublicKey& key, CK_OBJECT_HANDLE private_key,
                         CK_OBJECT_HANDLE public_key) {
        const bool has_private = private_key != CK_INVALID_HANDLE;
        const std::string label = label_of(has_private ? private_key : public_key);
        const bool always =
            has_private && boolean_of(read_attribute(session, private_key, CKA_ALWAYS_AUTHENTICATE)).value_or(false);
        auto& standing = table[key.id()];
        if (standing && (standing->key.has_private || !has_private)) return;
        TokenKey listed{key.id(), cka_id, label, key, has_private, {}};
        if (has_private) listed.mobility = mobility_of(session, private_key);
        standing = std::make_shared<KeyEntry>(KeyEntry{std::move(listed), generation, private_key, public_key, always});
    };
    SEALWRIGHT_TRY(const auto private_keys, find_objects(session, CKO_PRIVATE_KEY, {}, &rv));
    for (const CK_OBJECT_HANDLE private_key : private_keys) {
        const auto cka_id = read_attribute(session, private_key, CKA_ID);
        if (!cka_id.value || cka_id.value->empty()) continue;
        const std::array criteria{Criterion{CKA_ID, *cka_id.value}};
        SEALWRIGHT_TRY(const auto same_id, find_objects(session, CKO_PRIVATE_KEY, criteria, &rv));
        SEALWRIGHT_TRY(const auto halves, find_objects(session, CKO_PUBLIC_KEY, criteria, &rv));
        // Two keys under one CKA_ID cannot be told apart by it; neither is used.
        if (same_id.size() != 1 || halves.size() > 1) continue;
        auto key = read_public_key(session, halves.empty() ? private_key : halves.front());
        if (key) add(*cka_id.value, key.value(), private_key, halves.empty() ? CK_INVALID_HANDLE : halves.front());
    }
    SEALWRIGHT_TRY(const auto public_keys, find_objects(session, CKO_PUBLIC_KEY, {}, &rv));
    for (const CK_OBJECT_HANDLE public_key : public_keys) {
        const auto cka_id = read_attribute(session, public_key, CKA_ID);
        auto key = read_public_key(session, public_key);
        if (key) add(cka_id.value.value_or(Bytes{}), key.value(), CK_INVALID_HANDLE, public_key);
    }
    return table;
}

// same_keys: after a loss every key that we held must be there again, under the same CKA_ID and with the same public
// value.
Result<void> TokenImpl::same_keys(const KeyTable& now) const {
    const std::scoped_lock lock{table_mutex_};
    for (const auto& [id, entry] : table_) {
        if (!entry->key.has_private) continue;
        const auto found = now.find(id);
        if (found == now.end() || !found->second->key.has_private || found->second->key.cka_id != entry->key.cka_id) {
            return fail(ErrorCode::conflict, "after a lost session a key is not in the token any more",
                        "key " + id.hex() + " label " + entry->key.label);
        }
    }
    return success();
}

// store keeps a table unless a newer one stands.
void TokenImpl::store(KeyTable table, std::uint64_t generation) {
    const std::scoped_lock lock{table_mutex_};
    if (generation < table_generation_) return;
    table_ = std::move(table);
    table_generation_ = generation;
}

Result<std::vector<TokenKey>> TokenImpl::keys() {
    SEALWRIGHT_TRY(auto table, with_session([&](SessionLease& lease) {
                       CK_RV rv = CKR_OK;
                       auto found = read_keys(lease.view(), lease.generation(), rv);
                       if (found) store(found.value(), lease.generation());
                       lease.failed(rv);
                       // A search changes nothing: it may be repeated.
                       return Attempt<KeyTable>{std::move(found), handles_lost(rv)};
                   }));
    std::vector<TokenKey> keys;
    for (const auto& [id, entry] : table) keys.push_back(entry->key);
    std::sort(keys.begin(), keys.end(),
              [](const TokenKey& a, const TokenKey& b) { return std::tie(a.label, a.id) < std::tie(b.label, b.id); });
    return keys;
}

std::shared_ptr<const KeyEntry> TokenImpl::entry_of(const KeyId& key) const {
    const std::scoped_lock lock{table_mutex_};
    const auto found = table_.find(key);
    return found == table_.end() ? nullptr : found->second;
}

// find_entry looks in the table and, where it is not there, once in the token: another process may have made the key.
Result<std::shared_ptr<const KeyEntry>> TokenImpl::find_entry(const KeyId& key) {
    if (auto entry = entry_of(key)) return entry;
    SEALWRIGHT_TRY(keys());
    if (auto entry = entry_of(key)) return entry;
    return fail(ErrorCode::not_found, "the token holds no such key", "key " + key.hex());
}

}  // namespace sealwright::hsm::pkcs11
