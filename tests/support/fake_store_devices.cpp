// The devices of a FakeStore.
#include "support/fake_store_state.hpp"

namespace sealwright::test {

using issuance::DeviceRecord;
using issuance::DeviceState;
using issuance::Events;

Result<void> FakeStore::check_identity(const issuance::Intent& intent) const {
    if (!intent.device) return success();
    const auto known = state_->devices.find(intent.device->ek);
    if (known != state_->devices.end()) {
        if (known->second.state == DeviceState::revoked) return fail(ErrorCode::denied, "the device is revoked");
        if (known->second.state == DeviceState::enrolled && known->second.about.identity != intent.device->identity)
            return fail(ErrorCode::denied, "the device has another identity");
    }
    if (intent.renews && (known == state_->devices.end() || known->second.state != DeviceState::enrolled ||
                          state_->certificates.at(*intent.renews).revocation))
        return fail(ErrorCode::denied, "what is renewed does not count any more");
    for (const auto& [ek, device] : state_->devices) {
        if (ek != intent.device->ek && device.state == DeviceState::enrolled &&
            device.about.identity == intent.device->identity)
            return fail(ErrorCode::denied, "another device has this identity");
    }
    return success();
}

void FakeStore::put_device(const issuance::Intent& intent) {
    if (!intent.device) return;
    auto [entry, fresh] = state_->devices.try_emplace(intent.device->ek);
    auto& device = entry->second;
    if (fresh) state_->device_order.push_back(intent.device->ek);
    if (fresh || device.state != DeviceState::enrolled) device.enrolled_at = intent.now;
    device.about = *intent.device;
    device.state = DeviceState::enrolled;
    device.ended_at.reset();
    device.names = intent.names;
    device.profile = intent.profile;
    device.last_seen_at = intent.now;
    device.last_request = intent.request;
    state_->certificates.at(intent.serial).level = intent.device->level;
    state_->devices_of[intent.serial] = intent.device->ek;
}

void FakeStore::put_attestation(const RequestId& request, const Bytes& record) {
    if (!record.empty()) state_->attestations[request] = record;
}

bool FakeStore::was_ended(const SerialNumber& serial) const {
    const auto found = state_->devices_of.find(serial);
    return found != state_->devices_of.end() && state_->devices.at(found->second).state != DeviceState::enrolled;
}

Result<std::size_t> FakeStore::import_eks(const std::vector<issuance::EkEntry>& entries, UtcTime now, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::import_eks, now));
    std::size_t added = 0;
    for (const auto& entry : entries) added += state_->eks.emplace(entry.ek, entry).second ? 1 : 0;
    commit(now, std::move(events));
    return added;
}

Result<void> FakeStore::remove_ek(const KeyId& ek, UtcTime now, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::remove_ek, now));
    if (state_->eks.erase(ek) == 0) return fail(ErrorCode::not_found, "the endorsement key is not on the list");
    commit(now, std::move(events));
    return success();
}

Result<bool> FakeStore::is_ek_listed(const KeyId& ek) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::is_ek_listed));
    return state_->eks.contains(ek);
}

Result<std::vector<issuance::EkEntry>> FakeStore::eks(const std::optional<KeyId>& after, std::size_t limit) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::eks));
    std::vector<issuance::EkEntry> entries;
    for (auto at = after ? state_->eks.upper_bound(*after) : state_->eks.begin();
         at != state_->eks.end() && entries.size() < limit; ++at)
        entries.push_back(at->second);
    return entries;
}

Result<DeviceRecord> FakeStore::device(const KeyId& ek, UtcTime now) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::device));
    const auto found = state_->devices.find(ek);
    if (found == state_->devices.end()) return fail(ErrorCode::not_found, "no such device");
    DeviceRecord record = found->second;
    for (auto serial = state_->order.rbegin(); serial != state_->order.rend(); ++serial) {
        const auto& certificate = state_->certificates.at(*serial);
        const auto owner = state_->devices_of.find(*serial);
        if (owner != state_->devices_of.end() && owner->second == ek &&
            (!certificate.revocation || certificate.revocation->reason == x509::RevocationReason::certificate_hold) &&
            certificate.state == issuance::CertificateState::issued && certificate.not_after >= now)
            record.certificates.push_back(*serial);
    }
    return record;
}

Result<std::vector<DeviceRecord>> FakeStore::devices(const issuance::DeviceFilter& filter) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::devices));
    auto at = state_->device_order.begin();
    if (filter.after) {
        at = std::find(state_->device_order.begin(), state_->device_order.end(), *filter.after);
        if (at == state_->device_order.end()) return fail(ErrorCode::not_found, "no such device");
        ++at;
    }
    const auto lower = [](std::string text) {
        for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        return text;
    };
    std::vector<DeviceRecord> records;
    for (; at != state_->device_order.end() && records.size() < filter.limit; ++at) {
        const auto& device = state_->devices.at(*at);
        if (filter.state && device.state != *filter.state) continue;
        if (lower(device.names).find(lower(filter.name_contains)) == std::string::npos) continue;
        records.push_back(device);
    }
    return records;
}

Result<void> FakeStore::end_device(const KeyId& ek, DeviceState state, UtcTime now, Events events) {
    SEALWRIGHT_TRY(auto lock, write_at(Verb::end_device, now));
    const auto found = state_->devices.find(ek);
    if (found == state_->devices.end()) return fail(ErrorCode::not_found, "no such device");
    if (found->second.state == state) return fail(ErrorCode::conflict, "the device is that already");
    found->second.state = state;
    found->second.ended_at = now;
    commit(now, std::move(events));
    return success();
}

Result<std::optional<KeyId>> FakeStore::device_of(const SerialNumber& serial) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::device_of));
    if (!state_->certificates.contains(serial)) return fail(ErrorCode::not_found, "no such certificate");
    const auto found = state_->devices_of.find(serial);
    return found == state_->devices_of.end() ? std::nullopt : std::optional{found->second};
}

Result<Bytes> FakeStore::attestation(const RequestId& request) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::attestation));
    const auto found = state_->attestations.find(request);
    if (found == state_->attestations.end()) return fail(ErrorCode::not_found, "the request has no attestation");
    return found->second;
}

Result<std::vector<RequestId>> FakeStore::challenged(std::string_view principal) {
    SEALWRIGHT_TRY(auto lock, enter(Verb::challenged));
    std::vector<RequestId> ids;
    for (const auto& [id, request] : state_->requests) {
        if (request.state == issuance::RequestState::challenged && request.principal == principal) ids.push_back(id);
    }
    return ids;
}

}  // namespace sealwright::test
