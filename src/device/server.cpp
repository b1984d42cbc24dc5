#include "device/server.hpp"

#include <algorithm>
#include <charconv>

#include "cli/exit_code.hpp"
#include "cli/json.hpp"

namespace sealwright::device {
namespace {

namespace json = cli::json;

constexpr const char *kAttestations = "/native/v1/attestations", *kRequests = "/native/v1/requests/";
constexpr std::uint64_t kLongestRetry = 3600;

std::chrono::seconds retry_after(const http_client::Response& response) {
    std::uint64_t seconds = 5;
    if (const auto* value = response.header("Retry-After"))
        std::from_chars(value->data(), value->data() + value->size(), seconds);
    return std::chrono::seconds{std::clamp<std::uint64_t>(seconds, 1, kLongestRetry)};
}

// is_about_time reads OpenSSL's words for the server's certificate: a clock that is wrong now will be set.
bool is_about_time(std::string_view why) {
    return why.find("not yet valid") != std::string_view::npos || why.find("has expired") != std::string_view::npos;
}

std::string opening_body(const OpeningMessage& message) {
    const tpm::Endorsement& endorsement = message.endorsement;
    json::object body{{"version", 1},
                      {"profile", message.profile},
                      {"ek_public", to_base64(endorsement.public_area)},
                      {"ek_template", std::string{tpm::ek_template_name(endorsement.ek)}},
                      {"ak_public", to_base64(message.ak.public_area)}};
    if (!endorsement.certificate.empty()) body["ek_certificate"] = to_base64(endorsement.certificate);
    if (!endorsement.chain.empty()) {
        json::array chain;
        for (const auto& each : endorsement.chain) chain.emplace_back(to_base64(each));
        body["ek_chain"] = std::move(chain);
    }
    return cli::json_line(body);
}

// answer_body is put together by hand, so that the activated secret is in one place that can be zeroised. All values
// are base64.
std::string answer_body(const AnswerMessage& message) {
    std::string secret = to_base64(message.activated_secret.reveal());
    const std::pair<const char*, std::string> members[] = {
        {"key_public", to_base64(message.key.public_area)},
        {"certify_info", to_base64(message.certification.info)},
        {"certify_signature", to_base64(message.certification.signature)},
        {"csr", to_base64(message.csr)}};
    std::size_t size = 128 + secret.size();
    for (const auto& [name, value] : members) size += value.size() + 32;
    std::string body;
    body.reserve(size);
    body += R"({"version":1,"activated_secret":")";
    body += secret;
    zeroise(secret.data(), secret.size());
    for (const auto& [name, value] : members) {
        body += R"(",")";
        body += name;
        body += R"(":")";
        body += value;
    }
    return body += R"("})";
}

}  // namespace

Result<Server> Server::open(const std::string& url, const std::filesystem::path& roots, Credential credential) {
    if (!url.starts_with("https://"))
        return cli::with_advice(fail(ErrorCode::denied, "a credential does not travel without TLS: " + url),
                                "--server takes https://HOST:PORT.");
    http_client::Options options;
    options.max_body = kMaxAnswer;
    options.tls.ca_file = roots;
    options.tls.client_certificate = credential.certificate;
    SEALWRIGHT_TRY(auto client, http_client::Client::open(url, options));
    return Server{std::move(client), url, std::move(credential)};
}

Result<void> Server::connect() {
    const auto connected = client_.connect();
    if (connected) return success();
    const Error& why = connected.error();
    if (why.code() == ErrorCode::unauthenticated && is_about_time(why.public_detail())) {
        return cli::with_advice(fail(ErrorCode::clock, url_ + ": " + why.public_detail(), why.private_detail()),
                                "Is this machine's clock right? Else the CA's certificate is over, and its operator "
                                "renews it. Nothing is lost: run the command again.");
    }
    if (why.code() == ErrorCode::unauthenticated) {
        return cli::with_advice(fail(why.code(), url_ + ": " + why.public_detail(), why.private_detail()),
                                "Does --ca name the roots of this server? Is the name in --server one that is in its "
                                "certificate? Is this machine's clock right?");
    }
    return cli::with_advice(
        fail(ErrorCode::unavailable, "cannot reach " + url_ + ": " + why.public_detail(), why.private_detail()),
        "Is the address right, is there a network, and is the CA running? Nothing is lost: run the command again.");
}

Result<http_client::Response> Server::exchange(const char* method, const std::string& target, std::string body) {
    SEALWRIGHT_TRY(connect());
    http_client::Request request{.method = method, .target = target, .headers = {}, .body = std::move(body)};
    if (!request.body.empty()) request.headers.push_back({"Content-Type", "application/json"});
    if (!credential_.certificate) {
        std::string value = "Bearer ";
        value.reserve(value.size() + credential_.secret.size());
        value += text_of(credential_.secret.reveal());
        request.headers.push_back({"Authorization", std::move(value)});
    }
    auto response = client_.send(request);
    for (auto& header : request.headers) zeroise(header.value.data(), header.value.size());
    zeroise(request.body.data(), request.body.size());
    return response;
}

Result<Challenge> Server::begin(const OpeningMessage& message) {
    const auto response = exchange("POST", kAttestations, opening_body(message));
    if (!response) return response.error();
    if (response.value().status >= 400)
        return explain(parse_problem(response.value().status, response.value().body), occasion());
    if (response.value().status != 201)
        return fail(ErrorCode::malformed,
                    "the server answered the first round with status " + std::to_string(response.value().status));
    return parse_challenge(response.value().body);
}

Result<Reply> Server::answer(const std::string& request, const AnswerMessage& message) {
    SEALWRIGHT_TRY(connect());
    const auto response = exchange("POST", std::string{kAttestations} + '/' + request, answer_body(message));
    if (response) return read_reply(response.value());
    return cli::with_advice(
        fail(ErrorCode::indeterminate, "the server's answer never came: a certificate may have been issued",
             response.error().describe()),
        how_to_ask(occasion()));
}

Result<Reply> Server::ask(const std::string& request) {
    SEALWRIGHT_TRY(const auto response, exchange("GET", kRequests + request, {}));
    if (response.status >= 400) {
        const Problem problem = parse_problem(response.status, response.body);
        if (problem.end && problem.request == request) {
            Reply reply;
            reply.end = explain_end(problem, occasion());
            return reply;
        }
    }
    return read_reply(response);
}

Result<Reply> Server::read_reply(const http_client::Response& response) const {
    Reply reply;
    if (response.status >= 400) return explain(parse_problem(response.status, response.body), occasion());
    if (response.status == 202) {
        SEALWRIGHT_TRY(const auto waiting, parse_waiting(response.body));
        reply.approvals_needed = waiting.approvals_needed;
        reply.retry_after = retry_after(response);
        return reply;
    }
    if (response.status != 200 && response.status != 201)
        return fail(ErrorCode::malformed, "the server answered with status " + std::to_string(response.status));
    reply.issued = true;
    reply.chain = response.body;
    return reply;
}

}  // namespace sealwright::device
