// Signatures a second and their latency, for each number of lanes, and what to set.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <map>
#include <thread>

#include "hsm/pkcs11/ckr_error.hpp"
#include "hsm/token_judge/session_of_judgement.hpp"

namespace sealwright::hsm::token_judge {
namespace {

using crypto::DigestAlgorithm;
using crypto::SignatureScheme;
using std::chrono::steady_clock;

struct Kind {
    std::string_view name;
    KeyType type;
    unsigned bits;
    SignatureAlgorithm algorithm;
};

constexpr std::array kKinds{
    Kind{"rsa-2048/rsa-pkcs1-sha256", KeyType::rsa, 2048, {SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha256}},
    Kind{"rsa-3072/rsa-pkcs1-sha256", KeyType::rsa, 3072, {SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha256}},
    Kind{"rsa-3072/rsa-pss-sha256", KeyType::rsa, 3072, {SignatureScheme::rsa_pss, DigestAlgorithm::sha256}},
    Kind{"rsa-4096/rsa-pkcs1-sha512", KeyType::rsa, 4096, {SignatureScheme::rsa_pkcs1, DigestAlgorithm::sha512}},
    Kind{"ecdsa-sha256", KeyType::ec_p256, 0, {SignatureScheme::ecdsa, DigestAlgorithm::sha256}},
    Kind{"ecdsa-sha384", KeyType::ec_p384, 0, {SignatureScheme::ecdsa, DigestAlgorithm::sha384}},
    Kind{"ecdsa-sha512", KeyType::ec_p521, 0, {SignatureScheme::ecdsa, DigestAlgorithm::sha512}},
    Kind{"ed25519", KeyType::ed25519, 0, {SignatureScheme::ed25519, DigestAlgorithm::sha512}},
};

constexpr std::size_t kMaxSamples = 200000;  // of one lane: enough for any percentile

// Lane is one thread's part of a run.
struct Lane {
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    std::vector<double> milliseconds;
    unsigned long signatures = 0, failures = 0;
};

void sign_until(Probe& probe, const SigningKey& key, Lane& lane, steady_clock::time_point end) {
    const Bytes message(600, 0x30);  // about a TBSCertificate
    for (auto began = steady_clock::now(); began < end;) {
        auto plan = pkcs11::plan_message(key.algorithm, probe.mechanisms(), message);
        Bytes raw;
        const bool made = plan && probe.raw_sign({&probe.f(), lane.session}, plan.value().mechanism(),
                                                 key.pair.private_key, plan.value().data(), raw) == CKR_OK;
        const auto now = steady_clock::now();
        ++(made ? lane.signatures : lane.failures);
        if (lane.milliseconds.size() < kMaxSamples)
            lane.milliseconds.push_back(std::chrono::duration<double, std::milli>(now - began).count());
        began = now;
    }
}

double percentile(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) return 0;
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    return sorted[std::min(sorted.size() - 1, rank == 0 ? 0 : rank - 1)];
}

std::string number_text(double number) {
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%.6f", number);
    return std::string(text.data(), static_cast<std::size_t>(size));
}

void send_measure(Probe& probe, std::string_view algorithm, const std::vector<Lane>& lanes, double seconds) {
    std::vector<double> all;
    unsigned long signatures = 0, failures = 0;
    for (const Lane& lane : lanes) {
        all.insert(all.end(), lane.milliseconds.begin(), lane.milliseconds.end());
        signatures += lane.signatures;
        failures += lane.failures;
    }
    std::sort(all.begin(), all.end());
    probe.report().send("measure", {std::string{algorithm}, std::to_string(lanes.size()), std::to_string(signatures),
                                    std::to_string(failures), number_text(seconds), number_text(percentile(all, 0.5)),
                                    number_text(percentile(all, 0.99)), number_text(all.empty() ? 0 : all.back())});
}

// run_lanes measures one number of lanes; false when the token opens no more sessions.
bool run_lanes(Probe& probe, std::string_view algorithm, const SigningKey& key, unsigned count, double seconds) {
    std::vector<Lane> lanes(count);
    CK_RV rv = CKR_OK;
    for (Lane& lane : lanes) {
        if (rv == CKR_OK) rv = probe.open(lane.session, false);
    }
    if (rv == CKR_OK) {
        const auto began = steady_clock::now();
        const auto end =
            began + std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>{seconds});
        {
            std::vector<std::jthread> threads;
            for (Lane& lane : lanes) threads.emplace_back([&] { sign_until(probe, key, lane, end); });
        }
        send_measure(probe, algorithm, lanes, std::chrono::duration<double>(steady_clock::now() - began).count());
    } else {
        probe.report().send("left_out", {std::string{algorithm} + " at " + std::to_string(count) +
                                         " lanes: C_OpenSession answered " + pkcs11::ckr_name(rv)});
    }
    for (const Lane& lane : lanes) {
        if (lane.session != CK_INVALID_HANDLE) probe.f().C_CloseSession(lane.session);
    }
    return rv == CKR_OK;
}

