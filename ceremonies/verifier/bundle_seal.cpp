// bundle_seal.cpp: the limits that the signer gets, and the signed head of the transcript.
#include "asn1/oid.hpp"
#include "base/file.hpp"
#include "ceremonies/verifier/bundle_check.hpp"
#include "ceremonies/verifier/note.hpp"
#include "crypto/digest.hpp"
#include "crypto/signature_algorithm.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::size_t kMaxVkey = 8192;
constexpr std::string_view kUnsignedOrigin = "sealwright-ceremony-transcript";

// issuer_digest is the SHA-256 of the name under which a certificate's key issues.
std::string issuer_digest(const BundleState& state, const std::string& step) {
    const auto* certificate = state.certificate_of_step(step);
    return certificate == nullptr ? std::string{"?"}
                                  : crypto::sha256(certificate->certificate.fields().subject_der.view()).hex();
}

std::string issuer_key_identifier(const BundleState& state, const std::string& step) {
    const auto* certificate = state.certificate_of_step(step);
    if (certificate == nullptr) return "?";
    const auto* extension =
        x509::find_extension(certificate->certificate.fields().extensions, asn1::oid::kSubjectKeyIdentifier);
    const auto identifier = extension == nullptr ? Result<Bytes>{fail(ErrorCode::not_found)}
                                                 : x509::parse_subject_key_identifier(extension->value);
    return identifier ? to_hex(identifier.value()) : std::string{"?"};
}

// expected_limits is what the signer's configuration must say of a key, from the script, the bindings and the
// certificates.
std::map<std::string, std::string> expected_limits(const BundleState& state, const SignerKeyReading& wanted) {
    std::map<std::string, std::string> limits;
    for (const auto& purpose : wanted.purposes) {
        if (purpose != "csr") limits[purpose] = "";
    }
    for (const auto& [name, value] : wanted.limits) {
        if (name.ends_with(".issuer")) {
            limits[name + "_sha256"] = issuer_digest(state, value);
            limits[name.substr(0, name.find('.')) + ".authority_key_identifier"] = issuer_key_identifier(state, value);
        } else if (name == "checkpoint.log") {
            limits["checkpoint.origin"] =
                state.bindings.logs.contains(value) ? state.bindings.logs.at(value) : std::string{"?"};
        } else {
            limits[name] = value;
        }
    }
    if (limits.contains("certificate")) {
        limits.try_emplace("certificate.ca", "false");
        limits.try_emplace("certificate.ocsp_signing", "false");
    }
    return limits;
}

void compare_key(const BundleState& state, const std::string& file, const SignerKeyReading& wanted,
                 const SignerKeyReading& written) {
    const std::string where = file + ": the key '" + wanted.name + "' ";
    const auto* key = state.facts.key_of_step(wanted.key);
    if (key == nullptr || !key->key) return state.checks.invalid(where + "was not generated in this ceremony");
    if (written.key != key->id) state.checks.invalid(where + "is another key than the script's");
    if (written.name != wanted.name) state.checks.invalid(where + "has another name");
    if (written.purposes != wanted.purposes) state.checks.invalid(where + "has other purposes than in the script");
    const std::vector<std::string> algorithms{crypto::signature_name(crypto::default_algorithm(key->key->type()))};
    if (written.algorithms != algorithms) state.checks.invalid(where + "has other algorithms than its type's");
    auto limits = expected_limits(state, wanted);
    // The signer judges a key by the template that the ceremony judged it by.
    if (key->evidence_template != "non-extractable-v1") limits["evidence"] = key->evidence_template;
    if (written.limits != limits)
        state.checks.invalid(where + "has other limits than script, bindings and certificates give it");
}

void compare_keys(const BundleState& state, const ArtefactFact& artefact) {
    const auto* content = state.content(artefact.file);
    if (content == nullptr) return;
    const auto* step = state.script.find(artefact.step);
    if (step == nullptr || step->action != "config.signer" || "artefacts/" + step->text("artefact") != artefact.file) {
        return state.checks.invalid(artefact.file + ": the script writes no such file here");
    }
    if (state.files.size() != state.facts.artefacts.size()) {
        return state.checks.missing(artefact.file + ": cannot be compared without all certificates of the bundle");
    }
    const auto written = read_signer_keys(text_of(*content));
    if (!written) return state.checks.invalid(artefact.file + " " + written.error().public_detail());
    if (written.value().size() != step->signer_keys.size())
        return state.checks.invalid(artefact.file + ": lists other keys than the script");
    for (std::size_t i = 0; i < step->signer_keys.size(); ++i)
        compare_key(state, artefact.file, step->signer_keys[i], written.value()[i]);
}

