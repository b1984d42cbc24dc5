#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

using audit::EventKind;
using issuance::CertificateFilter;
using issuance::CertificateState;
using issuance::RequestState;
using issuance::Settlement;

class Intending : public StoreContract {};
SEALWRIGHT_EACH_ADAPTER(Intending);

TEST_P(Intending, GivesAReceiptOfWhatIsDurable) {
    auto intent = intent_of(1);
    intent.renews = numbered<SerialNumber>(77);
    const auto receipt = store().intend(intent, event_of(EventKind::certificate_intended));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt.value().id(), intent.id);
    EXPECT_EQ(receipt.value().serial(), intent.serial);
    EXPECT_EQ(receipt.value().tbs_digest(), intent.tbs_digest);
    EXPECT_EQ(receipt.value().lease_until(), intent.lease_until);

    reopen();
    const auto record = store().certificate(intent.serial).value();
    EXPECT_EQ(record.state, CertificateState::intended);
    EXPECT_EQ(record.request, intent.request);
    EXPECT_EQ(record.intent, intent.id);
    EXPECT_EQ(record.issuer_key, intent.issuer_key);
    EXPECT_EQ(record.subject_key, intent.subject_key);
    EXPECT_EQ(record.profile, intent.profile);
    EXPECT_EQ(record.principal, intent.principal);
    EXPECT_EQ(record.names, intent.names);
    EXPECT_EQ(record.not_before, intent.not_before);
    EXPECT_EQ(record.not_after, intent.not_after);
    EXPECT_EQ(record.intended_at, intent.now);
    EXPECT_FALSE(record.issued_at);
    EXPECT_FALSE(record.revocation);
    EXPECT_EQ(record.tbs, intent.tbs);
    EXPECT_TRUE(record.certificate.empty());
    EXPECT_EQ(record.renews, intent.renews);
}

TEST_P(Intending, StoresTheRequestWithIt) {
    const auto intent = intend(1);
    const auto request = store().request(intent.request).value();
    EXPECT_EQ(request.state, RequestState::intended);
    EXPECT_EQ(request.principal, intent.principal);
    EXPECT_EQ(request.channel, intent.channel);
    EXPECT_EQ(request.peer, intent.peer);
    EXPECT_EQ(request.profile, intent.profile);
    EXPECT_EQ(request.proof, intent.proof);
    EXPECT_EQ(request.received_at, intent.received_at);
    EXPECT_EQ(request.serial, intent.serial);
    EXPECT_FALSE(request.code);
}

TEST_P(Intending, RefusesASerialThatIsTaken) {
    intend(1);
    auto second = intent_of(2);
    second.serial = intent_of(1).serial;
    EXPECT_EQ(refused([&] { return store().intend(second, event_of(EventKind::certificate_intended)); }),
              ErrorCode::already_exists);
    second.issuer_key = kOtherIssuer;  // one space of serial numbers for all issuers
    EXPECT_EQ(refused([&] { return store().intend(second, {}); }), ErrorCode::already_exists);
    EXPECT_EQ(store().request(second.request).error().code(), ErrorCode::not_found);
    second.serial = intent_of(2).serial;
    EXPECT_TRUE(store().intend(second, {}));
}

TEST_P(Intending, RefusesARequestThatIsKnownAlready) {
    intend(1);
    auto second = intent_of(2);
    second.request = intent_of(1).request;
    EXPECT_EQ(refused([&] { return store().intend(second, {}); }), ErrorCode::conflict);
    EXPECT_EQ(store().certificate(second.serial).error().code(), ErrorCode::not_found);
}

TEST_P(Intending, RefusesAnIntentThatIsOpenAlready) {
    intend(1);
    auto second = intent_of(2);
    second.id = intent_of(1).id;
    EXPECT_EQ(refused([&] { return store().intend(second, {}); }), ErrorCode::conflict);
}

TEST_P(Intending, GoesOnWithAParkedRequest) {
    const auto pending = pending_of(1);
    expect_success(store().park(pending, event_of(EventKind::request_awaiting_approval)));
    auto intent = intent_of(1, at(10));
    intent.resumes_request = true;
    intend(intent);
    const auto request = store().request(pending.request).value();
    EXPECT_EQ(request.state, RequestState::intended);
    EXPECT_EQ(request.received_at, at(0));
    EXPECT_EQ(request.serial, intent.serial);
    // A second intent for it is refused: one request, one certificate.
    auto second = intent_of(2, at(10));
    second.request = pending.request;
    second.resumes_request = true;
    EXPECT_EQ(refused([&] { return store().intend(second, {}); }), ErrorCode::conflict);
}

