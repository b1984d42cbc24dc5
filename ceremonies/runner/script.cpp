#include "ceremonies/runner/script.hpp"

#include "ceremonies/runner/text.hpp"

namespace sealwright::ceremonies {
namespace {

constexpr std::size_t kMaxSteps = 500;
constexpr std::size_t kMaxPeopleOfRole = 100;

struct KeyKind {
    std::string_view name;
    crypto::KeyType type;
    unsigned rsa_bits;
};
constexpr std::array kKeyKinds{
    KeyKind{"EC-P256", crypto::KeyType::ec_p256, 0},     KeyKind{"EC-P384", crypto::KeyType::ec_p384, 0},
    KeyKind{"Ed25519", crypto::KeyType::ed25519, 0},     KeyKind{"RSA-2048", crypto::KeyType::rsa, 2048},
    KeyKind{"RSA-3072", crypto::KeyType::rsa, 3072},     KeyKind{"RSA-4096", crypto::KeyType::rsa, 4096},
    KeyKind{"EC-P521", crypto::KeyType::ec_p521, 0},     KeyKind{"Ed448", crypto::KeyType::ed448, 0},
    KeyKind{"ML-DSA-44", crypto::KeyType::ml_dsa_44, 0}, KeyKind{"ML-DSA-65", crypto::KeyType::ml_dsa_65, 0},
    KeyKind{"ML-DSA-87", crypto::KeyType::ml_dsa_87, 0},
};

// Reader reads the steps one after the other; what a step refers to must stand before it.
class Reader {
public:
    explicit Reader(Script& script) : script_(script) {}

    void read(TomlTable& root) {
        if (const auto format = root.number("format", 0, 1000, Need::required); format && *format != kScriptFormat) {
            root.problem("format", "is " + std::to_string(*format) + "; this program reads format 1");
        }
        script_.title = root.text("title", Need::required).value_or("");
        script_.kind = root.text("kind", Need::required).value_or("");
        if (!script_.kind.empty() && !is_name(script_.kind)) root.problem("kind", kNameRule);
        script_.requires_ = root.texts("requires");
        for (auto& table : root.tables("role")) read_role(table);
        if (script_.roles.empty()) root.problem("role", "at least one [[role]] is needed");
        auto steps = root.tables("step");
        if (steps.empty()) root.problem("step", "at least one [[step]] is needed");
        if (steps.size() > kMaxSteps) {
            root.problem("step", "more than " + std::to_string(kMaxSteps) + " steps");
            steps.clear();
        }
        for (auto& table : steps) read_step(table);
        root.finish();
        if (!script_.steps.empty() && !std::holds_alternative<CloseStep>(script_.steps.back().work) && !failed_step_) {
            root.problem("step", "the last step must be bundle.close");
        }
    }

private:
    void read_role(TomlTable& table) {
        Role role;
        role.id = table.text("id", Need::required).value_or("");
        if (!role.id.empty() && !is_name(role.id)) table.problem("id", kNameRule);
        role.title = table.text("title", Need::required).value_or("");
        role.count = table.number("count", 1, kMaxPeopleOfRole).value_or(1);
        if (script_.role(role.id) != nullptr) table.problem("id", "two roles have the id '" + role.id + "'");
        table.finish();
        script_.roles.push_back(std::move(role));
    }

    void read_step(TomlTable& table) {
        Step step;
        step.line = table.line();
        step.id = table.text("id", Need::required).value_or("");
        if (!step.id.empty() && !is_name(step.id)) table.problem("id", kNameRule);
        if (script_.find(step.id) != nullptr) table.problem("id", "two steps have the id '" + step.id + "'");
        step.by = table.text("by", Need::required).value_or("");
        if (!step.by.empty() && script_.role(step.by) == nullptr)
            table.problem("by", "no role has the id '" + step.by + "'");
        step.note = table.text("note").value_or("");
        const auto action = table.text("do", Need::required);
        if (closed_) table.problem("", "stands behind bundle.close, which must be the last step");
        if (!action || !read_work(*action, table, step)) {
            failed_step_ = true;
            return;  // its other keys cannot be judged
        }
        table.finish();
        script_.steps.push_back(std::move(step));
    }

