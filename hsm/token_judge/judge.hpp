// judge.hpp: judges a PKCS#11 token for use by a CA, by making throw-away keys and trying what a CA needs, and what it
// must be safe from. Every group of steps runs in a process of its own: a module that crashes or hangs is a finding.
//
// The caller's process must have no other threads and must not have loaded the module (fork). One judgement at a time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "hsm/pkcs11/token.hpp"
#include "hsm/token_judge/report.hpp"

namespace sealwright::hsm::token_judge {

// Subject says which module and token are judged, and how patiently.
struct Subject {
    std::string module, init_args;
    std::string token_serial, token_label;  // survey needs neither; all else needs both, as the survey gave them
    unsigned deadline = 60;  // seconds after which a call counts as hung; RSA key generation gets five times as many
};

// Survey is what the module tells without a login.
struct Survey {
    std::vector<Fact> module;  // path, manufacturer, description, library_version, cryptoki_version, sha256
    std::vector<pkcs11::TokenInfo> tokens;
};

// survey loads the module in a child. not_found where it cannot be loaded, token where it crashes or hangs, denied
// where a signal interrupted it.
Result<Survey> survey(const Subject& subject);

// count_private_keys logs in once, the only attempt that a wrong PIN costs (denied), and counts the private keys.
Result<std::size_t> count_private_keys(const Subject& subject, const Secret& pin);

// OnProgress gets a line for each step that begins.
using OnProgress = std::function<void(const std::string&)>;

// judge tries everything. SIGINT, SIGTERM and SIGHUP end it early (Report::interrupted); the throw-away keys are
// destroyed in any case, in a fresh child, and counted. No wrong PIN is ever tried. denied where the token refused the
// PIN in the middle: then nothing is tried any more, and the keys stay (their label is in the error).
Result<Report> judge(const Subject& subject, const Survey& survey, const Secret& pin, bool quick,
                     const OnProgress& on_progress);

// Measure is one run of a benchmark.
struct Measure {
    std::string algorithm;
    unsigned lanes = 0;
    unsigned long signatures = 0, failures = 0;
    double seconds = 0;
    double p50_ms = 0, p99_ms = 0, longest_ms = 0;
    double per_second() const noexcept { return seconds > 0 ? static_cast<double>(signatures) / seconds : 0; }
};

struct BenchPlan {
    std::vector<std::string> algorithms;  // "rsa-3072/rsa-pss-sha256", "ecdsa-sha256"; empty: what the token has
    std::vector<unsigned> lanes{1, 2, 4, 8, 16, 30};
    double seconds = 2;  // for each run
};

struct BenchResult {
    std::vector<Measure> measures;
    std::vector<std::string> left_out;  // algorithm: why
    bool interrupted = false;
    std::string label;
    std::optional<unsigned> leftovers;
};

// bench_names are the algorithms that a plan may name.
std::vector<std::string> bench_names();

// bench signs with throw-away keys on some sessions side by side, counting and timing. Not verified: a wrong signature
// is judge's to find.
Result<BenchResult> bench(const Subject& subject, const Secret& pin, const BenchPlan& plan,
                          const OnProgress& on_progress);

// Recommendation is what to set in signer.toml for one algorithm.
struct Recommendation {
    std::string algorithm;
    unsigned lanes = 1;             // the smallest number within 95 % of the best throughput
    double per_second = 0;          // at that number
    unsigned hang_seconds = 0;      // at least, for the slowest signature seen, with room
    unsigned deadline_seconds = 0;  // at least: a request behind a call that hung still gets its turn
};
std::vector<Recommendation> recommend(const std::vector<Measure>& measures);

}  // namespace sealwright::hsm::token_judge