void measure_kind(Probe& probe, const Kind& kind, const BenchPlan& plan) {
    const unsigned patience = probe.ref().patience;
    const auto seconds = static_cast<unsigned>(std::ceil(plan.seconds));
    probe.report().step(std::string{kind.name} + ": making a key", 5 * patience);
    auto key = probe.house_key(probe.main(), kind.type, kind.bits, {kind.algorithm});
    if (!key) return probe.report().send("left_out", {std::string{kind.name} + ": " + key.error().describe()});
    for (const unsigned lanes : plan.lanes) {
        probe.report().step(std::string{kind.name} + ", " + std::to_string(lanes) + (lanes == 1 ? " lane" : " lanes"),
                            seconds + patience);
        if (!run_lanes(probe, kind.name, key.value(), lanes, plan.seconds)) break;
    }
    probe.destroy(key.value().pair);
}

template <class Number>
bool read_number(const std::string& text, Number& number) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc{} && end == text.data() + text.size();
}

std::optional<Measure> measure_of(const Message& message) {
    const auto& f = message.fields;
    Measure measure;
    if (f.size() != 8) return std::nullopt;
    measure.algorithm = f[0];
    const bool good = read_number(f[1], measure.lanes) && read_number(f[2], measure.signatures) &&
                      read_number(f[3], measure.failures) && read_number(f[4], measure.seconds) &&
                      read_number(f[5], measure.p50_ms) && read_number(f[6], measure.p99_ms) &&
                      read_number(f[7], measure.longest_ms);
    return good ? std::optional{measure} : std::nullopt;
}

// Bench runs each algorithm in a child of its own.
class Bench {
public:
    Bench(const Subject& subject, const Secret& pin, const BenchPlan& plan, const OnProgress& on_progress)
        : ref_(module_ref(subject)), pin_(pin), plan_(plan), on_progress_(on_progress) {
        result_.label = ref_.key_label;
    }

    Result<BenchResult> run() {
        const SignalsStop signals;
        for (const Kind& kind : kKinds) {
            if (!wanted(kind) || result_.interrupted || refused_) continue;
            const ChildEnd end = use_token(
                ref_, pin_, true, [&](Probe& probe) { measure_kind(probe, kind, plan_); },
                [&](const Message& message) { take(message); });
            if (end.how == Ending::interrupted) result_.interrupted = true;
            if (end.how == Ending::crashed || end.how == Ending::stopped)
                result_.left_out.push_back(std::string{kind.name} + ": the module ended the process (" + end.detail +
                                           ")");
            if (end.how == Ending::hung)
                result_.left_out.push_back(std::string{kind.name} + ": the module hung (" + end.detail + ")");
        }
        if (refused_) return refused_error(ref_, *refused_);
        result_.leftovers = clean_up(ref_, pin_);
        if (result_.measures.empty() && failure_) return *failure_;
        return std::move(result_);
    }

private:
    bool wanted(const Kind& kind) const {
        const auto& names = plan_.algorithms;
        return names.empty() || std::find(names.begin(), names.end(), kind.name) != names.end();
    }
    void take(const Message& message) {
        if (message.kind == "measure") {
            if (auto measure = measure_of(message)) result_.measures.push_back(std::move(*measure));
        } else if (message.kind == "left_out" && !message.fields.empty()) {
            result_.left_out.push_back(message.fields[0]);
        } else if (message.kind == "step" && on_progress_ && !message.fields.empty()) {
            on_progress_(message.fields[0]);
        } else if (message.kind == "failure") {
            failure_ = error_of(message);
        } else if (message.kind == "refused") {
            refused_ = message.fields.empty() ? std::string{} : message.fields[0];
        }
    }

    const ModuleRef ref_;
    const Secret& pin_;
    const BenchPlan& plan_;
    const OnProgress& on_progress_;
    BenchResult result_;
    std::optional<std::string> refused_;
    std::optional<Error> failure_;
};

}  // namespace

std::vector<std::string> bench_names() {
    std::vector<std::string> names;
    for (const Kind& kind : kKinds) names.emplace_back(kind.name);
    return names;
}

Result<BenchResult> bench(const Subject& subject, const Secret& pin, const BenchPlan& plan,
                          const OnProgress& on_progress) {
    return Bench{subject, pin, plan, on_progress}.run();
}

std::vector<Recommendation> recommend(const std::vector<Measure>& measures) {
    constexpr double kNearlyBest = 0.95;
    std::vector<Recommendation> list;
    std::map<std::string, std::vector<const Measure*>> by_algorithm;
    std::vector<std::string> order;
    for (const Measure& measure : measures) {
        auto& runs = by_algorithm[measure.algorithm];
        if (runs.empty()) order.push_back(measure.algorithm);
        // Lanes that fail are no lanes to set.
        if (measure.failures == 0 && measure.signatures > 0) runs.push_back(&measure);
    }
    for (const std::string& algorithm : order) {
        auto runs = by_algorithm[algorithm];
        if (runs.empty()) continue;
        std::sort(runs.begin(), runs.end(), [](const Measure* a, const Measure* b) { return a->lanes < b->lanes; });
        double best = 0;
        for (const Measure* run : runs) best = std::max(best, run->per_second());
        const auto enough = std::find_if(runs.begin(), runs.end(),
                                         [&](const Measure* run) { return run->per_second() >= kNearlyBest * best; });
        // Ten times the slowest that was seen, and never under the default of five seconds: what takes longer ends the
        // token's process.
        const double slowest = (*enough)->longest_ms / 1000;
        const auto hang = static_cast<unsigned>(std::max(5.0, std::ceil(10 * slowest)));
        list.push_back({algorithm, (*enough)->lanes, (*enough)->per_second(), hang, 2 * hang});
    }
    return list;
}

}  // namespace sealwright::hsm::token_judge