    bool read_work(const std::string& action, TomlTable& table, Step& step) {
        if (action == "confirm")
            step.work = read_confirm(table, step);
        else if (action == "token.open")
            step.work = read_open(table);
        else if (action == "p11.generate")
            step.work = read_generate(table);
        else if (action == "p11.find")
            step.work = read_find(table);
        else if (action == "x509.import")
            step.work = read_import(table);
        else if (action == "x509.selfsign")
            step.work = read_certify(table, true);
        else if (action == "x509.issue")
            step.work = read_certify(table, false);
        else if (action == "x509.crl")
            step.work = read_crl(table);
        else if (action == "config.signer")
            step.work = read_signer_config(table);
        else if (action == "bundle.close")
            step.work = read_close(table);
        else {
            table.problem("do", "'" + action +
                                    "' is no action: confirm, token.open, p11.generate, p11.find, x509.selfsign, "
                                    "x509.issue, x509.import, x509.crl, config.signer, bundle.close are");
            return false;
        }
        return true;
    }

    ConfirmStep read_confirm(TomlTable& table, Step& step) {
        ConfirmStep work;
        work.text = table.text("text", Need::required).value_or("");
        const auto on_fail = table.text("on_fail").value_or("abort");
        if (on_fail != "abort" && on_fail != "deviation")
            table.problem("on_fail", "must be \"abort\" or \"deviation\"");
        step.on_fail = on_fail == "deviation" ? OnFail::deviation : OnFail::abort;
        return work;
    }

    OpenTokenStep read_open(TomlTable& table) {
        OpenTokenStep work;
        work.token = table.text("token", Need::required).value_or("");
        if (!work.token.empty() && !is_name(work.token)) table.problem("token", kNameRule);
        if (!work.token.empty() && !opened_.insert(work.token).second)
            table.problem("token", "the token '" + work.token + "' is opened twice");
        return work;
    }

    GenerateStep read_generate(TomlTable& table) {
        GenerateStep work{read_demand(table), {}};
        work.artefact = artefact(table, "artefact", Need::optional);
        return work;
    }

    FindKeyStep read_find(TomlTable& table) {
        FindKeyStep work{read_demand(table), {}};
        work.spki = table.text("spki", Need::required).value_or("");
        if (!work.spki.empty() && !is_name(work.spki)) table.problem("spki", kNameRule);
        return work;
    }

    KeyDemand read_demand(TomlTable& table) {
        KeyDemand work;
        work.token_step = reference<OpenTokenStep>(table, "token", "a token.open step");
        work.label = table.text("label", Need::required).value_or("");
        if (work.label.size() > 64) table.problem("label", "is longer than 64 octets");
        if (!work.label.empty() && !labels_.insert(work.token_step + "\n" + work.label).second) {
            table.problem("label", "two keys of one token have the label '" + work.label + "'");
        }
        if (const auto kind = table.text("key", Need::required)) {
            const auto* found = std::find_if(kKeyKinds.begin(), kKeyKinds.end(),
                                             [&](const auto& known) { return known.name == *kind; });
            if (found == kKeyKinds.end()) {
                std::string known;
                for (const auto& row : kKeyKinds) known += (known.empty() ? "" : ", ") + std::string{row.name};
                table.problem("key", "'" + *kind + "' is no kind of key: " + known + " are");
            } else {
                work.type = found->type;
                work.rsa_bits = found->rsa_bits;
            }
        }
        work.evidence_template = table.text("evidence", Need::required).value_or("");
        // Keys that decrypt sign nothing, not even their own request; and no key is born as one that was restored.
        if (!work.evidence_template.empty() && work.evidence_template != hsm::kNonExtractable &&
            work.evidence_template != hsm::kWrapBackup) {
            table.problem("evidence", "'" + work.evidence_template +
                                          "' is no template of evidence: non-extractable-v1 and wrap-backup-v1 are");
        }
        return work;
    }

