// signer_bench: certificate signatures a second through sealwright-signer (socket, limits, journal, token process)
// against C_Sign by as many threads on the same token, at several numbers of requests side by side. Both are measured
// in turns; only their ratio counts, and its median over the rounds.
#include <CLI/CLI.hpp>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "asn1/oid.hpp"
#include "hsm/signer_process/client.hpp"
#include "load.hpp"
#include "raw_signing.hpp"
#include "site.hpp"
#include "x509/tbs_builder.hpp"

namespace sealwright::bench {
namespace {

struct Arguments {
    std::string make_keys_in, sign_raw_in, folder, signer = SEALWRIGHT_SIGNER;
    std::vector<unsigned> outstanding{1, 4, 16, 64};
    CaKey key;
    unsigned threads = 1, lanes = 4, rounds = 5;
    double seconds = 1;
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

Bytes make_tbs(const std::filesystem::path& folder) {
    const auto issuing = load_certificate(folder / "issuing.cer");
    x509::TbsCertificateFields fields;
    fields.serial = SerialNumber{std::array<std::uint8_t, 16>{0x40, 1}};
    fields.signature_algorithm = crypto::default_algorithm(issuing.key().value().type());
    fields.issuer = issuing.fields().subject_der;
    fields.subject = issuing.fields().issuer_der;
    fields.not_before = SystemClock{}.now();
    fields.not_after = fields.not_before + std::chrono::hours{24 * 30};
    fields.spki = issuing.key().value().spki();
    fields.extensions = {{bytes_of(asn1::oid::kKeyUsage), true, x509::encode_key_usage(x509::kDigitalSignature)}};
    return x509::build_tbs_certificate(fields).bytes();
}

struct Alone {
    double per_second = 0, cpu_microseconds = 0;
};

Alone raw_rate(const Programs& programs, const std::filesystem::path& folder, unsigned threads,
               const Arguments& arguments) {
    std::ostringstream text;
    text << arguments.seconds;
    std::istringstream told{
        Child::start({programs.self, "--sign-raw", folder.string(), "--threads", std::to_string(threads), "--seconds",
                      text.str(), "--key", arguments.key.name},
                     false)
            .finish()};
    double count = 0, elapsed = 0, cpu = 0;
    told >> count >> elapsed >> cpu;
    if (!told || count < 1) throw std::runtime_error{"the raw loop signed nothing"};
    return {count / elapsed, cpu / count * 1e6};
}

int run(const Arguments& arguments) {
    const Programs programs{std::filesystem::read_symlink("/proc/self/exe").string(), arguments.signer,
                            SEALWRIGHT_SOFTHSM_INIT};
    const Folder folder{
        arguments.folder.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path{arguments.folder},
        false};
    prepare(folder.path(), programs, arguments.lanes, arguments.key);
    const Child signer = Child::start({programs.signer, "--config", (folder.path() / "signer.toml").string()}, true);
    StderrLog log{LogLevel::warning};
    crypto::SystemRandom random;
    const auto client =
        must(hsm::signer_process::Client::connect({.socket_path = (folder.path() / "signer.sock").string(),
                                                   .node = crypto::random_id<NodeId>(random),
                                                   .epoch = BootEpoch{1},
                                                   .deadline = std::chrono::seconds{10},
                                                   .max_outstanding = 1024,
                                                   .expect_same_user = true},
                                                  log));
    const Bytes tbs = make_tbs(folder.path());
    const auto ca_key = load_certificate(folder.path() / "issuing.cer").key().value();
    const auto sign = [&](std::uint64_t) {
        hsm::SignRequest request;
        request.key = ca_key.id();
        request.algorithm = crypto::default_algorithm(ca_key.type());
        request.intent = crypto::random_id<IntentId>(random);
        request.tbs = tbs;
        return static_cast<bool>(client->sign(request));
    };
    std::uint64_t failed = run_load(4, 0.3, sign).failed;
    std::cout << std::fixed << crypto::key_type_name(ca_key.type()) << " in SoftHSM, " << arguments.lanes
              << " lanes, median of " << arguments.rounds << " rounds of " << arguments.seconds << " s each in turns\n"
              << "  outstanding    C_Sign/s   through the signer/s   ratio   CPU us a signature: token alone, signer, "
                 "client\n";
    for (const unsigned outstanding : arguments.outstanding) {
        std::vector<double> raw, through, ratios, raw_cpu, cpu, own_cpu;
        for (unsigned round = 0; round < arguments.rounds; ++round) {
            const auto alone = raw_rate(programs, folder.path(), outstanding, arguments);
            raw.push_back(alone.per_second);
            raw_cpu.push_back(alone.cpu_microseconds);
            const auto before = usage_of(signer.pid()), own_before = usage_of(::getpid());
            const auto timing = run_load(outstanding, arguments.seconds, sign);
            const auto after = usage_of(signer.pid()), own_after = usage_of(::getpid());
            const auto each = [&](const ProcessUsage& begin, const ProcessUsage& end) {
                return (end.cpu_seconds - begin.cpu_seconds) / static_cast<double>(timing.done) * 1e6;
            };
            failed += timing.failed;
            through.push_back(timing.per_second());
            ratios.push_back(through.back() / raw.back());
            cpu.push_back(each(before, after));
            own_cpu.push_back(each(own_before, own_after) - each({}, after) + each({}, before));
        }
        std::cout.precision(0);
        std::cout << "  " << std::setw(11) << outstanding << std::setw(12) << median(raw) << std::setw(23)
                  << median(through);
        std::cout.precision(2);
        std::cout << std::setw(8) << median(ratios);
        std::cout.precision(0);
        std::cout << std::setw(22) << median(raw_cpu) << std::setw(6) << median(cpu) << std::setw(6) << median(own_cpu)
                  << std::endl;
    }
    std::cout << "  resident memory: " << usage_of(signer.pid()).resident_kib / 1024
              << " MiB in all its processes; failed " << failed << std::endl;
    return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sealwright::bench

int main(int argc, char** argv) {
    using namespace sealwright::bench;
    CLI::App app{"Measures what the signer's process costs: signatures through it against C_Sign on the same token."};
    Arguments arguments;
    app.add_option("--outstanding", arguments.outstanding, "requests side by side, each measured")
        ->capture_default_str();
    app.add_option("--rounds", arguments.rounds, "rounds of each, in turns")->capture_default_str();
    app.add_option("--seconds", arguments.seconds, "seconds of each round")->capture_default_str();
    app.add_option("--lanes", arguments.lanes, "lanes of the signer")->capture_default_str();
    app.add_option("--key", arguments.key.name, "the CA's key: rsa (3072), ec-p256, ec-p384, ec-p521 or ed25519")
        ->capture_default_str();
    app.add_option("--folder", arguments.folder, "where the journal is written (default: the temporary folder)");
    app.add_option("--signer", arguments.signer, "another sealwright-signer than this build's");
    app.add_option("--threads", arguments.threads)->group("");
    app.add_option("--make-keys", arguments.make_keys_in)->group("");
    app.add_option("--sign-raw", arguments.sign_raw_in)->group("");
    CLI11_PARSE(app, argc, argv);
    try {
        if (!arguments.make_keys_in.empty()) return make_keys(arguments.make_keys_in, arguments.lanes, arguments.key);
        if (!arguments.sign_raw_in.empty())
            return sign_raw(arguments.sign_raw_in, arguments.threads, arguments.seconds, arguments.key);
        return run(arguments);
    } catch (const std::exception& failure) {
        std::cerr << "signer_bench: " << failure.what() << std::endl;
        return 2;
    }
}
