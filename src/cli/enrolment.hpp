// enrolment.hpp: the two ways to a certificate, behind one port: the admin socket, and the native protocol over HTTPS.
#pragma once

#include <chrono>
#include <memory>

#include "cli/context.hpp"

namespace sealwright::cli {

// Enrolled is what came of asking. While approvals are missing only request is known.
struct Enrolled {
    bool issued = false;
    std::string request;
    std::string serial;
    std::string certificate;  // PEM
    std::string chain;        // PEM of the issuers, without the certificate itself
    std::optional<std::uint64_t> approvals_needed;
    std::chrono::seconds retry_after{2};
};

class Enrolment {
public:
    virtual ~Enrolment() = default;
    // ask sends a request (PEM or DER, as it was read). Errors as AdminClient's.
    virtual Result<Enrolled> ask(const std::string& profile, const std::string& csr) = 0;
    // resume asks what became of a request that waited.
    virtual Result<Enrolled> resume(const std::string& request) = 0;
};

Result<std::unique_ptr<Enrolment>> enrol_over_admin_socket(const std::string& socket_path);

// enrol_over_https reads the secret (descriptor, file or prompt) unless a client certificate was named.
Result<std::unique_ptr<Enrolment>> enrol_over_https(const NativeOptions& options, Terminal& terminal);

// is_pem says whether a request came as text.
bool is_pem(std::string_view csr) noexcept;

}  // namespace sealwright::cli
