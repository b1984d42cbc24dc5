#include <unistd.h>

#include <filesystem>

#include "store/sqlite/sqlite_store.hpp"
#include "tests/contract/adapter.hpp"

namespace sealwright::contract {
namespace {

class SqliteHome final : public Home {
public:
    SqliteHome() {
        std::string pattern = (std::filesystem::temp_directory_path() / "sealwright-store-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~SqliteHome() override { std::filesystem::remove_all(folder_); }

    Result<std::unique_ptr<issuance::CaStore>> open() override {
        store::sqlite::Options options;
        options.change_history = kChangesKept;
        options.kept_crls = 3;
        SEALWRIGHT_TRY(auto store, store::sqlite::SqliteStore::open(folder_ / "ca.db", options, log_));
        return std::unique_ptr<issuance::CaStore>{std::move(store)};
    }

private:
    std::filesystem::path folder_;
    NullLog log_;
};

}  // namespace

std::vector<Adapter> adapters() {
    return {{"Sqlite", [] { return std::unique_ptr<Home>{std::make_unique<SqliteHome>()}; }}};
}

}  // namespace sealwright::contract
