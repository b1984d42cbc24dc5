// identity.hpp: what the device is, once it has a certificate: the terms on which it got it, kept beside it so that
// renewal needs no argument.
#pragma once

#include <boost/json/fwd.hpp>
#include <filesystem>

#include "device/names.hpp"
#include "x509/certificate.hpp"

namespace sealwright::device {

// Terms are what was asked, of whom, and with which keys besides the certified one.
struct Terms {
    std::string server, profile;
    Names names;
    tpm::EkTemplate ek = tpm::EkTemplate::l2;
    tpm::KeyKind ak_kind = tpm::KeyKind::p256, key_kind = tpm::KeyKind::p256;
    tpm::KeyBlob ak;
};

boost::json::object encode_terms(const Terms& terms);
Result<Terms> parse_terms(const boost::json::value& value, std::string_view what);
boost::json::object encode_blob(const tpm::KeyBlob& blob);
Result<tpm::KeyBlob> parse_blob(const boost::json::value& value);

// serial_of is hexadecimal, as the CA's operator knows it.
std::string serial_of(const x509::Certificate& certificate);

// Identity is a certificate with its key and terms, as they lie in one folder.
struct Identity {
    std::filesystem::path folder;
    Terms terms;
    tpm::KeyBlob key;
    x509::Certificate certificate;

    std::filesystem::path certificate_file() const { return folder / "certificate.pem"; }
    std::filesystem::path chain_file() const { return folder / "chain.pem"; }
    std::filesystem::path key_file() const { return folder / "key.pem"; }
    std::filesystem::path roots_file() const { return folder / "roots.pem"; }
    std::string serial() const { return serial_of(certificate); }
    UtcTime not_before() const { return certificate.fields().not_before; }
    UtcTime not_after() const { return certificate.fields().not_after; }
    // renews_at is when a third of the certificate's lifetime is left.
    UtcTime renews_at() const { return not_after() - (not_after() - not_before()) / 3; }
};

// check_belongs refuses a certificate that is not for this key.
Result<void> check_belongs(const x509::Certificate& certificate, const tpm::KeyBlob& key);

// check_received reads what the CA sent for a key, PEM, leaf first: a certificate for it, another one than replaces
// (its serial; empty: none), inside its time, and signed by the next of the chain, and so on. clock where it is not
// valid yet: that may be this machine's.
Result<std::vector<x509::Certificate>> check_received(std::string_view pem, const tpm::KeyBlob& key,
                                                      const std::string& replaces, UtcTime now);

}  // namespace sealwright::device
