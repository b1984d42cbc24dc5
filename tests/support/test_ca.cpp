#include "support/test_ca.hpp"

#include <stdexcept>

#include "asn1/oid.hpp"
#include "base/file.hpp"
#include "crypto/random.hpp"

namespace sealwright::test {
namespace {

namespace oid = asn1::oid;

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error{result.error().describe()};
    return std::move(result).value();
}

NameDer name_of(const std::string& text) { return must(x509::encode_name(must(x509::parse_name_text(text)))); }

x509::Extensions extensions_of(const CertificateSpec& spec) {
    x509::Extensions out;
    const auto add = [&](ByteView type, bool critical, Bytes value) {
        out.push_back({bytes_of(type), critical, std::move(value)});
    };
    add(oid::kAuthorityKeyIdentifier, false,
        x509::encode_authority_key_identifier(x509::subject_key_identifier(spec.issuer_key.public_bits())));
    add(oid::kSubjectKeyIdentifier, false,
        x509::encode_subject_key_identifier(x509::subject_key_identifier(spec.key.public_bits())));
    add(oid::kKeyUsage, true, x509::encode_key_usage(spec.key_usage));
    if (spec.ca) add(oid::kBasicConstraints, true, x509::encode_basic_constraints({true, {}}));
    if (!spec.ext_key_usage.empty()) add(oid::kExtKeyUsage, false, x509::encode_ext_key_usage(spec.ext_key_usage));
    if (spec.ocsp_nocheck) add(oid::kOcspNoCheck, false, Bytes{0x05, 0x00});
    if (!spec.san.empty()) add(oid::kSubjectAltName, false, x509::encode_general_names(spec.san));
    return out;
}

constexpr std::string_view kRootName = "CN=Test Root,O=Example";
constexpr std::string_view kIssuingName = "CN=Test Issuing CA,O=Example";

}  // namespace

x509::Certificate certify(hsm::Signer& signer, const CertificateSpec& spec) {
    const auto algorithm = crypto::default_algorithm(spec.issuer_key.type());
    const auto tbs = x509::build_tbs_certificate({.serial = spec.serial,
                                                  .signature_algorithm = algorithm,
                                                  .issuer = name_of(spec.issuer),
                                                  .not_before = spec.not_before,
                                                  .not_after = spec.not_after,
                                                  .subject = name_of(spec.subject),
                                                  .spki = spec.key.spki(),
                                                  .extensions = extensions_of(spec)});
    crypto::SystemRandom random;
    const Bytes signature = must(signer.sign({.key = spec.issuer_key.id(),
                                              .purpose = hsm::Purpose::certificate,
                                              .algorithm = algorithm,
                                              .intent = crypto::random_id<IntentId>(random),
                                              .tbs = tbs.view()}));
    return must(x509::Certificate::parse(x509::assemble_certificate(tbs.view(), algorithm, signature).view()));
}

namespace {

x509::Certificate make_root(SoftwareSigner& signer, const crypto::PublicKey& key, UtcTime now) {
    crypto::SystemRandom random;
    return certify(signer, {.subject = std::string{kRootName},
                            .issuer = std::string{kRootName},
                            .key = key,
                            .issuer_key = key,
                            .serial = crypto::random_serial(random),
                            .not_before = now - std::chrono::days{365},
                            .not_after = now + std::chrono::days{7300},
                            .ca = true,
                            .key_usage = x509::kKeyCertSign | x509::kCrlSign,
                            .ext_key_usage = {},
                            .san = {}});
}

issuance::Authority make_authority(SoftwareSigner& signer, const x509::Certificate& root, crypto::KeyType type,
                                   UtcTime now) {
    crypto::SystemRandom random;
    auto key = signer.add_key(type, 3072);
    auto certificate = certify(signer, {.subject = std::string{kIssuingName},
                                        .issuer = std::string{kRootName},
                                        .key = key,
                                        .issuer_key = must(crypto::PublicKey::parse(root.fields().spki.view())),
                                        .serial = crypto::random_serial(random),
                                        .not_before = now - std::chrono::days{30},
                                        .not_after = now + std::chrono::days{1825},
                                        .ca = true,
                                        .key_usage = x509::kKeyCertSign | x509::kCrlSign,
                                        .ext_key_usage = {},
                                        .san = {}});
    return {certificate, {certificate, root}, key};
}

x509::Certificate make_ocsp_signer(SoftwareSigner& signer, const issuance::Authority& authority, UtcTime now) {
    crypto::SystemRandom random;
    return certify(signer, {.subject = "CN=Test OCSP,O=Example",
                            .issuer = std::string{kIssuingName},
                            .key = signer.add_key(crypto::KeyType::ec_p256),
                            .issuer_key = authority.key,
                            .serial = crypto::random_serial(random),
                            .not_before = now - std::chrono::days{1},
                            .not_after = now + std::chrono::days{90},
                            .ca = false,
                            .key_usage = x509::kDigitalSignature,
                            .ext_key_usage = {bytes_of(oid::kOcspSigning)},
                            .ocsp_nocheck = true,
                            .san = {}});
}

}  // namespace

TestCa::TestCa(UtcTime now, crypto::KeyType issuing_type)
    : root(make_root(signer, signer.add_key(crypto::KeyType::ec_p256), now)),
      authority(make_authority(signer, root, issuing_type, now)),
      ocsp_certificate(make_ocsp_signer(signer, authority, now)) {}

x509::CertificateRequest make_csr(SoftwareSigner& keys, const crypto::PublicKey& key, const RequestSpec& spec) {
    x509::Extensions requested = spec.more;
    if (!spec.san.empty()) {
        x509::GeneralNames names;
        for (const auto& text : spec.san) names.push_back(must(x509::parse_general_name_text(text)));
        requested.push_back({bytes_of(oid::kSubjectAltName), false, x509::encode_general_names(names)});
    }
    const Bytes info = x509::build_certification_request_info(name_of(spec.subject), key.spki(), requested);
    const auto algorithm = crypto::default_algorithm(key.type());
    crypto::SystemRandom random;
    const Bytes signature = must(keys.sign({.key = key.id(),
                                            .purpose = hsm::Purpose::csr,
                                            .algorithm = algorithm,
                                            .intent = crypto::random_id<IntentId>(random),
                                            .tbs = info}));
    return must(x509::CertificateRequest::parse(x509::assemble_csr(info, algorithm, signature).view()));
}

std::string profile_text(const std::string& name) {
    return must(read_text_file(SEALWRIGHT_SOURCE_DIR "/src/profile/profiles/" + name + ".toml", 65536));
}

std::shared_ptr<const profile::Profile> load_profile(std::string_view toml) {
    return std::make_shared<const profile::Profile>(
        must(profile::Profile::parse(toml, "test profile",
                                     {{"ocsp_url", "http://ca.example.org/ocsp"},
                                      {"crl_url", "http://ca.example.org/crl/issuing.crl"},
                                      {"issuer_url", "http://ca.example.org/aia/issuing.cer"}})));
}

}  // namespace sealwright::test