    CertifyStep read_certify(TomlTable& table, bool self_signed) {
        CertifyStep work;
        work.self_signed = self_signed;
        if (!self_signed) work.issuer = issuer_reference(table);
        work.key = key_reference(table);
        work.profile = table.text("profile", Need::required).value_or("");
        if (!work.profile.empty() && !is_profile_path(work.profile))
            table.problem("profile", "must be \"profiles/NAME.toml\", beside the script");
        work.names = table.text("names").value_or("");
        if (!work.names.empty() && !is_name(work.names)) table.problem("names", kNameRule);
        work.artefact = artefact(table, "artefact", Need::required);
        if (!self_signed) work.chain_artefact = artefact(table, "chain", Need::optional);
        return work;
    }

    ImportStep read_import(TomlTable& table) {
        ImportStep work;
        work.certificate = table.text("certificate", Need::required).value_or("");
        if (!work.certificate.empty() && !is_name(work.certificate)) table.problem("certificate", kNameRule);
        if (table.has("issuer")) work.issuer = reference<ImportStep>(table, "issuer", "an x509.import step");
        if (table.has("key")) work.key = reference<FindKeyStep>(table, "key", "a p11.find step");
        work.artefact = artefact(table, "artefact", Need::required);
        return work;
    }

    CrlStep read_crl(TomlTable& table) {
        CrlStep work;
        work.issuer = issuer_reference(table);
        work.number = table.number("number", 1, std::uint64_t{1} << 62U, Need::required).value_or(1);
        work.validity = table.duration("validity", Need::required).value_or(std::chrono::seconds{1});
        work.artefact = artefact(table, "artefact", Need::required);
        return work;
    }

    SignerConfigStep read_signer_config(TomlTable& table) {
        SignerConfigStep work;
        work.artefact = artefact(table, "artefact", Need::required);
        std::set<std::string> names, keys;
        for (auto& key_table : table.tables("key")) {
            auto key = read_signer_key(key_table);
            if (!key.name.empty() && !names.insert(key.name).second)
                key_table.problem("name", "two keys have the name '" + key.name + "'");
            if (!key.key.empty() && !keys.insert(key.key).second)
                key_table.problem("key", "the key of '" + key.key + "' is listed twice");
            work.keys.push_back(std::move(key));
        }
        if (work.keys.empty()) table.problem("key", "at least one [[step.key]] is needed");
        return work;
    }

    SignerKey read_signer_key(TomlTable& table) {
        SignerKey key;
        key.key = key_reference(table);
        key.name = table.text("name", Need::required).value_or("");
        if (!key.name.empty() && !is_name(key.name)) table.problem("name", kNameRule);
        for (const auto& name : table.texts("purposes", Need::required)) {
            const auto purpose = hsm::parse_purpose_name(name);
            // No ceremony makes a key that decrypts: such a key signs nothing, and so not its own request.
            if (!purpose || purpose.value() == hsm::Purpose::decrypt)
                table.problem(
                    "purposes",
                    "'" + name + "' is no purpose: certificate, crl, csr, ocsp, checkpoint, tls, cms, cmp are");
            else if (std::find(key.purposes.begin(), key.purposes.end(), purpose.value()) != key.purposes.end())
                table.problem("purposes", "has '" + name + "' twice");
            else
                key.purposes.push_back(purpose.value());
        }
        if (key.purposes.empty()) table.problem("purposes", "must not be empty");
        if (auto limits = limits_for(table, key, hsm::Purpose::certificate, "certificate"))
            key.certificate = read_certificate_limits(*limits);
        if (auto limits = limits_for(table, key, hsm::Purpose::crl, "crl")) key.crl = read_crl_limits(*limits);
        if (auto limits = limits_for(table, key, hsm::Purpose::ocsp, "ocsp", Need::optional))
            key.ocsp = read_ocsp_limits(*limits);
        if (auto limits = limits_for(table, key, hsm::Purpose::checkpoint, "checkpoint")) {
            key.checkpoint_log = limits->text("log", Need::required).value_or("");
            if (!key.checkpoint_log.empty() && !is_name(key.checkpoint_log)) limits->problem("log", kNameRule);
            limits->finish();
        }
        table.finish();
        return key;
    }

