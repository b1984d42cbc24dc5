#include "crypto/digest.hpp"
#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

using audit::EventKind;
using issuance::DeviceState;
using issuance::RequestState;

KeyId ek(std::uint64_t number) { return numbered<KeyId>(0x1000 + number); }

class Devices : public StoreContract {
protected:
    static issuance::EkEntry entry(std::uint64_t number, std::string note = "rack 1") {
        return {ek(number), std::move(note), at(0), "uid:7(alice)"};
    }
    // attested is an intent of a device: EK number device, identity names.
    static issuance::Intent attested(std::uint64_t number, std::uint64_t device, std::string names,
                                     UtcTime now = at(0)) {
        auto intent = intent_of(number, now);
        intent.names = std::move(names);
        intent.device = issuance::AttestedDevice{
            ek(device), attestation::Level::ek_certificate, "L-1", "id:53544D20", "ST33", "id:00010102", {}};
        intent.device->identity = crypto::sha256(view_of(intent.names));
        intent.attestation = Bytes{0x30, 0x01, static_cast<std::uint8_t>(number)};
        return intent;
    }
    void issue(const issuance::Intent& intent, UtcTime now = at(1)) {
        intend(intent);
        expect_success(store().complete(completion_of(intent, now), event_of(EventKind::certificate_issued)));
    }
    std::optional<ErrorCode> intend_refused(const issuance::Intent& intent) {
        return refused([&] { return store().intend(intent, event_of(EventKind::certificate_intended)); });
    }
};
SEALWRIGHT_EACH_ADAPTER(Devices);

TEST_P(Devices, TheListKeepsEachKeyOnce) {
    EXPECT_EQ(store().import_eks({entry(2), entry(1)}, at(0), event_of(EventKind::ek_imported)).value(), 2U);
    EXPECT_EQ(store().import_eks({entry(1, "again"), entry(3)}, at(1), event_of(EventKind::ek_imported)).value(), 1U);
    reopen();
    EXPECT_TRUE(store().is_ek_listed(ek(1)).value());
    EXPECT_FALSE(store().is_ek_listed(ek(4)).value());
    const auto all = store().eks({}, 10).value();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].ek, ek(1));
    EXPECT_EQ(all[0].note, "rack 1");
    EXPECT_EQ(all[0].added_at, at(0));
    EXPECT_EQ(all[0].added_by, "uid:7(alice)");
    const auto page = store().eks(ek(1), 1).value();
    ASSERT_EQ(page.size(), 1U);
    EXPECT_EQ(page[0].ek, ek(2));
}

TEST_P(Devices, AKeyIsTakenFromTheList) {
    EXPECT_EQ(store().import_eks({entry(1)}, at(0), event_of(EventKind::ek_imported)).value(), 1U);
    expect_success(store().remove_ek(ek(1), at(1), event_of(EventKind::ek_removed)));
    EXPECT_FALSE(store().is_ek_listed(ek(1)).value());
    EXPECT_EQ(refused([&] { return store().remove_ek(ek(1), at(2), event_of(EventKind::ek_removed)); }),
              ErrorCode::not_found);
}

TEST_P(Devices, AnIntentMakesTheDeviceKnown) {
    const auto intent = attested(1, 1, "CN=one");
    issue(intent);
    reopen();
    const auto device = store().device(ek(1), at(2)).value();
    EXPECT_EQ(device.about.ek, ek(1));
    EXPECT_EQ(device.about.level, attestation::Level::ek_certificate);
    EXPECT_EQ(device.about.ek_template, "L-1");
    EXPECT_EQ(device.about.manufacturer, "id:53544D20");
    EXPECT_EQ(device.about.model, "ST33");
    EXPECT_EQ(device.about.firmware, "id:00010102");
    EXPECT_EQ(device.state, DeviceState::enrolled);
    EXPECT_EQ(device.names, "CN=one");
    EXPECT_EQ(device.profile, intent.profile);
    EXPECT_EQ(device.enrolled_at, at(0));
    EXPECT_EQ(device.last_seen_at, at(0));
    EXPECT_FALSE(device.ended_at);
    EXPECT_EQ(device.last_request, intent.request);
    EXPECT_EQ(device.certificates, std::vector{intent.serial});
    EXPECT_EQ(store().device_of(intent.serial).value(), ek(1));
    EXPECT_EQ(store().attestation(intent.request).value(), intent.attestation);
    EXPECT_EQ(store().certificate(intent.serial).value().level, attestation::Level::ek_certificate);
    EXPECT_EQ(refused([&] { return store().device(ek(2), at(2)); }), ErrorCode::not_found);
}

TEST_P(Devices, AnIntentWithoutATpmHasNone) {
    const auto intent = intent_of(1);
    issue(intent);
    EXPECT_FALSE(store().device_of(intent.serial).value());
    EXPECT_EQ(store().certificate(intent.serial).value().level, attestation::Level::none);
    EXPECT_EQ(refused([&] { return store().attestation(intent.request); }), ErrorCode::not_found);
    EXPECT_EQ(refused([&] { return store().device_of(numbered<SerialNumber>(77)); }), ErrorCode::not_found);
}

