// device_fleet: many simulated devices that enrol at one CA by the native protocol's two rounds, each until it has its
// certificate, whatever becomes of the CA meanwhile. Their TPMs are software (tests/support/fake_tpm). For tests and
// for whoever wants to know what a site of a thousand laptops does to a CA.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "base/file.hpp"
#include "http_client/client.hpp"
#include "tests/support/fake_device.hpp"

namespace {

using namespace sealwright;
using Clock = std::chrono::steady_clock;

constexpr int kUsage = 64;
constexpr std::chrono::milliseconds kPause{100};

struct Options {
    std::string server, ca_file, profile = "attested-device", folder, domain = "devices.demo.sealwright.test";
    std::size_t count = 200, threads = 16;
    std::size_t rsa_every = 20;   // each so manieth device has an RSA endorsement key, whose making takes long
    unsigned patience = 300;      // seconds
    std::string issuer = "p384";  // the manufacturer's key that signs the certificates of endorsement keys
    bool plain = false;           // requests alone, without evidence: what a benchmark compares with
};

// Tally is what the fleet tells at its end.
struct Tally {
    std::atomic<std::size_t> enrolled{0}, failed{0}, openings{0}, answers{0}, polls{0}, retries{0}, replaced{0};
};

struct Member {
    test::FakeDevice device;
    std::string secret;
};

std::string name_of(const Options& options, std::size_t number) {
    return "fleet-" + std::to_string(number) + "." + options.domain;
}

// make_member: what a manufacturer and the operating system do once.
Member make_member(const Options& options, const test::FakeVendor& vendor, std::size_t number) {
    const bool rsa = options.rsa_every != 0 && number % options.rsa_every == 0;
    test::FakeTpm tpm{test::make_ek(rsa ? "L-1" : "L-2"), test::make_ak()};
    auto certificate = vendor.certify_ek(tpm.ek().public_key());
    return {{std::move(tpm), test::make_leaf(), name_of(options, number), std::move(certificate)}, {}};
}

template <class Work>
void on_threads(std::size_t threads, std::size_t count, const Work& work) {
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> pool;
    for (std::size_t i = 0; i < threads; ++i) {
        pool.emplace_back([&] {
            for (std::size_t number = next++; number < count; number = next++) work(number);
        });
    }
    for (auto& thread : pool) thread.join();
}

// read_secrets reads lines "NAME SECRET".
std::map<std::string, std::string> read_secrets(const std::filesystem::path& path) {
    std::ifstream file{path};
    std::map<std::string, std::string> secrets;
    for (std::string name, secret; file >> name >> secret;) secrets[name] = secret;
    return secrets;
}

// SecretDesk is where a device asks the operator for another secret: a line "wants NAME" on standard output, and the
// file of secrets, read again until there is one. A secret is used up by the intent that it was shown for, also where
// the CA was killed before that became a certificate.
class SecretDesk {
public:
    explicit SecretDesk(std::filesystem::path file) : file_(std::move(file)) {}

    std::string replace(const std::string& name, const std::string& old, Clock::time_point deadline) {
        {
            const std::lock_guard lock{mutex_};
            std::cout << "wants " << name << std::endl;
        }
        while (Clock::now() < deadline) {
            std::this_thread::sleep_for(kPause);
            const std::lock_guard lock{mutex_};
            const auto secrets = read_secrets(file_);
            const auto found = secrets.find(name);
            if (found != secrets.end() && found->second != old) return found->second;
        }
        return old;
    }

private:
    const std::filesystem::path file_;
    std::mutex mutex_;
};

// Enrolment is one device's way to its certificate. Every step can be cut off; each is taken again from where the CA
// is.
class Enrolment {
public:
    Enrolment(const Options& options, const Member& member, SecretDesk& desk, Tally& tally)
        : options_(options), member_(member), desk_(desk), tally_(tally), secret_(member.secret) {}

