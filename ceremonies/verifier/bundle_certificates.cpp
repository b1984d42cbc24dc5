// bundle_certificates.cpp: certificates and CRLs: linted before they were signed, signed by the keys that the script
// names, and nothing else signed.
#include "asn1/der_reader.hpp"
#include "base/file.hpp"
#include "ceremonies/verifier/bundle_check.hpp"
#include "ceremonies/verifier/profile_check.hpp"
#include "crypto/digest.hpp"
#include "x509/path_validator.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::size_t kMaxChain = 1U << 20U;
constexpr std::size_t kMaxPath = 8;
constexpr std::size_t kMaxRoots = 4U << 20U;

// crl_signature is the octets of signatureValue, the last of the three elements of a CertificateList (RFC 5280 5.1);
// empty where there is none.
Bytes crl_signature(ByteView der) {
    asn1::DerReader outer{der};
    auto list = outer.enter(asn1::kSequence);
    if (!list || !list.value().next() || !list.value().next()) return {};
    const auto signature = list.value().bit_string();
    return signature ? bytes_of(signature.value().octets) : Bytes{};
}

// Signed is what certificates and CRLs have in common.
struct Signed {
    const ArtefactFact& artefact;
    std::string purpose, what;  // "certificate", "crl"
    ByteView tbs;
    std::string signature_sha256;
    std::string issuer_key;
};

// check_signed finds the lint and the use of the token that belong to what was signed.
void check_signed(BundleState& state, const Signed& signed_thing) {
    const auto& file = signed_thing.artefact.file;
    const auto tbs_sha256 = crypto::sha256(signed_thing.tbs).hex();
    if (signed_thing.artefact.body->text("tbs_sha256") != tbs_sha256)
        state.checks.invalid(file + ": what it says is not what its record says");
    if (signed_thing.artefact.body->text("issuer_key") != signed_thing.issuer_key)
        state.checks.invalid(file + ": the script has it signed by another key");
    SignatureFact* use = nullptr;
    for (auto& signature : state.facts.signatures) {
        if (signature.tbs_sha256 == tbs_sha256 && signature.step == signed_thing.artefact.step) use = &signature;
    }
    if (use == nullptr) return state.checks.invalid(file + ": no use of a token is on record that signed it");
    if (use->accounted) state.checks.invalid(file + ": its signature belongs to another file already");
    use->accounted = true;
    if (use->key != signed_thing.issuer_key)
        state.checks.invalid(file + ": was signed by another key than its issuer's");
    if (use->purpose != signed_thing.purpose) state.checks.invalid(file + ": was signed for another purpose");
    if (use->signature_sha256 != signed_thing.signature_sha256)
        state.checks.invalid(file + ": its signature is not the one that the token gave");
    const bool linted = std::any_of(state.facts.lints.begin(), state.facts.lints.end(), [&](const LintFact& lint) {
        return lint.tbs_sha256 == tbs_sha256 && lint.what == signed_thing.what && lint.at < use->asked_at &&
               lint.issuer_key == signed_thing.issuer_key;
    });
    if (!linted) state.checks.invalid(file + ": it was not linted before it was signed");
}

void verify_with(BundleState& state, const std::string& file, const std::string& key_id,
                 const std::function<Result<void>(const crypto::PublicKey&)>& verify) {
    const auto found = state.facts.keys.find(key_id);
    if (found == state.facts.keys.end() || !found->second.key)
        return state.checks.invalid(file + ": its issuer's key was neither generated nor found in this ceremony");
    const auto verified = verify(*found->second.key);
    if (!verified) state.checks.invalid(file + ": its signature does not hold: " + verified.error().public_detail());
}

// key_id_of_certificate_step is the key that the script gives the certificate of a step.
std::string key_id_of_certificate_step(const BundleState& state, const StepReading& step) {
    const auto* key = state.facts.key_of_step(step.text("key"));
    return key == nullptr ? std::string{} : key->id;
}