    // limits_for gives the table that a purpose demands, and refuses one that no purpose asks for.
    static std::optional<TomlTable> limits_for(TomlTable& table, const SignerKey& key, hsm::Purpose purpose,
                                               std::string_view name, Need need = Need::required) {
        const bool wanted = std::find(key.purposes.begin(), key.purposes.end(), purpose) != key.purposes.end();
        auto limits = table.table(name, wanted ? need : Need::optional);
        if (limits && !wanted) table.problem(name, "the purposes of this key do not have '" + std::string{name} + "'");
        return wanted ? limits : std::nullopt;
    }

    CertificateLimits read_certificate_limits(TomlTable& table) {
        CertificateLimits limits;
        limits.issuer = issuer_reference(table);
        limits.ca = table.boolean("ca").value_or(false);
        limits.ocsp_signing = table.boolean("ocsp_signing").value_or(false);
        limits.max_path_length = table.number("max_path_length", 0, 16);
        if (limits.max_path_length && !limits.ca) table.problem("max_path_length", "has a meaning only with ca = true");
        limits.max_validity = duration_text(table, "max_validity", Need::required);
        limits.max_backdate = duration_text(table, "max_backdate", Need::optional);
        table.finish();
        return limits;
    }

    static OcspLimits read_ocsp_limits(TomlTable& table) {
        OcspLimits limits;
        limits.max_validity = duration_text(table, "max_validity", Need::optional);
        limits.max_backdate = duration_text(table, "max_backdate", Need::optional);
        table.finish();
        return limits;
    }

    CrlLimits read_crl_limits(TomlTable& table) {
        CrlLimits limits;
        limits.issuer = issuer_reference(table);
        limits.max_validity = duration_text(table, "max_validity", Need::required);
        table.finish();
        return limits;
    }

    static std::string duration_text(TomlTable& table, std::string_view key, Need need) {
        if (!table.duration(key, need)) return {};
        return table.text(key).value_or("");
    }

    CloseStep read_close(TomlTable& table) {
        closed_ = true;
        CloseStep work;
        if (table.has("key")) work.key = key_reference(table);
        work.log = table.text("log", table.has("key") ? Need::required : Need::optional).value_or("");
        if (!work.log.empty() && !is_name(work.log)) table.problem("log", kNameRule);
        if (!table.has("key") && table.has("log"))
            table.problem("log", "has a meaning only with a key that signs the head");
        return work;
    }

    std::string key_reference(TomlTable& table) {
        return reference<GenerateStep, FindKeyStep>(table, "key", "a p11.generate or p11.find step");
    }

    // issuer_reference is the step of a certificate whose key is in this ceremony.
    std::string issuer_reference(TomlTable& table) {
        const auto id =
            reference<CertifyStep, ImportStep>(table, "issuer", "an x509.selfsign, x509.issue or x509.import step");
        const auto* step = id.empty() ? nullptr : script_.find(id);
        const auto* import = step == nullptr ? nullptr : std::get_if<ImportStep>(&step->work);
        if (import == nullptr || !import->key.empty()) return id;
        table.problem("issuer", "the step '" + id + "' imports a certificate without its key, which cannot issue");
        return {};
    }

    // reference reads the id of an earlier step that does one of Work. Where the earlier step could not be read itself,
    // nothing is said.
    template <class... Work>
    std::string reference(TomlTable& table, std::string_view key, std::string_view what) {
        const auto id = table.text(key, Need::required);
        if (!id) return {};
        const Step* step = script_.find(*id);
        if (step == nullptr) {
            if (!failed_step_) table.problem(key, "no earlier step has the id '" + *id + "'");
            return {};
        }
        if (!(std::holds_alternative<Work>(step->work) || ...)) {
            table.problem(key, "the step '" + *id + "' is not " + std::string{what});
            return {};
        }
        return *id;
    }

