// issuance_bench: certificates a second through the whole of issuance (CSR read, possession, policy, template, linter,
// durable intent, the signer process over its socket, self-check, durable completion), against the signatures a second
// that the token makes when it does nothing else. The two are measured in turns, since machines are noisy: only their
// ratio counts, and its median over the rounds.
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "hsm/signer_process/client.hpp"
#include "load.hpp"
#include "raw_signing.hpp"
#include "site.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "support/test_ca.hpp"

namespace sealwright::bench {
namespace {

struct Arguments {
    std::string make_keys_in, sign_raw_in, folder, json;
    CaKey key;  // of the child that makes keys
    unsigned threads = 2, lanes = 2, in_flight = 64, rounds = 5;
    double seconds = 2;
    std::size_t requests = 8192;
    bool keep = false, without_ocsp = false;
};

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error{result.error().describe()};
    return std::move(result).value();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

double load_average() {
    std::array<double, 3> averages{};
    return ::getloadavg(averages.data(), 3) < 1 ? 0 : averages[0];
}

struct Raw {
    double per_second = 0, cpu_microseconds = 0;
};

struct Issuing {
    double per_second = 0, p50 = 0, p99 = 0, daemon_cpu = 0, signer_cpu = 0;
    std::uint64_t failed = 0;
};

// Ca is the daemon's side: store, client, engine and responder, in this process.
class Ca {
public:
    Ca(const std::filesystem::path& folder, unsigned in_flight)
        : log_(LogLevel::warning), random_(), authority_(load_authority(folder)) {
        store_ = must(store::sqlite::SqliteStore::open(folder / "store.sqlite", {}, log_));
        node_.id = must(store_->node_id());
        node_.epoch = must(store_->open_epoch(node_.id, clock_.now(), {}));
        client_ = must(hsm::signer_process::Client::connect({.socket_path = (folder / "signer.sock").string(),
                                                             .node = node_.id,
                                                             .epoch = node_.epoch,
                                                             .deadline = std::chrono::seconds{10},
                                                             .max_outstanding = 1024,
                                                             .expect_same_user = true},
                                                            log_));
        const auto profile = test::load_profile(test::profile_text("tls-server"));
        engine_ = std::make_unique<issuance::Engine>(
            authority_, issuance::Profiles{{profile->name, profile}},
            issuance::EngineOptions{.node = node_, .lease = std::chrono::seconds{30}}, *store_, *client_, clock_,
            random_, log_);
        issuance::OcspPolicy policy;
        policy.max_concurrent_signatures = std::max<std::size_t>(policy.max_concurrent_signatures, in_flight);
        responder_ = std::make_unique<issuance::OcspResponder>(authority_, load_certificate(folder / "ocsp.cer"),
                                                               policy, *store_, *client_, clock_, random_, log_);
    }

    // issue is one request from its octets to the answer.
    bool issue(ByteView der) {
        auto csr = x509::CertificateRequest::parse_any(der);
        if (!csr) return false;
        auto requested = profile::requested_content(csr.value());
        if (!requested) return false;
        auto outcome = engine_->issue(
            {.principal = policy::LocalPrincipal{.uid = 0, .pid = 1, .user = "root", .roles = {"operator"}},
             .channel = policy::Channel::admin_socket,
             .peer = "local",
             .profile = "tls-server",
             .requested = std::move(requested).value(),
             .proof = issuance::CsrProof{std::move(csr).value()}});
        if (!outcome) {
            if (!complained_.exchange(true)) std::cerr << "refused: " << outcome.error().describe() << std::endl;
            return false;
        }
        return true;
    }

    std::vector<SerialNumber> some_serials() {
        issuance::CertificateFilter filter;
        filter.limit = 1000;
        std::vector<SerialNumber> serials;
        for (const auto& record : must(store_->certificates(filter))) serials.push_back(record.serial);
        return serials;
    }