TEST_P(Intending, RefusesToGoOnWithWhatDoesNotWait) {
    auto intent = intent_of(1);
    intent.resumes_request = true;
    EXPECT_EQ(refused([&] { return store().intend(intent, {}); }), ErrorCode::not_found);
    expect_success(store().refuse(refusal_of(1), {}));
    EXPECT_EQ(refused([&] { return store().intend(intent, {}); }), ErrorCode::conflict);
}

TEST_P(Intending, RefusesWhatIsTooLarge) {
    auto intent = intent_of(1);
    intent.proof = Bytes(1U << 20U, 0);
    intent.names = std::string(65536, 'n');
    EXPECT_TRUE(store().intend(intent, {}));
    EXPECT_EQ(store().request(intent.request).value().proof.size(), 1U << 20U);
    intent = intent_of(2);
    intent.proof = Bytes((1U << 20U) + 1, 0);
    EXPECT_EQ(refused([&] { return store().intend(intent, {}); }), ErrorCode::too_large);
    intent = intent_of(2);
    intent.names = std::string(65537, 'n');
    EXPECT_EQ(refused([&] { return store().intend(intent, {}); }), ErrorCode::too_large);
}

class Completing : public StoreContract {};
SEALWRIGHT_EACH_ADAPTER(Completing);

TEST_P(Completing, StoresTheCertificate) {
    const auto intent = intend(1);
    const auto completion = completion_of(intent, at(60));  // the last second of its lease
    expect_success(store().complete(completion, event_of(EventKind::certificate_issued)));
    reopen();
    const auto record = store().certificate(intent.serial).value();
    EXPECT_EQ(record.state, CertificateState::issued);
    EXPECT_EQ(record.issued_at, at(60));
    EXPECT_EQ(record.certificate, completion.certificate.bytes());
    EXPECT_EQ(record.tbs, intent.tbs);
    const auto request = store().request(intent.request).value();
    EXPECT_EQ(request.state, RequestState::issued);
    EXPECT_EQ(request.updated_at, at(60));
}

TEST_P(Completing, AdoptsAWholeOne) {
    auto intent = intent_of(1);
    intent.lease_until = intent.now;
    const auto completion = completion_of(intent, intent.now);
    expect_success(store().adopt(intent, completion.certificate, event_of(EventKind::certificate_adopted)));
    reopen();
    EXPECT_EQ(state_of(intent), CertificateState::issued);
    EXPECT_EQ(store().certificate(intent.serial).value().certificate, completion.certificate.bytes());
    EXPECT_EQ(refused([&] { return store().adopt(intent, completion.certificate, {}); }), ErrorCode::already_exists);
    auto other = intent_of(2);
    EXPECT_EQ(refused([&] { return store().adopt(other, completion.certificate, {}); }), ErrorCode::conflict);
    EXPECT_FALSE(store().certificate(other.serial));
}

TEST_P(Completing, RefusesAfterTheLease) {
    const auto intent = intend(1);
    EXPECT_EQ(refused([&] {
                  return store().complete(completion_of(intent, at(61)), event_of(EventKind::certificate_issued));
              }),
              ErrorCode::conflict);
    EXPECT_EQ(state_of(intent), CertificateState::intended);
    expect_success(store().complete(completion_of(intent, at(60)), {}));
}

