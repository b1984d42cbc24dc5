// test_ca.hpp: a small hierarchy with keys in memory (root, issuing CA, OCSP signer) and requests for it, for tests
// above x509.
#pragma once

#include "issuance/engine.hpp"
#include "support/software_signer.hpp"

namespace sealwright::test {

// TestCa: the signer holds all three keys.
struct TestCa {
    explicit TestCa(UtcTime now, crypto::KeyType issuing_type = crypto::KeyType::ec_p256);

    SoftwareSigner signer;
    x509::Certificate root;
    issuance::Authority authority;
    x509::Certificate ocsp_certificate;
};

// CertificateSpec says what to certify in a test, past every profile and lint.
struct CertificateSpec {
    std::string subject, issuer;  // RFC 4514
    crypto::PublicKey key;
    crypto::PublicKey issuer_key;
    SerialNumber serial;
    UtcTime not_before{}, not_after{};
    bool ca = false;
    x509::KeyUsage key_usage = x509::kDigitalSignature;
    std::vector<Bytes> ext_key_usage;
    bool ocsp_nocheck = false;
    x509::GeneralNames san;
};
// certify signs with the issuer's key in signer; it throws where anything fails.
x509::Certificate certify(hsm::Signer& signer, const CertificateSpec& spec);

// RequestSpec is what a CSR says; san are texts as format_general_name writes them ("DNS:a.example.org").
struct RequestSpec {
    std::string subject = "CN=a.example.org";
    std::vector<std::string> san = {"DNS:a.example.org"};
    x509::Extensions more;
};
// make_csr signs with a key of keys.
x509::CertificateRequest make_csr(SoftwareSigner& keys, const crypto::PublicKey& key, const RequestSpec& spec);

// profile_text reads a profile of src/profile/profiles; load_profile parses it with placeholders of the site
// example.org.
std::string profile_text(const std::string& name);
std::shared_ptr<const profile::Profile> load_profile(std::string_view toml);

}  // namespace sealwright::test