std::string issuer_key_id(const BundleState& state, const StepReading& step) {
    if (step.action == "x509.selfsign") return key_id_of_certificate_step(state, step);
    const auto* issuer = state.script.find(step.text("issuer"));
    return issuer == nullptr ? std::string{} : key_id_of_certificate_step(state, *issuer);
}

void compare_details(const BundleState& state, const ArtefactFact& artefact, const x509::Certificate& certificate) {
    const auto& fields = certificate.fields();
    const Value& record = *artefact.body;
    const bool same = record.text("certificate_sha256") == certificate.fingerprint().hex() &&
                      record.text("serial") == to_hex(fields.serial) &&
                      record.text("not_before") == to_rfc3339(fields.not_before) &&
                      record.text("not_after") == to_rfc3339(fields.not_after) &&
                      record.text("key") == crypto::sha256(fields.spki.view()).hex();
    if (!same) state.checks.invalid(artefact.file + ": its record does not describe it");
}

void check_names(const BundleState& state, const ArtefactFact& artefact, const StepReading& step,
                 const x509::Certificate& certificate) {
    const auto& fields = certificate.fields();
    if (step.action == "x509.selfsign") {
        if (!(fields.issuer_der == fields.subject_der))
            state.checks.invalid(artefact.file + ": is to be self-signed but names another issuer");
        return;
    }
    const auto* issuer = state.certificate_of_step(step.text("issuer"));
    if (issuer == nullptr)
        state.doubt(artefact.file + ": its issuer's certificate is not in the bundle");
    else if (!(fields.issuer_der == issuer->certificate.fields().subject_der))
        state.checks.invalid(artefact.file + ": names another issuer than the script");
}

// signing_times is between which two moments the certificate was made: its step had begun, and its lint was not yet on
// record.
std::optional<std::pair<UtcTime, UtcTime>> signing_times(const BundleState& state, const ArtefactFact& artefact) {
    if (state.bindings.signing_time) return std::pair{*state.bindings.signing_time, *state.bindings.signing_time};
    const auto begun = state.facts.begun_at.find(artefact.step);
    for (const auto& lint : state.facts.lints) {
        if (begun == state.facts.begun_at.end() || lint.tbs_sha256 != artefact.body->text("tbs_sha256")) continue;
        return std::pair{std::min(begun->second, lint.time), std::max(begun->second, lint.time)};
    }
    return {};
}

// check_profile holds the certificate against the profile that its step names.
void check_profile(const BundleState& state, const ArtefactFact& artefact, const StepReading& step,
                   const x509::Certificate& certificate, const std::string& issuer_key) {
    const auto file = step.text("profile");
    const auto toml = state.profiles.find(file);
    if (toml == state.profiles.end())
        return state.checks.missing(artefact.file + ": without " + file + " it cannot be compared with its profile");
    const auto profile = read_profile(toml->second, state.bindings.values);
    if (!profile) {
        return state.checks.missing(artefact.file + ": cannot be compared with its profile: " + file + " " +
                                    profile.error().public_detail());
    }
    const auto times = signing_times(state, artefact);
    const auto key = state.facts.keys.find(issuer_key);
    const auto* issuer = state.certificate_of_step(step.text("issuer"));
    const bool self_signed = step.action == "x509.selfsign";
    // What is not there was reported: the lint, the key, the issuer's certificate.
    if (!times || key == state.facts.keys.end() || !key->second.key || (!self_signed && issuer == nullptr)) return;
    const auto names = state.bindings.names.find(step.text("names"));
    const ProfileQuestion question{profile.value(),
                                   names == state.bindings.names.end() ? std::vector<std::string>{} : names->second,
                                   state.bindings.mode == "rehearsal",
                                   times->first,
                                   times->second,
                                   self_signed ? nullptr : &issuer->certificate,
                                   key->second.key->type()};
    for (const auto& difference : differences(certificate, question))
        state.checks.invalid(artefact.file + ": " + difference + " (" + file + ")");
}

