// adapter.hpp: what the contract suite must know of an adapter of CaStore: how to make a place for a store, and how to
// open it again and again.
#pragma once

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "tests/contract/fixture.hpp"

namespace sealwright::contract {

// Home is where one store lives: a file, a database. It is empty at first and gone with the object.
class Home {
public:
    virtual ~Home() = default;
    // open opens the store; the last one must be closed. The clock's tolerance is 5 seconds, 100 changes of status and
    // 3 CRLs are kept.
    virtual Result<std::unique_ptr<issuance::CaStore>> open() = 0;
};

struct Adapter {
    std::string name;
    std::function<std::unique_ptr<Home>()> make_home;
};
std::vector<Adapter> adapters();

inline constexpr std::uint64_t kChangesKept = 100;

// StoreContract gives each test a store of its own.
class StoreContract : public testing::TestWithParam<Adapter> {
protected:
    StoreContract() : home_(GetParam().make_home()) { open(); }

    issuance::CaStore& store() { return *store_; }
    void reopen() {
        store_.reset();
        open();
    }

    // intend, issue, hold and so on do what must succeed for the test to begin.
    issuance::Intent intend(std::uint64_t number, UtcTime now = at(0)) { return intend(intent_of(number, now)); }
    issuance::Intent intend(issuance::Intent intent) {
        const auto receipt = store().intend(intent, event_of(audit::EventKind::certificate_intended));
        EXPECT_TRUE(receipt) << receipt.error().describe();
        return intent;
    }
    issuance::Intent issue(std::uint64_t number, UtcTime now = at(0)) { return issue(intent_of(number, now)); }
    issuance::Intent issue(issuance::Intent intent) {
        intend(intent);
        expect_success(
            store().complete(completion_of(intent, intent.now), event_of(audit::EventKind::certificate_issued)));
        return intent;
    }
    template <class T>
    static void expect_success(const Result<T>& result) {
        EXPECT_TRUE(result) << result.error().describe();
    }
    // refused says with which code a verb refused, and that it wrote nothing into the audit log.
    template <class Verb>
    std::optional<ErrorCode> refused(const Verb& verb) {
        const auto before = store().audit_head().value();
        const auto result = verb();
        EXPECT_EQ(store().audit_head().value(), before) << "a refusal wrote into the audit log";
        if (result) return std::nullopt;
        return result.error().code();
    }
    issuance::CertificateState state_of(const issuance::Intent& intent) {
        return store().certificate(intent.serial).value().state;
    }
    issuance::RequestState request_state(std::uint64_t number) {
        return store().request(numbered<RequestId>(number)).value().state;
    }
    std::vector<SerialNumber> revoked(UtcTime now, const KeyId& issuer = kIssuer) {
        std::vector<SerialNumber> serials;
        expect_success(store().for_each_revoked(issuer, now,
                                                [&](const x509::CrlEntry& entry) { serials.push_back(entry.serial); }));
        return serials;
    }

private:
    void open() {
        auto opened = home_->open();
        if (!opened) throw std::runtime_error("the store does not open: " + opened.error().describe());
        store_ = std::move(opened).value();
    }

    std::unique_ptr<Home> home_;
    std::unique_ptr<issuance::CaStore> store_;
};

// One instantiation a suite: SEALWRIGHT_EACH_ADAPTER(Intending).
#define SEALWRIGHT_EACH_ADAPTER(suite)                                       \
    INSTANTIATE_TEST_SUITE_P(Adapters, suite, testing::ValuesIn(adapters()), \
                             [](const auto& information) { return information.param.name; })

}  // namespace sealwright::contract