// check_announcement compares what the last record says of the head's signature with script and bindings. It gives the
// key that must have signed, if one must.
std::optional<NoteKey> check_announcement(const BundleState& state) {
    const auto& close = state.script.steps.back();
    const auto& announced = *state.facts.end->body.member("checkpoint");
    if (announced.is_null()) {
        if (state.facts.complete() && !close.text("key").empty()) {
            state.checks.invalid("the script has the head signed, and the transcript announces no signature");
        }
        return {};
    }
    const auto* key = state.facts.key_of_step(close.text("key"));
    const auto origin = state.bindings.logs.find(close.text("log"));
    if (key == nullptr || !key->key || !key->accepted) {
        state.checks.invalid("the key that signs the head was not generated in this ceremony");
        return {};
    }
    if (announced.text("key") != key->id) {
        state.checks.invalid("the transcript announces another key for its head than the script");
    }
    if (origin == state.bindings.logs.end() || announced.text("origin") != origin->second) {
        state.checks.invalid("the transcript announces another origin than the bindings");
    }
    auto note_key = make_note_key(announced.text("origin"), *key->key);
    if (note_key) return std::move(note_key.value());
    state.checks.invalid("the head: " + note_key.error().public_detail());
    return {};
}

void check_signed_head(const BundleState& state, const Checkpoint& checkpoint, const NoteKey& key) {
    const auto verified = verify_note(checkpoint, key);
    if (!verified) state.checks.invalid("the signature of the head does not hold: " + verified.error().public_detail());
    if (checkpoint.signatures.size() != 1) {
        state.checks.invalid("the head carries other signatures than that of the ceremony's key");
    }
}

void check_unsigned_head(const BundleState& state, const Checkpoint& checkpoint) {
    if (!checkpoint.signatures.empty()) state.checks.invalid("the head carries a signature that nobody announced");
    if (checkpoint.origin != kUnsignedOrigin) {
        state.checks.invalid("a head that is not signed names an origin of its own");
    }
    state.checks.note("the head is not signed");
}

void check_vkey(const BundleState& state, const std::string& expected) {
    const auto vkey = read_text_file(state.question.folder / "transcript" / "log.vkey", kMaxVkey);
    if (!vkey)
        state.checks.missing("log.vkey is not there");
    else if (vkey.value() != expected + "\n")
        state.checks.invalid("log.vkey does not name the key that signed the head");
}

}  // namespace

void check_signer_keys(BundleState& state) {
    state.checks.begin("signer keys");
    std::size_t count = 0;
    for (const auto& artefact : state.facts.artefacts) {
        if (artefact.kind != "signer-keys") continue;
        compare_keys(state, artefact);
        ++count;
    }
    for (const auto& step : state.script.steps) {
        if (state.facts.complete() && step.action == "config.signer" &&
            state.facts.artefact("artefacts/" + step.text("artefact")) == nullptr)
            state.checks.invalid("the signer's keys of step '" + step.id + "' were not kept");
    }
    state.checks.end(std::to_string(count) + " lists of limits are what script, bindings and certificates give");
}

void check_checkpoint(BundleState& state, const std::optional<std::string>& note, const Sha256& root) {
    state.checks.begin("checkpoint");
    const auto key = state.facts.end == nullptr ? std::nullopt : check_announcement(state);
    if (!note) return state.checks.missing("the transcript has no checkpoint: the ceremony did not come to its end");
    const auto checkpoint = parse_checkpoint(*note);
    if (!checkpoint) return state.checks.invalid(checkpoint.error().public_detail());
    if (checkpoint.value().size != state.transcript.lines.size() || checkpoint.value().root != root) {
        state.checks.invalid("the checkpoint is not of this transcript");
    }
    if (state.facts.end == nullptr) return state.checks.invalid("there is a checkpoint, and the transcript has no end");
    if (key)
        check_signed_head(state, checkpoint.value(), *key);
    else
        check_unsigned_head(state, checkpoint.value());
    check_vkey(state, key ? vkey_text(*key) : std::string{});
    state.checks.end(key ? "the head is that of the tree, signed by the key that the script names"
                         : "the head is that of the tree");
}

}  // namespace sealwright::verifier