// read_certificate is empty where there is none, which was said then.
std::optional<x509::Certificate> read_certificate(BundleState& state, const ArtefactFact& artefact) {
    const auto* content = state.content(artefact.file);
    if (content == nullptr) return std::nullopt;
    const auto der = x509::decode_pem("CERTIFICATE", text_of(*content));
    const auto certificate = der ? x509::Certificate::parse(der.value()) : Result<x509::Certificate>{der.error()};
    if (certificate) return certificate.value();
    state.checks.invalid(artefact.file + ": " + certificate.error().public_detail());
    return std::nullopt;
}

void check_certificate(BundleState& state, const ArtefactFact& artefact) {
    const auto certificate = read_certificate(state, artefact);
    if (!certificate) return;
    const auto* step = state.script.find(artefact.step);
    if (step == nullptr || (step->action != "x509.selfsign" && step->action != "x509.issue") ||
        "artefacts/" + step->text("artefact") != artefact.file) {
        return state.checks.invalid(artefact.file + ": the script makes no such certificate here");
    }
    compare_details(state, artefact, certificate.value());
    if (artefact.body->text("key") != key_id_of_certificate_step(state, *step))
        state.checks.invalid(artefact.file + ": the script certifies another key");
    check_names(state, artefact, *step, certificate.value());
    const auto issuer_key = issuer_key_id(state, *step);
    check_signed(state, {artefact, "certificate", "certificate", certificate.value().tbs(),
                         crypto::sha256(certificate.value().signature()).hex(), issuer_key});
    verify_with(state, artefact.file, issuer_key,
                [&](const crypto::PublicKey& key) { return certificate.value().verify_signature(key); });
    for (const auto& lint : state.facts.lints) {
        if (lint.step == artefact.step && lint.profile != step->text("profile"))
            state.checks.invalid(artefact.file + ": was made by another profile than the script's");
    }
    check_profile(state, artefact, *step, certificate.value(), issuer_key);
    state.certificates.push_back({artefact.step, artefact.file, certificate.value()});
}

// check_imported wants the certificate that the bindings name, of the key that the script names, under the issuer that
// it names or self-signed.
void check_imported(BundleState& state, const ArtefactFact& artefact) {
    const auto certificate = read_certificate(state, artefact);
    if (!certificate) return;
    const auto* step = state.script.find(artefact.step);
    if (step == nullptr || step->action != "x509.import" || "artefacts/" + step->text("artefact") != artefact.file)
        return state.checks.invalid(artefact.file + ": the script imports no such certificate here");
    compare_details(state, artefact, certificate.value());
    const auto named = state.bindings.certificates.find(step->text("certificate"));
    if (named == state.bindings.certificates.end() || named->second != certificate.value().fingerprint().hex())
        state.checks.invalid(artefact.file + ": is another certificate than the bindings name");
    if (!step->text("key").empty() && artefact.body->text("key") != key_id_of_certificate_step(state, *step))
        state.checks.invalid(artefact.file + ": is of another key than the script names");
    const auto* issuer = step->text("issuer").empty() ? nullptr : state.certificate_of_step(step->text("issuer"));
    if (issuer == nullptr && !step->text("issuer").empty())
        return state.doubt(artefact.file + ": its issuer's certificate is not in the bundle");
    const auto& issuing = issuer == nullptr ? certificate.value() : issuer->certificate;
    const auto key = crypto::PublicKey::parse(issuing.fields().spki.view());
    if (!(certificate.value().fields().issuer_der == issuing.fields().subject_der))
        state.checks.invalid(artefact.file + ": names another issuer than the script");
    else if (!key || !certificate.value().verify_signature(key.value()))
        state.checks.invalid(artefact.file + ": its signature does not hold");
    state.certificates.push_back({artefact.step, artefact.file, certificate.value()});
}

// has_issuer says whether the certificate of a step stands under another: what a chain has, and a path leads through.
bool has_issuer(const StepReading* step) {
    if (step == nullptr) return false;
    return step->action == "x509.issue" || (step->action == "x509.import" && !step->text("issuer").empty());
}

