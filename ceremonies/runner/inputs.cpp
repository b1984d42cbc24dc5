#include "ceremonies/runner/inputs.hpp"

#include "asn1/oid.hpp"
#include "base/file.hpp"

namespace sealwright::ceremonies {
namespace {

std::string name_of(const std::filesystem::path& path) { return path.filename().string(); }

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
}

// mark_as_rehearsal puts the unit before the most specific attribute, where a reader of the name meets it first.
void mark_as_rehearsal(profile::Profile& profile) {
    profile::SubjectRule unit;
    unit.attribute = bytes_of(asn1::oid::kOrganizationalUnitName);
    unit.source = profile::ValueSource::fixed;
    unit.value = "REHEARSAL";
    profile.subject.insert(profile.subject.empty() ? profile.subject.end() : profile.subject.end() - 1,
                           std::move(unit));
}

void add_lines(std::string_view text, Problems& problems) {
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        problems.add(line, 0, "", "");
    }
}

ProfileFile load_profile(const std::filesystem::path& folder, const std::string& path, const Bindings& bindings,
                         Problems& problems) {
    ProfileFile file;
    file.path = path;
    auto text = read_text_file(folder / path, kMaxTomlSize);
    if (!text) {
        problems.add(path, 0, "", text.error().public_detail());
        return file;
    }
    file.toml = std::move(text.value());
    file.sha256 = crypto::sha256(view_of(file.toml));
    auto parsed = profile::Profile::parse(file.toml, path, bindings.values);
    if (!parsed) {
        add_lines(
            parsed.error().private_detail().empty() ? parsed.error().public_detail() : parsed.error().private_detail(),
            problems);
        return file;
    }
    file.profile = std::move(parsed.value());
    if (bindings.mode == Mode::rehearsal) mark_as_rehearsal(*file.profile);
    return file;
}

Result<x509::Certificate> load_certificate(const CertificateBinding& binding) {
    SEALWRIGHT_TRY(const auto pem, read_text_file(binding.path, kMaxTomlSize));
    SEALWRIGHT_TRY(const auto der, x509::decode_pem("CERTIFICATE", pem));
    SEALWRIGHT_TRY(auto certificate, x509::Certificate::parse(der));
    if (certificate.fingerprint() != binding.sha256) {
        return fail(ErrorCode::denied,
                    binding.path + " is another certificate: its SHA-256 is " + certificate.fingerprint().hex());
    }
    return certificate;
}

}  // namespace

const ProfileFile* Inputs::profile(std::string_view path) const noexcept {
    for (const auto& file : profiles) {
        if (file.path == path) return &file;
    }
    return nullptr;
}

Result<Inputs> load_inputs(const CeremonyFiles& files, Problems& problems) {
    Inputs inputs;
    SEALWRIGHT_TRY(inputs.script_toml, read_text_file(files.script, kMaxTomlSize));
    SEALWRIGHT_TRY(inputs.bindings_toml, read_text_file(files.bindings, kMaxTomlSize));
    inputs.script_sha256 = crypto::sha256(view_of(inputs.script_toml));
    inputs.bindings_sha256 = crypto::sha256(view_of(inputs.bindings_toml));
    inputs.script = parse_script(inputs.script_toml, name_of(files.script), problems);
    inputs.bindings =
        parse_bindings(inputs.bindings_toml, name_of(files.bindings), folder_of(files.bindings), problems);
    if (!problems.empty()) return inputs;  // what follows would only repeat it in other words
    check_bindings(inputs.script, inputs.bindings, name_of(files.bindings), problems);
    for (const auto& path : inputs.script.profiles()) {
        inputs.profiles.push_back(load_profile(folder_of(files.script), path, inputs.bindings, problems));
    }
    for (const auto& [name, binding] : inputs.bindings.certificates) {
        auto certificate = load_certificate(binding);
        if (certificate)
            inputs.certificates.emplace(name, std::move(certificate.value()));
        else
            problems.add(name_of(files.bindings), 0, "certificates." + name, certificate.error().public_detail());
    }
    return inputs;
}

}  // namespace sealwright::ceremonies
