// Opening: the file's mode and form, the other's file, and the checks that stand before the first use.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/contract/sqlite/home.hpp"

namespace sealwright::contract {
namespace {

class SqliteOpening : public SqliteStoreTest {
protected:
    // refusal is the error with which the file does not open.
    Error refusal() {
        auto opened = try_open();
        if (opened) {
            ADD_FAILURE() << "it opened";
            return Error{ErrorCode::internal};
        }
        return opened.error();
    }
};

TEST_F(SqliteOpening, MakesAFileThatOnlyItsOwnerCanRead) {
    const mode_t before = ::umask(0);
    open();
    issue(1);
    ::umask(before);
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        struct stat status {};
        ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
    }
}

TEST_F(SqliteOpening, KeepsWhatAnotherBootWrote) {
    open();
    const auto intent = issue(1);
    const auto head = store().audit_head().value();
    close();
    open();
    EXPECT_TRUE(store().certificate(intent.serial));
    EXPECT_EQ(store().audit_head().value(), head);
}

TEST_F(SqliteOpening, LeavesOneFileWhenItCloses) {
    open();
    issue(1);
    close();
    const std::filesystem::directory_iterator entries{folder_};
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(SqliteOpening, RefusesAFileThatIsNoDatabase) {
    std::ofstream{file()} << std::string(8192, 'x');
    EXPECT_EQ(refusal().code(), ErrorCode::storage);
}

TEST_F(SqliteOpening, RefusesADatabaseThatIsNotOurs) {
    meddle("CREATE TABLE recipe (name TEXT)");
    const auto error = refusal();
    EXPECT_EQ(error.code(), ErrorCode::storage);
    EXPECT_NE(error.public_detail().find("not a Sealwright store"), std::string::npos);
    EXPECT_EQ(number_in_file("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(SqliteOpening, RefusesAFolderThatDoesNotExist) {
    options_ = {};
    auto opened = store::sqlite::SqliteStore::open(folder_ / "none" / "ca.db", options_, log_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::storage);
}

TEST_F(SqliteOpening, ChecksTheWholeFileWhenAsked) {
    open();
    for (std::uint64_t number = 1; number <= 20; ++number) issue(number);
    close();
    options_.quick_check = true;
    open();
    close();
    const auto root = number_in_file("SELECT rootpage FROM sqlite_schema WHERE name = 'revocation'");
    std::fstream page{file(), std::ios::in | std::ios::out | std::ios::binary};
    page.seekp((root - 1) * 4096 + 3);
    page.write("\x7F\xFF", 2);  // the number of its cells
    page.close();
    EXPECT_NE(refusal().public_detail().find("needs maintenance"), std::string::npos);
    options_.quick_check = false;
    EXPECT_TRUE(try_open());
}

// Every way in which head, leaves and nodes can disagree.
class SqliteAuditCheck : public SqliteOpening {
protected:
    void expect_maintenance(const std::string& sql) {
        meddle(sql);
        const auto error = refusal();
        EXPECT_EQ(error.code(), ErrorCode::storage) << sql;
        EXPECT_NE(error.public_detail().find("needs maintenance"), std::string::npos)
            << sql << ": " << error.describe();
    }
    void fill(std::uint64_t certificates) {
        open();
        for (std::uint64_t number = 1; number <= certificates; ++number) issue(number);
        close();
        open();  // it is sound
        close();
    }
};

TEST_F(SqliteAuditCheck, RefusesAHeadBeyondItsLeaves) {
    fill(4);
    expect_maintenance("DELETE FROM audit_leaf WHERE idx = 7");
}

TEST_F(SqliteAuditCheck, RefusesLeavesBeyondTheHead) {
    fill(4);
    expect_maintenance("INSERT INTO audit_leaf SELECT 8, hashes, leaf FROM audit_leaf WHERE idx = 0");
}

TEST_F(SqliteAuditCheck, RefusesAMissingLeafInTheMiddle) {
    fill(4);
    expect_maintenance("DELETE FROM audit_leaf WHERE idx = 3");
}

TEST_F(SqliteAuditCheck, RefusesAMissingFirstLeaf) {
    fill(4);
    expect_maintenance("DELETE FROM audit_leaf WHERE idx = 0");
}

TEST_F(SqliteAuditCheck, RefusesALeafOfWhichOneBitDiffers) {
    fill(4);
    expect_maintenance(
        "UPDATE audit_leaf SET leaf = CAST(replace(CAST(leaf AS TEXT), 'daemon', 'daemoo') AS BLOB) WHERE idx = 5");
}

TEST_F(SqliteAuditCheck, RefusesANodeOfWhichOneOctetDiffers) {
    fill(4);
    expect_maintenance(
        "UPDATE audit_leaf SET hashes = CAST(substr(hashes, 1, 40) || x'00' || substr(hashes, 42) AS BLOB) WHERE idx = "
        "7");
}

TEST_F(SqliteAuditCheck, RefusesANodeTooMany) {
    fill(4);
    expect_maintenance("UPDATE audit_leaf SET hashes = CAST(hashes || hashes AS BLOB) WHERE idx = 6");
}

TEST_F(SqliteAuditCheck, RefusesAnotherEdge) {
    fill(3);
    expect_maintenance(
        "UPDATE site SET audit_edge = CAST(substr(audit_edge, 33) || substr(audit_edge, 1, 32) AS BLOB)");
}

TEST_F(SqliteAuditCheck, RefusesAnEdgeThatDoesNotFitItsSize) {
    fill(3);
    expect_maintenance("UPDATE site SET audit_edge = substr(audit_edge, 1, 32)");
    expect_maintenance("UPDATE site SET audit_edge = x'00'");
}

TEST_F(SqliteAuditCheck, RefusesSwappedLeaves) {
    fill(4);
    expect_maintenance(
        "UPDATE audit_leaf SET leaf = (SELECT leaf FROM audit_leaf b WHERE b.idx = 5 - audit_leaf.idx) WHERE idx IN "
        "(2, 3)");
}

TEST_F(SqliteAuditCheck, RefusesAnEmptyLogUnderCertificates) {
    fill(2);
    expect_maintenance("DELETE FROM audit_leaf");
}

TEST_F(SqliteAuditCheck, RefusesAStoreWithoutItsSite) {
    fill(1);
    meddle("UPDATE site SET node = x'00'");
    EXPECT_EQ(refusal().code(), ErrorCode::storage);
    meddle("UPDATE site SET node = zeroblob(16), committed_at = 9223372036854775807");
    EXPECT_EQ(refusal().code(), ErrorCode::storage);
}

TEST_F(SqliteAuditCheck, LooksAtTheNewestLeavesOnlyUnlessToldOtherwise) {
    fill(4);
    options_.verified_leaves = 2;
    meddle("UPDATE audit_leaf SET leaf = x'00' WHERE idx = 1");
    open();
    close();
    options_.verified_leaves = UINT64_MAX;
    EXPECT_EQ(refusal().code(), ErrorCode::storage);
}

}  // namespace
}  // namespace sealwright::contract