TEST_P(Completing, RefusesWhatDiffersFromTheIntentInOneField) {
    const auto intent = intend(1);
    const auto good = completion_of(intent);
    const auto refused_with = [&](auto change) {
        auto wrong = good;
        change(wrong);
        return refused([&] { return store().complete(wrong, {}); });
    };
    EXPECT_EQ(refused_with([](auto& c) { c.serial = numbered<SerialNumber>(2); }), ErrorCode::not_found);
    EXPECT_EQ(refused_with([](auto& c) { c.intent = numbered<IntentId>(2); }), ErrorCode::conflict);
    EXPECT_EQ(refused_with([](auto& c) { c.node.id = numbered<NodeId>(2); }), ErrorCode::conflict);
    EXPECT_EQ(refused_with([](auto& c) { c.node.epoch = BootEpoch{2}; }), ErrorCode::conflict);
    EXPECT_EQ(refused_with([](auto& c) { c.node.epoch = BootEpoch{0}; }), ErrorCode::conflict);
    for (const std::size_t position :
         {0U, 3U, 8U, 100U, 407U}) {  // outer header, TBS header, inside the TBS, its last octet
        EXPECT_EQ(refused_with([&](auto& c) {
                      Bytes der = c.certificate.bytes();
                      der[position] = static_cast<std::uint8_t>(der[position] ^ 1U);
                      c.certificate = CertificateDer{der};
                  }),
                  ErrorCode::conflict)
            << position;
    }
    EXPECT_EQ(refused_with([](auto& c) { c.certificate = CertificateDer{}; }), ErrorCode::conflict);
    EXPECT_EQ(state_of(intent), CertificateState::intended);
    expect_success(store().complete(good, {}));
}

TEST_P(Completing, RefusesASecondTime) {
    const auto intent = issue(1);
    EXPECT_EQ(refused([&] { return store().complete(completion_of(intent), {}); }), ErrorCode::conflict);
}

TEST_P(Completing, RefusesWhatWasSettledOtherwise) {
    for (const auto settlement : {Settlement::abandoned, Settlement::indeterminate}) {
        const auto intent = intend(static_cast<std::uint64_t>(settlement));
        expect_success(store().settle(intent.id, settlement, at(0), {}));
        EXPECT_EQ(refused([&] { return store().complete(completion_of(intent), {}); }), ErrorCode::conflict);
    }
}

class Settling : public StoreContract {};
SEALWRIGHT_EACH_ADAPTER(Settling);

TEST_P(Settling, ListsIntentsOfOlderBootsAndLostLeases) {
    const auto older = intend(1);  // of boot 1, lease until 60
    auto same_boot = intent_of(2);
    same_boot.node.epoch = BootEpoch{2};
    intend(same_boot);
    auto other_node = intent_of(3);
    other_node.node = {numbered<NodeId>(2), BootEpoch{1}};
    other_node.lease_until = at(100);
    intend(other_node);
    issue(4);

    const issuance::Node now_booted{kNode.id, BootEpoch{2}};
    const auto listed = [&](const issuance::Node& node, UtcTime now) {
        std::vector<IntentId> ids;
        const auto opens = store().open_intents(node, now).value();
        for (const auto& open : opens) ids.push_back(open.id);
        return ids;
    };
    EXPECT_EQ(listed(now_booted, at(60)), std::vector{older.id});
    EXPECT_EQ(listed(now_booted, at(61)), (std::vector{older.id, same_boot.id}));
    EXPECT_EQ(listed(now_booted, at(101)), (std::vector{older.id, same_boot.id, other_node.id}));
    EXPECT_EQ(listed(kNode, at(60)), std::vector<IntentId>{});

    const auto open = store().open_intents(now_booted, at(60)).value().at(0);
    EXPECT_EQ(open.serial, older.serial);
    EXPECT_EQ(open.request, older.request);
    EXPECT_EQ(open.node.id, kNode.id);
    EXPECT_EQ(open.node.epoch, kNode.epoch);
    EXPECT_EQ(open.lease_until, older.lease_until);
    EXPECT_EQ(open.issuer_key, older.issuer_key);
    EXPECT_EQ(open.tbs_digest, older.tbs_digest);
}

TEST_P(Settling, AbandonsWhatWasSurelyNeverSigned) {
    const auto intent = intend(1);
    expect_success(store().settle(intent.id, Settlement::abandoned, at(5), event_of(EventKind::certificate_abandoned)));
    reopen();
    EXPECT_EQ(state_of(intent), CertificateState::abandoned);
    EXPECT_FALSE(store().certificate(intent.serial).value().revocation);
    EXPECT_TRUE(std::holds_alternative<issuance::StatusUnknown>(store().status(kIssuer, intent.serial).value()));
    EXPECT_TRUE(revoked(at(5)).empty());
    const auto request = store().request(intent.request).value();
    EXPECT_EQ(request.state, RequestState::refused);
    EXPECT_EQ(request.code, ErrorCode::unavailable);
    EXPECT_FALSE(request.reason.empty());
    // Its serial number stays used up.
    auto again = intent_of(2);
    again.serial = intent.serial;
    EXPECT_EQ(refused([&] { return store().intend(again, {}); }), ErrorCode::already_exists);
}