TEST_P(Devices, OneKeyHasOneIdentity) {
    issue(attested(1, 1, "CN=one"));
    EXPECT_EQ(intend_refused(attested(2, 1, "CN=two", at(2))), ErrorCode::denied);
    // A renewal is the same identity, of a new level and seen later.
    auto again = attested(3, 1, "CN=one", at(3));
    again.device->level = attestation::Level::ek_list;
    issue(again, at(4));
    const auto device = store().device(ek(1), at(5)).value();
    EXPECT_EQ(device.enrolled_at, at(0));
    EXPECT_EQ(device.last_seen_at, at(3));
    EXPECT_EQ(device.about.level, attestation::Level::ek_list);
    EXPECT_EQ(device.certificates.size(), 2U);
    EXPECT_EQ(device.certificates.front(), again.serial);
}

TEST_P(Devices, OneIdentityIsOneKeys) {
    issue(attested(1, 1, "CN=one"));
    EXPECT_EQ(intend_refused(attested(2, 2, "CN=one", at(2))), ErrorCode::denied);
    EXPECT_EQ(refused([&] { return store().device(ek(2), at(2)); }), ErrorCode::not_found);
    issue(attested(3, 2, "CN=two", at(3)), at(4));
}

TEST_P(Devices, ARevokedOneGetsNothingMore) {
    issue(attested(1, 1, "CN=one"));
    expect_success(store().end_device(ek(1), DeviceState::revoked, at(2), event_of(EventKind::device_revoked)));
    EXPECT_EQ(intend_refused(attested(2, 1, "CN=one", at(3))), ErrorCode::denied);
    EXPECT_EQ(refused([&] {
                  return store().end_device(ek(1), DeviceState::revoked, at(3), event_of(EventKind::device_revoked));
              }),
              ErrorCode::conflict);
    // Its identity is free for the machine that takes its place.
    issue(attested(3, 2, "CN=one", at(4)), at(5));
    EXPECT_EQ(store().device(ek(1), at(5)).value().ended_at, at(2));
}

TEST_P(Devices, ARetiredOneMayComeBackAsSomebodyElse) {
    issue(attested(1, 1, "CN=one"));
    expect_success(store().end_device(ek(1), DeviceState::retired, at(2), event_of(EventKind::device_retired)));
    issue(attested(2, 1, "CN=two", at(3)), at(4));
    const auto device = store().device(ek(1), at(5)).value();
    EXPECT_EQ(device.state, DeviceState::enrolled);
    EXPECT_EQ(device.names, "CN=two");
    EXPECT_EQ(device.enrolled_at, at(3));
    EXPECT_FALSE(device.ended_at);
    EXPECT_EQ(refused([&] {
                  return store().end_device(ek(9), DeviceState::retired, at(6), event_of(EventKind::device_retired));
              }),
              ErrorCode::not_found);
}

TEST_P(Devices, WhatIsSignedWhileItIsRevokedIsNotCompleted) {
    const auto intent = attested(1, 1, "CN=one");
    intend(intent);
    expect_success(store().end_device(ek(1), DeviceState::revoked, at(1), event_of(EventKind::device_revoked)));
    EXPECT_EQ(refused([&] {
                  return store().complete(completion_of(intent, at(2)), event_of(EventKind::certificate_issued));
              }),
              ErrorCode::conflict);
}

TEST_P(Devices, ARenewalUndoesNoEnd) {
    const auto first = attested(1, 1, "CN=one");
    issue(first);
    expect_success(store().end_device(ek(1), DeviceState::retired, at(2), event_of(EventKind::device_retired)));
    auto renewal = attested(2, 1, "CN=one", at(3));
    renewal.renews = first.serial;
    EXPECT_EQ(intend_refused(renewal), ErrorCode::denied);
    EXPECT_EQ(store().device(ek(1), at(4)).value().state, DeviceState::retired);
    // The same as a first enrolment is what retiring is for; and a renewal of what is revoked is refused by itself.
    const auto again = attested(3, 1, "CN=one", at(5));
    issue(again, at(6));
    expect_success(store().revoke(again.serial, {at(7), x509::RevocationReason::superseded, {}},
                                  event_of(EventKind::certificate_revoked)));
    auto late = attested(4, 1, "CN=one", at(8));
    late.renews = again.serial;
    EXPECT_EQ(intend_refused(late), ErrorCode::denied);
}

TEST_P(Devices, AHeldCertificateIsOneOfItsOwn) {
    const auto intent = attested(1, 1, "CN=one");
    issue(intent);
    expect_success(store().revoke(intent.serial, {at(2), x509::RevocationReason::certificate_hold, {}},
                                  event_of(EventKind::certificate_held)));
    EXPECT_EQ(store().device(ek(1), at(3)).value().certificates, std::vector{intent.serial});
}