    bool run(Clock::time_point deadline) {
        deadline_ = deadline;
        while (Clock::now() < deadline) {
            if (options_.plain ? request() : asks_after_ ? poll() : challenge_ ? answer() : open()) return true;
            if (refused_) return false;
            ++tally_.retries;
            std::this_thread::sleep_for(kPause);
        }
        why_ = "no certificate in time; last: " + why_;
        return false;
    }
    const std::string& why() const noexcept { return why_; }

private:
    // ask gives nothing where the CA did not answer.
    std::optional<http_client::Response> ask(const std::string& method, const std::string& target, std::string body) {
        if (!client_) {
            http_client::Options options;
            options.connect_timeout = std::chrono::seconds{5};
            options.request_timeout = std::chrono::seconds{30};
            options.tls.ca_file = options_.ca_file;
            auto opened = http_client::Client::open(options_.server, options);
            if (!opened) return gone(opened.error().describe());
            client_.emplace(std::move(opened).value());
        }
        http_client::Request request{.method = method, .target = target};
        request.headers.push_back({"Authorization", "Bearer " + secret_});
        if (!body.empty())
            request.headers.push_back({"Content-Type", options_.plain ? "application/x-pem-file" : "application/json"});
        request.body = std::move(body);
        auto response = client_->send(request);
        if (!response) return gone(response.error().describe());
        why_ = std::to_string(response.value().status) + " " + response.value().body;
        return std::move(response).value();
    }
    std::optional<http_client::Response> gone(std::string why) {
        client_.reset();
        why_ = std::move(why);
        return std::nullopt;
    }
    static bool is_busy(const http_client::Response& response) {
        return response.status == 429 || response.status == 503;
    }
    bool refuse() {
        refused_ = true;
        return false;
    }

    // request is an enrolment without evidence.
    bool request() {
        ++tally_.answers;
        const auto csr = test::csr_of(member_.device.key, member_.device.name);
        const auto response = ask("POST", "/native/v1/certificates?profile=" + options_.profile,
                                  x509::encode_pem("CERTIFICATE REQUEST", csr.der.view()));
        if (!response || is_busy(*response)) return false;
        return response->status == 201 || refuse();
    }

    bool open() {
        ++tally_.openings;
        const auto response = ask("POST", "/native/v1/attestations", member_.device.opening_body(options_.profile));
        if (!response || is_busy(*response)) return false;
        if (response->status != 201) return refuse();
        auto challenge = test::read_challenge(response->body);
        if (!challenge) return refuse();
        challenge_ = std::move(challenge).value();
        return false;
    }

    bool answer() {
        ++tally_.answers;
        const auto body = member_.device.answer_body(*challenge_);
        if (!body) {
            why_ = body.error().describe();
            return refuse();
        }
        const auto response = ask("POST", "/native/v1/attestations/" + challenge_->request, body.value());
        // Whether an answer that was cut off has reached the CA, only the CA knows.
        asks_after_ = !response || response->status != 201;
        return !asks_after_;
    }

    bool poll() {
        ++tally_.polls;
        const auto response = ask("GET", "/native/v1/requests/" + challenge_->request, {});
        if (!response || response->status == 202 || response->status == 429) return false;
        if (response->status == 200) return true;
        const bool still_waits = response->body.find("waits for its requester") != std::string::npos;
        const bool abandoned = response->body.find("abandoned") != std::string::npos;
        if (still_waits) {
            asks_after_ = false;
        } else if (abandoned || response->body.find("\"indeterminate\"") != std::string::npos) {
            ++tally_.replaced;
            secret_ = desk_.replace(member_.device.name, secret_, deadline_);
            asks_after_ = false;
            challenge_.reset();
        } else if (!is_busy(*response)) {
            return refuse();
        }
        return false;
    }

    const Options& options_;
    const Member& member_;
    SecretDesk& desk_;
    Tally& tally_;
    std::string secret_;
    Clock::time_point deadline_{};
    std::optional<http_client::Client> client_;
    std::optional<test::ChallengeMessage> challenge_;
    bool asks_after_ = false, refused_ = false;
    std::string why_;
};

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file{path};
    file << text;
    if (!file.flush()) throw std::runtime_error{"cannot write " + path.string()};
}

