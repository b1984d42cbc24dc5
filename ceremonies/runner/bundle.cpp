#include "ceremonies/runner/bundle.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "audit/checkpoint.hpp"
#include "base/file.hpp"

namespace sealwright::ceremonies {
namespace {

constexpr std::string_view kUnsignedOrigin = "sealwright-ceremony-transcript";

Result<void> make_folder(const std::filesystem::path& path) {
    if (::mkdir(path.c_str(), 0755) == 0)
        return sync_directory(path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."});
    const int number = errno;
    if (number == EEXIST) {
        return fail(ErrorCode::already_exists, path.string() +
                                                   " exists: a ceremony writes into a folder of its own, and what an "
                                                   "earlier one left there is evidence; name another");
    }
    return fail(ErrorCode::io, "cannot make the folder " + path.string() + ": " + std::strerror(number));
}

JsonObject file_json(const std::string& file, const Sha256& sha256) {
    return {{"file", file}, {"sha256", sha256.hex()}};
}

JsonObject header_of(const Inputs& inputs) {
    JsonArray profiles, requirements;
    for (const auto& profile : inputs.profiles) profiles.push_back(file_json(profile.path, profile.sha256));
    for (const auto& clause : inputs.script.requires_) requirements.push_back(clause);
    return {{"bindings", file_json("bindings.toml", inputs.bindings_sha256)},
            {"clock", "system"},
            {"format", std::uint64_t{kScriptFormat}},
            {"kind", inputs.script.kind},
            {"mode", std::string{mode_name(inputs.bindings.mode)}},
            {"place", inputs.bindings.place},
            {"profiles", std::move(profiles)},
            {"program", "sealwright " SEALWRIGHT_VERSION},
            {"requires", std::move(requirements)},
            {"script", file_json("script.toml", inputs.script_sha256)},
            {"title", inputs.script.title}};
}

crypto::SignatureAlgorithm checkpoint_algorithm(const crypto::PublicKey& key) {
    return key.type() == crypto::KeyType::ed25519
               ? crypto::default_algorithm(key.type())
               : crypto::SignatureAlgorithm{crypto::SignatureScheme::ecdsa, crypto::DigestAlgorithm::sha256};
}

}  // namespace

Result<std::unique_ptr<Bundle>> Bundle::begin(const std::filesystem::path& folder, const Inputs& inputs,
                                              const Clock& clock) {
    SEALWRIGHT_TRY(make_folder(folder));
    SEALWRIGHT_TRY(auto transcript, Transcript::begin(folder / "transcript", clock));
    std::unique_ptr<Bundle> bundle{new Bundle{folder, std::move(transcript)}};
    SEALWRIGHT_TRY(bundle->record("header", "", header_of(inputs)));
    SEALWRIGHT_TRY(bundle->copy_inputs(inputs));
    return bundle;
}

Result<void> Bundle::copy_inputs(const Inputs& inputs) {
    SEALWRIGHT_TRY(create_file_exclusively(folder_ / "script.toml", view_of(inputs.script_toml)));
    SEALWRIGHT_TRY(create_file_exclusively(folder_ / "bindings.toml", view_of(inputs.bindings_toml)));
    for (const auto* name : {"profiles", "artefacts", "evidence"}) {
        SEALWRIGHT_TRY(make_folder(folder_ / name));
    }
    for (const auto& profile : inputs.profiles) {
        SEALWRIGHT_TRY(create_file_exclusively(folder_ / profile.path, view_of(profile.toml)));
    }
    return success();
}

Result<void> Bundle::record(std::string_view type, std::string_view step, JsonObject body) {
    return transcript_.append(type, step, std::move(body));
}

Result<void> Bundle::keep(const Artefact& artefact, std::string_view step) {
    JsonObject body = artefact.details;
    body["file"] = artefact.file;
    body["kind"] = artefact.kind;
    body["sha256"] = crypto::sha256(artefact.content).hex();
    body["size"] = std::uint64_t{artefact.content.size()};
    SEALWRIGHT_TRY(record("artefact", step, std::move(body)));
    SEALWRIGHT_TRY(create_file_exclusively(folder_ / artefact.file, artefact.content));
    artefacts_.push_back(folder_ / artefact.file);
    return success();
}

Result<void> Bundle::close(const Performance& performance, bool complete, crypto::Random& random) {
    const MadeKey* key = complete ? performance.key(performance.closing.key_step) : nullptr;
    const auto intent = crypto::random_id<IntentId>(random);
    Json checkpoint;
    if (key != nullptr) {
        checkpoint = JsonObject{{"algorithm", crypto::signature_name(checkpoint_algorithm(key->key.public_key))},
                                {"intent", intent.hex()},
                                {"key", key->key.id.hex()},
                                {"origin", performance.closing.origin},
                                {"token", key->token}};
    }
    SEALWRIGHT_TRY(record("end", "",
                          {{"artefacts", std::uint64_t{artefacts_.size()}},
                           {"checkpoint", std::move(checkpoint)},
                           {"deviations", std::uint64_t{performance.deviations.size()}},
                           {"outcome", complete ? "complete" : "aborted"}}));
    if (key == nullptr) return transcript_.seal(audit::checkpoint_text(kUnsignedOrigin, transcript_.head()) + "\n", {});
    SEALWRIGHT_TRY(const auto note, audit::sign_checkpoint(performance.closing.origin, transcript_.head(),
                                                           key->key.public_key, *key->holder, intent));
    return transcript_.seal(note, audit::vkey(performance.closing.origin, key->key.public_key));
}

}  // namespace sealwright::ceremonies
