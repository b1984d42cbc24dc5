#include "issuance/adoption.hpp"

#include "house.hpp"
#include "issuance/revocation.hpp"
#include "issuance/serial.hpp"

namespace sealwright::issuance {
namespace {

using audit::EventKind;

struct Adopting : House {
    Result<bool> adopt_now(const x509::Certificate& certificate) {
        return adopt(store, ca.authority, node, certificate, clock.now(), random);
    }
    SerialNumber serial = *serial_from_integer(ca.ocsp_certificate.fields().serial);
    Status status() { return store.status(ca.authority.key.id(), serial).value(); }
};

TEST(Adoption, GivesACertificateOfTheCeremonyItsRecord) {
    Adopting house;
    EXPECT_TRUE(std::holds_alternative<StatusUnknown>(house.status()));
    EXPECT_EQ(house.adopt_now(house.ca.ocsp_certificate).value(), true);
    EXPECT_TRUE(std::holds_alternative<StatusGood>(house.status()));
    const auto record = house.record_of(house.serial);
    EXPECT_EQ(record.state, CertificateState::issued);
    EXPECT_EQ(record.certificate, house.ca.ocsp_certificate.der().bytes());
    EXPECT_EQ(record.profile, "ceremony");
    EXPECT_THAT(record.names, ::testing::HasSubstr("CN="));
    const auto event = house.store.events(EventKind::certificate_adopted).at(0);
    EXPECT_EQ(event.fields.at("serial"), house.serial.hex());

    Revoker revoker{house.store, house.node, house.clock, house.log, [] {}};
    ASSERT_TRUE(revoker.revoke(house.serial, x509::RevocationReason::superseded, kOfficer));
    EXPECT_TRUE(std::holds_alternative<StatusRevoked>(house.status()));
}

TEST(Adoption, HappensOnce) {
    Adopting house;
    ASSERT_TRUE(house.adopt_now(house.ca.ocsp_certificate));
    EXPECT_EQ(house.adopt_now(house.ca.ocsp_certificate).value(), false);
    EXPECT_EQ(house.store.events(EventKind::certificate_adopted).size(), 1U);
}

TEST(Adoption, RefusesWhatTheAuthorityDidNotSign) {
    Adopting house;
    Bytes der = house.ca.ocsp_certificate.der().bytes();
    der.back() ^= 1U;  // the signature's last bit
    EXPECT_EQ(code_of(house.adopt_now(x509::Certificate::parse(der).value())), ErrorCode::denied);
    EXPECT_TRUE(std::holds_alternative<StatusUnknown>(house.status()));
    EXPECT_TRUE(house.store.events(EventKind::certificate_adopted).empty());
}

TEST(Adoption, RefusesASerialNumberOfAnother) {
    Adopting house;
    ASSERT_TRUE(house.adopt_now(house.ca.ocsp_certificate));
    Bytes der = house.ca.ocsp_certificate.der().bytes();
    der.back() ^= 1U;
    EXPECT_EQ(code_of(house.adopt_now(x509::Certificate::parse(der).value())), ErrorCode::denied);
}

TEST(Adoption, IsNothingWhereItCannotBeStored) {
    Adopting house;
    house.store.fail_next(test::Verb::adopt, fail(ErrorCode::storage, "the disk is full"));
    EXPECT_EQ(code_of(house.adopt_now(house.ca.ocsp_certificate)), ErrorCode::storage);
    EXPECT_TRUE(std::holds_alternative<StatusUnknown>(house.status()));
    EXPECT_TRUE(house.adopt_now(house.ca.ocsp_certificate).value());
}

}  // namespace
}  // namespace sealwright::issuance