TEST_P(Settling, RevokesWhatMayHaveBeenSigned) {
    const auto intent = intend(1);
    const auto counter = store().changed_since(0).value().counter;
    expect_success(
        store().settle(intent.id, Settlement::indeterminate, at(5), event_of(EventKind::certificate_indeterminate)));
    reopen();
    const auto record = store().certificate(intent.serial).value();
    EXPECT_EQ(record.state, CertificateState::indeterminate);
    ASSERT_TRUE(record.revocation);
    EXPECT_EQ(record.revocation->at, at(5));
    EXPECT_EQ(record.revocation->reason, x509::RevocationReason::unspecified);
    const auto status = store().status(kIssuer, intent.serial).value();
    ASSERT_TRUE(std::holds_alternative<issuance::StatusRevoked>(status));
    EXPECT_EQ(std::get<issuance::StatusRevoked>(status).revocation.at, at(5));
    EXPECT_EQ(revoked(at(5)), std::vector{intent.serial});
    EXPECT_EQ(store().changed_since(counter).value().serials, std::vector{intent.serial});
    EXPECT_EQ(request_state(1), RequestState::indeterminate);
}

TEST_P(Settling, RefusesWhatIsNotOpen) {
    const auto unknown = [&] {
        return store().settle(numbered<IntentId>(9), Settlement::abandoned, at(0),
                              event_of(EventKind::certificate_abandoned));
    };
    EXPECT_EQ(refused(unknown), ErrorCode::conflict);
    const auto issued = issue(1);
    EXPECT_EQ(refused([&] { return store().settle(issued.id, Settlement::abandoned, at(0), {}); }),
              ErrorCode::conflict);
    EXPECT_EQ(state_of(issued), CertificateState::issued);
    const auto settled = intend(2);
    expect_success(store().settle(settled.id, Settlement::abandoned, at(0), {}));
    EXPECT_EQ(refused([&] { return store().settle(settled.id, Settlement::indeterminate, at(0), {}); }),
              ErrorCode::conflict);
    EXPECT_TRUE(revoked(at(0)).empty());
}

class Listing : public StoreContract {
protected:
    template <class Change>
    static CertificateFilter where(const Change& change) {
        CertificateFilter filter;
        change(filter);
        return filter;
    }
    std::vector<std::uint64_t> listed(const CertificateFilter& filter) {
        std::vector<std::uint64_t> numbers;
        const auto records = store().certificates(filter);
        EXPECT_TRUE(records) << records.error().describe();
        for (const auto& record : records.value()) numbers.push_back(record.serial.octets()[15]);
        return numbers;
    }
};
SEALWRIGHT_EACH_ADAPTER(Listing);

TEST_P(Listing, FiltersByEachField) {
    issue(1);
    issue(2);
    intend(3);
    auto other = intent_of(4);
    other.profile = "device";
    other.names = "CN=Gateway.Example.org";
    other.not_after = at(100);
    issue(other);
    expect_success(store().revoke(numbered<SerialNumber>(2), {at(1), x509::RevocationReason::superseded, {}}, {}));

    using Numbers = std::vector<std::uint64_t>;
    EXPECT_EQ(listed({}), (Numbers{1, 2, 3, 4}));
    EXPECT_EQ(listed(where([](auto& filter) { filter.state = CertificateState::issued; })), (Numbers{1, 2, 4}));
    EXPECT_EQ(listed(where([](auto& filter) { filter.state = CertificateState::abandoned; })), Numbers{});
    EXPECT_EQ(listed(where([](auto& filter) { filter.revoked = true; })), Numbers{2});
    EXPECT_EQ(listed(where([](auto& filter) { filter.revoked = false; })), (Numbers{1, 3, 4}));
    EXPECT_EQ(listed(where([](auto& filter) { filter.name_contains = "gateway"; })), Numbers{4});
    EXPECT_EQ(listed(where([](auto& filter) { filter.name_contains = "gatewax"; })), Numbers{});
    EXPECT_EQ(listed(where([](auto& filter) { filter.name_contains = "%"; })), Numbers{});
    EXPECT_EQ(listed(where([](auto& filter) { filter.profile = "device"; })), Numbers{4});
    EXPECT_EQ(listed(where([](auto& filter) { filter.profile = "devic"; })), Numbers{});
    EXPECT_EQ(listed(where([](auto& filter) { filter.expires_before = at(101); })), Numbers{4});
    EXPECT_EQ(listed(where([](auto& filter) { filter.expires_before = at(100); })), Numbers{});
}

