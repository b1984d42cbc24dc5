// load.hpp: many requests side by side against an engine or a responder, timed one by one.
#pragma once

#include <functional>
#include <vector>

#include "issuance/engine.hpp"
#include "issuance/ocsp_responder.hpp"

namespace sealwright::bench {

struct Timing {
    std::uint64_t done = 0, failed = 0;
    double seconds = 0;
    std::vector<std::uint32_t> microseconds;  // sorted
    double per_second() const { return seconds > 0 ? static_cast<double>(done) / seconds : 0; }
    double percentile(double p) const;  // milliseconds
};

// run_load calls work from so many threads for so many seconds, each time with a number of its own; work says whether
// it succeeded.
Timing run_load(unsigned threads, double seconds, const std::function<bool(std::uint64_t)>& work);

// make_requests makes so many CSRs, each with a P-256 key and a name of its own.
std::vector<Bytes> make_requests(std::size_t count);

// ocsp_request asks about one certificate; a nonce where there is one.
Bytes ocsp_request(const issuance::Authority& authority, const SerialNumber& serial, ByteView nonce);

// ProcessUsage is what /proc says of a process and its children.
struct ProcessUsage {
    double cpu_seconds = 0;
    std::uint64_t resident_kib = 0;
};
ProcessUsage usage_of(pid_t pid);

}  // namespace sealwright::bench
