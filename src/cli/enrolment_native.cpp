#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/ids.hpp"
#include "cli/admin_client.hpp"
#include "cli/enrolment.hpp"
#include "cli/exit_code.hpp"
#include "cli/secret_source.hpp"
#include "http_client/client.hpp"
#include "x509/certificate.hpp"

namespace sealwright::cli {
namespace {

constexpr std::string_view kRequests = "/native/v1/requests/";
constexpr std::uint64_t kLongestRetry = 600;

// Headers holds the credential for as long as one request takes, and zeroises it then.
class CredentialHeaders {
public:
    CredentialHeaders(std::vector<http_client::Header> headers, const Secret& secret) : headers_(std::move(headers)) {
        if (secret.empty()) return;
        std::string value = "Bearer ";
        value.reserve(value.size() + secret.size());
        value += text_of(secret.reveal());
        headers_.push_back({"Authorization", std::move(value)});
    }
    ~CredentialHeaders() {
        for (auto& header : headers_) zeroise(header.value.data(), header.value.size());
    }
    CredentialHeaders(const CredentialHeaders&) = delete;
    CredentialHeaders& operator=(const CredentialHeaders&) = delete;
    // lend puts the headers into a request; take_back gets them out again before that dies.
    void lend(http_client::Request& request) { request.headers = std::move(headers_); }
    void take_back(http_client::Request& request) { headers_ = std::move(request.headers); }

private:
    std::vector<http_client::Header> headers_;
};

std::chrono::seconds retry_after(const http_client::Response& response) {
    std::uint64_t seconds = 5;
    if (const auto* value = response.header("Retry-After"))
        std::from_chars(value->data(), value->data() + value->size(), seconds);
    return std::chrono::seconds{std::clamp<std::uint64_t>(seconds, 1, kLongestRetry)};
}

// request_of reads the request's identifier from Location, and nothing else: the next question goes to the server that
// was asked, whatever it says.
Result<std::string> request_of(const http_client::Response& response) {
    const auto* location = response.header("Location");
    if (location == nullptr) return fail(ErrorCode::malformed, "the server's answer names no request (Location)");
    const auto at = location->find(kRequests);
    if (at == std::string::npos) return fail(ErrorCode::malformed, "the server's Location is none of this protocol");
    SEALWRIGHT_TRY(const auto id, RequestId::from_hex_text(std::string_view{*location}.substr(at + kRequests.size())));
    return id.hex();
}

Result<void> split_chain(const std::string& pem, Enrolled& enrolled) {
    SEALWRIGHT_TRY(const auto chain, x509::Certificate::parse_pem(pem));
    if (chain.empty()) return fail(ErrorCode::malformed, "the server sent no certificate");
    for (std::size_t i = 0; i < chain.size(); ++i) {
        (i == 0 ? enrolled.certificate : enrolled.chain) += x509::encode_pem("CERTIFICATE", chain[i].der().view());
    }
    Bytes serial = chain[0].fields().serial;
    if (serial.size() == SerialNumber::kSize + 1 && serial[0] == 0) serial.erase(serial.begin());
    enrolled.serial = to_hex(serial);
    enrolled.serial.insert(0, enrolled.serial.size() < 32 ? 32 - enrolled.serial.size() : 0, '0');
    return success();
}

class NativeEnrolment final : public Enrolment {
public:
    NativeEnrolment(http_client::Client client, std::string server, Secret secret)
        : client_(std::move(client)), server_(std::move(server)), secret_(std::move(secret)) {}

    Result<Enrolled> ask(const std::string& profile, const std::string& csr) override {
        const std::string target = "/native/v1/certificates?profile=" + http_client::escape_segment(profile);
        const char* type = is_pem(csr) ? "application/x-pem-file" : "application/pkcs10";
        SEALWRIGHT_TRY(const auto response, exchange({.method = "POST", .target = target, .headers = {}, .body = csr},
                                                     {{"Content-Type", type}}));
        return read(response, {});
    }

    Result<Enrolled> resume(const std::string& request) override {
        SEALWRIGHT_TRY(
            const auto response,
            exchange({.method = "GET", .target = std::string{kRequests} + request, .headers = {}, .body = {}}, {}));
        return read(response, request);
    }

private:
    Result<http_client::Response> exchange(http_client::Request request, std::vector<http_client::Header> headers) {
        if (auto connected = client_.connect(); !connected) return cannot_connect(connected.error());
        CredentialHeaders credential{std::move(headers), secret_};
        credential.lend(request);
        auto response = client_.send(request);
        credential.take_back(request);
        if (response) return response;
        if (request.method == "GET") return with_advice(response.error(), "Ask again.");
        return with_advice(
            fail(ErrorCode::indeterminate, "the server's answer never came: a certificate may have been issued",
                 response.error().public_detail()),
            "A one-time secret may be used up. Ask the CA's operator: sealwright request list, sealwright cert list "
            "--name NAME.");
    }

    Error cannot_connect(const Error& why) const {
        if (why.code() == ErrorCode::unauthenticated) {
            return with_advice(fail(why.code(), server_ + ": " + why.public_detail()),
                               "Does --ca name the roots of this server? Does --server, or --server-name, have a name "
                               "that is in its certificate?");
        }
        return with_advice(fail(ErrorCode::unavailable, "cannot reach " + server_, why.public_detail()),
                           "Is the address right, and the daemon running?");
    }

    static Result<Enrolled> read(const http_client::Response& response, const std::string& known_request) {
        if (response.status >= 400) return read_problem(response.status, response.body);
        Enrolled enrolled;
        enrolled.request = known_request;
        if (auto request = request_of(response)) enrolled.request = request.value();
        if (response.status == 202) {
            if (enrolled.request.empty())
                return fail(ErrorCode::malformed, "the server's answer names no request (Location)");
            enrolled.retry_after = retry_after(response);
            return enrolled;
        }
        if (response.status != 200 && response.status != 201)
            return fail(ErrorCode::malformed, "the server answered with status " + std::to_string(response.status));
        SEALWRIGHT_TRY(split_chain(response.body, enrolled));
        enrolled.issued = true;
        return enrolled;
    }

    http_client::Client client_;
    std::string server_;
    Secret secret_;
};

}  // namespace

Result<std::unique_ptr<Enrolment>> enrol_over_https(const NativeOptions& options, Terminal& terminal) {
    for (const std::string* file : {&options.ca_file, &options.client_certificate, &options.client_key}) {
        if (!file->empty() && ::access(file->c_str(), R_OK) != 0) {
            return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io,
                        "cannot read " + *file + ": " + std::strerror(errno));
        }
    }
    http_client::Options http;
    http.tls.ca_file = options.ca_file;
    http.tls.server_name = options.server_name;
    if (!options.client_certificate.empty())
        http.tls.client_certificate = http_client::ClientCertificate{options.client_certificate, options.client_key};
    if (!options.server.starts_with("https://")) {
        return with_advice(fail(ErrorCode::denied, "a secret does not travel without TLS: " + options.server),
                           "--server takes https://HOST:PORT.");
    }
    SEALWRIGHT_TRY(auto client, http_client::Client::open(options.server, http));
    Secret secret;
    if (options.client_certificate.empty()) {
        SEALWRIGHT_TRY(secret, read_secret(options.secret, terminal, "Enrolment secret:", "secret"));
    }
    return std::unique_ptr<Enrolment>{
        std::make_unique<NativeEnrolment>(std::move(client), options.server, std::move(secret))};
}

}  // namespace sealwright::cli
