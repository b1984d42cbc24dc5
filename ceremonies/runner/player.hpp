// player.hpp: plays a script, step after step, on the tokens of a house, and tells a recorder. The same for run,
// rehearse and check.
#pragma once

#include "audit/merkle_tree.hpp"
#include "ceremonies/runner/inputs.hpp"
#include "ceremonies/runner/recorder.hpp"
#include "ceremonies/runner/token_house.hpp"
#include "x509/certificate.hpp"

namespace sealwright::ceremonies {

// Stage is everything that a play needs and does not own.
struct Stage {
    const Inputs& inputs;
    TokenHouse& house;
    Recorder& recorder;
    Desk& desk;
    const Clock& clock;
    crypto::Random& random;
};

// What the steps made, for the report and for the closing.
struct MadeKey {
    std::string step;
    std::string token;  // role
    hsm::pkcs11::TokenInfo token_info;
    std::shared_ptr<hsm::pkcs11::Token> holder;
    hsm::pkcs11::TokenKey key;
    std::string evidence_template;
    x509::Findings evidence_findings;
    UtcTime made_at{};
    bool found = false;  // an earlier ceremony generated it
};
struct MadeCertificate {
    std::string step, issuer_step, key_step, file;  // an imported one has a key_step only if it issues here
    x509::Certificate certificate;
    bool imported = false;  // an earlier ceremony made it
};
struct MadeFile {
    std::string file, kind;
    Sha256 sha256;
};
struct Closing {
    std::string key_step;  // empty: the head is not signed
    std::string origin;
};

struct OpenedToken {
    std::string role;
    std::shared_ptr<hsm::pkcs11::Token> token;
};

struct Performance {
    std::map<std::string, OpenedToken> tokens;  // by the step that opened them
    std::vector<MadeKey> keys;
    std::vector<MadeCertificate> certificates;
    std::vector<MadeFile> files;
    std::vector<std::string> deviations;
    std::vector<std::string> lint_warnings;
    std::size_t signatures = 0;
    std::size_t confirmations = 0, unattended = 0;  // given in all; given by a program in a person's place
    Closing closing;

    const MadeKey* key(std::string_view step) const noexcept;
    const MadeCertificate* certificate(std::string_view step) const noexcept;
};

// play_step plays one step; what it refers to must have been played.
Result<void> play_step(const Stage& stage, Performance& performance, const Step& step);

// end_with records the failure that ends a ceremony, in this step or none, and gives it back.
Error end_with(const Stage& stage, Performance& performance, const std::string& step, const Error& error);

// play goes through the steps. At the first failure it records a deviation and gives the error; performance then holds
// what was made until then. bundle.close is only noted in performance.closing: signing the head comes after the last
// record.
Result<void> play(const Stage& stage, Performance& performance);

}  // namespace sealwright::ceremonies
