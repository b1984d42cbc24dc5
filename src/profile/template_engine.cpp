#include "profile/template_engine.hpp"

#include "asn1/oid.hpp"
#include "base/log.hpp"
#include "profile/key_names.hpp"
#include "profile/request_judge.hpp"

namespace sealwright::profile {
namespace {

namespace oid = asn1::oid;

// Judged is a request held against its profile; what it holds counts only if there is no reason to refuse.
struct Judged {
    x509::Name subject;
    x509::GeneralNames san;
    x509::Extensions given;  // static_extensions
    ValidityPeriod validity;
    Reasons reasons;
};

Judged judge(const TemplateInput& input) {
    Judged judged;
    judged.given = static_extensions(input.profile, input.attested);
    judge_key(input, judged.reasons);
    judged.subject = judge_subject(input, judged.reasons);
    judged.san = judge_san(input, judged.reasons);
    judge_extensions(input, judged.given, judged.reasons);
    judged.validity = judge_validity(input, judged.reasons);
    judge_issuer(input, judged.reasons);
    judge_name_coherence(input, judged.subject, judged.san, judged.reasons);
    return judged;
}

// extensions_of writes them in the order of docs/profiles.md.
x509::Extensions extensions_of(const TemplateInput& input, Judged& judged) {
    x509::Extensions out;
    out.reserve(judged.given.size() + 4);
    if (!input.issuer.self_signed) {
        out.push_back({bytes_of(oid::kAuthorityKeyIdentifier), false,
                       x509::encode_authority_key_identifier(input.issuer.subject_key_identifier)});
    }
    const Bytes key_identifier = x509::subject_key_identifier(input.subject_key.public_bits());
    out.push_back({bytes_of(oid::kSubjectKeyIdentifier), false, x509::encode_subject_key_identifier(key_identifier)});
    out.push_back({bytes_of(oid::kKeyUsage), input.profile.key_usage_critical,
                   x509::encode_key_usage(key_usage_of(input.profile, input.subject_key.type()))});
    if (!judged.san.empty()) {
        // RFC 5280 4.2.1.6: "If the subject field contains an empty sequence, then the issuing CA MUST include a
        // subjectAltName extension that is marked as critical."
        out.push_back({bytes_of(oid::kSubjectAltName), judged.subject.empty(), x509::encode_general_names(judged.san)});
    }
    std::move(judged.given.begin(), judged.given.end(), std::back_inserter(out));
    return out;
}

}  // namespace

Result<RequestedContent> requested_content(const x509::CertificateRequest& csr) {
    RequestedContent content{.subject = csr.subject,
                             .san = {},
                             .extensions = csr.requested_extensions,
                             .validity = {},
                             .signature_algorithm = {}};
    if (const auto* san = x509::find_extension(csr.requested_extensions, oid::kSubjectAltName)) {
        auto names = x509::parse_general_names(san->value);
        if (!names) return names.error().in("csr: subjectAltName");
        content.san = std::move(names).value();
    }
    SEALWRIGHT_TRY(content.signature_algorithm, csr.algorithm());
    return content;
}

Result<IssuerContext> issuer_context(const x509::Certificate& issuer, const crypto::SignatureAlgorithm& algorithm) {
    const auto& fields = issuer.fields();
    const auto* constraints = x509::find_extension(fields.extensions, oid::kBasicConstraints);
    const auto* identifier = x509::find_extension(fields.extensions, oid::kSubjectKeyIdentifier);
    if (constraints == nullptr || identifier == nullptr) {
        return fail(ErrorCode::malformed, "the issuer's certificate lacks basicConstraints or subjectKeyIdentifier");
    }
    SEALWRIGHT_TRY(auto basic, x509::parse_basic_constraints(constraints->value));
    SEALWRIGHT_TRY(auto key_identifier, x509::parse_subject_key_identifier(identifier->value));
    if (!basic.ca) return fail(ErrorCode::malformed, "the issuer's certificate is no CA certificate");
    return IssuerContext{fields.subject_der,
                         std::move(key_identifier),
                         fields.not_before,
                         fields.not_after,
                         algorithm,
                         basic.path_length,
                         false};
}

Result<void> check_request(const TemplateInput& input) {
    const Judged judged = judge(input);
    if (!judged.reasons.empty()) return judged.reasons.error();
    return success();
}

Result<x509::TbsCertificateFields> build_template(const TemplateInput& input) {
    Judged judged = judge(input);
    if (!judged.reasons.empty()) return judged.reasons.error();
    auto subject = x509::encode_name(judged.subject);
    if (!subject)
        return fail(ErrorCode::denied, "subject: " + subject.error().public_detail(), subject.error().private_detail());
    x509::TbsCertificateFields fields;
    fields.serial = input.serial;
    fields.signature_algorithm = input.profile.signature_algorithm.value_or(input.issuer.signature_algorithm);
    fields.issuer = input.issuer.self_signed ? subject.value() : input.issuer.subject;
    fields.not_before = judged.validity.not_before;
    fields.not_after = judged.validity.not_after;
    fields.subject = std::move(subject).value();
    fields.spki = input.subject_key.spki();
    fields.extensions = extensions_of(input, judged);
    return fields;
}

}  // namespace sealwright::profile
