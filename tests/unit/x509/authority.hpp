// authority.hpp: certificates made for tests: each with a key of its own, issued by another or by itself.
#pragma once

#include "asn1/oid.hpp"
#include "tests/support/test_key.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::x509::test {

using sealwright::test::TestKey;

inline UtcTime at(const char* text) { return from_rfc3339(text).value(); }

inline NameDer name_of(std::string_view text) { return encode_name(parse_name_text(text).value()).value(); }

inline Extension extension(ByteView oid, bool critical, Bytes value) {
    return {bytes_of(oid), critical, std::move(value)};
}

// Holder is a key with its certificate.
struct Holder {
    TestKey key;
    Certificate certificate;
};

// Wish is what a certificate shall be; the extensions are exactly these.
struct Wish {
    std::string subject = "CN=leaf";
    UtcTime not_before = at("2026-01-01T00:00:00Z");
    UtcTime not_after = at("2027-01-01T00:00:00Z");
    Extensions extensions = {};
    std::optional<std::string> issuer_name = std::nullopt;  // instead of the issuer's subject
};

inline Holder issue(const Wish& wish, const Holder* issuer = nullptr, crypto::KeyType type = crypto::KeyType::ec_p256) {
    static std::uint8_t count = 0;
    TestKey key = TestKey::generate(type);
    const TestKey& signer = issuer != nullptr ? issuer->key : key;
    std::array<std::uint8_t, 16> serial{};
    serial.fill(0x40);
    serial.back() = ++count;
    TbsCertificateFields fields{.serial = SerialNumber{serial},
                                .signature_algorithm = signer.algorithm(),
                                .issuer = wish.issuer_name    ? name_of(*wish.issuer_name)
                                          : issuer != nullptr ? issuer->certificate.fields().subject_der
                                                              : name_of(wish.subject),
                                .not_before = wish.not_before,
                                .not_after = wish.not_after,
                                .subject = name_of(wish.subject),
                                .spki = key.spki(),
                                .extensions = wish.extensions};
    const TbsCertificateDer tbs = build_tbs_certificate(fields);
    const CertificateDer der = assemble_certificate(tbs.view(), signer.algorithm(), signer.sign(tbs.view()));
    return Holder{key, Certificate::parse(der.view()).value()};
}

// ca_extensions are those of a CA, with a path length or none.
inline Extensions ca_extensions(std::optional<std::uint32_t> path_length = std::nullopt,
                                KeyUsage usage = kKeyCertSign | kCrlSign) {
    return {extension(asn1::oid::kBasicConstraints, true, encode_basic_constraints({true, path_length})),
            extension(asn1::oid::kKeyUsage, true, encode_key_usage(usage))};
}

inline Extensions with(Extensions extensions, Extension more) {
    extensions.push_back(std::move(more));
    return extensions;
}

}  // namespace sealwright::x509::test
