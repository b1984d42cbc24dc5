#include "http_client/endpoint.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace sealwright::http_client {
namespace {

bool is_address(const std::string& host) {
    std::array<std::uint8_t, 16> octets{};
    return ::inet_pton(AF_INET, host.c_str(), octets.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), octets.data()) == 1;
}

bool is_host_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
}

bool is_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

Result<Endpoint> parse_unix(std::string_view path) {
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    if (path.empty() || path.size() > longest || path.find('\0') != std::string_view::npos) {
        return fail(ErrorCode::malformed, "a Unix socket's path must have 1 to " + std::to_string(longest) + " octets");
    }
    return Endpoint{.transport = Transport::unix_socket,
                    .host = std::string{path},
                    .port = {},
                    .host_header = "localhost",
                    .host_is_address = false};
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view url) {
    const auto bad = [&] {
        return fail(ErrorCode::malformed, "not https://HOST:PORT, http://HOST:PORT or unix:/PATH: " + std::string{url});
    };
    if (url.starts_with("unix:")) return parse_unix(url.substr(5));
    Endpoint endpoint;
    std::string_view rest;
    if (url.starts_with("https://")) {
        endpoint.transport = Transport::tls;
        endpoint.port = "443";
        rest = url.substr(8);
    } else if (url.starts_with("http://")) {
        endpoint.port = "80";
        rest = url.substr(7);
    } else {
        return bad();
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    endpoint.host_header = std::string{rest};

    std::string_view port;
    if (rest.starts_with('[')) {
        const auto close = rest.find(']');
        if (close == std::string_view::npos) return bad();
        endpoint.host = std::string{rest.substr(1, close - 1)};
        port = rest.substr(close + 1);
        if (!is_address(endpoint.host)) return bad();
    } else {
        const auto colon = rest.find(':');
        endpoint.host = std::string{rest.substr(0, colon)};
        port = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon);
        if (endpoint.host.empty() || !std::ranges::all_of(endpoint.host, is_host_character)) return bad();
    }
    if (!port.empty()) {
        if (port.front() != ':' || !is_port(port.substr(1))) return bad();
        endpoint.port = std::string{port.substr(1)};
    }
    endpoint.host_is_address = is_address(endpoint.host);
    return endpoint;
}

}  // namespace sealwright::http_client