TEST_P(Listing, PagesInOrderOfIssuance) {
    for (const std::uint64_t number : {5U, 3U, 4U, 1U, 2U}) issue(number);
    using Numbers = std::vector<std::uint64_t>;
    EXPECT_EQ(listed(where([](auto& filter) { filter.limit = 2; })), (Numbers{5, 3}));
    EXPECT_EQ(listed(where([](auto& filter) {
                  filter.limit = 2;
                  filter.after = numbered<SerialNumber>(3);
              })),
              (Numbers{4, 1}));
    EXPECT_EQ(listed(where([](auto& filter) {
                  filter.limit = 2;
                  filter.after = numbered<SerialNumber>(1);
              })),
              Numbers{2});
    EXPECT_EQ(listed(where([](auto& filter) {
                  filter.limit = 2;
                  filter.after = numbered<SerialNumber>(2);
              })),
              Numbers{});
    EXPECT_EQ(
        store().certificates(where([](auto& filter) { filter.after = numbered<SerialNumber>(9); })).error().code(),
        ErrorCode::not_found);
}

// Names of a page can be 64 MiB; nobody is made to hold them all at once.
TEST_P(Listing, EndsEarlyWhereRecordsAreLargeAndGoesOnBehindThem) {
    constexpr std::uint64_t kLarge = 100;
    auto with_names = [this](std::uint64_t number, std::size_t octets) {
        auto intent = intent_of(number);
        intent.names = std::string(octets, 'n');
        ASSERT_TRUE(store().intend(intent, {}));
    };
    for (std::uint64_t number = 1; number <= kLarge; ++number) with_names(number, 65000);
    for (std::uint64_t number = 1; number <= kLarge; ++number) with_names(kLarge + number, 20);

    CertificateFilter filter;
    filter.limit = 1000;
    const auto first = store().certificates(filter).value();
    std::size_t octets = 0;
    for (const auto& record : first) octets += issuance::listed_octets(record);
    EXPECT_LT(first.size(), kLarge);
    EXPECT_GE(octets, issuance::kMaxListedOctets);
    EXPECT_LT(octets - issuance::listed_octets(first.back()), issuance::kMaxListedOctets);

    filter.after = first.back().serial;
    const auto rest = store().certificates(filter).value();
    ASSERT_EQ(first.size() + rest.size(), 2 * kLarge);
    EXPECT_EQ(rest.front().serial, numbered<SerialNumber>(first.size() + 1));
    EXPECT_EQ(rest.back().serial, numbered<SerialNumber>(2 * kLarge));
}

TEST_P(Listing, CountsEachStateOnce) {
    EXPECT_EQ(store().counts().value().issued, 0U);
    for (std::uint64_t number = 1; number <= 3; ++number) issue(number);
    intend(4);
    const auto doubtful = intend(5);
    expect_success(store().settle(doubtful.id, Settlement::indeterminate, at(0), {}));
    const auto abandoned = intend(6);
    expect_success(store().settle(abandoned.id, Settlement::abandoned, at(0), {}));
    expect_success(store().revoke(numbered<SerialNumber>(1), {at(1), x509::RevocationReason::superseded, {}}, {}));
    expect_success(
        store().revoke(numbered<SerialNumber>(2), {at(1), x509::RevocationReason::certificate_hold, {}}, {}));
    const auto before = store().counts().value();
    EXPECT_EQ(before.issued, 3U);
    EXPECT_EQ(before.revoked, 3U);
    EXPECT_EQ(before.open_intents, 1U);
    expect_success(store().release(numbered<SerialNumber>(2), at(2), {}));
    reopen();
    const auto after = store().counts().value();
    EXPECT_EQ(after.issued, 3U);
    EXPECT_EQ(after.revoked, 2U);
    EXPECT_EQ(after.open_intents, 1U);
}

TEST_P(Listing, SaysWhatItDoesNotKnow) {
    EXPECT_EQ(store().certificate(numbered<SerialNumber>(1)).error().code(), ErrorCode::not_found);
    EXPECT_EQ(store().request(numbered<RequestId>(1)).error().code(), ErrorCode::not_found);
    EXPECT_TRUE(store().certificates({}).value().empty());
}

}  // namespace
}  // namespace sealwright::contract