// check_chain wants the certificate of its step and then its issuers, up to and without the self-signed one.
void check_chain(BundleState& state, const ArtefactFact& artefact) {
    const auto* content = state.content(artefact.file);
    if (content == nullptr) return;
    const auto* step = state.script.find(artefact.step);
    if (step == nullptr || "artefacts/" + step->text("chain") != artefact.file)
        return state.checks.invalid(artefact.file + ": the script makes no such chain here");
    std::string expected;
    for (; has_issuer(step); step = state.script.find(step->text("issuer"))) {
        const auto* link = state.certificate_of_step(step->id);
        if (link == nullptr || expected.size() > kMaxChain)
            return state.doubt(artefact.file + ": a certificate of the chain is not in the bundle");
        expected += x509::encode_pem("CERTIFICATE", link->certificate.der().view());
    }
    if (text_of(*content) != expected) state.checks.invalid(artefact.file + ": is not the chain of its certificate");
}

void check_crl(BundleState& state, const ArtefactFact& artefact) {
    const auto* content = state.content(artefact.file);
    if (content == nullptr) return;
    const auto crl = x509::CertificateList::parse(*content);
    if (!crl) return state.checks.invalid(artefact.file + ": " + crl.error().public_detail());
    const auto* step = state.script.find(artefact.step);
    if (step == nullptr || step->action != "x509.crl" || "artefacts/" + step->text("artefact") != artefact.file) {
        return state.checks.invalid(artefact.file + ": the script makes no such CRL here");
    }
    if (step->text("number") != std::to_string(crl.value().number()) ||
        artefact.body->number("number") != crl.value().number())
        state.checks.invalid(artefact.file + ": its number is not that of the script");
    const auto validity = parse_duration(step->text("validity"));
    if (!validity || crl.value().next_update() - crl.value().this_update() != validity.value())
        state.checks.invalid(artefact.file + ": its validity is not that of the script");
    if (crl.value().entry_count() != 0)
        state.checks.invalid(artefact.file + ": it revokes, which no step of a script can do");
    const auto* issuer = state.certificate_of_step(step->text("issuer"));
    if (issuer == nullptr) {
        state.doubt(artefact.file + ": its issuer's certificate is not in the bundle");
    } else if (!(issuer->certificate.fields().subject_der == crl.value().issuer())) {
        state.checks.invalid(artefact.file + ": names another issuer than the script");
    }
    const auto* issuer_step = state.script.find(step->text("issuer"));
    const auto issuer_key = issuer_step == nullptr ? std::string{} : key_id_of_certificate_step(state, *issuer_step);
    const auto signature_sha256 = crypto::sha256(crl_signature(*content)).hex();
    check_signed(state, {artefact, "crl", "crl", crl.value().tbs(), signature_sha256, issuer_key});
    verify_with(state, artefact.file, issuer_key,
                [&](const crypto::PublicKey& key) { return crl.value().verify_signature(key); });
}

std::optional<std::vector<x509::Certificate>> read_roots(BundleState& state) {
    if (state.question.roots.empty()) {
        state.checks.missing("no roots were given: nothing outside of the bundle says which root is the right one");
        return {};
    }
    const auto pem = read_text_file(state.question.roots, kMaxRoots);
    if (!pem) {
        state.checks.missing("the roots cannot be read: " + pem.error().public_detail());
        return {};
    }
    auto roots = x509::Certificate::parse_pem(pem.value(), 64);
    if (!roots) {
        state.checks.invalid("the roots cannot be read: " + roots.error().public_detail());
        return {};
    }
    return std::move(roots.value());
}

// path_of is a certificate and its issuers, without the self-signed one; nothing where a link is not in the bundle.
std::optional<std::vector<x509::Certificate>> path_of(const BundleState& state, const BundleCertificate& leaf) {
    std::vector<x509::Certificate> path;
    const auto* step = state.script.find(leaf.step);
    while (has_issuer(step)) {
        const auto* link = state.certificate_of_step(step->id);
        if (link == nullptr || path.size() == kMaxPath) return {};
        path.push_back(link->certificate);
        step = state.script.find(step->text("issuer"));
    }
    return path;
}

}  // namespace

