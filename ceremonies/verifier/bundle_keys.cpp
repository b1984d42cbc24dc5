// bundle_keys.cpp: the keys: generated as the script says, or found as script and bindings name them, in a token of the
// ceremony, and by their evidence unable to leave it.
#include "ceremonies/verifier/bundle_check.hpp"
#include "ceremonies/verifier/evidence.hpp"
#include "crypto/digest.hpp"
#include "x509/certificate.hpp"

namespace sealwright::verifier {
namespace {

// key_kind is how a script names a kind of key.
std::string key_kind(const KeyFact& fact) {
    if (!fact.key) return {};
    switch (fact.key->type()) {
        case crypto::KeyType::ec_p256:
            return "EC-P256";
        case crypto::KeyType::ec_p384:
            return "EC-P384";
        case crypto::KeyType::ec_p521:
            return "EC-P521";
        case crypto::KeyType::ed25519:
            return "Ed25519";
        case crypto::KeyType::ed448:
            return "Ed448";
        case crypto::KeyType::ml_dsa_44:
        case crypto::KeyType::ml_dsa_65:
        case crypto::KeyType::ml_dsa_87:
            return std::string{crypto::key_type_name(fact.key->type())};
        case crypto::KeyType::rsa:
            return "RSA-" + std::to_string(fact.key->bits());
        default:
            return {};
    }
}

void compare_with_script(const BundleState& state, const KeyFact& fact) {
    const auto* step = state.script.find(fact.step);
    const std::string where = "the key of step '" + fact.step + "' ";
    if (step == nullptr || step->action != (fact.found ? "p11.find" : "p11.generate"))
        return state.checks.invalid(where + (fact.found ? "was found where the script finds none"
                                                        : "was generated where the script generates none"));
    if (fact.found) {
        const auto named = state.bindings.keys.find(step->text("spki"));
        if (named == state.bindings.keys.end() || named->second != fact.id)
            state.checks.invalid(where + "is another key than the bindings name");
    }
    if (step->text("label") != fact.label) state.checks.invalid(where + "has another label than in the script");
    if (step->text("key") != key_kind(fact)) state.checks.invalid(where + "is of another kind than in the script");
    if (step->text("evidence") != fact.evidence_template)
        state.checks.invalid(where + "was judged by another template than in the script");
    const auto token = state.facts.tokens.find(step->text("token"));
    if (token == state.facts.tokens.end() || token->second.role != fact.token)
        state.checks.invalid(where + "is in another token than in the script");
}

void judge_evidence_of(const BundleState& state, const KeyFact& fact) {
    const std::string where = "the key of step '" + fact.step + "': ";
    if (fact.evidence_file.empty()) {
        const auto text = where + "no evidence of it was judged";
        if (state.facts.complete()) return state.checks.invalid(text);
        return state.checks.missing(text);
    }
    if (!fact.accepted) return state.checks.invalid(where + "the ceremony itself did not accept its evidence");
    const auto* content = state.content(fact.evidence_file);
    if (content == nullptr) return state.checks.missing(where + fact.evidence_file + " cannot be judged");
    if (crypto::sha256(*content).hex() != fact.evidence_sha256)
        return state.checks.invalid(where + fact.evidence_file + " is not what the token said");
    const auto reading = read_evidence(text_of(*content), fact.evidence_template);
    if (!reading) return state.checks.invalid(where + fact.evidence_file + " " + reading.error().public_detail());
    if (reading.value().key != fact.id) state.checks.invalid(where + fact.evidence_file + " is about another key");
    for (const auto& [step, token] : state.facts.tokens) {
        if (token.role == fact.token && token.serial != reading.value().token_serial)
            state.checks.invalid(where + "its evidence comes from another token");
    }
    for (const auto& objection : reading.value().objections) state.checks.invalid(where + objection);
}

void check_public_key(const BundleState& state, const ArtefactFact& artefact) {
    const auto* content = state.content(artefact.file);
    if (content == nullptr) return;
    const auto spki = x509::decode_pem("PUBLIC KEY", text_of(*content));
    const auto found = state.facts.keys.find(artefact.body->text("key"));
    const auto* step = state.script.find(artefact.step);
    if (!spki) return state.checks.invalid(artefact.file + ": " + spki.error().public_detail());
    if (found == state.facts.keys.end() || found->second.step != artefact.step ||
        crypto::sha256(spki.value()).hex() != found->second.id) {
        state.checks.invalid(artefact.file + " is not the public key of its step");
    }
    if (step == nullptr || "artefacts/" + step->text("artefact") != artefact.file)
        state.checks.invalid(artefact.file + " is not what the script names");
}

}  // namespace

void check_keys(BundleState& state) {
    state.checks.begin("keys");
    std::size_t tokens = state.facts.tokens.size();
    for (const auto& [id, fact] : state.facts.keys) {
        if (fact.step.empty()) continue;  // read, never generated: already reported
        compare_with_script(state, fact);
        judge_evidence_of(state, fact);
    }
    for (const auto& artefact : state.facts.artefacts) {
        if (artefact.kind == "public-key") check_public_key(state, artefact);
    }
    const auto found = std::count_if(state.facts.keys.begin(), state.facts.keys.end(),
                                     [](const auto& key) { return key.second.found; });
    const auto generated = state.facts.keys.size() - static_cast<std::size_t>(found);
    const auto leaving = std::count_if(state.facts.keys.begin(), state.facts.keys.end(), [](const auto& key) {
        return key.second.evidence_template == kMayLeaveWrapped;
    });
    state.checks.end(std::to_string(generated) + " keys generated, " + std::to_string(found) +
                     " of earlier ceremonies found, in " + std::to_string(tokens) + " tokens, by their evidence " +
                     (leaving == 0 ? "never outside of them"
                                   : "born in them; " + std::to_string(leaving) +
                                         " can leave, wrapped by a key that the token's SO trusts"));
}

}  // namespace sealwright::verifier