TEST_P(Devices, WhatMovedOnIsNotRefusedByWhoComesLate) {
    auto challenge = pending_of(1);
    challenge.state = RequestState::challenged;
    challenge.secret_id.reset();
    expect_success(store().park(challenge, event_of(EventKind::request_challenged)));
    auto waiting = challenge;
    waiting.state = RequestState::awaiting_approval;
    waiting.from = RequestState::challenged;
    waiting.attestation = Bytes{0x30, 0x01, 0x07};
    expect_success(store().park(waiting, event_of(EventKind::request_awaiting_approval)));
    EXPECT_EQ(refused([&] { return store().park(waiting, event_of(EventKind::request_awaiting_approval)); }),
              ErrorCode::conflict);
    auto late = refusal_of(1, at(3));
    late.request = challenge.request;
    late.resumes_request = true;
    late.from = RequestState::challenged;
    late.attestation = Bytes{0x30, 0x00};
    EXPECT_EQ(refused([&] { return store().refuse(late, event_of(EventKind::request_refused)); }), ErrorCode::conflict);
    EXPECT_EQ(store().request(challenge.request).value().state, RequestState::awaiting_approval);
    EXPECT_EQ(store().attestation(challenge.request).value(), waiting.attestation);
}

TEST_P(Devices, ListsInTheOrderOfEnrolment) {
    issue(attested(1, 3, "CN=three"));
    issue(attested(2, 1, "CN=one", at(2)), at(3));
    issue(attested(3, 2, "CN=two", at(4)), at(5));
    expect_success(store().end_device(ek(1), DeviceState::revoked, at(6), event_of(EventKind::device_revoked)));
    const auto all = store().devices({}).value();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].about.ek, ek(3));
    EXPECT_EQ(all[2].about.ek, ek(2));
    issuance::DeviceFilter revoked, named, second, unknown;
    revoked.state = DeviceState::revoked;
    named.name_contains = "cn=t";
    second.limit = 1;
    second.after = ek(3);
    unknown.after = ek(9);
    EXPECT_EQ(store().devices(revoked).value().size(), 1U);
    EXPECT_EQ(store().devices(named).value().size(), 2U);
    const auto page = store().devices(second).value();
    ASSERT_EQ(page.size(), 1U);
    EXPECT_EQ(page[0].about.ek, ek(1));
    EXPECT_EQ(refused([&] { return store().devices(unknown); }), ErrorCode::not_found);
}

TEST_P(Devices, ItsCertificatesAreThoseThatCount) {
    const auto first = attested(1, 1, "CN=one");
    issue(first);
    const auto second = attested(2, 1, "CN=one", at(2));
    issue(second, at(3));
    expect_success(store().revoke(first.serial, {at(4), x509::RevocationReason::superseded, {}},
                                  event_of(EventKind::certificate_revoked)));
    EXPECT_EQ(store().device(ek(1), at(5)).value().certificates, std::vector{second.serial});
    EXPECT_TRUE(store().device(ek(1), second.not_after + std::chrono::seconds{1}).value().certificates.empty());
}

TEST_P(Devices, ChallengesAreFoundByTheirPrincipal) {
    auto challenge = pending_of(1);
    challenge.state = RequestState::challenged;
    challenge.secret_id.reset();
    expect_success(store().park(challenge, event_of(EventKind::request_challenged)));
    auto other = pending_of(2);
    other.secret_id.reset();
    expect_success(store().park(other, event_of(EventKind::request_awaiting_approval)));
    EXPECT_EQ(store().challenged(challenge.principal).value(), std::vector{challenge.request});
    EXPECT_TRUE(store().challenged("nobody").value().empty());
}

TEST_P(Devices, AChallengeIsUsedUpByOneIntent) {
    auto challenge = pending_of(1);
    challenge.state = RequestState::challenged;
    challenge.secret_id.reset();
    expect_success(store().park(challenge, event_of(EventKind::request_challenged)));
    auto intent = attested(1, 1, "CN=one", at(1));
    intent.request = challenge.request;
    intent.resumes_request = true;
    intend(intent);
    EXPECT_EQ(store().request(challenge.request).value().proof, intent.proof);
    auto again = attested(2, 1, "CN=one", at(2));
    again.request = challenge.request;
    again.resumes_request = true;
    EXPECT_EQ(intend_refused(again), ErrorCode::conflict);
    auto refusal = refusal_of(1, at(3));
    refusal.request = challenge.request;
    refusal.resumes_request = true;
    EXPECT_EQ(refused([&] { return store().refuse(refusal, event_of(EventKind::request_refused)); }),
              ErrorCode::conflict);
}

TEST_P(Devices, ARefusalKeepsItsAttestation) {
    auto refusal = refusal_of(1);
    refusal.attestation = Bytes{0x30, 0x00};
    expect_success(store().refuse(refusal, event_of(EventKind::request_refused)));
    auto parked = pending_of(2);
    parked.attestation = Bytes{0x30, 0x01, 0x05};
    expect_success(store().park(parked, event_of(EventKind::request_awaiting_approval)));
    reopen();
    EXPECT_EQ(store().attestation(refusal.request).value(), refusal.attestation);
    EXPECT_EQ(store().attestation(parked.request).value(), parked.attestation);
}

}  // namespace
}  // namespace sealwright::contract
