// steps.hpp: one function for each kind of step. Each records what it is about to do, does it, and records what came of
// it.
#pragma once

#include "ceremonies/runner/player.hpp"

namespace sealwright::ceremonies {

// StepRun is one step being played: what it needs, and the records that carry its id.
class StepRun {
public:
    StepRun(const Stage& stage, Performance& performance, const Step& step)
        : stage_(stage), made_(performance), step_(step) {}

    Result<void> perform(const ConfirmStep& work);
    Result<void> perform(const OpenTokenStep& work);
    Result<void> perform(const GenerateStep& work);
    Result<void> perform(const FindKeyStep& work);
    Result<void> perform(const CertifyStep& work);
    Result<void> perform(const ImportStep& work);
    Result<void> perform(const CrlStep& work);
    Result<void> perform(const SignerConfigStep& work);
    Result<void> perform(const CloseStep& work);

private:
    Result<void> record(std::string_view type, JsonObject body) {
        return stage_.recorder.record(type, step_.id, std::move(body));
    }
    Result<void> keep(const std::string& file, std::string_view kind, ByteView content, JsonObject details);
    Result<void> deviate(const std::string& what, const std::string& detail);
    void show(const std::string& text) { stage_.desk.show("  " + text); }
    UtcTime signing_time() const;

    // before_use and after_use are the records around each use of a token. after_use passes a failure on.
    Result<IntentId> before_use(std::string_view operation, JsonObject body);
    Result<void> after_use(std::string_view operation, const IntentId& intent, JsonObject body);
    Error use_failed(std::string_view operation, const IntentId& intent, const Error& error);

    Result<Confirmation> confirmed_by(const Role& role, const std::string& text);
    // add_key keeps a key that is on record, shows it and judges it.
    Result<MadeKey*> add_key(const KeyDemand& work, hsm::pkcs11::TokenKey key, bool found);
    Result<hsm::pkcs11::TokenKey> find_key(const KeyDemand& work, const KeyId& wanted);
    Result<void> judge(MadeKey& made);
    // with_throw_away_keys is the play of check, in which no key is the one that it stands for.
    bool with_throw_away_keys() const noexcept { return !stage_.house.keeps_evidence(); }
    // sign asks the key's token, verifies the signature, and fails for one that does not hold.
    Result<Bytes> sign(const MadeKey& key, hsm::Purpose purpose, const crypto::SignatureAlgorithm& algorithm,
                       ByteView tbs);
    Result<void> record_lint(std::string_view what, ByteView tbs, const x509::Findings& findings, JsonObject body);
    Result<x509::Certificate> certify(const CertifyStep& work, const MadeKey& subject, const MadeCertificate* issuer);
    Result<void> check_path(const MadeCertificate& made);
    bool is_below_imported(const MadeCertificate& made) const;
    std::vector<x509::Certificate> chain_of(const MadeCertificate& made, bool with_root) const;

    // The key or certificate of an earlier step; the script was checked, so that it exists.
    const MadeKey& key_of(const std::string& step) const;
    const MadeCertificate& certificate_of(const std::string& step) const;

    const Stage& stage_;
    Performance& made_;
    const Step& step_;
};

// findings_json is how findings stand in records; findings_text is one line each, for people.
JsonArray findings_json(const x509::Findings& findings);
std::string findings_text(const x509::Findings& findings);

// key_identifier_of is the subjectKeyIdentifier of a certificate; empty where it has none.
Bytes key_identifier_of(const x509::Certificate& certificate);

// signer_keys_toml is the [[key]] tables of sealwright-signer's configuration (docs/operations/signer.md), with digests
// that the ceremony made.
Result<std::string> signer_keys_toml(const SignerConfigStep& work, const Inputs& inputs, const Performance& made);

}  // namespace sealwright::ceremonies
