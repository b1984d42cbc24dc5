// problem.hpp: errors as application/problem+json (RFC 9457): {"title","status","code","detail"}. A protocol maps codes
// to statuses in its own table.
#pragma once

#include "http_server/message.hpp"

namespace sealwright::http_server {

// problem makes the response. detail is the public detail of an error; a private one never comes here.
Response problem(unsigned status, ErrorCode code, std::string_view detail);

// problem_of takes status from the caller's table and code and text from the error.
inline Response problem_of(unsigned status, const Error& error) {
    return problem(status, error.code(), error.public_detail());
}

// transport_problem is for what the server itself refuses before a protocol sees it; code follows from the status.
Response transport_problem(unsigned status, std::string_view detail);

// json_quote writes text as a JSON string with its quotation marks; bytes that are not UTF-8 become U+FFFD.
std::string json_quote(std::string_view text);

}  // namespace sealwright::http_server
