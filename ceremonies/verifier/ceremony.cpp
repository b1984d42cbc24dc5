#include "ceremonies/verifier/ceremony.hpp"

#include "base/file.hpp"
#include "ceremonies/format/head_words.hpp"
#include "ceremonies/verifier/bundle_check.hpp"
#include "ceremonies/verifier/merkle.hpp"
#include "ceremonies/verifier/note.hpp"
#include "ceremonies/verifier/tile_log.hpp"
#include "crypto/digest.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::size_t kMaxInput = 1U << 20U;
constexpr std::size_t kMaxNote = 1U << 16U;

// check_head compares the words on paper with the tree that the lines hash to.
void check_head(const CeremonyQuestion& question, const Transcript& transcript, const Sha256& root, Checks& checks) {
    checks.begin("head");
    const auto size = transcript.lines.size();
    if (question.head.empty()) {
        checks.missing(
            "no head was given: without the words on paper the bundle only proves that it agrees with itself");
    } else {
        const auto typed = ceremonies::parse_head(question.head);
        if (!typed)
            checks.invalid("the head that was given cannot be read: " + typed.error().public_detail());
        else if (typed.value().root != root)
            checks.invalid("the head that was given is not that of this transcript");
        else if (typed.value().size && *typed.value().size != size)
            checks.invalid("the head that was given counts other records");
    }
    checks.end(std::to_string(size) + " records hash to " + root.hex());
}

// check_tiles compares the transcript's tree with its export, and gives the names of the files that belong to it.
std::set<std::string> check_tiles(const std::filesystem::path& folder, const Transcript& transcript, Checks& checks) {
    checks.begin("tiles");
    const auto visit = [&](std::uint64_t index, ByteView entry) {
        if (!equal(entry, transcript.lines[index]))
            checks.invalid("entry " + std::to_string(index) + " of the tiles is not the line of the transcript");
    };
    auto log = read_tile_log(folder, transcript.lines.size(), visit, checks);
    checks.end(std::to_string(log.files.size()) + " tiles compared with the transcript");
    return log.files;
}

struct Inputs {
    ScriptReading script;
    BindingsReading bindings;
    std::map<std::string, std::string> profiles;  // their TOML, by file
};

// Begun says whether more than the header is on record: the inputs are copied behind it, and a crash can leave a part.
enum class Begun : std::uint8_t { barely, properly };

// matches_record reads an input file and compares it with {"file":..,"sha256":..} of the header.
std::optional<std::string> matches_record(const std::filesystem::path& folder, const Value* entry,
                                          std::string_view expected_name, Begun begun, Checks& checks) {
    const std::string name = entry == nullptr ? std::string{} : entry->text("file");
    if (!expected_name.empty() && name != expected_name)
        checks.invalid("the header names '" + name + "' instead of " + std::string{expected_name});
    auto text = read_text_file(folder / (expected_name.empty() ? name : std::string{expected_name}), kMaxInput);
    if (!text) {
        if (text.error().code() == ErrorCode::not_found)
            checks.missing(name + " is not there");
        else
            checks.invalid(text.error().public_detail());
        return {};
    }
    if (crypto::sha256(view_of(text.value())).hex() == entry->text("sha256")) return std::move(text.value());
    if (begun == Begun::barely) {
        checks.missing(name + " was not copied whole: the ceremony's program ended while it wrote");
        return {};
    }
    checks.invalid(name + " is not the file that the ceremony was held with");
    return std::move(text.value());
}

bool is_profile_name(const std::string& name) {
    return name.starts_with("profiles/") && name.find("..") == std::string::npos &&
           name.find('/', 9) == std::string::npos && name.size() < 100;
}

