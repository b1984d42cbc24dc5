// json.hpp: JSON as the program writes it, and as it reads the daemon's: strictly, since who listens on a socket is not
// known by its path.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace sealwright::cli {

namespace json = boost::json;

// parse_json reads exactly one value of bounded depth.
Result<json::value> parse_json(std::string_view text);

// json_text is the value with two spaces of indentation and a newline at the end; members keep their order. json_line
// is the same on one line.
std::string json_text(const json::value& value);
std::string json_line(const json::value& value);

// Fields reads the members of one object. A member that is missing or has another type is remembered; check tells the
// first such. Every reader gives an empty value then, so that a caller reads all it wants and checks once.
class Fields {
public:
    // what names the object for the error: "the certificate".
    Fields(const json::value& value, std::string_view what);

    std::string text(std::string_view key);
    std::string text_or(std::string_view key, std::string_view fallback);  // absent or null: the fallback
    std::uint64_t number(std::string_view key);
    std::optional<std::uint64_t> number_if(std::string_view key);
    bool flag(std::string_view key);
    UtcTime time(std::string_view key);
    std::optional<UtcTime> time_if(std::string_view key);
    std::vector<std::string> texts_if(std::string_view key);  // absent: empty
    const json::array& items(std::string_view key);
    const json::value* object_if(std::string_view key);  // nullptr where absent or null
    const json::value& object(std::string_view key);

    Result<void> check() const;

private:
    const json::value* find(std::string_view key) const noexcept;
    void complain(std::string_view key, std::string_view expected);

    const json::object* object_ = nullptr;
    std::string what_, problem_;
};

}  // namespace sealwright::cli
