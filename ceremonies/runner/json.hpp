// json.hpp: the canonical JSON (RFC 8785) that transcripts are written in, as far as they use it: integers, text, truth
// values, arrays, objects.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace sealwright::ceremonies {

class Json;
using JsonArray = std::vector<Json>;
// Keys are lower-case ASCII, for which the order of std::map is that of RFC 8785 3.2.3 (UTF-16 code units).
using JsonObject = std::map<std::string, Json>;

class Json {
public:
    Json() = default;  // null
    Json(bool value) : value_(value) {}
    Json(std::uint64_t value) : value_(value) {}
    Json(std::string text);  // what is not clean UTF-8 is escaped visibly (text.hpp: clean_text)
    Json(const char* text) : Json(std::string{text}) {}
    Json(JsonArray items) : value_(std::move(items)) {}
    Json(JsonObject members) : value_(std::move(members)) {}

    std::string canonical() const;

private:
    void write(std::string& out) const;
    std::variant<std::monostate, bool, std::uint64_t, std::string, JsonArray, JsonObject> value_;
};

}  // namespace sealwright::ceremonies
