// server.hpp: the CA as the device sees it: the two rounds of the native protocol, and the question what became of a
// request.
#pragma once

#include <chrono>

#include "base/secret.hpp"
#include "device/advice.hpp"
#include "http_client/client.hpp"
#include "tpm/tpm.hpp"

namespace sealwright::device {

// Credential is what the device shows: a one-time secret or, for a renewal, its certificate and key.
struct Credential {
    Secret secret;
    std::optional<http_client::ClientCertificate> certificate;
};

// Reply is a certificate, word that approvals are missing, or (to ask alone) that the request has ended.
struct Reply {
    bool issued = false;
    std::string chain;  // PEM, leaf first
    std::uint64_t approvals_needed = 0;
    std::chrono::seconds retry_after{5};
    std::optional<Error> end;  // why the request ended without a certificate: the CA's last word
};

struct OpeningMessage {
    std::string profile;
    const tpm::Endorsement& endorsement;
    const tpm::KeyBlob& ak;
};

struct AnswerMessage {
    const Secret& activated_secret;
    const tpm::KeyBlob& key;
    const tpm::Certification& certification;
    const Bytes& csr;
};

// Server keeps one connection. A refusal of the CA is an error of its own code, explained (advice.hpp). Errors besides:
// unavailable (surely nothing was sent), unauthenticated (the server's certificate does not hold), indeterminate
// (answer was sent and its reply never came).
class Server {
public:
    static Result<Server> open(const std::string& url, const std::filesystem::path& roots, Credential credential);

    Result<Challenge> begin(const OpeningMessage& message);
    Result<Reply> answer(const std::string& request, const AnswerMessage& message);
    Result<Reply> ask(const std::string& request);

private:
    Server(http_client::Client client, std::string url, Credential credential)
        : client_(std::move(client)), url_(std::move(url)), credential_(std::move(credential)) {}
    Occasion occasion() const noexcept { return credential_.certificate ? Occasion::renew : Occasion::enroll; }
    Result<http_client::Response> exchange(const char* method, const std::string& target, std::string body);
    Result<void> connect();
    Result<Reply> read_reply(const http_client::Response& response) const;

    http_client::Client client_;
    std::string url_;
    Credential credential_;
};

}  // namespace sealwright::device