    bool answer(ByteView request) { return responder_->answer(request).der.size() > 5; }
    const issuance::Authority& authority() const { return authority_; }
    issuance::OcspResponder::Statistics statistics() const { return responder_->statistics(); }

private:
    StderrLog log_;
    SystemClock clock_;
    crypto::SystemRandom random_;
    issuance::Authority authority_;
    issuance::Node node_;
    std::unique_ptr<store::sqlite::SqliteStore> store_;
    std::unique_ptr<hsm::signer_process::Client> client_;
    std::unique_ptr<issuance::Engine> engine_;
    std::unique_ptr<issuance::OcspResponder> responder_;
    std::atomic<bool> complained_{false};
};

Raw measure_raw(const Programs& programs, const std::filesystem::path& folder, const Arguments& arguments) {
    std::ostringstream seconds;
    seconds << arguments.seconds;
    std::istringstream text{Child::start({programs.self, "--sign-raw", folder.string(), "--threads",
                                          std::to_string(arguments.threads), "--seconds", seconds.str()},
                                         false)
                                .finish()};
    double count = 0, elapsed = 0, cpu = 0;
    text >> count >> elapsed >> cpu;
    if (!text || count < 1) throw std::runtime_error{"the raw loop signed nothing"};
    return {count / elapsed, cpu / count * 1e6};
}

Issuing measure_issuing(Ca& ca, pid_t signer, const std::vector<Bytes>& requests, const Arguments& arguments) {
    const auto daemon_before = usage_of(::getpid()), signer_before = usage_of(signer);
    const auto timing = run_load(arguments.in_flight, arguments.seconds,
                                 [&](std::uint64_t i) { return ca.issue(requests[i % requests.size()]); });
    const auto daemon_after = usage_of(::getpid()), signer_after = usage_of(signer);
    const double done = std::max(1.0, static_cast<double>(timing.done));
    return {timing.per_second(),
            timing.percentile(0.5),
            timing.percentile(0.99),
            (daemon_after.cpu_seconds - daemon_before.cpu_seconds) / done * 1e6,
            (signer_after.cpu_seconds - signer_before.cpu_seconds) / done * 1e6,
            timing.failed};
}

struct Ocsp {
    double just_in_time = 0, cached = 0;
    std::uint64_t failed = 0;
};

Ocsp measure_ocsp(Ca& ca, const Arguments& arguments) {
    const auto serials = ca.some_serials();
    std::vector<Bytes> with_nonce, without;
    for (std::size_t i = 0; i < serials.size(); ++i) {
        Bytes nonce(16, static_cast<std::uint8_t>(i));
        with_nonce.push_back(ocsp_request(ca.authority(), serials[i], nonce));
        without.push_back(ocsp_request(ca.authority(), serials[i], {}));
    }
    const auto fresh = run_load(arguments.in_flight, arguments.seconds,
                                [&](std::uint64_t i) { return ca.answer(with_nonce[i % with_nonce.size()]); });
    for (const auto& request : without) ca.answer(request);
    const auto cached = run_load(arguments.threads, arguments.seconds,
                                 [&](std::uint64_t i) { return ca.answer(without[i % without.size()]); });
    return {fresh.per_second(), cached.per_second(), fresh.failed + cached.failed};
}

struct Report {
    std::vector<Raw> raw;
    std::vector<Issuing> issuing;
    Ocsp ocsp;
    ProcessUsage daemon, signer;
    double busy = 0;  // the machine's load average before anything was started

