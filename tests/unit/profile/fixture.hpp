// fixture.hpp: a small PKI for the tests of this room: profiles by name, issuers, requests; everything good until a
// test changes one thing.
#pragma once

#include <gtest/gtest.h>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "profile/linter.hpp"
#include "profile/template_engine.hpp"
#include "unit/profile/keys.hpp"

namespace sealwright::profile::testing {

namespace oid = asn1::oid;

// The moment of every test: 2026-11-22T12:00:00Z.
UtcTime test_time();
UtcTime at(std::string_view rfc3339);

crypto::PublicKey public_key(std::string_view base64_spki);

// installed reads one of the profiles that we install, with placeholders for a test site.
Placeholders site_placeholders();
std::string installed_text(std::string_view name);
Profile installed(std::string_view name);
// parsed reads a text that must be a valid profile.
Profile parsed(std::string_view toml);
// replaced exchanges one part of a text, which must be there exactly once.
std::string replaced(std::string text, std::string_view from, std::string_view to);

x509::Name name(std::string_view rfc4514);
NameDer name_der(std::string_view rfc4514);
SerialNumber serial(std::uint8_t first_octet = 0x5A);

// assembled puts a meaningless signature under a TBS: nothing in this room verifies one.
x509::Certificate assembled(const x509::TbsCertificateFields& fields);

// The site's CAs: a P-384 root and a P-256 issuing CA under it, made with the installed profiles.
const x509::Certificate& root();
const x509::Certificate& issuing_ca();
IssuerContext issuing_context();
x509::TbsCertificateFields root_fields();
x509::TbsCertificateFields issuing_ca_fields();

// Request is the input of the template engine with all that it refers to, for a host of the site. Tests change its
// members.
struct Request {
    explicit Request(Profile profile, std::string_view spki = kOtherP256);

    Profile profile;
    crypto::PublicKey key;
    RequestedContent requested;
    std::vector<std::string> authorised_names;
    IssuerContext issuer = issuing_context();
    SerialNumber serial_number = serial();
    UtcTime now = test_time();
    attestation::Level attested = attestation::Level::none;

    void ask_for(ByteView oid, Bytes value);
    TemplateInput input() const;
    Result<x509::TbsCertificateFields> build() const { return build_template(input()); }
    // refusal is the public reason, or empty if the request was let through.
    std::string refusal() const;
    ErrorCode refusal_code() const;
};

// host_request asks tls-server for www.example.org.
Request host_request(std::string_view spki = kOtherP256);

const x509::Extension* find(const x509::TbsCertificateFields& fields, ByteView oid);
std::string codes(const x509::Findings& findings);

}  // namespace sealwright::profile::testing
