// bundle_check.hpp: what the bundle's files say, compared with what its transcript says. One function for each area of
// checks.
#pragma once

#include "ceremonies/verifier/ceremony.hpp"
#include "ceremonies/verifier/facts.hpp"
#include "x509/certificate.hpp"

namespace sealwright::verifier {

// A certificate of the bundle that was read and belongs to the transcript.
struct BundleCertificate {
    std::string step, file;
    x509::Certificate certificate;
};

struct BundleState {
    const CeremonyQuestion& question;
    const Transcript& transcript;
    const ScriptReading& script;
    const BindingsReading& bindings;
    const std::map<std::string, std::string>& profiles;  // their TOML, by file
    Facts& facts;
    Checks& checks;
    std::map<std::string, Bytes> files;  // by name within the bundle; what was read and has the digest on record
    std::vector<BundleCertificate> certificates;

    const BundleCertificate* certificate_of_step(std::string_view step) const noexcept;
    // doubt reports what follows from a certificate or CRL that is not there: as missing while a file on record could
    // not be read, which was reported itself; as invalid otherwise.
    void doubt(const std::string& text) const;
    // content is a file's octets, or nothing where it could not be read (which was reported).
    const Bytes* content(const std::string& file) const noexcept;
};

// check_artefacts reads each file on record and compares its digest; check_folder refuses whatever else lies in the
// bundle.
void check_artefacts(BundleState& state);
void check_folder(BundleState& state, const std::set<std::string>& transcript_files);

// check_keys judges the evidence of every key; check_certificates and check_crls verify what was signed, and that
// nothing else was.
void check_keys(BundleState& state);
void check_certificates(BundleState& state);
void check_crls(BundleState& state);
void check_signatures_accounted(BundleState& state);

// check_paths validates each certificate up to the roots that were given.
void check_paths(BundleState& state);

void check_signer_keys(BundleState& state);

// check_checkpoint compares the signed head (nothing: there is none) with the tree, and who signs it with script and
// bindings.
void check_checkpoint(BundleState& state, const std::optional<std::string>& note, const Sha256& root);

}  // namespace sealwright::verifier
