// samples.hpp: TBS that the limits accept, to be changed in one thing by each test.
#pragma once

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "base/clock.hpp"
#include "hsm/signer_process/limits.hpp"
#include "x509/crl.hpp"
#include "x509/ocsp.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::hsm::signer_process::samples {

inline const UtcTime kNow = from_rfc3339("2026-11-22T12:00:00Z").value();
inline constexpr crypto::SignatureAlgorithm kEcdsa256{crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256};
inline constexpr std::chrono::hours kDay{24};

// A P-256 key: openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout -outform DER | xxd -p
inline const Bytes kSpki = from_hex(
                               "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
                               "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                               "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
                               .value();  // the point is the curve's generator (SEC 2, 2.4.2)

inline crypto::PublicKey key() { return crypto::PublicKey::parse(kSpki).value(); }

inline NameDer name(const char* text) { return x509::encode_name(x509::parse_name_text(text).value()).value(); }
inline const NameDer& issuer() {
    static const NameDer der = name("CN=Test CA,O=Sealwright");
    return der;
}

inline CertificateLimits certificate_limits() {
    CertificateLimits limits;
    limits.issuer = crypto::sha256(issuer().view());
    limits.max_validity = kDay * 90;
    limits.max_backdate = std::chrono::hours{1};
    return limits;
}

inline x509::TbsCertificateFields certificate() {
    x509::TbsCertificateFields fields;
    fields.serial = SerialNumber::from(Bytes(16, 0x51)).value();
    fields.signature_algorithm = kEcdsa256;
    fields.issuer = issuer();
    fields.subject = name("CN=leaf.example");
    fields.not_before = kNow;
    fields.not_after = kNow + kDay * 90 - std::chrono::seconds{1};
    fields.spki = key().spki();
    fields.extensions = {{bytes_of(asn1::oid::kKeyUsage), true, x509::encode_key_usage(x509::kDigitalSignature)}};
    return fields;
}

inline Bytes tbs(const x509::TbsCertificateFields& fields) { return x509::build_tbs_certificate(fields).bytes(); }

inline CrlLimits crl_limits() { return {crypto::sha256(issuer().view()), std::nullopt, kDay * 7}; }

inline x509::CrlFields crl() {
    x509::CrlFields fields;
    fields.signature_algorithm = kEcdsa256;
    fields.issuer = issuer();
    fields.this_update = kNow;
    fields.next_update = kNow + kDay * 7;
    fields.authority_key_identifier = Bytes(20, 7);
    fields.number = 5;
    return fields;
}

inline Bytes tbs(const x509::CrlFields& fields, std::size_t entries, UtcTime revoked_at = kNow - kDay) {
    x509::CrlBuilder builder;
    for (std::size_t i = 0; i < entries; ++i) {
        std::array<std::uint8_t, 16> serial{0x40};
        for (std::size_t j = 0; j < 8; ++j) serial[15 - j] = static_cast<std::uint8_t>(i >> (8 * j));
        const auto reason = i % 3 == 0 ? x509::RevocationReason::key_compromise : x509::RevocationReason::unspecified;
        builder.add(
            {SerialNumber{serial}, revoked_at, reason, i % 5 == 0 ? std::optional{revoked_at - kDay} : std::nullopt});
    }
    return builder.build(fields).bytes();
}

}  // namespace sealwright::hsm::signer_process::samples