void check_certificates(BundleState& state) {
    state.checks.begin("certificates");
    for (const auto& artefact : state.facts.artefacts) {
        if (artefact.kind == "certificate") check_certificate(state, artefact);
        if (artefact.kind == "imported-certificate") check_imported(state, artefact);
    }
    for (const auto& artefact : state.facts.artefacts) {
        if (artefact.kind == "chain") check_chain(state, artefact);
    }
    if (state.facts.complete()) {
        for (const auto& step : state.script.steps) {
            const bool certifies =
                step.action == "x509.selfsign" || step.action == "x509.issue" || step.action == "x509.import";
            if (certifies && state.facts.artefact("artefacts/" + step.text("artefact")) == nullptr)
                state.checks.invalid("the certificate of step '" + step.id + "' was not kept");
            if (certifies && !step.text("chain").empty() &&
                state.facts.artefact("artefacts/" + step.text("chain")) == nullptr)
                state.checks.invalid("the chain of step '" + step.id + "' was not kept");
        }
    }
    const auto imported = std::count_if(state.facts.artefacts.begin(), state.facts.artefacts.end(),
                                        [](const auto& file) { return file.kind == "imported-certificate"; });
    state.checks.end((imported == 0 ? "" : std::to_string(imported) + " imported as the bindings name them; ") +
                     std::to_string(state.certificates.size() - static_cast<std::size_t>(imported)) +
                     " certificates carry what was linted and what their profiles give, signed by the keys that the "
                     "script names");
}

void check_crls(BundleState& state) {
    state.checks.begin("CRLs");
    std::size_t count = 0;
    for (const auto& artefact : state.facts.artefacts) {
        if (artefact.kind != "crl") continue;
        check_crl(state, artefact);
        ++count;
    }
    for (const auto& step : state.script.steps) {
        if (state.facts.complete() && step.action == "x509.crl" &&
            state.facts.artefact("artefacts/" + step.text("artefact")) == nullptr)
            state.checks.invalid("the CRL of step '" + step.id + "' was not kept");
    }
    state.checks.end(std::to_string(count) + " verified");
}

void check_signatures_accounted(BundleState& state) {
    state.checks.begin("signatures");
    for (const auto& signature : state.facts.signatures) {
        if (signature.accounted) continue;
        const std::string text = "step '" + signature.step + "' made a signature over " + signature.tbs_sha256 +
                                 ", and no file of the bundle carries it";
        if (state.facts.complete()) {
            state.doubt(text);
        } else {
            state.checks.missing(text);
        }
    }
    state.checks.end(std::to_string(state.facts.signatures.size()) +
                     " made, each of them over a certificate or CRL of the bundle");
}

void check_paths(BundleState& state) {
    state.checks.begin("roots");
    const auto roots = read_roots(state);
    std::size_t count = 0;
    for (const auto& made : state.certificates) {
        if (!roots) break;
        const auto path = path_of(state, made);
        if (!path) {
            state.doubt(made.file + ": its path to a root has a gap");
            continue;
        }
        if (path->empty()) {
            const bool given = std::any_of(roots->begin(), roots->end(),
                                           [&](const auto& root) { return root.der() == made.certificate.der(); });
            if (!given) state.checks.invalid(made.file + " is not among the roots that were given");
            continue;
        }
        const auto at = std::max(made.certificate.fields().not_before, path->back().fields().not_before);
        const auto findings = x509::validate_path({*path, *roots, at, std::nullopt});
        for (const auto& finding : findings) {
            if (finding.severity == x509::Severity::error)
                state.checks.invalid(made.file + ": no valid path to the roots that were given: " + finding.detail);
        }
        ++count;
    }
    state.checks.end(roots ? std::to_string(count) + " certificates lead to the roots that were given" : std::string{});
}

}  // namespace sealwright::verifier
