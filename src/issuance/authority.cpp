#include "issuance/authority.hpp"

#include "asn1/oid.hpp"
#include "x509/path_validator.hpp"

namespace sealwright::issuance {
namespace {

namespace oid = asn1::oid;

Error wrong(std::string what, std::string private_detail = {}) {
    return fail(ErrorCode::config, std::move(what), std::move(private_detail));
}

Result<x509::KeyUsage> key_usage_of(const x509::Certificate& certificate) {
    const auto* extension = x509::find_extension(certificate.fields().extensions, oid::kKeyUsage);
    if (extension == nullptr) return wrong("the certificate has no keyUsage");
    return x509::parse_key_usage(extension->value);
}

Result<void> check_path(const std::vector<x509::Certificate>& path, const x509::Certificate& root, UtcTime now,
                        std::string_view whose) {
    const auto findings = x509::validate_path({.path = path, .anchors = {root}, .at = now, .required_eku = {}});
    if (x509::has_error(findings))
        return wrong(std::string{whose} + ": the path to the root is not valid", x509::errors_listed(findings));
    return success();
}

Result<void> check_root(const x509::Certificate& root, UtcTime now) {
    const auto& fields = root.fields();
    if (fields.subject_der != fields.issuer_der) return wrong("the chain does not end in a self-signed root");
    SEALWRIGHT_TRY(const auto key, crypto::PublicKey::parse(fields.spki.view()));
    if (auto holds = root.verify_signature(key); !holds)
        return wrong("the chain's last certificate is not signed by itself", holds.error().describe());
    if (now < fields.not_before || now > fields.not_after) return wrong("the root's certificate is not valid now");
    return success();
}

}  // namespace

Result<void> check_authority(const Authority& authority, UtcTime now) {
    const auto& certificate = authority.certificate;
    if (!certificate.is_ca()) return wrong("the authority's certificate is not one of a CA");
    if (certificate.fields().spki != authority.key.spki())
        return wrong("the authority's certificate is for another key");
    SEALWRIGHT_TRY(const auto usage, key_usage_of(certificate));
    if ((usage & x509::kKeyCertSign) == 0 || (usage & x509::kCrlSign) == 0)
        return wrong("the authority's key may not sign both certificates and CRLs");
    // The template engine takes the issuer's name, key identifier and bounds from here.
    if (auto context = profile::issuer_context(certificate, crypto::default_algorithm(authority.key.type())); !context)
        return wrong("the authority's certificate", context.error().describe());

    const auto& chain = authority.chain;
    if (chain.empty() || chain.front().der() != certificate.der())
        return wrong("the chain does not begin with the authority's certificate");
    SEALWRIGHT_TRY(check_root(chain.back(), now));
    if (chain.size() == 1) return success();
    return check_path({chain.begin(), chain.end() - 1}, chain.back(), now, "the authority's certificate");
}

Result<void> check_ocsp_signer(const Authority& authority, const x509::Certificate& certificate, UtcTime now) {
    const auto& fields = certificate.fields();
    // RFC 6960 4.2.2.2: "a certificate's issuer MUST either sign OCSP responses itself or explicitly designate this
    // authority", and the delegated certificate "MUST be issued directly by the CA that is identified in the request".
    if (fields.issuer_der != authority.certificate.fields().subject_der)
        return wrong("the OCSP signer's certificate was issued by another CA");
    if (auto holds = certificate.verify_signature(authority.key); !holds)
        return wrong("the OCSP signer's certificate is not signed by the authority", holds.error().describe());
    if (now < fields.not_before || now > fields.not_after)
        return wrong("the OCSP signer's certificate is not valid now");
    const auto* purposes = x509::find_extension(fields.extensions, oid::kExtKeyUsage);
    if (purposes == nullptr) return wrong("the OCSP signer's certificate lacks id-kp-OCSPSigning");
    SEALWRIGHT_TRY(const auto named, x509::parse_ext_key_usage(purposes->value));
    const bool signs_ocsp =
        std::any_of(named.begin(), named.end(), [](const Bytes& purpose) { return equal(purpose, oid::kOcspSigning); });
    if (!signs_ocsp) return wrong("the OCSP signer's certificate lacks id-kp-OCSPSigning");
    SEALWRIGHT_TRY(const auto usage, key_usage_of(certificate));
    if ((usage & x509::kDigitalSignature) == 0) return wrong("the OCSP signer's key may not make digital signatures");
    if (x509::find_extension(fields.extensions, oid::kOcspNoCheck) == nullptr)
        return wrong("the OCSP signer's certificate lacks id-pkix-ocsp-nocheck");
    SEALWRIGHT_TRY(crypto::PublicKey::parse(fields.spki.view()));
    return success();
}

}  // namespace sealwright::issuance
