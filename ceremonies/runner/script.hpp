// script.hpp: a ceremony's script: who takes part, and the steps in their order. The same bytes in rehearsal and in
// production.
//
// Reading checks everything that the script can be checked for alone: types, names, that each step refers to earlier
// steps of the right kind, that no two artefacts have one name. docs/ceremonies.md is the reference for those who write
// one.
#pragma once

#include <variant>

#include "ceremonies/runner/strict_toml.hpp"
#include "crypto/spki.hpp"
#include "hsm/key_evidence.hpp"
#include "hsm/signer.hpp"

namespace sealwright::ceremonies {

inline constexpr unsigned kScriptFormat = 1;

struct Role {
    std::string id, title;
    std::size_t count = 1;  // how many people must hold it
};

// OnFail says what becomes of a step that people do not confirm: the ceremony ends, or goes on with a deviation in its
// transcript. A step that uses a token always ends it.
enum class OnFail : std::uint8_t { abort, deviation };

// A person of the step's role confirms a physical act.
struct ConfirmStep {
    std::string text;
};

// A token of the bindings is found and logged into.
struct OpenTokenStep {
    std::string token;  // its role in the bindings
};

// KeyDemand is what a key must be, whether it is generated or found.
struct KeyDemand {
    std::string token_step;  // id of a token.open
    std::string label;
    crypto::KeyType type = crypto::KeyType::ec_p256;
    unsigned rsa_bits = 0;
    std::string evidence_template;
};

struct GenerateStep : KeyDemand {
    std::string artefact;  // the public key as PEM; empty: none
};

// A key that an earlier ceremony generated is found by the digest that the bindings give, and its evidence judged anew.
struct FindKeyStep : KeyDemand {
    std::string spki;  // its name among the keys of the bindings
};

// x509.selfsign and x509.issue.
struct CertifyStep {
    bool self_signed = false;
    std::string issuer;   // id of an x509 step; empty exactly when self_signed
    std::string key;      // id of a p11.generate or p11.find
    std::string profile;  // "profiles/NAME.toml"
    std::string
        names;  // list of the bindings whose names (DNS names, addresses) the certificate may carry; empty: none
    std::string artefact;
    std::string chain_artefact;  // this certificate and its issuers, without the root; empty: none
};

// A certificate of an earlier ceremony comes into this one, so that its key can issue here.
struct ImportStep {
    std::string certificate;  // its name among the certificates of the bindings
    std::string issuer;       // id of an earlier x509.import; empty: a root
    std::string key;          // id of a p11.find, whose key it certifies; empty: it only links others to their root
    std::string artefact;
};

struct CrlStep {
    std::string issuer;  // id of an x509 step whose certificate is a CA's
    std::uint64_t number = 1;
    std::chrono::seconds validity{};
    std::string artefact;
};

// What sealwright-signer will let a key sign; written with the digests that only the ceremony knows.
struct CertificateLimits {
    std::string issuer;  // id of an x509 step
    bool ca = false;
    std::optional<std::uint64_t> max_path_length;
    bool ocsp_signing = false;  // may it certify OCSP signers?
    std::string max_validity,
        max_backdate;  // as the signer's configuration has them ("90d"); max_backdate may be empty
};
struct CrlLimits {
    std::string issuer;
    std::string max_validity;
};
struct OcspLimits {
    std::string max_validity, max_backdate;  // either may be empty: the signer's default
};
struct SignerKey {
    std::string key;  // id of a p11.generate or p11.find
    std::string name;
    std::vector<hsm::Purpose> purposes;
    std::optional<CertificateLimits> certificate;
    std::optional<CrlLimits> crl;
    std::optional<OcspLimits> ocsp;
    std::string checkpoint_log;  // which log of the bindings; for the purpose checkpoint
};
struct SignerConfigStep {
    std::string artefact;
    std::vector<SignerKey> keys;
};

// The last step: the transcript ends, its head is signed by a key of the ceremony.
struct CloseStep {
    std::string key;  // id of a p11.generate or p11.find; empty: the head is not signed
    std::string log;  // which log of the bindings names the transcript; empty exactly when key is
};

using StepWork = std::variant<ConfirmStep, OpenTokenStep, GenerateStep, FindKeyStep, CertifyStep, ImportStep, CrlStep,
                              SignerConfigStep, CloseStep>;

struct Step {
    std::string id;
    std::string by;    // role
    std::string note;  // for the people, on paper and on the screen; may be empty
    OnFail on_fail = OnFail::abort;
    std::size_t line = 0;
    StepWork work;
};

struct Script {
    std::string title, kind;
    std::vector<std::string> requires_;  // clauses that the ceremony is held to, for the report
    std::vector<Role> roles;
    std::vector<Step> steps;

    const Step* find(std::string_view id) const noexcept;
    const Role* role(std::string_view id) const noexcept;
    std::vector<std::string> profiles() const;  // each once, in order of use
};

// action_name is the step's "do": "confirm", "token.open", "p11.generate", "p11.find", "x509.selfsign", "x509.issue",
// "x509.import", "x509.crl", "config.signer", "bundle.close".
std::string_view action_name(const Step& step) noexcept;

// references_of gives the ids of the earlier steps that a step builds on.
std::vector<std::string> references_of(const Step& step);

// parse_script adds every problem to problems; the script is complete only if none was added.
Script parse_script(std::string_view toml, const std::string& source_name, Problems& problems);

}  // namespace sealwright::ceremonies
