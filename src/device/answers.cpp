#include "device/answers.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "cli/json.hpp"

namespace sealwright::device {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kMaxText = 2000;  // octets of a text that is shown

Result<cli::json::value> parse_bounded(std::string_view body) {
    if (body.size() > kMaxAnswer) return fail(ErrorCode::too_large, "the server's answer is larger than any should be");
    auto value = cli::parse_json(body);
    if (!value) return fail(ErrorCode::malformed, "the server's answer is not JSON", value.error().public_detail());
    return value;
}

Result<Bytes> structure(std::string_view text, std::string_view name) {
    auto octets = from_base64(text);
    if (!octets || octets.value().empty())
        return fail(ErrorCode::malformed, "the challenge's '" + std::string{name} + "' is not base64");
    if (octets.value().size() > kMaxStructure)
        return fail(ErrorCode::too_large, "the challenge's '" + std::string{name} + "' is larger than any should be");
    return octets;
}

std::string request_id(std::string_view text) {
    const auto id = RequestId::from_hex_text(text);
    return id ? id.value().hex() : std::string{};
}

ErrorCode code_of_status(unsigned status) {
    switch (status) {
        case 400:
            return ErrorCode::malformed;
        case 401:
            return ErrorCode::unauthenticated;
        case 403:
            return ErrorCode::denied;
        case 404:
            return ErrorCode::not_found;
        case 409:
            return ErrorCode::conflict;
        case 413:
            return ErrorCode::too_large;
        case 422:
            return ErrorCode::unsupported;
        case 429:
            return ErrorCode::overloaded;
        case 503:
            return ErrorCode::unavailable;
        case 504:
            return ErrorCode::timed_out;
        default:
            return ErrorCode::internal;
    }
}

std::string text_of_member(const cli::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(cli::json::string_view{key.data(), key.size()});
    if (value == nullptr || !value->is_string()) return {};
    const auto& text = value->get_string();
    return {text.data(), std::min(text.size(), kMaxText)};
}

// read_end takes nothing but the two words: whatever else stands there is no last word.
std::optional<End> read_end(const cli::json::object& problem) {
    const std::string state = text_of_member(problem, "state");
    if (state == "refused") return End::refused;
    if (state == "indeterminate") return End::indeterminate;
    return std::nullopt;
}

std::vector<Finding> read_findings(const cli::json::object& problem) {
    std::vector<Finding> findings;
    const auto* list = problem.if_contains("findings");
    if (list == nullptr || !list->is_array()) return findings;
    for (const auto& item : list->get_array()) {
        if (findings.size() == kMaxFindings) break;
        if (const auto* finding = item.if_object()) {
            findings.push_back({text_of_member(*finding, "check"), text_of_member(*finding, "outcome"),
                                text_of_member(*finding, "clause"), text_of_member(*finding, "text")});
        }
    }
    return findings;
}

}  // namespace

Result<Challenge> parse_challenge(std::string_view body) {
    SEALWRIGHT_TRY(const auto value, parse_bounded(body));
    cli::Fields fields{value, "the challenge"};
    const auto version = fields.number("version");
    const auto request = fields.text("request"), blob = fields.text("credential_blob"),
               secret = fields.text("encrypted_secret"), nonce = fields.text("nonce");
    Challenge challenge;
    challenge.expires_at = fields.time("expires_at");
    SEALWRIGHT_TRY(fields.check());
    if (version != kVersion)
        return fail(ErrorCode::unsupported,
                    "the server speaks version " + std::to_string(version) + " of the protocol");
    challenge.request = request_id(request);
    if (challenge.request.empty()) return fail(ErrorCode::malformed, "the challenge's 'request' is no identifier");
    SEALWRIGHT_TRY(challenge.credential_blob, structure(blob, "credential_blob"));
    SEALWRIGHT_TRY(challenge.encrypted_secret, structure(secret, "encrypted_secret"));
    SEALWRIGHT_TRY(challenge.nonce, structure(nonce, "nonce"));
    if (challenge.nonce.size() != kNonceSize)
        return fail(ErrorCode::malformed, "the challenge's 'nonce' has not 32 octets");
    return challenge;
}

Result<Waiting> parse_waiting(std::string_view body) {
    SEALWRIGHT_TRY(const auto value, parse_bounded(body));
    cli::Fields fields{value, "the server's answer"};
    Waiting waiting;
    const auto state = fields.text("state");
    SEALWRIGHT_TRY(fields.check());
    if (state != "awaiting_approval")
        return fail(ErrorCode::conflict, "the request is not finished, and waits for no approval");
    waiting.request = request_id(fields.text("request"));
    waiting.approvals_needed = fields.number_if("approvals_needed").value_or(0);
    SEALWRIGHT_TRY(fields.check());
    if (waiting.request.empty()) return fail(ErrorCode::malformed, "the server's answer names no request");
    return waiting;
}

Problem parse_problem(unsigned status, std::string_view body) {
    Problem problem{.code = code_of_status(status), .detail = {}, .request = {}, .end = {}, .findings = {}};
    const auto value = parse_bounded(body);
    const auto* object = value ? value.value().if_object() : nullptr;
    if (object == nullptr) {
        problem.detail = "the server answered with status " + std::to_string(status);
        return problem;
    }
    const std::string name = text_of_member(*object, "code");
    if (const ErrorCode code = parse_error_code(name); code != ErrorCode::internal || name == "internal")
        problem.code = code;
    problem.detail = text_of_member(*object, "detail");
    if (problem.detail.empty()) problem.detail = text_of_member(*object, "title");
    problem.request = request_id(text_of_member(*object, "request"));
    problem.end = read_end(*object);
    problem.findings = read_findings(*object);
    return problem;
}

}  // namespace sealwright::device
