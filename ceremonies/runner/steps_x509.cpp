// steps_x509.cpp: the steps that make certificates and CRLs. TBS and lint are on record before the token is asked; what
// it signed is compared.
#include "asn1/oid.hpp"
#include "ceremonies/runner/steps.hpp"
#include "issuance/linted_tbs.hpp"
#include "profile/template_engine.hpp"
#include "x509/path_validator.hpp"

namespace sealwright::ceremonies {
namespace {

using x509::Certificate;

crypto::SignatureAlgorithm algorithm_for(const profile::Profile& profile, const crypto::PublicKey& signing_key) {
    return profile.signature_algorithm.value_or(crypto::default_algorithm(signing_key.type()));
}

profile::IssuerContext issued_by_itself(const crypto::SignatureAlgorithm& algorithm) {
    profile::IssuerContext context;
    context.signature_algorithm = algorithm;
    context.self_signed = true;
    return context;
}

JsonObject certificate_details(const Certificate& certificate, const MadeKey& subject, const MadeKey& issuer) {
    const auto& fields = certificate.fields();
    return {{"certificate_sha256", certificate.fingerprint().hex()},
            {"issuer_key", issuer.key.id.hex()},
            {"key", subject.key.id.hex()},
            {"not_after", to_rfc3339(fields.not_after)},
            {"not_before", to_rfc3339(fields.not_before)},
            {"serial", to_hex(fields.serial)},
            {"subject", x509::format_name(fields.subject)},
            {"tbs_sha256", crypto::sha256(certificate.tbs()).hex()}};
}

}  // namespace

Bytes key_identifier_of(const Certificate& certificate) {
    const auto* extension = x509::find_extension(certificate.fields().extensions, asn1::oid::kSubjectKeyIdentifier);
    if (extension == nullptr) return {};
    auto parsed = x509::parse_subject_key_identifier(extension->value);
    return parsed ? std::move(parsed.value()) : Bytes{};
}

Result<void> StepRun::perform(const CertifyStep& work) {
    const MadeKey& subject = key_of(work.key);
    const MadeCertificate* issuer = work.self_signed ? nullptr : &certificate_of(work.issuer);
    SEALWRIGHT_TRY(auto certificate, certify(work, subject, issuer));
    const std::string file = "artefacts/" + work.artefact;
    const MadeKey& issuer_key = issuer == nullptr ? subject : key_of(issuer->key_step);
    MadeCertificate made{step_.id, work.issuer, work.key, file, certificate, false};
    SEALWRIGHT_TRY(check_path(made));
    SEALWRIGHT_TRY(keep(file, "certificate", view_of(x509::encode_pem("CERTIFICATE", certificate.der().view())),
                        certificate_details(certificate, subject, issuer_key)));
    show(x509::format_name(certificate.fields().subject) + ", valid until " +
         to_rfc3339(certificate.fields().not_after));
    made_.certificates.push_back(made);
    if (work.chain_artefact.empty()) return success();
    std::string chain;
    for (const auto& link : chain_of(made, false)) chain += x509::encode_pem("CERTIFICATE", link.der().view());
    return keep("artefacts/" + work.chain_artefact, "chain", view_of(chain),
                {{"certificate_sha256", certificate.fingerprint().hex()}});
}

Result<void> StepRun::perform(const ImportStep& work) {
    const auto& certificate = stage_.inputs.certificates.at(work.certificate);
    SEALWRIGHT_TRY(const auto key, crypto::PublicKey::parse(certificate.fields().spki.view()));
    if (!work.key.empty()) {
        const auto& find = std::get<FindKeyStep>(stage_.inputs.script.find(work.key)->work);
        if (key.id() != stage_.inputs.bindings.keys.at(find.spki))
            return fail(ErrorCode::denied, "the certificate '" + work.certificate +
                                               "' is of another key than that of step '" + work.key + "'");
    }
    const std::string file = "artefacts/" + work.artefact;
    MadeCertificate made{step_.id, work.issuer, work.key, file, certificate, true};
    if (work.issuer.empty()) {
        SEALWRIGHT_TRY(certificate.verify_signature(key));
    }
    SEALWRIGHT_TRY(check_path(made));
    const auto& fields = certificate.fields();
    SEALWRIGHT_TRY(keep(file, "imported-certificate",
                        view_of(x509::encode_pem("CERTIFICATE", certificate.der().view())),
                        {{"certificate_sha256", certificate.fingerprint().hex()},
                         {"key", key.id().hex()},
                         {"not_after", to_rfc3339(fields.not_after)},
                         {"not_before", to_rfc3339(fields.not_before)},
                         {"serial", to_hex(fields.serial)},
                         {"subject", x509::format_name(fields.subject)}}));
    show(x509::format_name(fields.subject) + ", valid until " + to_rfc3339(fields.not_after));
    made_.certificates.push_back(std::move(made));
    return success();
}

Result<Certificate> StepRun::certify(const CertifyStep& work, const MadeKey& subject, const MadeCertificate* issuer) {
    const profile::Profile& profile = *stage_.inputs.profile(work.profile)->profile;
    const MadeKey& signing = issuer == nullptr ? subject : key_of(issuer->key_step);
    const auto algorithm = algorithm_for(profile, signing.key.public_key);
    SEALWRIGHT_TRY(const auto context, issuer == nullptr ? Result<profile::IssuerContext>{issued_by_itself(algorithm)}
                                                         : profile::issuer_context(issuer->certificate, algorithm));
    const profile::RequestedContent nothing_requested;
    std::vector<std::string> names;
    if (!work.names.empty()) names = stage_.inputs.bindings.names.at(work.names);
    const profile::TemplateInput input{profile,       nothing_requested, subject.key.public_key,
                                       names,         context,           crypto::random_serial(stage_.random),
                                       signing_time()};
    SEALWRIGHT_TRY(const auto fields, profile::build_template(input));

    const Certificate* issuer_certificate = issuer == nullptr ? nullptr : &issuer->certificate;
    SEALWRIGHT_TRY(const auto linted, issuance::LintedTbs::lint(fields, issuer_certificate));
    SEALWRIGHT_TRY(record_lint(
        "certificate", linted.der().view(), profile::lint_certificate(linted.der().view(), issuer_certificate),
        {{"issuer_key", signing.key.id.hex()}, {"key", subject.key.id.hex()}, {"profile", work.profile}}));
    SEALWRIGHT_TRY(const auto signature,
                   sign(signing, hsm::Purpose::certificate, linted.algorithm(), linted.der().view()));
    const auto der = x509::assemble_certificate(linted.der().view(), linted.algorithm(), signature);
    SEALWRIGHT_TRY(auto certificate, Certificate::parse(der.view()));
    if (!equal(certificate.tbs(), linted.der().view()))
        return fail(ErrorCode::internal, "the certificate does not carry what was linted");
    SEALWRIGHT_TRY(certificate.verify_signature(signing.key.public_key));
    return certificate;
}

std::vector<Certificate> StepRun::chain_of(const MadeCertificate& made, bool with_root) const {
    std::vector<Certificate> chain{made.certificate};
    std::string issuer = made.issuer_step;
    while (!issuer.empty()) {
        const MadeCertificate& link = certificate_of(issuer);
        if (!link.issuer_step.empty() || with_root) chain.push_back(link.certificate);
        issuer = link.issuer_step;
    }
    return chain;
}

bool StepRun::is_below_imported(const MadeCertificate& made) const {
    std::string issuer = made.issuer_step;
    while (!issuer.empty()) {
        const MadeCertificate& link = certificate_of(issuer);
        if (link.imported) return true;
        issuer = link.issuer_step;
    }
    return false;
}

// check_path validates what was just made up to the ceremony's own root, at the time from which it is valid.
Result<void> StepRun::check_path(const MadeCertificate& made) {
    if (made.issuer_step.empty()) return success();  // a root: its own signature was verified
    // In check a throw-away key signs for an imported certificate's: no path leads from there.
    if (with_throw_away_keys() && !made.imported && is_below_imported(made)) return success();
    auto path = chain_of(made, true);
    const Certificate root = path.back();
    path.pop_back();
    const auto at = std::max(signing_time(), made.certificate.fields().not_before);
    const auto findings = x509::validate_path({path, {root}, at, std::nullopt});
    const bool refused = x509::has_error(findings);
    SEALWRIGHT_TRY(record("path", {{"anchor_sha256", root.fingerprint().hex()},
                                   {"at", to_rfc3339(at)},
                                   {"certificate_sha256", made.certificate.fingerprint().hex()},
                                   {"findings", findings_json(findings)},
                                   {"verdict", refused ? "refused" : "accepted"}}));
    if (refused)
        return fail(ErrorCode::denied, "the certificate's path to the root is not valid", findings_text(findings));
    return success();
}

Result<void> StepRun::perform(const CrlStep& work) {
    const MadeCertificate& issuer = certificate_of(work.issuer);
    const MadeKey& signing = key_of(issuer.key_step);
    const auto algorithm = crypto::default_algorithm(signing.key.public_key.type());
    const UtcTime now = signing_time();
    x509::CrlFields fields{algorithm,           issuer.certificate.fields().subject_der, now,
                           now + work.validity, key_identifier_of(issuer.certificate),   work.number,
                           std::nullopt};
    x509::CrlBuilder builder;
    const auto tbs = builder.build(fields);
    SEALWRIGHT_TRY(record_lint("crl", tbs.view(), profile::lint_crl({tbs.view(), &issuer.certificate, std::nullopt}),
                               {{"issuer_key", signing.key.id.hex()}}));
    SEALWRIGHT_TRY(const auto signature, sign(signing, hsm::Purpose::crl, algorithm, tbs.view()));
    const auto der = x509::assemble_crl(tbs.view(), algorithm, signature);
    SEALWRIGHT_TRY(const auto crl, x509::CertificateList::parse(der.bytes()));
    if (!equal(crl.tbs(), tbs.view())) return fail(ErrorCode::internal, "the CRL does not carry what was linted");
    SEALWRIGHT_TRY(crl.verify_signature(signing.key.public_key));
    show("CRL number " + std::to_string(work.number) + ", next update " + to_rfc3339(crl.next_update()));
    return keep("artefacts/" + work.artefact, "crl", der.view(),
                {{"issuer_key", signing.key.id.hex()},
                 {"number", work.number},
                 {"tbs_sha256", crypto::sha256(tbs.view()).hex()}});
}

}  // namespace sealwright::ceremonies
