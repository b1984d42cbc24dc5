// The parts of FakeStore about certificates' status, CRLs, secrets and the audit log.
#include "support/fake_store_state.hpp"

namespace sealwright::test {

using issuance::CertificateState;
using issuance::Events;

Result<issuance::CertificateRecord> FakeStore::certificate(const SerialNumber& serial) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::certificate));
    const auto found = state_->certificates.find(serial);
    if (found == state_->certificates.end()) return fail(ErrorCode::not_found, "no such certificate");
    return found->second;
}

Result<std::vector<issuance::CertificateRecord>> FakeStore::certificates(const issuance::CertificateFilter& filter) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::certificates));
    std::vector<issuance::CertificateRecord> chosen;
    bool reached = !filter.after;
    std::size_t octets = 0;
    for (const auto& serial : state_->order) {
        const auto& record = state_->certificates.at(serial);
        const bool take = reached && (!filter.state || record.state == *filter.state) &&
                          (!filter.revoked || record.revocation.has_value() == *filter.revoked) &&
                          (filter.profile.empty() || record.profile == filter.profile) &&
                          record.names.find(filter.name_contains) != std::string::npos &&
                          (!filter.expires_before || record.not_after < *filter.expires_before);
        if (take && chosen.size() < filter.limit && octets < issuance::kMaxListedOctets) {
            chosen.push_back(record);
            octets += issuance::listed_octets(record);
        }
        if (filter.after && serial == *filter.after) reached = true;
    }
    return chosen;
}

Result<issuance::Status> FakeStore::status(const KeyId& issuer_key, const SerialNumber& serial) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::status));
    const auto found = state_->certificates.find(serial);
    if (found == state_->certificates.end() || found->second.issuer_key != issuer_key)
        return issuance::Status{issuance::StatusUnknown{}};
    const auto& record = found->second;
    if (record.revocation) return issuance::Status{issuance::StatusRevoked{*record.revocation}};
    if (record.state == CertificateState::issued) return issuance::Status{issuance::StatusGood{record.not_after}};
    return issuance::Status{issuance::StatusUnknown{}};
}

Result<void> FakeStore::revoke(const SerialNumber& serial, issuance::Revocation revocation, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::revoke, revocation.at));
    const auto found = state_->certificates.find(serial);
    if (found == state_->certificates.end()) return fail(ErrorCode::not_found, "no such certificate");
    auto& record = found->second;
    if (record.state != CertificateState::issued) return fail(ErrorCode::conflict, "the certificate was not issued");
    const bool held = record.revocation && record.revocation->reason == x509::RevocationReason::certificate_hold;
    const bool holds_again = held && revocation.reason == x509::RevocationReason::certificate_hold;
    if (record.revocation && (!held || holds_again)) return fail(ErrorCode::conflict, "revoked already");
    record.revocation = revocation;
    state_->changed(serial);
    commit(revocation.at, std::move(events));
    return success();
}

Result<void> FakeStore::release(const SerialNumber& serial, UtcTime now, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::release, now));
    const auto found = state_->certificates.find(serial);
    if (found == state_->certificates.end()) return fail(ErrorCode::not_found, "no such certificate");
    auto& record = found->second;
    if (!record.revocation || record.revocation->reason != x509::RevocationReason::certificate_hold) {
        return fail(ErrorCode::conflict, "the certificate is not on hold");
    }
    record.revocation.reset();
    state_->changed(serial);
    commit(now, std::move(events));
    return success();
}

Result<void> FakeStore::for_each_revoked(const KeyId& issuer_key, UtcTime,
                                         const std::function<void(const x509::CrlEntry&)>& visit) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::for_each_revoked));
    const auto latest = state_->crls.find(issuer_key);
    for (const auto& [serial, record] : state_->certificates) {
        if (!record.revocation || record.issuer_key != issuer_key) continue;
        const bool carried = latest != state_->crls.end() && latest->second.this_update > record.not_after;
        if (!carried)
            visit({serial, record.revocation->at, record.revocation->reason, record.revocation->invalidity_date});
    }
    return success();
}

Result<std::uint64_t> FakeStore::reserve_crl_number(const KeyId& issuer_key, UtcTime now) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::reserve_crl_number, now));
    const std::uint64_t number = ++state_->crl_numbers[issuer_key];
    commit(now, {});
    return number;
}

Result<void> FakeStore::intend_crl(issuance::CrlIntent intent, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::intend_crl, intent.now));
    if (intent.number == 0 || intent.number > state_->crl_numbers[intent.issuer_key])
        return fail(ErrorCode::conflict, "the number was not reserved");
    const UtcTime now = intent.now;
    state_->crl_intents[intent.id] = {std::move(intent), true};
    commit(now, std::move(events));
    return success();
}

