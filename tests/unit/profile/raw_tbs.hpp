// raw_tbs.hpp: a TBSCertificate and a TBSCertList written field by field, so that a test can break any of them.
#pragma once

#include "unit/profile/fixture.hpp"

namespace sealwright::profile::testing {

Bytes der(const std::function<void(asn1::DerWriter&)>& write);
Bytes seq(const std::function<void(asn1::DerWriter&)>& write);
Bytes hex(std::string_view text);
inline Bytes null_value() { return {0x05, 0x00}; }

Bytes utc_time(std::string_view text);          // "261122120000Z"
Bytes generalized_time(std::string_view text);  // "20261122120000Z"

// attribute is one RDN of a name with a string tag of choice; name_of joins RDNs.
Bytes attribute(ByteView type, asn1::Tag tag, std::string_view content);
Bytes name_of(const std::vector<Bytes>& rdns);

// general_name is [tag] with content; names_of is a SEQUENCE of them.
Bytes general_name(asn1::Tag tag, std::string_view content);
Bytes general_name(asn1::Tag tag, ByteView content);
Bytes names_of(const std::vector<Bytes>& names);

struct RawTbs {
    unsigned version = 3;
    Bytes serial;  // INTEGER content
    Bytes signature_algorithm, issuer, not_before, not_after, subject, spki;
    Bytes unique_ids;  // encodings that stand behind the key
    x509::Extensions extensions;
    const x509::Certificate* issuer_certificate = nullptr;

    Bytes encode() const;
    RawTbs& set(ByteView oid, bool critical, Bytes value);
    RawTbs& drop(ByteView oid);
    RawTbs& criticality(ByteView oid, bool critical);
};
RawTbs raw(const x509::TbsCertificateFields& fields, const x509::Certificate* issuer);

// Good certificates of every kind that we issue, to be broken.
RawTbs good_leaf(std::string_view spki = kOtherP256);        // tls-server, empty subject
RawTbs good_named_leaf(std::string_view spki = kOtherP256);  // tls-server with a CN
RawTbs good_client();
RawTbs good_ocsp_signer();
RawTbs good_root();
RawTbs good_issuing_ca();
RawTbs good_self_signed_leaf();  // no CA, no issuer above it

struct RawEntry {
    Bytes serial, revoked_at;
    std::optional<std::vector<x509::Extension>> extensions;
};
struct RawCrl {
    std::optional<std::uint64_t> version = 1;
    Bytes signature_algorithm, issuer, this_update;
    std::optional<Bytes> next_update;
    std::optional<std::vector<RawEntry>> entries;
    x509::Extensions extensions;
    const x509::Certificate* issuer_certificate = nullptr;
    std::optional<std::uint64_t> previous_number;

    Bytes encode() const;
    RawCrl& set(ByteView oid, bool critical, Bytes value);
    RawCrl& drop(ByteView oid);
    RawCrl& criticality(ByteView oid, bool critical);
};
RawCrl good_crl();               // of the issuing CA, no entries
RawCrl good_crl_with_entries();  // three, with a reason and an invalidity date

// Sample is a TBS that one lint alone refuses.
struct Sample {
    std::string code;
    Bytes tbs;
    const x509::Certificate* issuer = nullptr;
    std::optional<std::uint64_t> previous_number;
};
std::vector<Sample> field_samples();
std::vector<Sample> extension_samples();
std::vector<Sample> policy_and_pointer_samples();
std::vector<Sample> crl_samples();

}  // namespace sealwright::profile::testing
