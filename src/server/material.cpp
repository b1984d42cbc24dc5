#include "server/material.hpp"

#include "base/file.hpp"
#include "issuance/authority.hpp"
#include "server/toml_value.hpp"
#include "server/tpm_anchors.hpp"

namespace sealwright::server {
namespace {

constexpr std::size_t kMaxPem = 1U << 20U;

Result<std::vector<x509::Certificate>> read_certificates(const std::filesystem::path& path) {
    SEALWRIGHT_TRY(const auto text, read_text_file(path, kMaxPem));
    auto certificates = x509::Certificate::parse_pem(text);
    if (!certificates) return certificates.error().in(path.string());
    if (certificates.value().empty()) return fail(ErrorCode::config, path.string() + ": no certificate is in it");
    return certificates;
}

Result<x509::Certificate> read_certificate(const std::filesystem::path& path) {
    SEALWRIGHT_TRY(const auto certificates, read_certificates(path));
    if (certificates.size() != 1) return fail(ErrorCode::config, path.string() + ": exactly one certificate is wanted");
    return certificates.front();
}

Result<crypto::PublicKey> key_of(const x509::Certificate& certificate, const std::filesystem::path& path) {
    auto key = crypto::PublicKey::parse(certificate.fields().spki.view());
    if (!key) return key.error().in(path.string());
    return key;
}

Result<issuance::Authority> read_authority(const Config::Ca& ca, UtcTime now) {
    SEALWRIGHT_TRY(auto certificate, read_certificate(ca.certificate));
    SEALWRIGHT_TRY(auto chain, read_certificates(ca.chain));
    // A chain file may begin with the CA itself or above it.
    if (chain.front().der() != certificate.der()) chain.insert(chain.begin(), certificate);
    SEALWRIGHT_TRY(auto key, key_of(certificate, ca.certificate));
    issuance::Authority authority{std::move(certificate), std::move(chain), std::move(key)};
    if (auto fit = issuance::check_authority(authority, now); !fit) return fit.error().in(ca.certificate.string());
    return authority;
}

Result<crypto::PublicKey> read_audit_key(const std::filesystem::path& path) {
    SEALWRIGHT_TRY(const auto text, read_text_file(path, kMaxPem));
    const auto der = x509::decode_pem("PUBLIC KEY", text);
    if (!der) return der.error().in(path.string());
    auto key = crypto::PublicKey::parse(der.value());
    if (!key) return key.error().in(path.string());
    return key;
}

Result<TlsMaterial> read_tls(const std::filesystem::path& path, UtcTime now) {
    SEALWRIGHT_TRY(const auto chain, read_certificates(path));
    SEALWRIGHT_TRY(auto key, key_of(chain.front(), path));
    const auto& leaf = chain.front().fields();
    if (now < leaf.not_before || now > leaf.not_after)
        return fail(ErrorCode::config, path.string() + ": the certificate is not valid now");
    std::string pem;
    for (const auto& certificate : chain) {
        // RFC 8446 4.4.2: a self-signed certificate that is a trust anchor may be left out; whoever trusts it has it.
        const bool root = certificate.fields().subject_der == certificate.fields().issuer_der;
        if (!root || chain.size() == 1) pem += x509::encode_pem("CERTIFICATE", certificate.der().view());
    }
    return TlsMaterial{std::move(pem), std::move(key), chain.front()};
}

Result<std::map<std::string, std::string>> read_profile_texts(const std::filesystem::path& folder,
                                                              const issuance::Profiles& profiles) {
    std::map<std::string, std::string> texts;
    for (const auto& [name, profile] : profiles) {
        SEALWRIGHT_TRY(texts[name], read_text_file(folder / (name + ".toml"), kMaxPem));
    }
    return texts;
}

// A profile that asks for what the site cannot judge would refuse every device.
Result<void> check_judgeable(const issuance::Profiles& profiles, const attestation::TrustAnchors& anchors) {
    for (const auto& [name, profile] : profiles) {
        const auto& rule = profile->attestation;
        if (rule && rule->policy.accepted.contains(attestation::Level::ek_certificate) && anchors.roots.empty())
            return fail(ErrorCode::config,
                        "attestation.roots: is missing, and the profile " + name + " accepts the level ek-certificate");
    }
    return success();
}

// Gather collects values and problems: one run tells all that is wrong.
class Gather {
public:
    template <class T>
    std::optional<T> operator()(Result<T> result) {
        if (result) return std::optional<T>{std::move(result).value()};
        note(result.error());
        return std::nullopt;
    }
    void note(const Error& error) { problems_ += (problems_.empty() ? "" : "\n") + describe(error); }
    bool clean() const noexcept { return problems_.empty(); }
    Error error() const { return fail(ErrorCode::config, problems_); }

private:
    // Who configures a daemon may see everything.
    static std::string describe(const Error& error) {
        return error.private_detail().empty() ? error.public_detail()
                                              : error.public_detail() + " [" + error.private_detail() + "]";
    }
    std::string problems_;
};

}  // namespace

Result<Material> load_material(const Config& config, UtcTime now) {
    Gather gather;
    auto authority = gather(read_authority(config.ca, now));
    auto ocsp = gather(read_certificate(config.ocsp.certificate));
    if (authority && ocsp) {
        if (auto fit = issuance::check_ocsp_signer(*authority, *ocsp, now); !fit)
            gather.note(fit.error().in(config.ocsp.certificate.string()));
    }
    auto audit_key = gather(read_audit_key(config.audit.key));
    std::optional<TlsMaterial> tls;
    if (config.listen.https && !config.tls_certificate.empty()) tls = gather(read_tls(config.tls_certificate, now));
    auto profiles = gather(profile::load_profiles(config.profiles, config.urls));
    if (profiles && profiles->empty())
        gather.note(fail(ErrorCode::config, config.profiles.string() + ": no profile (NAME.toml) is in it"));
    auto texts = profiles ? gather(read_profile_texts(config.profiles, *profiles)) : std::nullopt;
    auto identities = gather(Identities::make(config.roles));
    auto anchors = gather(load_tpm_anchors(config.attestation.roots, config.attestation.intermediates));
    if (profiles && anchors) {
        if (auto fit = check_judgeable(*profiles, anchors->anchors); !fit) gather.note(fit.error());
    }
    if (!gather.clean()) return gather.error();
    return Material{.authority = std::move(*authority),
                    .ocsp_certificate = std::move(*ocsp),
                    .audit_key = std::move(*audit_key),
                    .tls = std::move(tls),
                    .profiles = std::move(*profiles),
                    .profile_texts = std::move(*texts),
                    .identities = std::move(*identities),
                    .tpm_anchors = std::make_shared<const attestation::TrustAnchors>(std::move(anchors->anchors)),
                    .warnings = std::move(anchors->warnings)};
}

}  // namespace sealwright::server
