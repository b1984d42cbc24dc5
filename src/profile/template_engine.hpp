// template_engine.hpp: from a request's wishes and a profile to TBSCertificate fields. Pure: time, serial and issuer are given.
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
    x509::Extensions extensions;                         // all that the request named, for refusal of what the profile does not know
    std::optional<std::chrono::seconds> validity;
};
Result<RequestedContent> requested_content(const x509::CertificateRequest& csr);

struct IssuerContext {
    NameDer subject;                      // the issuer's subject, as in its certificate
    Bytes subject_key_identifier;
    UtcTime not_before{}, not_after{};    // of the issuer's certificate: what is issued must end within it
    crypto::SignatureAlgorithm signature_algorithm;
    std::optional<std::uint32_t> path_length;
};

struct TemplateInput {
    const Profile& profile;
    const RequestedContent& requested;
    const crypto::PublicKey& subject_key;
    std::vector<std::string> authorised_names;  // the principal's own names ("host.example.org"), for ValueSource::principal
    const IssuerContext& issuer;
    SerialNumber serial;
    UtcTime now{};
};

// check_request refuses (denied, weak_key) with every reason at once what the profile does not allow: names, key, signature algorithm, extensions that
// the profile does not name.
Result<void> check_request(const TemplateInput& input);

// build_template gives the fields; it calls check_request first.
Result<x509::TbsCertificateFields> build_template(const TemplateInput& input);

}  // namespace sealwright::profile
