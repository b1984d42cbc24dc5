// framing.hpp: the checks on a request's header that stand between Beast's parser and a handler: what two HTTP readers
// could frame differently is refused (RFC 9112 sections 6.3 and 11.2). Private to this room.
#pragma once

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "http_server/router.hpp"

namespace sealwright::http_server {

using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

// Head is a request whose header was accepted; its body is still to be read, with the route's bound.
struct Head {
    Request request;
    Match match;
    bool expects_continue = false;
};

// read_head turns a parsed header into a Head, or into the answer that refuses it (the connection then ends: what
// follows cannot be trusted).
std::variant<Head, Response> read_head(const Parser& parser, const Router& router);

// refuse_parse is the answer to a header or body that could not be parsed; nothing where the peer just went away.
std::optional<Response> refuse_parse(const boost::beast::error_code& ec, const Parser& parser);

// format_head writes the status line and fields. date is Unix time.
struct HeadFormat {
    bool http_1_0 = false;
    bool keep_alive = false;
    std::int64_t date = 0;
};
std::string format_head(const Response& response, const HeadFormat& format);

}  // namespace sealwright::http_server
