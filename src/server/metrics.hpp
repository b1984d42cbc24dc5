// metrics.hpp: what the daemon counts, in Prometheus' text format (version 0.0.4), written directly.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>

#include "http_server/server.hpp"
#include "protocols/admin/ports.hpp"

namespace sealwright::server {

// Gauges is the state of the other parts at the moment of asking.
struct Gauges {
    UtcTime now{};
    UtcTime started_at{};
    bool ready = false;
    protocols::admin::StatusReport status;
    http_server::Server::Statistics http;
    std::size_t queued = 0, running = 0;
    std::uint64_t checkpoint_size = 0;
    unsigned crl_failures = 0;
    std::map<std::string, UtcTime> not_after{};  // of the certificates that the daemon works with, by name
};

// Metrics is thread-safe.
class Metrics {
public:
    // observe counts a request; those that asked for a certificate and got one also go into the latency histogram.
    void observe(const http_server::Exchange& exchange);
    void count_unrecorded_refusal() noexcept { ++unrecorded_refusals_; }
    void count_settled(std::uint64_t abandoned, std::uint64_t indeterminate) noexcept;

    std::string text(const Gauges& gauges) const;

private:
    static constexpr std::array<double, 13> kBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                    0.25,  0.5,    1,     2.5,  5,     10};
    struct Histogram {
        std::array<std::uint64_t, kBounds.size()> buckets{};
        std::uint64_t count = 0;
        double sum = 0;
        void add(double seconds);
    };
    using Labels = std::tuple<std::string, std::string, std::string, unsigned>;  // listener, method, route, status

    mutable std::mutex mutex_;
    std::map<Labels, std::uint64_t> requests_;
    std::map<std::string, Histogram> issuance_;  // by protocol
    std::atomic<std::uint64_t> unrecorded_refusals_{0}, abandoned_{0}, indeterminate_{0};
};

}  // namespace sealwright::server
