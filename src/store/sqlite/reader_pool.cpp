#include "store/sqlite/reader_pool.hpp"

namespace sealwright::store::sqlite {

Result<std::unique_ptr<ReaderPool>> ReaderPool::open(const std::filesystem::path& path, std::size_t count,
                                                     std::chrono::milliseconds busy_timeout) {
    auto pool = std::make_unique<ReaderPool>();
    for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
        SEALWRIGHT_TRY(auto connection, Connection::open(path, Connection::Mode::read_only, busy_timeout));
        pool->free_.push_back(std::make_unique<Connection>(std::move(connection)));
    }
    return pool;
}

ReaderPool::Reader ReaderPool::take() {
    std::unique_lock lock{mutex_};
    returned_.wait(lock, [this] { return !free_.empty(); });
    Reader reader{*this, std::move(free_.back())};
    free_.pop_back();
    return reader;
}

ReaderPool::Reader::~Reader() {
    if (!connection_) return;
    {
        const std::lock_guard lock{pool_->mutex_};
        pool_->free_.push_back(std::move(connection_));
    }
    pool_->returned_.notify_one();
}

Result<Snapshot> Snapshot::begin(Connection& connection) {
    SEALWRIGHT_TRY(connection.run("BEGIN"));
    return Snapshot{connection};
}

Snapshot::~Snapshot() {
    // Nothing was written: there is nothing that ending could fail to keep.
    if (connection_ != nullptr) (void)connection_->run("COMMIT");
}

}  // namespace sealwright::store::sqlite
