// hsm enrol: a second or replaced token holds the key, and proves it. The record is for people and for later; the
// signer is told by a line in its file.
#include <algorithm>
#include <filesystem>

#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/token_access.hpp"
#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "hsm/location_proof.hpp"
#include "hsm/signer_process/key_register.hpp"
#include "x509/certificate.hpp"

namespace sealwright::cli {
namespace {

using hsm::LocationStatement;
using hsm::pkcs11::Module;
using hsm::pkcs11::Token;
using hsm::pkcs11::TokenKey;
using hsm::signer_process::RegisteredKey;

constexpr std::size_t kMaxFile = 1U << 20U;
constexpr std::string_view kAnyEvidence = "none";

Result<KeyId> id_of_spki_file(const std::string& file) {
    SEALWRIGHT_TRY(const auto octets, read_file(file, 65536));
    const auto pem = x509::decode_pem("PUBLIC KEY", text_of(octets));
    const auto key = crypto::PublicKey::parse(pem ? ByteView{pem.value()} : ByteView{octets});
    if (!key) return key.error().in(file);
    return key.value().id();
}

// wanted_key says which key is meant, by what the token cannot choose: all of its identifier, the key itself, or its
// name in our own file; never a label.
Result<KeyId> wanted_key(const HsmEnrolOptions& options, const std::vector<RegisteredKey>& known) {
    if (!options.spki_file.empty()) return id_of_spki_file(options.spki_file);
    if (const auto id = KeyId::from_hex_text(options.token.key)) return id.value();
    for (const RegisteredKey& key : known) {
        if (key.name == options.token.key) return key.id;
    }
    return with_advice(
        fail(ErrorCode::not_found, "'" + options.token.key + "' is no identifier of a key" +
                                       (options.signer_keys.empty() ? "" : ", nor a name in " + options.signer_keys)),
        "Give all 64 digits of the identifier, the key by --spki, or its name in --signer-keys FILE. A "
        "label is the token's word, and is not taken.");
}

Result<TokenKey> demand_key(Token& token, const KeyId& wanted) {
    SEALWRIGHT_TRY(const auto keys, token.keys());
    std::string held;
    for (const TokenKey& key : keys) {
        held += "\n" + key.id.hex() + " (" + key.label + ")";
        if (key.id != wanted) continue;
        if (!key.has_private)
            return with_advice(fail(ErrorCode::not_found, "the token holds only the public half of the key"),
                               "Restore the private key into this token with the vendor's tool first.");
        return key;
    }
    return with_advice(fail(ErrorCode::not_found,
                            "the token with serial " + token.info().serial + " does not hold the key " + wanted.hex()),
                       held.empty() ? "It holds no key." : "It holds:" + held);
}

// warn_of_serial: some modules give every token the same serial (tpm2-pkcs11: zeros); locations are told apart by it.
void warn_of_serial(Output& output, const std::string& serial) {
    if (serial.find_first_not_of("0 ") == std::string::npos)
        output.warning("The token's serial is '" + serial +
                       "', which says nothing: the signer cannot tell this location from another of the same kind.");
}

struct Judged {
    hsm::KeyEvidence evidence;
    x509::Findings findings;
};

Result<Judged> judge(Context& context, Token& token, const KeyId& key, const std::string& evidence_template) {
    Judged judged;
    SEALWRIGHT_TRY(judged.evidence, token.evidence(key));
    const bool takes_any = evidence_template == kAnyEvidence;
    SEALWRIGHT_TRY(judged.findings, hsm::judge_evidence(judged.evidence, takes_any ? std::string{hsm::kNonExtractable}
                                                                                   : evidence_template));
    for (const auto& finding : judged.findings) context.output.note(finding.detail + " [" + finding.code + "]");
    if (takes_any || !x509::has_error(judged.findings)) return judged;
    return with_advice(fail(ErrorCode::denied, "the key in this token does not satisfy " + evidence_template),
                       "A key that was restored from a backup has lost its provenance in every token. Where that is "
                       "what was decided, --template none records the findings and goes on.");
}

struct Proof {
    LocationStatement statement;
    bool decrypted = false;  // the key does not sign: algorithm and signature are empty
    crypto::SignatureAlgorithm algorithm;
    Bytes signature;
};

// only_decrypts: the token says that the key does, and does not say that it signs.
bool only_decrypts(const hsm::KeyEvidence& evidence) {
    const auto is_true = [&](std::string_view attribute) {
        const auto* item = evidence.find("private", attribute);
        return item != nullptr && item->value == "true";
    };
    return (is_true("CKA_DECRYPT") || is_true("CKA_DERIVE")) && !is_true("CKA_SIGN");
}

Result<Proof> prove(Context& context, const Module& module, Token& token, const TokenKey& key, bool decrypts) {
    crypto::SystemRandom random;
    Proof proof;
    proof.statement = {.key = key.id,
                       .token_serial = token.info().serial,
                       .cka_id = key.cka_id,
                       .module = module.info().file_sha256,
                       .time = context.clock.now(),
                       .nonce = crypto::random_id<Sha256>(random)};
    if (decrypts) {
        const auto proved = token.prove_decryption(key);
        if (!proved) return proved.error().in("the token's proof by decryption");
        proof.decrypted = true;
        return proof;
    }
    proof.algorithm = crypto::default_algorithm(key.public_key.type());
    const std::string text = hsm::location_statement_text(proof.statement);
    hsm::SignRequest request;
    request.key = key.id;
    request.algorithm = proof.algorithm;
    request.intent = crypto::random_id<IntentId>(random);
    request.tbs = view_of(text);
    SEALWRIGHT_TRY(proof.signature, token.sign(request));
    const auto verified = hsm::verify_location(proof.statement, key.public_key, proof.algorithm, proof.signature);
    if (!verified) return verified.error().in("the token's proof");
    return proof;
}

Result<json::object> record_of(const Module& module, Token& token, const TokenKey& key, const Judged& judged,
                               const Proof& proof, const std::string& evidence_template) {
    SEALWRIGHT_TRY(auto evidence, parse_json(hsm::evidence_json(judged.evidence)));
    json::array findings;
    for (const auto& finding : judged.findings)
        findings.push_back(json::object{{"code", finding.code}, {"detail", finding.detail}});
    const auto& info = token.info();
    json::object record{{"format", 1},
                        {"kind", "sealwright-location"},
                        {"key", key.id.hex()},
                        {"spki", to_base64(key.public_key.spki().view())},
                        {"cka_id", to_hex(key.cka_id)},
                        {"label", key.label},
                        {"time", to_rfc3339(proof.statement.time)},
                        {"token", json::object{{"serial", info.serial},
                                               {"label", info.label},
                                               {"manufacturer", info.manufacturer},
                                               {"model", info.model},
                                               {"firmware_version", info.firmware_version}}},
                        {"module", json::object{{"path", module.info().path},
                                                {"sha256", module.info().file_sha256.hex()},
                                                {"library_version", module.info().library_version}}},
                        {"evidence", std::move(evidence)},
                        {"template", evidence_template},
                        {"findings", std::move(findings)},
                        {"proof", proof.decrypted ? "decryption" : "signature"},
                        {"statement", hsm::location_statement_text(proof.statement)}};
    if (proof.decrypted) {
        record["statement_sha256"] = crypto::sha256(view_of(hsm::location_statement_text(proof.statement))).hex();
    } else {
        record["algorithm"] = crypto::signature_name(proof.algorithm);
        record["signature"] = to_base64(proof.signature);
    }
    return record;
}

// show_change shows the one line that differs, as diff -u would, without its line numbers.
void show_change(Output& output, const std::string& file, std::string_view before, std::string_view after) {
    const auto next = [](std::string_view& text) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        return line;
    };
    output.line("--- " + file);
    output.line("+++ " + file);
    std::string_view last;
    while (!before.empty() || !after.empty()) {
        std::string_view old_rest = before, new_rest = after;
        const auto old_line = next(old_rest), new_line = next(new_rest);
        if (old_line == new_line && !old_rest.empty() == !new_rest.empty()) {
            last = old_line;
            before = old_rest;
            after = new_rest;
            continue;
        }
        output.line(" " + std::string{last});
        // What is new is one line; old ones (an array of several lines) end where both go on alike.
        while (!before.empty() && before != new_rest) output.line("-" + std::string{next(before)});
        output.line("+" + std::string{new_line});
        return;
    }
}

Result<void> change_register(Context& context, const HsmEnrolOptions& options, const std::string& before,
                             const KeyId& key, const std::vector<std::string>& serials) {
    SEALWRIGHT_TRY(const auto after, hsm::signer_process::set_locations(before, options.signer_keys, key, serials));
    if (!context.output.wants_json()) show_change(context.output, options.signer_keys, before, after);
    if (!options.write) {
        context.output.note("Nothing was changed; --write does it.");
        return success();
    }
    // The signer's own user reads both.
    SEALWRIGHT_TRY(const auto access, file_access(options.signer_keys));
    SEALWRIGHT_TRY(write_file_atomically(options.signer_keys + ".bak", view_of(before), access));
    SEALWRIGHT_TRY(write_file_atomically(options.signer_keys, view_of(after), access));
    context.output.note(options.signer_keys + " was changed; what it was is " + options.signer_keys +
                        ".bak. The signer reads it when it starts.");
    return success();
}

RegisteredKey registered(const std::vector<RegisteredKey>& known, const KeyId& key) {
    const auto found = std::ranges::find(known, key, &RegisteredKey::id);
    return found == known.end() ? RegisteredKey{key, key.hex(), {}, {}} : *found;
}

// check_first refuses before a token is touched what would be refused behind its proof.
Result<void> check_first(const HsmEnrolOptions& options, const RegisteredKey& key) {
    if (options.signer_keys.empty()) return success();
    const auto serials = hsm::signer_process::with_location(key, "this token", options.first_serial);
    if (serials) return success();
    if (key.locations.empty())
        return with_advice(serials.error(),
                           "Say which token serves it now: --first-serial SERIAL; this token's own "
                           "serial, if it is to be the first.");
    return with_advice(serials.error(), "Leave --first-serial away.");
}

}  // namespace

