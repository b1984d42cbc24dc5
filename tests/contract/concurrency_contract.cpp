#include <thread>

#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

using audit::EventKind;

class Concurrency : public StoreContract {
protected:
    template <class Work>
    static void in_threads(unsigned count, const Work& work) {
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
        for (auto& thread : threads) thread.join();
    }
};
SEALWRIGHT_EACH_ADAPTER(Concurrency);

TEST_P(Concurrency, OfThirtyTwoThreadsLosesNothing) {
    constexpr unsigned kThreads = 32, kEach = 25;
    std::atomic<unsigned> failures{0};
    in_threads(kThreads, [&](unsigned thread) {
        for (unsigned i = 0; i < kEach; ++i) {
            const auto intent = intent_of(1 + thread * kEach + i);
            if (!store().intend(intent, event_of(EventKind::certificate_intended))) ++failures;
            if (!store().complete(completion_of(intent), event_of(EventKind::certificate_issued))) ++failures;
        }
    });
    EXPECT_EQ(failures, 0U);
    reopen();  // hashes the newest entries again
    EXPECT_EQ(store().audit_head().value().size, 2U * kThreads * kEach);
    std::size_t issued = 0;
    issuance::CertificateFilter filter;
    filter.state = issuance::CertificateState::issued;
    filter.limit = 300;
    for (;;) {
        const auto page = store().certificates(filter).value();
        if (page.empty()) break;
        issued += page.size();
        filter.after = page.back().serial;
    }
    EXPECT_EQ(issued, kThreads * kEach);
}

TEST_P(Concurrency, LetsAFailingCallFailAlone) {
    intend(1000);
    // Half of the calls take a serial number that is taken; they wait with the others and fail without them.
    std::atomic<unsigned> succeeded{0}, taken{0}, otherwise{0};
    in_threads(16, [&](unsigned thread) {
        for (unsigned i = 0; i < 20; ++i) {
            auto intent = intent_of(1 + thread * 20 + i);
            if (thread % 2 == 0) intent.serial = numbered<SerialNumber>(1000);
            const auto result = store().intend(intent, event_of(EventKind::certificate_intended));
            if (result) {
                ++succeeded;
            } else {
                ++(result.error().code() == ErrorCode::already_exists ? taken : otherwise);
            }
        }
    });
    EXPECT_EQ(succeeded, 160U);
    EXPECT_EQ(taken, 160U);
    EXPECT_EQ(otherwise, 0U);
    EXPECT_EQ(store().audit_head().value().size, 161U);
}

TEST_P(Concurrency, GivesASecretToOneOfThoseWhoRaceForIt) {
    const auto secret = secret_of(1);
    expect_success(store().create_secret(secret, at(0), {}));
    std::atomic<unsigned> winners{0}, conflicts{0};
    in_threads(16, [&](unsigned thread) {
        auto intent = intent_of(1 + thread);
        intent.secret_id = secret.id;
        const auto result = store().intend(intent, {});
        if (result) {
            ++winners;
        } else if (result.error().code() == ErrorCode::conflict) {
            ++conflicts;
        }
    });
    EXPECT_EQ(winners, 1U);
    EXPECT_EQ(conflicts, 15U);
    EXPECT_EQ(store().certificates({}).value().size(), 1U);
}

TEST_P(Concurrency, SettlesAnIntentOneWay) {
    for (std::uint64_t number = 1; number <= 10; ++number) {
        const auto intent = intend(number);
        std::atomic<unsigned> winners{0};
        in_threads(3, [&](unsigned thread) {
            const auto result = thread == 0
                                    ? store().complete(completion_of(intent), event_of(EventKind::certificate_issued))
                                : thread == 1 ? store().settle(intent.id, issuance::Settlement::abandoned, at(0),
                                                               event_of(EventKind::certificate_abandoned))
                                              : store().settle(intent.id, issuance::Settlement::indeterminate, at(0),
                                                               event_of(EventKind::certificate_indeterminate));
            if (result) ++winners;
        });
        EXPECT_EQ(winners, 1U);
    }
    EXPECT_EQ(store().audit_head().value().size, 20U);
}

TEST_P(Concurrency, NeverReservesACrlNumberTwice) {
    std::mutex mutex;
    std::set<std::uint64_t> numbers;
    in_threads(8, [&](unsigned) {
        for (int i = 0; i < 10; ++i) {
            const auto number = store().reserve_crl_number(kIssuer, at(0)).value();
            const std::lock_guard lock{mutex};
            EXPECT_TRUE(numbers.insert(number).second) << number;
        }
    });
    EXPECT_EQ(numbers.size(), 80U);
}

TEST_P(Concurrency, LetsReadersSeeWhatWasAcknowledged) {
    std::atomic<unsigned> missing{0};
    in_threads(8, [&](unsigned thread) {
        for (unsigned i = 0; i < 20; ++i) {
            const auto intent = intent_of(1 + thread * 20 + i);
            const auto receipt = store().intend(intent, event_of(EventKind::certificate_intended));
            const auto record = store().certificate(intent.serial);
            const auto head = store().audit_head();
            if (!receipt || !record || head.value().size == 0) ++missing;
        }
    });
    EXPECT_EQ(missing, 0U);
}

TEST_P(Concurrency, LetsAVisitorOfTheRevokedWriteAndRead) {
    for (std::uint64_t number = 1; number <= 5; ++number) {
        const auto intent = issue(number);
        expect_success(store().revoke(intent.serial, {at(1), x509::RevocationReason::superseded, {}}, {}));
    }
    std::size_t visited = 0;
    expect_success(store().for_each_revoked(kIssuer, at(1), [&](const x509::CrlEntry& entry) {
        ++visited;
        EXPECT_TRUE(store().certificate(entry.serial));
        // The walk is of one snapshot: what is revoked meanwhile is for the next one.
        const auto late = issue(100 + visited);
        expect_success(store().revoke(late.serial, {at(1), x509::RevocationReason::superseded, {}}, {}));
    }));
    EXPECT_EQ(visited, 5U);
    EXPECT_EQ(revoked(at(1)).size(), 10U);
}

}  // namespace
}  // namespace sealwright::contract
