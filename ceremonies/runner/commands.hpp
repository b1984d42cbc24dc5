// commands.hpp: the verbs of `sealwright ceremony`: check, print, rehearse, run. The command line parses its arguments,
// calls one of these, prints what it returns, and chooses its exit code.
#pragma once

#include <filesystem>

#include "base/clock.hpp"
#include "ceremonies/runner/desk.hpp"
#include "crypto/random.hpp"

namespace sealwright::ceremonies {

// CeremonyFiles are the two inputs. Profiles are files beside the script, which names them.
struct CeremonyFiles {
    std::filesystem::path script;
    std::filesystem::path bindings;
};

// CheckReport is everything that is wrong with script, bindings and profiles, and with the certificates and CRLs that
// they would make. Each problem is one line for an operator: "script.toml:17: step 'root': unknown key 'labell'".
struct CheckReport {
    std::string title, kind, mode;
    Sha256 script_sha256, bindings_sha256;
    std::size_t steps = 0, signatures = 0, keys = 0;
    std::vector<std::string> problems;
    std::vector<std::string> warnings;  // of the linter, and what the check could not look at
    bool ok() const noexcept { return problems.empty(); }
};

// check reads all inputs strictly and plays the whole script with throw-away software keys: every certificate is built,
// linted, signed and its path validated, so that a mistake appears days before the ceremony. Touches no token and asks
// for no PIN. Fails only where the script or the bindings cannot be read at all (not_found, too_large, io); every other
// problem is in the report.
Result<CheckReport> check(const CeremonyFiles& files, const Clock& clock, crypto::Random& random);

// PrintedScript is the same human script twice: for a printer of text (form feeds between pages) and as HTML. Every
// page carries the digests of script and bindings, and REHEARSAL where the bindings say so.
struct PrintedScript {
    std::string text;
    std::string html;
};

// print refuses (config) what check would refuse in script or bindings; it does not play the script.
Result<PrintedScript> print(const CeremonyFiles& files);

// RunOptions: out must not exist yet; it becomes the bundle (docs/ceremonies.md). desk, clock and random must outlive
// the call.
struct RunOptions {
    CeremonyFiles files;
    std::filesystem::path out;
    Desk& desk;
    const Clock& clock;
    crypto::Random& random;
};

// CeremonyOutcome is what the people take away. The head is on no file of the bundle: write it down.
struct CeremonyOutcome {
    std::string mode;           // "production" or "rehearsal"
    std::uint64_t records = 0;  // size of the transcript
    Sha256 root;                // its Merkle root
    std::string head;           // "47 topmost Istanbul ...": one line, what `sealwright-verify --head` takes
    std::string head_columns;   // the same in four columns, for paper
    std::string head_short;     // the first eight words, for reading aloud; proves less
    std::vector<std::string> deviations;
    std::vector<std::filesystem::path> artefacts;
};

// run holds the ceremony with the tokens that the bindings name. It refuses bindings whose mode is not "production" and
// a folder that exists (already_exists: a crashed ceremony's transcript is evidence, never continued or overwritten).
// check runs first: nothing is asked of a token when it has problems (config, with all of them in the detail). A
// failure after the transcript was begun is recorded there as a deviation that ends the ceremony; key generation is
// never tried again.
Result<CeremonyOutcome> run(const RunOptions& options);

// rehearse is the same through the same PKCS#11 calls; it refuses bindings whose mode is not "rehearsal" and marks
// everything as REHEARSAL.
Result<CeremonyOutcome> rehearse(const RunOptions& options);

}  // namespace sealwright::ceremonies