    std::string artefact(TomlTable& table, std::string_view key, Need need) {
        const auto name = table.text(key, need);
        if (!name) return {};
        if (!is_file_name(*name)) {
            table.problem(
                key, "must be a file name of letters, digits, '.', '-' and '_' that begins with a letter or digit");
            return {};
        }
        if (!artefacts_.insert(*name).second) table.problem(key, "two artefacts have the name '" + *name + "'");
        return *name;
    }

    Script& script_;
    std::set<std::string> opened_, labels_, artefacts_;
    bool closed_ = false;
    bool failed_step_ = false;
};

}  // namespace

const Step* Script::find(std::string_view id) const noexcept {
    for (const auto& step : steps) {
        if (step.id == id) return &step;
    }
    return nullptr;
}

const Role* Script::role(std::string_view id) const noexcept {
    for (const auto& role : roles) {
        if (role.id == id) return &role;
    }
    return nullptr;
}

std::vector<std::string> Script::profiles() const {
    std::vector<std::string> out;
    for (const auto& step : steps) {
        const auto* work = std::get_if<CertifyStep>(&step.work);
        if (work != nullptr && std::find(out.begin(), out.end(), work->profile) == out.end())
            out.push_back(work->profile);
    }
    return out;
}

std::string_view action_name(const Step& step) noexcept {
    struct Name {
        std::string_view operator()(const ConfirmStep&) const { return "confirm"; }
        std::string_view operator()(const OpenTokenStep&) const { return "token.open"; }
        std::string_view operator()(const GenerateStep&) const { return "p11.generate"; }
        std::string_view operator()(const FindKeyStep&) const { return "p11.find"; }
        std::string_view operator()(const ImportStep&) const { return "x509.import"; }
        std::string_view operator()(const CertifyStep& work) const {
            return work.self_signed ? "x509.selfsign" : "x509.issue";
        }
        std::string_view operator()(const CrlStep&) const { return "x509.crl"; }
        std::string_view operator()(const SignerConfigStep&) const { return "config.signer"; }
        std::string_view operator()(const CloseStep&) const { return "bundle.close"; }
    };
    return std::visit(Name{}, step.work);
}

std::vector<std::string> references_of(const Step& step) {
    struct Collector {
        std::vector<std::string> operator()(const ConfirmStep&) const { return {}; }
        std::vector<std::string> operator()(const OpenTokenStep&) const { return {}; }
        std::vector<std::string> operator()(const GenerateStep& work) const { return {work.token_step}; }
        std::vector<std::string> operator()(const FindKeyStep& work) const { return {work.token_step}; }
        std::vector<std::string> operator()(const ImportStep& work) const { return {work.issuer, work.key}; }
        std::vector<std::string> operator()(const CertifyStep& work) const { return {work.issuer, work.key}; }
        std::vector<std::string> operator()(const CrlStep& work) const { return {work.issuer}; }
        std::vector<std::string> operator()(const SignerConfigStep& work) const {
            std::vector<std::string> out;
            for (const auto& key : work.keys) {
                out.push_back(key.key);
                if (key.certificate) out.push_back(key.certificate->issuer);
                if (key.crl) out.push_back(key.crl->issuer);
            }
            return out;
        }
        std::vector<std::string> operator()(const CloseStep& work) const { return {work.key}; }
    };
    auto out = std::visit(Collector{}, step.work);
    std::erase(out, std::string{});
    return out;
}

Script parse_script(std::string_view toml, const std::string& source_name, Problems& problems) {
    Script script;
    TomlDocument document{toml, source_name, problems};
    if (auto root = document.root()) Reader{script}.read(*root);
    return script;
}

}  // namespace sealwright::ceremonies
