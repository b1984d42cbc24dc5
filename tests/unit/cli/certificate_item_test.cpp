#include "cli/certificate_item.hpp"

#include <gtest/gtest.h>

namespace sealwright::cli {
namespace {

const UtcTime kNow = from_rfc3339("2026-11-22T10:57:29Z").value();

json::object record() {
    return {{"serial", "4f1c09aa30b84d7e9bd2a07fc03b51e6"},
            {"state", "issued"},
            {"profile", "tls-server"},
            {"names", "DNS:www.example.org"},
            {"principal", "uid:0(root)"},
            {"not_before", "2026-11-01T00:00:00Z"},
            {"not_after", "2027-02-01T00:00:00Z"},
            {"revocation", nullptr}};
}

std::string status_of(const json::object& record) { return certificate_status(read_certificate(record).value(), kNow); }

TEST(CertificateItem, SaysInOneWordHowItStands) {
    EXPECT_EQ(status_of(record()), "valid");
    auto expired = record();
    expired["not_after"] = "2026-11-22T10:57:28Z";
    EXPECT_EQ(status_of(expired), "expired");
    auto early = record();
    early["not_before"] = "2026-11-22T10:57:30Z";
    EXPECT_EQ(status_of(early), "not yet valid");
    auto indeterminate = record();
    indeterminate["state"] = "indeterminate";
    EXPECT_EQ(status_of(indeterminate), "indeterminate");
}

TEST(CertificateItem, RevokedCountsMoreThanExpired) {
    auto revoked = record();
    revoked["not_after"] = "2026-11-02T00:00:00Z";
    revoked["revocation"] = json::object{{"at", "2026-11-01T10:00:00Z"}, {"reason", "keyCompromise"}};
    EXPECT_EQ(status_of(revoked), "revoked");
    revoked["revocation"].get_object()["reason"] = "certificateHold";
    EXPECT_EQ(status_of(revoked), "on hold");
}

TEST(CertificateItem, RefusesARecordThatLacksWhatItMustHave) {
    for (const char* key : {"serial", "state", "names", "profile", "not_before", "not_after"}) {
        auto broken = record();
        broken.erase(key);
        EXPECT_FALSE(read_certificate(broken)) << key;
    }
    auto broken = record();
    broken["revocation"] = json::object{{"reason", "keyCompromise"}};
    EXPECT_FALSE(read_certificate(broken));
    EXPECT_TRUE(read_certificate(record()));
}

TEST(SerialText, ReadsWhatOpensslAndCerttoolPrint) {
    const auto digits = [](std::string_view text) { return parse_serial_text(text).value().digits; };
    EXPECT_EQ(digits("4F1C09AA30B84D7E9BD2A07FC03B51E6"), "4f1c09aa30b84d7e9bd2a07fc03b51e6");
    EXPECT_EQ(digits("4f:1c:09:aa:30:b8:4d:7e:9b:d2:a0:7f:c0:3b:51:e6"), "4f1c09aa30b84d7e9bd2a07fc03b51e6");
    EXPECT_EQ(digits("00f11c09aa30b84d7e9bd2a07fc03b51e6"), "f11c09aa30b84d7e9bd2a07fc03b51e6");
    EXPECT_EQ(digits("4f1c"), "4f1c");
}

TEST(SerialText, KnowsAWholeOneFromAPrefix) {
    EXPECT_TRUE(parse_serial_text("4f1c09aa30b84d7e9bd2a07fc03b51e6").value().whole());
    EXPECT_FALSE(parse_serial_text("4f1c09aa30b84d7e9bd2a07fc03b51e").value().whole());
}

TEST(SerialText, RefusesWhatIsNone) {
    for (const char* text : {"", "4f1", "4f1g", "0x4f1c", "../4f1c", "4f1c09aa30b84d7e9bd2a07fc03b51e6ff",
                             "114f1c09aa30b84d7e9bd2a07fc03b51e6"}) {
        EXPECT_FALSE(parse_serial_text(text)) << text;
    }
}

}  // namespace
}  // namespace sealwright::cli
