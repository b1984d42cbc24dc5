// root_crl_file.hpp: the offline root's CRL, which somebody carries to this machine once in a while as a file.
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>

#include "base/log.hpp"
#include "protocols/crl/crl_protocol.hpp"
#include "x509/certificate.hpp"

namespace sealwright::server {

// RootCrlFile reads the file again when it has changed, and serves it only if the root has signed it and it is not
// older than the one before. Thread-safe.
class RootCrlFile {
public:
    // path empty: nothing is served.
    RootCrlFile(std::filesystem::path path, x509::Certificate root, Log& log)
        : path_(std::move(path)), root_(std::move(root)), log_(log) {}
    std::optional<protocols::crl::RootCrl> current();

private:
    Result<protocols::crl::RootCrl> read() const;

    const std::filesystem::path path_;
    const x509::Certificate root_;
    Log& log_;
    std::mutex mutex_;
    std::optional<protocols::crl::RootCrl> current_;
    std::filesystem::file_time_type read_at_{};
    std::chrono::steady_clock::time_point looked_at_{};
    bool looked_ = false;
};

}  // namespace sealwright::server
