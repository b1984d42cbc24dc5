// target.hpp: the request target (RFC 9112 section 3.2) read strictly: path segments and query parameters,
// percent-decoded once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace sealwright::http_server {

inline constexpr std::size_t kMaxTarget = 8192;
inline constexpr std::size_t kMaxQueryParameters = 32;

struct Target {
    std::string path;                     // as sent, without the query
    std::vector<std::string> segments{};  // of the path, percent-decoded; "/a//b/" has "a", "", "b", ""
    std::vector<std::pair<std::string, std::string>> query{};  // in order, percent-decoded, '+' as a space

    // query_value gives a parameter that may stand there once at most (malformed when it stands there twice).
    Result<std::optional<std::string>> query_value(std::string_view name) const;
};

// parse_target reads origin-form ("/path?query") and absolute-form ("http://host/path", RFC 9112 3.2.2, whose authority
// it drops). Errors: malformed (characters outside RFC 3986, a bad escape, a fragment, authority-form and "*"),
// too_large. Dot segments stay what they are: no route has them.
Result<Target> parse_target(std::string_view text);

// percent_decode decodes %XX; malformed where two hexadecimal digits do not follow. plus_is_space is for form-encoded
// queries.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

}  // namespace sealwright::http_server
