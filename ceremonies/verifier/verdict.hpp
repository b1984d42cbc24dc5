// verdict.hpp: what a verification has found: what was looked at, what is wrong, what is missing, what deviated, and
// the exit code of it all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sealwright::verifier {

// Verdict values are the exit codes.
enum class Verdict : std::uint8_t {
    valid = 0,
    invalid = 1,     // something is false
    incomplete = 2,  // nothing is false, but something that a proof needs is not there
    deviations = 3,  // valid, and the ceremony itself recorded that it left its script
};
std::string_view verdict_name(Verdict verdict) noexcept;

// Findings of one verification, in the order in which they were made. Texts are safe to print: what comes from files is
// escaped by add.
class Checks {
public:
    // begin opens an area ("transcript"); what is added from then on belongs to it. end says what was looked at ("110
    // records, each in canonical form"), which is kept only if nothing in the area is invalid or missing.
    void begin(std::string_view area);
    void end(std::string_view summary);

    void invalid(std::string_view text);
    void missing(std::string_view text);
    void deviation(std::string_view text);
    void note(std::string_view text);
    // headline is for what a reader of the verdict alone must not miss, though it does not change it: it stands before
    // every area.
    void headline(std::string_view text);

    Verdict verdict() const noexcept;
    bool anything_invalid() const noexcept { return invalid_ != 0; }

    // human is for a terminal; json is one line with {"areas":[..],"exit":N,"headlines":[..],"verdict":".."}.
    std::string human() const;
    std::string json() const;

private:
    enum class Kind : std::uint8_t { invalid, missing, deviation, note };  // the worst first
    struct Line {
        Kind kind;
        std::string text;
    };
    struct Area {
        std::string name, summary;
        std::vector<Line> lines;
        std::size_t left_out = 0;
        Kind worst = Kind::note;  // of all that was found, told or left out
    };
    void add(Kind kind, std::string_view text);
    static std::string_view kind_name(Kind kind) noexcept;

    std::vector<std::string> headlines_;
    std::vector<Area> areas_;
    std::size_t invalid_ = 0, missing_ = 0, deviations_ = 0;
};

}  // namespace sealwright::verifier
