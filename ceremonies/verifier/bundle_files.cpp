// bundle_files.cpp: the files of the bundle: each that is on record is there with its digest, and nothing else is.
#include "base/file.hpp"
#include "ceremonies/verifier/bundle_check.hpp"
#include "crypto/digest.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::size_t kMaxArtefact = 16U << 20U;

// is_inside allows the names that a ceremony writes: one of its folders and a plain name, or one of its two reports.
bool is_inside(const std::string& file) {
    if (file == "report.txt" || file == "report.html") return true;
    const auto slash = file.find('/');
    const std::string folder = file.substr(0, slash == std::string::npos ? 0 : slash);
    if (folder != "artefacts" && folder != "evidence") return false;
    const std::string name = file.substr(slash + 1);
    return !name.empty() && name[0] != '.' && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    });
}

}  // namespace

const BundleCertificate* BundleState::certificate_of_step(std::string_view step) const noexcept {
    for (const auto& certificate : certificates) {
        if (certificate.step == step) return &certificate;
    }
    return nullptr;
}

void BundleState::doubt(const std::string& text) const {
    if (files.size() != facts.artefacts.size())
        checks.missing(text);
    else
        checks.invalid(text);
}

const Bytes* BundleState::content(const std::string& file) const noexcept {
    const auto found = files.find(file);
    return found == files.end() ? nullptr : &found->second;
}

void check_artefacts(BundleState& state) {
    state.checks.begin("artefacts");
    for (const auto& artefact : state.facts.artefacts) {
        if (!is_inside(artefact.file)) {
            state.checks.invalid("the record of '" + artefact.file + "' names a place where no artefact belongs");
            continue;
        }
        auto content = read_file(state.question.folder / artefact.file, kMaxArtefact);
        if (!content) {
            if (content.error().code() == ErrorCode::not_found)
                state.checks.missing(artefact.file + " is not there");
            else
                state.checks.invalid(content.error().public_detail());
        } else if (content.value().size() != artefact.size ||
                   crypto::sha256(content.value()).hex() != artefact.sha256) {
            // The last record of a ceremony that was cut off may announce a file that was not written whole.
            const bool cut_off = !state.transcript.ended && artefact.at + 1 == state.transcript.records.size();
            if (cut_off)
                state.checks.missing(artefact.file + " was not written whole");
            else
                state.checks.invalid(artefact.file +
                                     " is not what the ceremony made: its digest is not the one on record");
        } else {
            state.files[artefact.file] = std::move(content.value());
        }
    }
    state.checks.end(std::to_string(state.facts.artefacts.size()) + " files have the digests on record");
}

void check_folder(BundleState& state, const std::set<std::string>& transcript_files) {
    state.checks.begin("folder");
    std::set<std::string> expected{"script.toml", "bindings.toml"};
    for (const auto& profile : *state.facts.header->body.member("profiles")->as_array())
        expected.insert(profile.text("file"));
    for (const auto& artefact : state.facts.artefacts) expected.insert(artefact.file);
    for (const auto& name : transcript_files) expected.insert("transcript/" + name);
    // Tiles and checkpoint are written under temporary names and renamed, the checkpoint last.
    std::error_code ignored;
    const bool sealed = std::filesystem::exists(state.question.folder / "transcript" / "checkpoint", ignored);
    const auto half_written = [&](const std::string& name) {
        return !sealed && name.starts_with("transcript/") && name.find(".tmp.") != std::string::npos;
    };
    std::size_t seen = 0;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator entry{state.question.folder, error}, end; !error && entry != end;
         entry.increment(error)) {
        const auto name = entry->path().lexically_relative(state.question.folder).generic_string();
        if (entry->is_symlink(error) || (!entry->is_regular_file(error) && !entry->is_directory(error))) {
            state.checks.invalid(name + " is neither a file nor a folder");
        } else if (entry->is_regular_file(error)) {
            ++seen;
            if (expected.contains(name)) continue;
            if (half_written(name))
                state.checks.missing(name + " is left of a write that did not come to its end");
            else
                state.checks.invalid(name + " does not belong to the bundle: it is on no record");
        }
    }
    if (error) state.checks.missing("the folder cannot be listed: " + error.message());
    state.checks.end(std::to_string(seen) + " files, none that is not on record");
}

}  // namespace sealwright::verifier
