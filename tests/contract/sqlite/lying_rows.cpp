// Rows that do not have the form that was written: each is refused with storage and named in the private detail, none
// crashes, and nothing else stops working.
#include "tests/contract/sqlite/home.hpp"

namespace sealwright::contract {
namespace {

using issuance::Settlement;

class LyingRows : public SqliteStoreTest {
protected:
    LyingRows() {
        open();
        issue(1);
        issue(2);
        intend(3);
        EXPECT_TRUE(store().refuse(refusal_of(4), {}));
        EXPECT_TRUE(store().revoke(numbered<SerialNumber>(1), {at(1), x509::RevocationReason::superseded, {}}, {}));
        EXPECT_TRUE(store().create_secret(secret_of(1), at(0), {}));
        const auto number = store().reserve_crl_number(kIssuer, at(0)).value();
        EXPECT_TRUE(store().intend_crl(crl_intent_of(50, number), {}));
        EXPECT_TRUE(store().complete_crl(numbered<IntentId>(50), crl_record_of(crl_intent_of(50, number)), {}));
        EXPECT_TRUE(store().save_checkpoint("note", store().audit_head().value()));
    }

    // lie damages a row, expects that reading it is refused and that the row is named, and takes the damage back.
    template <class Read>
    void expect_refused(const std::string& table, const std::string& assignment, const std::string& where,
                        const Read& read) {
        meddle("CREATE TABLE saved AS SELECT * FROM " + table + "; UPDATE " + table + " SET " + assignment + " WHERE " +
               where);
        const auto result = read();
        EXPECT_FALSE(result) << assignment;
        if (!result) {
            EXPECT_EQ(result.error().code(), ErrorCode::storage) << assignment << ": " << result.error().describe();
            EXPECT_EQ(result.error().public_detail(), "a record in the store is damaged") << result.error().describe();
            EXPECT_NE(result.error().private_detail(), "") << assignment;
        }
        meddle("DELETE FROM " + table + "; INSERT INTO " + table + " SELECT * FROM saved; DROP TABLE saved");
        const auto again = read();
        EXPECT_TRUE(again) << assignment << " was taken back: " << again.error().describe();
    }
};

TEST_F(LyingRows, OfCertificates) {
    const auto read = [&] { return store().certificate(numbered<SerialNumber>(2)); };
    const std::string where = "serial = x'" + numbered<SerialNumber>(2).hex() + "'";
    for (const std::string assignment :
         {"state = 0",
          "state = 5",
          "state = 1",
          "state = 4",
          "state = -9223372036854775808",
          "intent = x'00'",
          "intent = zeroblob(17)",
          "subject_key = x''",
          "tbs_digest = zeroblob(32)",
          "tbs_digest = x'00'",
          "certificate = NULL",
          "certificate = x''",
          "certificate = x'30'",
          "certificate = x'3000'",
          "certificate = x'30820000'",
          "certificate = zeroblob(200000)",
          "tbs = x'00'",
          "issued_at = NULL",
          "issued_at = 9223372036854775807",
          "not_after = -9223372036854775808",
          "renews = x'00'",
          "renews = zeroblob(17)",
          "certificate = CAST(substr(certificate, 1, 20) || x'00' || substr(certificate, 22) AS BLOB)"}) {
        expect_refused("certificate", assignment, where, read);
    }
}

TEST_F(LyingRows, OfOpenIntents) {
    const auto read = [&] { return store().open_intents({kNode.id, BootEpoch{9}}, at(1000)); };
    const std::string where = "state = 1";
    for (const std::string assignment :
         {"node = x'00'", "epoch = -1", "lease_until = -9223372036854775808", "tbs_digest = x'00'", "serial = x'00'"}) {
        expect_refused("certificate", assignment, where, read);
    }
}

TEST_F(LyingRows, OfCertificatesInListings) {
    expect_refused("certificate", "names = CAST(zeroblob(70000) AS TEXT)", "seq = 2",
                   [&] { return store().certificates({}); });
    expect_refused("certificate", "state = 3", "seq = 2", [&] { return store().certificates({}); });
}

TEST_F(LyingRows, OfStatuses) {
    const auto read = [&](std::uint64_t number) {
        return [this, number] { return store().status(kIssuer, numbered<SerialNumber>(number)); };
    };
    expect_refused("certificate", "state = 7", "seq = 2", read(2));
    expect_refused("certificate", "state = 3, issued_at = NULL", "seq = 2", read(2));  // indeterminate and not revoked
    expect_refused("certificate", "not_after = 9223372036854775807", "seq = 2", read(2));
    expect_refused("revocation", "reason = 7", "1", read(1));
    expect_refused("revocation", "reason = 99", "1", read(1));
    expect_refused("revocation", "revoked_at = 9223372036854775807", "1", read(1));
    expect_refused("revocation", "invalidity_date = -9223372036854775808", "1", read(1));
}

TEST_F(LyingRows, OfRevocationsOnTheCrl) {
    const auto read = [&] { return store().for_each_revoked(kIssuer, at(1), [](const x509::CrlEntry&) {}); };
    for (const std::string assignment :
         {"serial = x'00'", "reason = 8", "reason = -1", "revoked_at = 9223372036854775807"}) {
        expect_refused("revocation", assignment, "1", read);
    }
}

TEST_F(LyingRows, OfRequests) {
    const auto read = [&] { return store().request(numbered<RequestId>(4)); };
    for (const std::string assignment : {"state = 'lost'", "state = ''", "received_at = 9223372036854775807",
                                         "principal = CAST(zeroblob(5000) AS TEXT)", "proof = zeroblob(1048577)",
                                         "resume_token = zeroblob(65537)", "reason = CAST(zeroblob(65537) AS TEXT)"}) {
        expect_refused("request", assignment, "state = 'refused'", read);
    }
    expect_refused("certificate", "state = 9", "seq = 3", [&] { return store().request(numbered<RequestId>(3)); });
    expect_refused("certificate", "serial = x'00'", "seq = 3", [&] { return store().request(numbered<RequestId>(3)); });
}

TEST_F(LyingRows, OfSecrets) {
    const auto read = [&] { return store().find_secret(secret_of(1).secret_hash); };
    for (const std::string assignment : {"used_at = 5", "used_by = zeroblob(16)", "used_by = x'00', used_at = 5",
                                         "expires_at = 9223372036854775807", "names = CAST(zeroblob(65537) AS TEXT)"}) {
        expect_refused("secret", assignment, "1", read);
    }
    expect_refused("secret", "hash = x'00'", "1", [&] { return store().secrets(); });
}

TEST_F(LyingRows, OfCrls) {
    const auto read = [&] { return store().latest_crl(kIssuer); };
    for (const std::string assignment :
         {"number = 0", "this_update = 9223372036854775807", "entries = NULL", "entries = -1", "der = NULL"}) {
        expect_refused("crl", assignment, "1", read);
    }
    expect_refused("issuer", "crl_number = -1", "1", [&] {
        const auto number = store().reserve_crl_number(kIssuer, at(0));
        return number ? Result<void>{success()} : Result<void>{number.error()};
    });
}

TEST_F(LyingRows, RefuseAChangeAloneAndLeaveTheOthers) {
    meddle("UPDATE certificate SET node = x'00' WHERE state = 1");
    const auto intent = intent_of(3);
    const auto result = store().complete(completion_of(intent), {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), ErrorCode::storage);
    EXPECT_TRUE(store().healthy());
    issue(10);
}

TEST_F(LyingRows, OfTheSiteStopEachChange) {
    meddle("UPDATE site SET audit_edge = x'00'");
    const auto result = store().record(event_of(audit::EventKind::profile_loaded), at(0));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), ErrorCode::storage);
    EXPECT_FALSE(store().healthy());
    EXPECT_FALSE(store().audit_head());
}

TEST_F(LyingRows, OfTheAuditLogAreNotGivenAsEntries) {
    const auto size = store().audit_head().value().size;
    meddle("DELETE FROM audit_leaf WHERE idx = 1");
    EXPECT_EQ(store().audit_leaves(0, size).error().code(), ErrorCode::storage);
    EXPECT_TRUE(store().audit_leaves(2, size));
    EXPECT_EQ(store().audit_node(1, 0).error().code(), ErrorCode::not_found);
    meddle("UPDATE audit_leaf SET hashes = x'00' WHERE idx = 0");
    EXPECT_EQ(store().audit_node(0, 0).error().code(), ErrorCode::storage);
    meddle("UPDATE audit_leaf SET leaf = zeroblob(70000) WHERE idx = 2");
    EXPECT_EQ(store().audit_leaves(2, 3).error().code(), ErrorCode::storage);
}

}  // namespace
}  // namespace sealwright::contract
