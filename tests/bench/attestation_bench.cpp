// attestation_bench: verdicts and challenges against the bare public-key operations that they cannot do without, in one
// run and in turns, one device at a time, by the thread's own processor time: what else runs on the machine hits both
// alike.
#include <time.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fstream>
#include <iostream>

#include "base/clock.hpp"
#include "tests/bench/attestation_cases.hpp"

namespace sealwright::bench {
namespace {

struct Arguments {
    std::string json, only;
    unsigned rounds = 30, repeat = 4;
    std::size_t ecc_devices = 64, rsa_devices = 12;
};

double processor_microseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

// microseconds_of is the cost of one call; what does not hold ends the benchmark.
template <class Work>
double microseconds_of(unsigned repeat, const Work& work) {
    const double begun = processor_microseconds();
    for (unsigned i = 0; i < repeat; ++i) {
        if (!work()) throw std::runtime_error{"what is measured does not hold"};
    }
    return (processor_microseconds() - begun) / repeat;
}

// Pair is one round: the bare operations and what is built of them, a device.
struct Pair {
    double bare = 0, whole = 0;
};

struct Figures {
    double bare = 0, whole = 0, ratio = 0;  // microseconds; medians over the rounds
};

template <class Bare, class Whole>
Figures measure(const Fleet& fleet, const Arguments& arguments, const Bare& bare, const Whole& whole) {
    std::vector<double> bares, wholes, ratios;
    for (unsigned round = 0; round <= arguments.rounds; ++round) {
        Pair pair;
        for (const Device& device : fleet.devices) {
            pair.bare += microseconds_of(arguments.repeat, [&] { return bare(device); });
            pair.whole += microseconds_of(arguments.repeat, [&] { return whole(device); });
        }
        if (round == 0) continue;  // everything loaded, every page touched
        const auto count = static_cast<double>(fleet.devices.size());
        bares.push_back(pair.bare / count);
        wholes.push_back(pair.whole / count);
        ratios.push_back(pair.bare / pair.whole);
    }
    return {median(bares), median(wholes), median(ratios)};
}

struct Outcome {
    std::string what;
    Figures verdict, opening, challenge;
};

Outcome measure_fleet(const Fleet& fleet, const Arguments& arguments, UtcTime now, crypto::Random& random) {
    const attestation::Context context{fleet.anchors, fleet.policy, false, now};
    const auto chain_holds = [](const Device& device) {
        return std::all_of(device.chain.begin(), device.chain.end(), [](const auto& link) { return link.holds(); });
    };
    Outcome result{fleet.what, {}, {}, {}};
    result.verdict = measure(
        fleet, arguments, [&](const Device& device) { return chain_holds(device) && device.certification->holds(); },
        [&](const Device& device) {
            return attestation::verify_attestation(device.opening, device.answer, device.expectation, context)
                .affirming();
        });
    result.opening = measure(fleet, arguments, chain_holds, [&](const Device& device) {
        return attestation::verify_opening(device.opening, context).affirming();
    });
    result.challenge = measure(
        fleet, arguments, [](const Device& device) { return device.bare_challenge(); },
        [&](const Device& device) { return attestation::make_challenge(device.opening, random).has_value(); });
    return result;
}

void print(const char* name, const Figures& figures) {
    std::cout << "  " << name << figures.whole << " us, " << 1e6 / figures.whole << " a second; bare " << figures.bare
              << " us; ratio ";
    std::cout.precision(2);
    std::cout << figures.ratio << "\n";
    std::cout.precision(0);
}

void write_json(const std::vector<Outcome>& results, const std::string& path) {
    std::ofstream out{path};
    const auto put = [&](const char* name, const Figures& figures) {
        out << ",\"" << name << "\":{\"bare_us\":" << figures.bare << ",\"us\":" << figures.whole
            << ",\"ratio\":" << figures.ratio << "}";
    };
    out << "[";
    for (const Outcome& result : results) {
        out << (&result == results.data() ? "" : ",") << "{\"case\":\"" << result.what << "\"";
        put("verdict", result.verdict);
        put("opening", result.opening);
        put("challenge", result.challenge);
        out << "}";
    }
    out << "]\n";
}

int run(const Arguments& arguments) {
    const UtcTime now = SystemClock{}.now();
    crypto::SystemRandom random;
    std::vector<Outcome> results;
    const auto measure_all = [&](Keys keys, std::size_t devices) {
        for (const Fleet& fleet : make_fleets(now, keys, devices))
            results.push_back(measure_fleet(fleet, arguments, now, random));
    };
    if (arguments.only != "rsa") measure_all(Keys::p256, arguments.ecc_devices);
    if (arguments.only != "ecc") measure_all(Keys::rsa2048, arguments.rsa_devices);
    std::cout << std::fixed;
    std::cout.precision(0);
    std::cout
        << "median of " << arguments.rounds << " rounds, by the processor time of one thread; bare: the EK "
        << "certificate's signature, its issuer's where the device sent it, and (verdict) the certification's; OAEP "
        << "or ECDH (challenge)\n";
    for (const Outcome& result : results) {
        std::cout << result.what << "\n";
        print("verdict    ", result.verdict);
        print("opening    ", result.opening);
        print("challenge  ", result.challenge);
    }
    if (!arguments.json.empty()) write_json(results, arguments.json);
    return 0;
}

}  // namespace
}  // namespace sealwright::bench

int main(int argc, char** argv) {
    using namespace sealwright::bench;
    CLI::App app{"Measures verdicts over TPM evidence against the signature verifications that they need."};
    Arguments arguments;
    app.add_option("--rounds", arguments.rounds, "rounds of each, in turns")->capture_default_str();
    app.add_option("--repeat", arguments.repeat, "calls for one device in one turn")->capture_default_str();
    app.add_option("--ecc-devices", arguments.ecc_devices, "devices with P-256 keys")->capture_default_str();
    app.add_option("--rsa-devices", arguments.rsa_devices, "devices with RSA keys")->capture_default_str();
    app.add_option("--only", arguments.only, "ecc or rsa")->check(CLI::IsMember({"ecc", "rsa"}));
    app.add_option("--json", arguments.json, "also write the figures to this file");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(arguments);
    } catch (const std::exception& failure) {
        std::cerr << "attestation_bench: " << failure.what() << std::endl;
        return 2;
    }
}
