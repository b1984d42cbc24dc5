#include "protocols/native/attestation_messages.hpp"

#include "http_server/json_body.hpp"
#include "http_server/problem.hpp"

namespace sealwright::protocols::native {
namespace {

namespace json = boost::json;
using http_server::Body;
using http_server::Request;
using http_server::Response;

constexpr std::size_t kMaxProfileName = 128;
constexpr std::size_t kMaxTemplateName = 8;

Result<void> check_version(const Body& body) {
    SEALWRIGHT_TRY(const auto version, body.number("version", 1000000));
    if (version == kAttestationVersion) return success();
    return fail(ErrorCode::unsupported, "version: this server speaks version " + std::to_string(kAttestationVersion));
}

json::string_view json_text(const std::string& text) { return {text.data(), text.size()}; }

}  // namespace

Result<OpeningMessage> read_opening(const Request& request) {
    using namespace attestation;
    SEALWRIGHT_TRY(const auto body, Body::read(request, {"version", "profile", "ek_certificate", "ek_chain",
                                                         "ek_public", "ek_template", "ak_public"}));
    SEALWRIGHT_TRY(check_version(body));
    OpeningMessage message;
    SEALWRIGHT_TRY(const auto profile, body.text_if("profile", kMaxProfileName));
    message.profile = profile.value_or("");
    auto& opening = message.opening;
    SEALWRIGHT_TRY(opening.ek_certificate, body.octets_if("ek_certificate", kMaxEkCertificate));
    SEALWRIGHT_TRY(opening.ek_chain, body.octet_strings("ek_chain", kMaxChain, kMaxEkCertificate));
    SEALWRIGHT_TRY(opening.ek_public, body.octets_if("ek_public", kMaxTpmStructure));
    SEALWRIGHT_TRY(const auto name, body.text_if("ek_template", kMaxTemplateName));
    opening.ek_template = name.value_or("");
    SEALWRIGHT_TRY(opening.ak_public, body.octets("ak_public", kMaxTpmStructure));
    return message;
}

Result<issuance::AttestationAnswer> read_answer(const Request& request) {
    using namespace attestation;
    SEALWRIGHT_TRY(const auto body, Body::read(request, {"version", "activated_secret", "key_public", "certify_info",
                                                         "certify_signature", "csr"}));
    SEALWRIGHT_TRY(check_version(body));
    Answer evidence;
    SEALWRIGHT_TRY(evidence.activated_secret, body.octets("activated_secret", kMaxTpmStructure));
    SEALWRIGHT_TRY(evidence.key_public, body.octets("key_public", kMaxTpmStructure));
    SEALWRIGHT_TRY(evidence.certify_info, body.octets("certify_info", kMaxTpmStructure));
    SEALWRIGHT_TRY(evidence.certify_signature, body.octets("certify_signature", kMaxTpmStructure));
    SEALWRIGHT_TRY(const auto der, body.octets("csr", x509::kMaxCsrSize));
    auto csr = x509::CertificateRequest::parse(der);
    if (!csr) return csr.error().in("csr");
    SEALWRIGHT_TRY(auto requested, profile::requested_content(csr.value()));
    return issuance::AttestationAnswer{std::move(evidence), std::move(csr).value(), std::move(requested)};
}

Response challenge_response(const issuance::Challenged& challenged, std::string path) {
    const json::object body{{"version", kAttestationVersion},
                            {"request", challenged.request.hex()},
                            {"credential_blob", to_base64(challenged.credential_blob)},
                            {"encrypted_secret", to_base64(challenged.encrypted_secret)},
                            {"nonce", to_base64(challenged.nonce)},
                            {"expires_at", to_rfc3339(challenged.expires_at)}};
    return http_server::json_response(201, body).with("Location", std::move(path));
}

Response refused_attestation(unsigned status, const Error& error, const RequestId& request,
                             const std::vector<attestation::Finding>& findings) {
    auto response = http_server::problem_of(status, error);
    json::array list;
    for (const auto& finding : findings) {
        const std::string check{attestation::check_code(finding.check)}, outcome{outcome_name(finding.outcome)},
            clause{attestation::check_clause(finding.check)};
        list.push_back(json::object{{"check", json_text(check)},
                                    {"outcome", json_text(outcome)},
                                    {"clause", json_text(clause)},
                                    {"text", json_text(finding.text)}});
    }
    http_server::add_members(response, {{"request", request.hex()}, {"findings", std::move(list)}});
    return response;
}

}  // namespace sealwright::protocols::native