    template <class T>
    double middle(const std::vector<T>& rounds, double T::*member) const {
        std::vector<double> values;
        for (const auto& round : rounds) values.push_back(round.*member);
        return median(values);
    }
    double ratio() const {
        std::vector<double> values;
        for (std::size_t i = 0; i < raw.size(); ++i) values.push_back(issuing[i].per_second / raw[i].per_second);
        return median(values);
    }
    std::uint64_t failed() const {
        std::uint64_t all = ocsp.failed;
        for (const auto& round : issuing) all += round.failed;
        return all;
    }
};

void print(const Report& report, const Arguments& arguments) {
    std::cout << std::fixed;
    std::cout.precision(0);
    std::cout << "P-256 in SoftHSM, " << arguments.threads << " raw threads, " << arguments.lanes << " lanes, "
              << arguments.in_flight << " requests in flight, median of " << arguments.rounds << " rounds of "
              << arguments.seconds << " s each in turns\n";
    std::cout << "  raw token signatures/s        " << report.middle(report.raw, &Raw::per_second) << "\n";
    std::cout << "  certificates/s                " << report.middle(report.issuing, &Issuing::per_second) << "\n";
    std::cout.precision(3);
    std::cout << "  ratio                         " << report.ratio() << "\n";
    std::cout.precision(2);
    std::cout << "  latency p50 / p99             " << report.middle(report.issuing, &Issuing::p50) << " / "
              << report.middle(report.issuing, &Issuing::p99) << " ms\n";
    std::cout.precision(0);
    std::cout << "  CPU a raw signature           " << report.middle(report.raw, &Raw::cpu_microseconds) << " us\n";
    std::cout << "  CPU a certificate             " << report.middle(report.issuing, &Issuing::daemon_cpu)
              << " us daemon's side, " << report.middle(report.issuing, &Issuing::signer_cpu) << " us signer\n";
    std::cout << "  resident memory               " << report.daemon.resident_kib / 1024
              << " MiB daemon's side (with the load's own), " << report.signer.resident_kib / 1024 << " MiB signer\n";
    if (!arguments.without_ocsp) {
        std::cout << "  OCSP answers/s                " << report.ocsp.just_in_time << " signed just in time (nonce), "
                  << report.ocsp.cached << " from the cache (" << arguments.threads << " threads)\n";
    }
    if (report.busy > 0.5) {
        std::cout.precision(1);
        std::cout << "  WARNING: the load average was " << report.busy
                  << " before the run. On a busy machine the side with more threads gets more of it, which "
                  << "flatters issuance: measure again when nothing else runs.\n";
    }
    std::cout << "  failed requests               " << report.failed() << std::endl;
}

void write_json(const Report& report, const Arguments& arguments) {
    std::ofstream out{arguments.json};
    out << "{\"raw_per_second\":" << report.middle(report.raw, &Raw::per_second)
        << ",\"issued_per_second\":" << report.middle(report.issuing, &Issuing::per_second)
        << ",\"ratio\":" << report.ratio() << ",\"p50_ms\":" << report.middle(report.issuing, &Issuing::p50)
        << ",\"p99_ms\":" << report.middle(report.issuing, &Issuing::p99)
        << ",\"raw_cpu_us\":" << report.middle(report.raw, &Raw::cpu_microseconds)
        << ",\"daemon_cpu_us\":" << report.middle(report.issuing, &Issuing::daemon_cpu)
        << ",\"signer_cpu_us\":" << report.middle(report.issuing, &Issuing::signer_cpu)
        << ",\"daemon_rss_kib\":" << report.daemon.resident_kib << ",\"signer_rss_kib\":" << report.signer.resident_kib
        << ",\"ocsp_just_in_time_per_second\":" << report.ocsp.just_in_time
        << ",\"ocsp_cached_per_second\":" << report.ocsp.cached << ",\"failed\":" << report.failed()
        << ",\"load_average\":" << report.busy << ",\"rounds\":[";
    for (std::size_t i = 0; i < report.raw.size(); ++i) {
        out << (i == 0 ? "" : ",") << "{\"raw_per_second\":" << report.raw[i].per_second
            << ",\"issued_per_second\":" << report.issuing[i].per_second << "}";
    }
    out << "]}\n";
}

int run(const Arguments& arguments) {
    const Programs programs{std::filesystem::read_symlink("/proc/self/exe").string(), SEALWRIGHT_SIGNER,
                            SEALWRIGHT_SOFTHSM_INIT};
    const Folder folder{
        arguments.folder.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path{arguments.folder},
        arguments.keep};
    prepare(folder.path(), programs, arguments.lanes);
    const double busy = load_average();
    const auto requests = make_requests(arguments.requests);
    const Child signer = Child::start({programs.signer, "--config", (folder.path() / "signer.toml").string()}, true);
    Ca ca{folder.path(), arguments.in_flight};

    Report report;
    report.busy = busy;
    for (std::uint64_t i = 0; i < 200; ++i)
        ca.issue(requests[i % requests.size()]);  // everything loaded, every page touched
    for (unsigned round = 0; round < arguments.rounds; ++round) {
        report.raw.push_back(measure_raw(programs, folder.path(), arguments));
        report.issuing.push_back(measure_issuing(ca, signer.pid(), requests, arguments));
        std::cerr << "round " << round + 1 << ": raw " << report.raw.back().per_second << "/s, issued "
                  << report.issuing.back().per_second << "/s" << std::endl;
    }
    report.daemon = usage_of(::getpid());
    report.signer = usage_of(signer.pid());
    if (!arguments.without_ocsp) report.ocsp = measure_ocsp(ca, arguments);
    print(report, arguments);
    if (!arguments.json.empty()) write_json(report, arguments);
    return report.failed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sealwright::bench

int main(int argc, char** argv) {
    using namespace sealwright::bench;
    CLI::App app{"Measures issuance against the raw token, both on SoftHSM with P-256."};
    Arguments arguments;
    app.add_option("--rounds", arguments.rounds, "rounds of each, in turns")->capture_default_str();
    app.add_option("--seconds", arguments.seconds, "seconds of each round")->capture_default_str();
    app.add_option("--in-flight", arguments.in_flight, "requests side by side")->capture_default_str();
    app.add_option("--threads", arguments.threads, "threads of the raw loop")->capture_default_str();
    app.add_option("--lanes", arguments.lanes, "signing threads of the signer")->capture_default_str();
    app.add_option("--requests", arguments.requests, "distinct CSRs made beforehand")->capture_default_str();
    app.add_option("--folder", arguments.folder,
                   "where the site is made; its disk is what is measured (default: the temporary folder)");
    app.add_option("--json", arguments.json, "also write the figures to this file");
    app.add_flag("--keep", arguments.keep, "leave the site's folder");
    app.add_flag("--without-ocsp", arguments.without_ocsp, "issuance alone");
    app.add_option("--make-keys", arguments.make_keys_in)->group("");
    app.add_option("--key", arguments.key.name)->group("");
    app.add_option("--sign-raw", arguments.sign_raw_in)->group("");
    CLI11_PARSE(app, argc, argv);
    try {
        if (!arguments.make_keys_in.empty()) return make_keys(arguments.make_keys_in, arguments.lanes, arguments.key);
        if (!arguments.sign_raw_in.empty())
            return sign_raw(arguments.sign_raw_in, arguments.threads, arguments.seconds);
        return run(arguments);
    } catch (const std::exception& failure) {
        std::cerr << "issuance_bench: " << failure.what() << std::endl;
        return 2;
    }
}