std::optional<Inputs> check_inputs(const std::filesystem::path& folder, const Transcript& transcript, Checks& checks) {
    checks.begin("inputs");
    const Record& header = transcript.records.front();
    const Begun begun = transcript.records.size() == 1 ? Begun::barely : Begun::properly;
    const auto script_text = matches_record(folder, header.body.member("script"), "script.toml", begun, checks);
    const auto bindings_text = matches_record(folder, header.body.member("bindings"), "bindings.toml", begun, checks);
    const auto& profiles = *header.body.member("profiles")->as_array();
    std::map<std::string, std::string> profile_texts;
    for (const auto& profile : profiles) {
        if (!is_profile_name(profile.text("file")))
            checks.invalid("the header names a profile outside its folder");
        else if (auto text = matches_record(folder, &profile, {}, begun, checks))
            profile_texts[profile.text("file")] = std::move(*text);
    }
    std::optional<Inputs> inputs;
    if (script_text && bindings_text) {
        auto script = read_script(*script_text);
        auto bindings = read_bindings(*bindings_text);
        if (!script) checks.invalid(script.error().public_detail());
        if (!bindings) checks.invalid(bindings.error().public_detail());
        if (script && bindings)
            inputs = Inputs{std::move(script.value()), std::move(bindings.value()), std::move(profile_texts)};
    }
    checks.end("script, bindings and " + std::to_string(profiles.size()) + " profiles are those of the header");
    return inputs;
}

void check_mode(const CeremonyQuestion& question, const Record& header, Checks& checks) {
    const auto mode = header.body.text("mode");
    checks.begin("mode");
    if (mode == "rehearsal") {
        if (question.allow_rehearsal)
            checks.note("this is a REHEARSAL: nothing in it is for production");
        else
            checks.invalid("this is a rehearsal (--allow-rehearsal verifies one)");
    } else if (mode != "production") {
        checks.invalid("the mode is neither production nor rehearsal");
    }
    checks.end(mode + ", '" + header.body.text("title") + "', held " + to_rfc3339(header.time) +
               (header.body.text("place").empty() ? "" : " at " + header.body.text("place")));
}

// check_sealing is for what a finished ceremony leaves: tiles and checkpoint. It gives the names of the files in the
// transcript's folder.
std::set<std::string> check_sealing(BundleState& state, const Sha256& root) {
    const auto folder = state.question.folder / "transcript";
    std::set<std::string> names{"entries.jsonl", "checkpoint", "log.vkey"};
    auto note = read_text_file(folder / "checkpoint", kMaxNote);
    if (note)
        names.merge(check_tiles(folder, state.transcript, state.checks));
    else
        names.merge(tile_names(state.transcript.lines.size()));
    check_checkpoint(state, note ? std::optional{std::move(note.value())} : std::nullopt, root);
    return names;
}

}  // namespace

void verify_ceremony(const CeremonyQuestion& question, Checks& checks) {
    std::error_code error;
    if (!std::filesystem::is_directory(question.folder, error)) {
        checks.begin("folder");
        checks.missing(question.folder.string() + " is no folder");
        return;
    }
    checks.begin("transcript");
    const auto transcript = read_transcript(question.folder / "transcript", checks);
    checks.end(std::to_string(transcript.lines.size()) +
               " records in canonical form, each of a known shape and in its place");
    const Sha256 root = tree_root(transcript.leaves);
    check_head(question, transcript, root, checks);
    if (!transcript.readable || transcript.records.empty()) return;
    const Record& header = transcript.records.front();
    if (header.type != "header") {
        checks.begin("header");
        return checks.invalid("the transcript does not begin with a header");
    }
    check_mode(question, header, checks);
    const auto inputs = check_inputs(question.folder, transcript, checks);
    if (!inputs) return;
    auto facts = gather(transcript, inputs->script, inputs->bindings, checks);
    BundleState state{question, transcript, inputs->script, inputs->bindings, inputs->profiles, facts, checks, {}, {}};
    check_artefacts(state);
    check_keys(state);
    check_certificates(state);
    check_crls(state);
    check_signatures_accounted(state);
    check_paths(state);
    check_signer_keys(state);
    const auto names = check_sealing(state, root);
    check_folder(state, names);
}

}  // namespace sealwright::verifier
