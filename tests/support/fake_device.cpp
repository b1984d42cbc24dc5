#include "tests/support/fake_device.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "x509/tbs_builder.hpp"

namespace sealwright::test {
namespace {

namespace json = boost::json;

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error{result.error().describe()};
    return std::move(result).value();
}

Result<std::string> text_member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains({name.data(), name.size()});
    if (value == nullptr || !value->is_string())
        return fail(ErrorCode::malformed, std::string{name} + " is missing in the challenge");
    return std::string{value->as_string()};
}

Result<Bytes> octets_member(const json::object& object, std::string_view name) {
    SEALWRIGHT_TRY(const auto text, text_member(object, name));
    return from_base64(text);
}

}  // namespace

x509::CertificateRequest csr_of(const FakeTpmKey& key, const std::string& name) {
    const auto subject = must(x509::encode_name(must(x509::parse_name_text("CN=" + name))));
    const auto public_key = key.public_key();
    const Bytes info = x509::build_certification_request_info(subject, public_key.spki(), {});
    const auto algorithm = crypto::default_algorithm(public_key.type());
    const Bytes signature = key.sign(algorithm, info);
    return must(x509::CertificateRequest::parse(x509::assemble_csr(info, algorithm, signature).view()));
}

Result<ChallengeMessage> read_challenge(std::string_view text) {
    boost::json::error_code ec;
    const auto value = json::parse({text.data(), text.size()}, ec);
    if (ec || !value.is_object()) return fail(ErrorCode::malformed, "the challenge is no JSON object");
    const auto& object = value.get_object();
    ChallengeMessage message;
    SEALWRIGHT_TRY(message.request, text_member(object, "request"));
    SEALWRIGHT_TRY(message.challenge.credential_blob, octets_member(object, "credential_blob"));
    SEALWRIGHT_TRY(message.challenge.encrypted_secret, octets_member(object, "encrypted_secret"));
    SEALWRIGHT_TRY(message.challenge.nonce, octets_member(object, "nonce"));
    return message;
}

std::string FakeDevice::opening_body(const std::string& profile) const {
    const auto opening = tpm.opening(ek_certificate);
    json::object body{
        {"version", 1}, {"ek_public", to_base64(opening.ek_public)}, {"ak_public", to_base64(opening.ak_public)}};
    if (!opening.ek_certificate.empty()) body["ek_certificate"] = to_base64(opening.ek_certificate);
    if (!profile.empty()) body["profile"] = profile;
    return json::serialize(body);
}

Result<std::string> FakeDevice::answer_body(const ChallengeMessage& message) const {
    SEALWRIGHT_TRY(const auto secret,
                   tpm.activate(message.challenge.credential_blob, message.challenge.encrypted_secret));
    const auto answer = tpm.answer(message.challenge, key);
    return json::serialize(json::object{{"version", 1},
                                        {"activated_secret", to_base64(secret)},
                                        {"key_public", to_base64(answer.key_public)},
                                        {"certify_info", to_base64(answer.certify_info)},
                                        {"certify_signature", to_base64(answer.certify_signature)},
                                        {"csr", to_base64(csr_of(key, name).der.view())}});
}

}  // namespace sealwright::test
