// Crashes: a child process writes and is killed at any moment; what it had acknowledged is there, and the audit log
// holds together.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/contract/sqlite/home.hpp"

namespace sealwright::contract {
namespace {

class SqliteCrash : public SqliteStoreTest {
protected:
    struct Acknowledged {
        std::uint64_t number = 0;
        std::uint64_t completed = 0;
    };
    // writes runs in the child until it is killed: four threads intend and complete, and tell the parent of each that
    // was acknowledged.
    [[noreturn]] void writes(int to_parent, std::uint64_t from) {
        auto opened = try_open();
        if (!opened) ::_exit(2);
        auto& child_store = *opened.value();
        std::atomic<std::uint64_t> next{from};
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (;;) write_one(child_store, intent_of(next++), to_parent);
            });
        }
        threads[0].join();
        ::_exit(3);
    }
    static void write_one(store::sqlite::SqliteStore& child_store, const issuance::Intent& intent, int to_parent) {
        Acknowledged done{number_of(intent), 0};
        if (!child_store.intend(intent, event_of(audit::EventKind::certificate_intended))) ::_exit(4);
        tell(to_parent, done);
        if (!child_store.complete(completion_of(intent), event_of(audit::EventKind::certificate_issued))) ::_exit(5);
        done.completed = 1;
        tell(to_parent, done);
    }
    static std::uint64_t number_of(const issuance::Intent& intent) {
        std::uint64_t number = 0;
        for (unsigned i = 8; i < 16; ++i) number = number << 8U | intent.serial.octets()[i];
        return number;
    }
    // A write this small into a pipe is not interleaved with another.
    static void tell(int to_parent, const Acknowledged& done) {
        if (::write(to_parent, &done, sizeof done) != sizeof done) ::_exit(6);
    }
};

TEST_F(SqliteCrash, LosesNothingThatWasAcknowledged) {
    std::map<std::uint64_t, bool> acknowledged;  // number -> completed
    std::uint64_t from = 1;
    // The kill falls a few hundred microseconds behind the given number of acknowledgements, somewhere in the next
    // commits.
    for (const unsigned patience : {1U, 2U, 5U, 9U, 16U, 30U}) {
        std::array<int, 2> pipe{};
        ASSERT_EQ(::pipe(pipe.data()), 0);
        const pid_t child = ::fork();
        if (child == 0) writes(pipe[1], from);
        ::close(pipe[1]);
        unsigned heard = 0;
        for (Acknowledged done; ::read(pipe[0], &done, sizeof done) == sizeof done;) {
            acknowledged[done.number] = acknowledged[done.number] || done.completed != 0;
            if (++heard != patience) continue;
            ::usleep(137 * patience);
            ::kill(child, SIGKILL);
        }
        ::close(pipe[0]);
        from += 1000000;  // what was committed and not yet told is there as well
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended with " << WEXITSTATUS(status);

        options_.verified_leaves = UINT64_MAX;
        open();
        for (const auto& [number, completed] : acknowledged) {
            const auto record = store().certificate(numbered<SerialNumber>(number));
            ASSERT_TRUE(record) << number;
            EXPECT_TRUE(!completed || record.value().state == issuance::CertificateState::issued) << number;
        }
        // Each certificate has its entries and each entry its certificate.
        const auto rows = number_in_file("SELECT count(*) + count(issued_at) FROM certificate");
        EXPECT_EQ(store().audit_head().value().size, static_cast<std::uint64_t>(rows));
        close();
    }
    EXPECT_GT(acknowledged.size(), 20U);
}

}  // namespace
}  // namespace sealwright::contract