Result<void> FakeStore::complete_crl(const IntentId& intent, issuance::CrlRecord record, Events events) {
    const UtcTime time = events.empty() ? UtcTime{} : events.front().time;
    SEALWRIGHT_TRY(auto lock, write_at(Verb::complete_crl, std::max(time, state_->last_commit)));
    const auto found = state_->crl_intents.find(intent);
    if (found == state_->crl_intents.end() || !found->second.open || found->second.intent.number != record.number) {
        return fail(ErrorCode::conflict, "the intent was settled");
    }
    found->second.open = false;
    state_->crls[record.issuer_key] = std::move(record);
    commit(time, std::move(events));
    return success();
}

Result<void> FakeStore::abandon_crl(const IntentId& intent, UtcTime now, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::abandon_crl, now));
    const auto found = state_->crl_intents.find(intent);
    if (found == state_->crl_intents.end() || !found->second.open)
        return fail(ErrorCode::conflict, "the intent was settled");
    found->second.open = false;
    commit(now, std::move(events));
    return success();
}

Result<std::vector<issuance::CrlIntent>> FakeStore::open_crl_intents(const issuance::Node& node, UtcTime) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::open_crl_intents));
    std::vector<issuance::CrlIntent> open;
    for (const auto& [id, entry] : state_->crl_intents) {
        if (entry.open && entry.intent.node.id == node.id && entry.intent.node.epoch < node.epoch)
            open.push_back(entry.intent);
    }
    return open;
}

Result<std::optional<issuance::CrlRecord>> FakeStore::latest_crl(const KeyId& issuer_key) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::latest_crl));
    const auto found = state_->crls.find(issuer_key);
    if (found == state_->crls.end()) return std::optional<issuance::CrlRecord>{};
    return std::optional{found->second};
}

Result<void> FakeStore::create_secret(issuance::SecretRecord record, UtcTime now, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::create_secret, now));
    if (state_->secrets.contains(record.id)) return fail(ErrorCode::already_exists, "the secret exists");
    state_->secrets[record.id] = std::move(record);
    commit(now, std::move(events));
    return success();
}

Result<std::vector<issuance::SecretRecord>> FakeStore::secrets() {
    SEALWRIGHT_TRY(auto lock, enter(Verb::secrets));
    std::vector<issuance::SecretRecord> all;
    for (const auto& [id, record] : state_->secrets) all.push_back(record);
    return all;
}

Result<std::optional<issuance::SecretRecord>> FakeStore::find_secret(const Sha256& secret_hash) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::find_secret));
    for (const auto& [id, record] : state_->secrets) {
        if (record.secret_hash == secret_hash) return std::optional{record};
    }
    return std::optional<issuance::SecretRecord>{};
}

Result<void> FakeStore::revoke_secret(std::string_view id, UtcTime now, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::revoke_secret, now));
    const auto found = state_->secrets.find(std::string{id});
    if (found == state_->secrets.end()) return fail(ErrorCode::not_found, "no such secret");
    if (found->second.used_at || found->second.revoked_at)
        return fail(ErrorCode::conflict, "the secret was used or revoked already");
    found->second.revoked_at = now;
    commit(now, std::move(events));
    return success();
}

Result<audit::TreeHead> FakeStore::audit_head() {
    SEALWRIGHT_TRY(auto lock, enter(Verb::audit_head));
    return state_->range.head();
}

Result<std::vector<Bytes>> FakeStore::audit_leaves(std::uint64_t first, std::uint64_t last) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::audit_leaves));
    if (first > last || last > state_->leaves.size()) return fail(ErrorCode::not_found, "no such entries");
    return std::vector<Bytes>(state_->leaves.begin() + static_cast<std::ptrdiff_t>(first),
                              state_->leaves.begin() + static_cast<std::ptrdiff_t>(last));
}

Result<Sha256> FakeStore::audit_node(unsigned level, std::uint64_t index) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::audit_node));
    const auto found = state_->nodes.find({level, index});
    if (found == state_->nodes.end()) return fail(ErrorCode::not_found, "no such node");
    return found->second;
}

Result<void> FakeStore::save_checkpoint(std::string note, const audit::TreeHead&) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::save_checkpoint));
    state_->checkpoint = std::move(note);
    return success();
}

Result<std::optional<std::string>> FakeStore::latest_checkpoint() {
    SEALWRIGHT_TRY(auto lock, enter(Verb::latest_checkpoint));
    return state_->checkpoint;
}

Result<issuance::CaStore::Counts> FakeStore::counts() {
    SEALWRIGHT_TRY(auto lock, enter(Verb::counts));
    Counts counts;
    for (const auto& [serial, record] : state_->certificates) {
        if (record.state == issuance::CertificateState::issued) ++counts.issued;
        if (record.state == issuance::CertificateState::intended) ++counts.open_intents;
        if (record.revocation) ++counts.revoked;
    }
    return counts;
}

Result<issuance::CaStore::Changes> FakeStore::changed_since(std::uint64_t counter) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::changed_since));
    Changes changes;
    changes.counter = state_->changes.size();
    if (counter + state_->change_log_limit < changes.counter) {
        changes.overflow = true;
        return changes;
    }
    for (std::size_t i = counter; i < state_->changes.size(); ++i) changes.serials.push_back(state_->changes[i]);
    return changes;
}

}  // namespace sealwright::test