Result<ExitCode> hsm_enrol(Context& context, const HsmEnrolOptions& options) {
    std::vector<RegisteredKey> known;
    std::string register_text;
    if (!options.signer_keys.empty()) {
        SEALWRIGHT_TRY(register_text, read_text_file(options.signer_keys, kMaxFile));
        SEALWRIGHT_TRY(known, hsm::signer_process::parse_key_register(register_text, options.signer_keys));
    }
    SEALWRIGHT_TRY(const auto wanted, wanted_key(options, known));
    const RegisteredKey as_known = registered(known, wanted);
    SEALWRIGHT_TRY(check_first(options, as_known));
    if (std::filesystem::exists(options.out))
        return fail(ErrorCode::already_exists, options.out + " exists; a record is never overwritten");
    SEALWRIGHT_TRY(const auto module, load_module(options.token));
    SEALWRIGHT_TRY(const auto token, open_token(context, options.token));
    warn_of_serial(context.output, token->info().serial);
    SEALWRIGHT_TRY(const auto key, demand_key(*token, wanted));
    SEALWRIGHT_TRY(const auto judged, judge(context, *token, key.id, options.token.evidence_template));
    SEALWRIGHT_TRY(const auto proof, prove(context, *module, *token, key, only_decrypts(judged.evidence)));
    SEALWRIGHT_TRY(auto record, record_of(*module, *token, key, judged, proof, options.token.evidence_template));
    SEALWRIGHT_TRY(create_file_exclusively(options.out, view_of(json_text(record)), 0644));
    const std::string& serial = token->info().serial;
    const auto changed = hsm::signer_process::with_location(
        as_known, serial, options.signer_keys.empty() ? serial : options.first_serial);
    const bool stands_there = !changed && changed.error().code() == ErrorCode::already_exists;
    if (!changed && !stands_there) return changed.error();
    const auto& serials = stands_there ? as_known.locations : changed.value();
    const std::string line = hsm::signer_process::locations_line(serials);
    if (context.output.wants_json()) {
        record["locations_line"] = line;
        context.output.json(record);
    } else {
        context.output.line("The token " + token->info().label + " (serial " + token->info().serial +
                            ") holds the key " + key.id.hex() + " and has " +
                            (proof.decrypted ? "decrypted" : "signed") + " for it.");
        if (proof.decrypted)
            context.output.note(
                "The key does not sign: the record says that it decrypted, and nobody can verify that.");
        context.output.line("In the key's table of the signer's file, in order of preference:");
        context.output.line(line);
        if (options.signer_keys.empty())
            context.output.note(
                "The line has to name every token that is to serve the key: with it no other one does.");
    }
    if (stands_there) {
        context.output.note(changed.error().public_detail());
    } else if (!options.signer_keys.empty()) {
        SEALWRIGHT_TRY(change_register(context, options, register_text, key.id, serials));
    }
    return ExitCode::done;
}

}  // namespace sealwright::cli
