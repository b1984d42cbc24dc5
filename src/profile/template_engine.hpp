// template_engine.hpp: from a request's wishes and a profile to TBSCertificate fields. Pure: time, serial and issuer
// are given.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "x509/certificate.hpp"
#include "x509/csr.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::profile {

// RequestedContent is what a request wishes, whatever protocol it came by.
struct RequestedContent {
    x509::Name subject;
    x509::GeneralNames san;
    x509::Extensions extensions;  // all that the request named, for refusal of what the profile does not know
    std::optional<std::chrono::seconds> validity;
    std::optional<crypto::SignatureAlgorithm>
        signature_algorithm;  // of the request itself; nothing where another proof stands in its place
};
// requested_content takes out what a CSR wishes; malformed or unsupported (with the field's name) where its SAN cannot
// be read.
Result<RequestedContent> requested_content(const x509::CertificateRequest& csr);

struct IssuerContext {
    NameDer subject;  // the issuer's subject, as in its certificate
    Bytes subject_key_identifier;
    UtcTime not_before{}, not_after{};  // of the issuer's certificate: what is issued must end within it
    crypto::SignatureAlgorithm signature_algorithm;
    std::optional<std::uint32_t> path_length;
    // A root: the issuer's name is the subject that the profile makes, authorityKeyIdentifier is left out (RFC
    // 5280 4.2.1.1 allows it there), and there is no validity or path length above it. Of the members above only
    // signature_algorithm is read then.
    bool self_signed = false;
};
// issuer_context reads a CA certificate; malformed unless it is one with a subjectKeyIdentifier.
Result<IssuerContext> issuer_context(const x509::Certificate& issuer, const crypto::SignatureAlgorithm& algorithm);

struct TemplateInput {
    const Profile& profile;
    const RequestedContent& requested;
    const crypto::PublicKey& subject_key;
    // The principal's own names ("host.example.org", "192.0.2.1"). Rules with ValueSource::principal take them from
    // here; and where there are any, a request gets no other name by ValueSource::request either: not in the SAN, not
    // as CN, UID, serialNumber or emailAddress of the subject.
    std::vector<std::string> authorised_names;
    const IssuerContext& issuer;
    SerialNumber serial;
    UtcTime now{};
    // What the key's TPM proved; the caller has verified it (attestation/). A profile with [attestation] gets no key
    // without.
    attestation::Level attested = attestation::Level::none;
};

// check_request refuses with every reason at once what the profile does not allow: names, key, signature algorithm,
// validity, extensions that the profile does not name. weak_key when all reasons speak of the key's strength, else
// denied. The reasons are public; what they repeat of the request is escaped. The caller has verified possession of the
// key.
Result<void> check_request(const TemplateInput& input);

// build_template gives the fields; it calls check_request first.
Result<x509::TbsCertificateFields> build_template(const TemplateInput& input);

}  // namespace sealwright::profile