int run(const Options& options) {
    const std::filesystem::path folder{options.folder};
    std::filesystem::create_directories(folder);
    const auto now = SystemClock{}.now();
    const auto issuer = options.issuer == "p256" ? crypto::KeyType::ec_p256 : crypto::KeyType::ec_p384;
    const test::FakeVendor vendor{now, "Simulated Fleet Manufacturer", {.intermediate = issuer}};
    write_file(folder / "root.pem", x509::encode_pem("CERTIFICATE", vendor.root().der().view()));
    write_file(folder / "issuer.pem", x509::encode_pem("CERTIFICATE", vendor.intermediate().der().view()));

    std::vector<std::optional<Member>> members(options.count);
    on_threads(std::thread::hardware_concurrency(), options.count,
               [&](std::size_t i) { members[i].emplace(make_member(options, vendor, i)); });
    std::string names;
    for (const auto& member : members) names += member->device.name + "\n";
    write_file(folder / "names", names);

    // Who started this makes the secrets and lets the CA trust the manufacturer; a line on standard input says so.
    std::cout << "ready" << std::endl;
    std::string line;
    if (!std::getline(std::cin, line)) return 1;
    const auto secrets = read_secrets(folder / "secrets");
    for (auto& member : members) {
        const auto found = secrets.find(member->device.name);
        if (found == secrets.end()) throw std::runtime_error{"no secret for " + member->device.name};
        member->secret = found->second;
    }

    Tally tally;
    SecretDesk desk{folder / "secrets"};
    std::mutex telling;
    const auto started = Clock::now();
    const auto deadline = started + std::chrono::seconds{options.patience};
    on_threads(options.threads, options.count, [&](std::size_t i) {
        Enrolment enrolment{options, *members[i], desk, tally};
        if (enrolment.run(deadline)) {
            ++tally.enrolled;
            return;
        }
        ++tally.failed;
        const std::lock_guard lock{telling};
        std::cerr << members[i]->device.name << ": " << enrolment.why() << "\n";
    });
    const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
    std::cout << "{\"devices\":" << options.count << ",\"enrolled\":" << tally.enrolled
              << ",\"failed\":" << tally.failed << ",\"openings\":" << tally.openings
              << ",\"answers\":" << tally.answers << ",\"polls\":" << tally.polls << ",\"retries\":" << tally.retries
              << ",\"secrets_replaced\":" << tally.replaced << ",\"seconds\":" << seconds
              << ",\"enrolments_per_second\":" << static_cast<double>(tally.enrolled) / seconds << "}" << std::endl;
    return tally.failed == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
    CLI::App app{
        "Simulates devices with TPMs of software that enrol at a CA. It writes the roots of their manufacturer "
        "(root.pem, issuer.pem) and their names into "
        "a folder, says \"ready\", waits for a line, reads a secret for each from the folder (secrets: NAME SECRET) "
        "and begins.",
        "device_fleet"};
    Options options;
    app.add_option("--server", options.server, "https://HOST:PORT")->required();
    app.add_option("--ca", options.ca_file, "roots of the server, PEM")->required();
    app.add_option("--folder", options.folder, "for what it writes and reads")->required();
    app.add_option("--profile", options.profile, "attested-device");
    app.add_option("--domain", options.domain, "of the devices' names");
    app.add_option("--count", options.count, "devices (200)");
    app.add_option("--threads", options.threads, "so many at once (16)");
    app.add_option("--rsa-every", options.rsa_every, "each so manieth has an RSA endorsement key (20; 0: none)");
    app.add_option("--issuer", options.issuer, "the manufacturer's key: p256 or p384 (p384)")
        ->check(CLI::IsMember({"p256", "p384"}));
    app.add_flag("--plain", options.plain, "requests alone, without evidence");
    app.add_option("--patience", options.patience, "seconds (300)");
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsage;
    }
    try {
        return run(options);
    } catch (const std::exception& failure) {
        std::cerr << "device_fleet: " << failure.what() << "\n";
        return 1;
    }
}
