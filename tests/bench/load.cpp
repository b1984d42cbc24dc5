#include "load.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/digest.hpp"
#include "support/test_ca.hpp"

namespace sealwright::bench {

double Timing::percentile(double p) const {
    if (microseconds.empty()) return 0;
    const auto at = static_cast<std::size_t>(p * static_cast<double>(microseconds.size() - 1));
    return microseconds[at] / 1000.0;
}

Timing run_load(unsigned threads, double seconds, const std::function<bool(std::uint64_t)>& work) {
    using Clock = std::chrono::steady_clock;
    std::atomic<std::uint64_t> next{0}, failed{0};
    std::vector<std::vector<std::uint32_t>> times(threads);
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    const auto run = [&](std::vector<std::uint32_t>& own) {
        for (auto from = Clock::now(); from < end;) {
            if (!work(next.fetch_add(1))) ++failed;
            const auto to = Clock::now();
            own.push_back(
                static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(to - from).count()));
            from = to;
        }
    };
    std::vector<std::thread> runners;
    for (auto& own : times) runners.emplace_back([&run, &own] { run(own); });
    for (auto& runner : runners) runner.join();
    Timing timing;
    timing.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    timing.failed = failed;
    for (const auto& own : times) timing.microseconds.insert(timing.microseconds.end(), own.begin(), own.end());
    timing.done = timing.microseconds.size() - failed;
    std::sort(timing.microseconds.begin(), timing.microseconds.end());
    return timing;
}

std::vector<Bytes> make_requests(std::size_t count) {
    test::SoftwareSigner keys;
    std::vector<Bytes> requests;
    requests.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = "host" + std::to_string(i) + ".example.org";
        const auto key = keys.add_key(crypto::KeyType::ec_p256);
        requests.push_back(
            test::make_csr(keys, key, {.subject = "CN=" + name, .san = {"DNS:" + name}, .more = {}}).der.bytes());
    }
    return requests;
}

Bytes ocsp_request(const issuance::Authority& authority, const SerialNumber& serial, ByteView nonce) {
    namespace oid = asn1::oid;
    asn1::DerWriter out;
    out.sequence([&] {
        out.sequence([&] {
            out.sequence([&] {
                out.sequence([&] {
                    out.sequence([&] {
                        out.sequence([&] { out.oid(oid::kSha1).null(); });
                        out.octet_string(crypto::digest(crypto::DigestAlgorithm::sha1,
                                                        authority.certificate.fields().subject_der.view()));
                        out.octet_string(crypto::digest(crypto::DigestAlgorithm::sha1, authority.key.public_bits()));
                        out.unsigned_integer(serial.view());
                    });
                });
            });
            if (nonce.empty()) return;
            asn1::DerWriter value;
            value.octet_string(nonce);
            out.constructed(asn1::context_constructed(2), [&] {
                out.raw(x509::encode_extensions({{bytes_of(oid::kOcspNonce), false, value.take()}}));
            });
        });
    });
    return out.take();
}

ProcessUsage usage_of(pid_t pid) {
    ProcessUsage usage;
    const std::string folder = "/proc/" + std::to_string(pid);
    std::ifstream stat{folder + "/stat"};
    std::string text{std::istreambuf_iterator<char>{stat}, {}};
    // Fields are counted from behind the name, which may hold anything.
    std::istringstream fields{text.substr(text.rfind(')') + 2)};
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    usage.cpu_seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    std::ifstream status{folder + "/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) usage.resident_kib = std::stoull(line.substr(6));
    }
    // The signer is several processes.
    std::ifstream children{folder + "/task/" + std::to_string(pid) + "/children"};
    for (pid_t child = 0; children >> child;) {
        const ProcessUsage of_child = usage_of(child);
        usage.cpu_seconds += of_child.cpu_seconds;
        usage.resident_kib += of_child.resident_kib;
    }
    return usage;
}

}  // namespace sealwright::bench
