#include "ceremonies/runner/json.hpp"

#include "ceremonies/runner/text.hpp"

namespace sealwright::ceremonies {
namespace {

void write_text(const std::string& text, std::string& out) {
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;  // the only control character that clean_text leaves
            default:
                out += c;
        }
    }
    out += '"';
}

}  // namespace

Json::Json(std::string text) : value_(clean_text(text, true)) {}

void Json::write(std::string& out) const {
    struct Writer {
        std::string& out;
        void operator()(std::monostate) const { out += "null"; }
        void operator()(bool value) const { out += value ? "true" : "false"; }
        void operator()(std::uint64_t value) const { out += std::to_string(value); }
        void operator()(const std::string& value) const { write_text(value, out); }
        void operator()(const JsonArray& items) const {
            out += '[';
            for (std::size_t i = 0; i < items.size(); ++i) {
                if (i != 0) out += ',';
                items[i].write(out);
            }
            out += ']';
        }
        void operator()(const JsonObject& members) const {
            out += '{';
            bool first = true;
            for (const auto& [key, value] : members) {
                if (!first) out += ',';
                first = false;
                write_text(key, out);
                out += ':';
                value.write(out);
            }
            out += '}';
        }
    };
    std::visit(Writer{out}, value_);
}

std::string Json::canonical() const {
    std::string out;
    write(out);
    return out;
}

}  // namespace sealwright::ceremonies
