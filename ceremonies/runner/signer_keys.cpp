#include "ceremonies/runner/steps.hpp"

namespace sealwright::ceremonies {
namespace {

std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

template <class Items>
std::string array_of(const Items& items) {
    std::string out = "[";
    for (std::size_t i = 0; i < items.size(); ++i) out += (i == 0 ? "" : ", ") + toml_text(items[i]);
    return out + "]";
}

class Writer {
public:
    Writer(const Inputs& inputs, const Performance& made) : inputs_(inputs), made_(made) {}

    Result<std::string> write(const SignerConfigStep& work) {
        out_ =
            "# The keys of sealwright-signer and what each may sign, as the ceremony made them. Named by keys_file in "
            "signer.toml.\n";
        if (inputs_.rehearsal()) out_ += "# REHEARSAL: these keys are not for production.\n";
        for (const auto& key : work.keys) {
            SEALWRIGHT_TRY(write_key(key));
        }
        return std::move(out_);
    }

private:
    Result<void> write_key(const SignerKey& key) {
        const auto& made = made_.key(key.key)->key;
        std::vector<std::string> purposes;
        for (const auto purpose : key.purposes) purposes.emplace_back(hsm::purpose_name(purpose));
        const std::vector<std::string> algorithms{
            crypto::signature_name(crypto::default_algorithm(made.public_key.type()))};
        out_ += "\n[[key]]\n";
        line("id", toml_text(made.id.hex()));
        line("name", toml_text(key.name));
        line("purposes", array_of(purposes));
        line("algorithms", array_of(algorithms));
        const auto& judged_by = made_.key(key.key)->evidence_template;
        if (judged_by != hsm::kNonExtractable) line("evidence", toml_text(judged_by));
        if (key.certificate) {
            SEALWRIGHT_TRY(write_certificate_limits(*key.certificate, key));
        }
        if (key.crl) {
            SEALWRIGHT_TRY(write_crl_limits(*key.crl, key));
        }
        for (const auto purpose : key.purposes) {
            if (purpose == hsm::Purpose::ocsp) write_ocsp_limits(key.ocsp.value_or(OcspLimits{}));
            if (purpose == hsm::Purpose::tls) table("tls");
            if (purpose == hsm::Purpose::checkpoint) {
                table("checkpoint");
                line("origin", toml_text(inputs_.bindings.logs.at(key.checkpoint_log)));
            }
        }
        return success();
    }

    Result<void> write_certificate_limits(const CertificateLimits& limits, const SignerKey& key) {
        table("certificate");
        SEALWRIGHT_TRY(issuer_lines(limits.issuer, key));
        line("ca", limits.ca ? "true" : "false");
        line("ocsp_signing", limits.ocsp_signing ? "true" : "false");
        if (limits.max_path_length) line("max_path_length", std::to_string(*limits.max_path_length));
        line("max_validity", toml_text(limits.max_validity));
        if (!limits.max_backdate.empty()) line("max_backdate", toml_text(limits.max_backdate));
        return success();
    }

    Result<void> write_crl_limits(const CrlLimits& limits, const SignerKey& key) {
        table("crl");
        SEALWRIGHT_TRY(issuer_lines(limits.issuer, key));
        line("max_validity", toml_text(limits.max_validity));
        return success();
    }

    void write_ocsp_limits(const OcspLimits& limits) {
        table("ocsp");
        if (!limits.max_validity.empty()) line("max_validity", toml_text(limits.max_validity));
        if (!limits.max_backdate.empty()) line("max_backdate", toml_text(limits.max_backdate));
    }

    // issuer_lines name the issuer by the SHA-256 of its Name and by its key identifier; the key must be the one of
    // that issuer's certificate.
    Result<void> issuer_lines(const std::string& step, const SignerKey& key) {
        const MadeCertificate& issuer = *made_.certificate(step);
        if (issuer.key_step != key.key) {
            return fail(ErrorCode::config, "the key '" + key.name + "' shall sign as the issuer of step '" + step +
                                               "', whose certificate has another key");
        }
        line("issuer_sha256", toml_text(crypto::sha256(issuer.certificate.fields().subject_der.view()).hex()));
        line("authority_key_identifier", toml_text(to_hex(key_identifier_of(issuer.certificate))));
        return success();
    }

    void table(std::string_view name) { out_ += "[key." + std::string{name} + "]\n"; }
    void line(std::string_view name, const std::string& value) { out_ += std::string{name} + " = " + value + "\n"; }

    const Inputs& inputs_;
    const Performance& made_;
    std::string out_;
};

}  // namespace

Result<std::string> signer_keys_toml(const SignerConfigStep& work, const Inputs& inputs, const Performance& made) {
    return Writer{inputs, made}.write(work);
}

}  // namespace sealwright::ceremonies
