#include "ceremonies/verifier/verdict.hpp"

#include "base/log.hpp"

namespace sealwright::verifier {
namespace {

constexpr std::size_t kMaxLinesOfArea = 50;

std::string json_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

}  // namespace

std::string_view verdict_name(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::valid:
            return "VALID";
        case Verdict::invalid:
            return "INVALID";
        case Verdict::incomplete:
            return "INCOMPLETE";
        case Verdict::deviations:
            break;
    }
    return "VALID WITH DEVIATIONS";
}

std::string_view Checks::kind_name(Kind kind) noexcept {
    switch (kind) {
        case Kind::invalid:
            return "invalid";
        case Kind::missing:
            return "missing";
        case Kind::deviation:
            return "deviation";
        case Kind::note:
            break;
    }
    return "note";
}

void Checks::begin(std::string_view area) { areas_.push_back({std::string{area}, {}, {}, 0, Kind::note}); }
void Checks::end(std::string_view summary) {
    auto& area = areas_.back();
    if (area.worst >= Kind::deviation) area.summary = escape_control(summary);
}

void Checks::add(Kind kind, std::string_view text) {
    if (areas_.empty()) begin("general");
    auto& area = areas_.back();
    if (kind == Kind::invalid) ++invalid_;
    if (kind == Kind::missing) ++missing_;
    if (kind == Kind::deviation) ++deviations_;
    // However many notes came before it, the first of what is worse than all of them is told.
    const bool is_worse = kind < area.worst;
    if (is_worse) area.worst = kind;
    if (area.lines.size() >= kMaxLinesOfArea && !is_worse) {
        ++area.left_out;
        return;
    }
    area.lines.push_back({kind, escape_control(text)});
}

void Checks::invalid(std::string_view text) { add(Kind::invalid, text); }
void Checks::missing(std::string_view text) { add(Kind::missing, text); }
void Checks::deviation(std::string_view text) { add(Kind::deviation, text); }
void Checks::note(std::string_view text) { add(Kind::note, text); }
void Checks::headline(std::string_view text) { headlines_.push_back(escape_control(text)); }

Verdict Checks::verdict() const noexcept {
    if (invalid_ != 0) return Verdict::invalid;
    if (missing_ != 0) return Verdict::incomplete;
    return deviations_ != 0 ? Verdict::deviations : Verdict::valid;
}

std::string Checks::human() const {
    std::string out;
    for (const auto& headline : headlines_) out += "ATTENTION  " + headline + "\n";
    for (const auto& area : areas_) {
        const Kind worst = area.worst;
        const std::string_view mark = worst == Kind::note      ? "ok       "
                                      : worst == Kind::invalid ? "INVALID  "
                                      : worst == Kind::missing ? "missing  "
                                                               : "deviation";
        out += std::string{mark} + "  " + area.name + (area.summary.empty() ? "" : ": " + area.summary) + "\n";
        for (const auto& line : area.lines)
            out += "             " + std::string{kind_name(line.kind)} + ": " + line.text + "\n";
        if (area.left_out != 0) out += "             and " + std::to_string(area.left_out) + " more\n";
    }
    return out + "verdict: " + std::string{verdict_name(verdict())} + "\n";
}

std::string Checks::json() const {
    std::string out = "{\"areas\":[";
    for (std::size_t i = 0; i < areas_.size(); ++i) {
        const auto& area = areas_[i];
        out += (i == 0 ? "" : ",") + std::string{"{\"findings\":["};
        for (std::size_t j = 0; j < area.lines.size(); ++j) {
            out += (j == 0 ? "" : ",") + std::string{"{\"kind\":"} + json_text(kind_name(area.lines[j].kind)) +
                   ",\"text\":" + json_text(area.lines[j].text) + "}";
        }
        out += "],\"left_out\":" + std::to_string(area.left_out) + ",\"name\":" + json_text(area.name) +
               ",\"summary\":" + json_text(area.summary) + "}";
    }
    out += "],\"exit\":" + std::to_string(static_cast<int>(verdict())) + ",\"headlines\":[";
    for (std::size_t i = 0; i < headlines_.size(); ++i) out += (i == 0 ? "" : ",") + json_text(headlines_[i]);
    return out + "],\"verdict\":" + json_text(verdict_name(verdict())) + "}";
}

}  // namespace sealwright::verifier
