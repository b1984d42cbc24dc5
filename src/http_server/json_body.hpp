// json_body.hpp: JSON in requests and answers, read strictly (bounded depth, no member twice, no member that a route
// does not know) and written.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "http_server/message.hpp"

namespace sealwright::http_server {

namespace json = boost::json;

// parse_json reads exactly one value; malformed for what is none, for a member that stands there twice and for depth
// beyond 8.
Result<json::value> parse_json(std::string_view text);

// Body is the object that a request carries. Its readers give malformed with the member's name.
class Body {
public:
    // read wants application/json, or no body at all, which counts as {}; and no members but these.
    static Result<Body> read(const Request& request, std::initializer_list<std::string_view> members);

    Result<std::string> text(std::string_view member, std::size_t limit) const;
    Result<std::optional<std::string>> text_if(std::string_view member, std::size_t limit) const;
    Result<std::vector<std::string>> texts(std::string_view member, std::size_t count,
                                           std::size_t limit) const;  // absent: none
    Result<std::optional<UtcTime>> time_if(std::string_view member) const;
    Result<std::uint64_t> number(std::string_view member, std::uint64_t most) const;
    // octets are base64 (RFC 4648 section 4) of at most limit octets; octets_if gives none for an absent member.
    Result<Bytes> octets(std::string_view member, std::size_t limit) const;
    Result<Bytes> octets_if(std::string_view member, std::size_t limit) const;
    Result<std::vector<Bytes>> octet_strings(std::string_view member, std::size_t count, std::size_t limit) const;

private:
    explicit Body(json::object object) : object_(std::move(object)) {}
    json::object object_;
};

// json_response writes a value with a newline behind it.
Response json_response(unsigned status, const json::value& value);

// add_members adds members to a problem that problem_of made (RFC 9457 3.2).
void add_members(Response& problem, const json::object& members);

// time_value is RFC 3339; or_null are for members that a record may lack.
json::value time_value(UtcTime time);
json::value time_or_null(const std::optional<UtcTime>& time);
json::value text_or_null(const std::string& text);

// QueryReader reads a query's parameters, each once at most, and refuses those that nobody asked for.
class QueryReader {
public:
    static Result<QueryReader> read(const Target& target, std::initializer_list<std::string_view> names);
    std::optional<std::string> text(std::string_view name) const;
    // number: malformed unless decimal and within bounds.
    Result<std::optional<std::uint64_t>> number(std::string_view name, std::uint64_t most) const;

private:
    std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace sealwright::http_server
