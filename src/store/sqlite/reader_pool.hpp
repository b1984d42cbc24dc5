// reader_pool.hpp: a few read-only connections, each lent to one reader at a time, so that reading never waits for
// writing.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "store/sqlite/connection.hpp"

namespace sealwright::store::sqlite {

class ReaderPool {
public:
    static Result<std::unique_ptr<ReaderPool>> open(const std::filesystem::path& path, std::size_t count,
                                                    std::chrono::milliseconds busy_timeout);

    // Reader gives its connection back when it goes.
    class Reader {
    public:
        Reader(ReaderPool& pool, std::unique_ptr<Connection> connection) noexcept
            : pool_(&pool), connection_(std::move(connection)) {}
        Reader(Reader&&) noexcept = default;
        Reader& operator=(Reader&&) = delete;
        Reader(const Reader&) = delete;
        Reader& operator=(const Reader&) = delete;
        ~Reader();
        Connection& operator*() const noexcept { return *connection_; }

    private:
        ReaderPool* pool_;
        std::unique_ptr<Connection> connection_;
    };

    // take waits until one is free.
    Reader take();

private:
    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<std::unique_ptr<Connection>> free_;
};

// Snapshot keeps one state of the database for several queries.
class Snapshot {
public:
    static Result<Snapshot> begin(Connection& connection);
    Snapshot(Snapshot&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
    Snapshot& operator=(Snapshot&&) = delete;
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    ~Snapshot();

private:
    explicit Snapshot(Connection& connection) noexcept : connection_(&connection) {}
    Connection* connection_;
};

}  // namespace sealwright::store::sqlite
