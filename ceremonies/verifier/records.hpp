// records.hpp: the transcript of a ceremony as the verifier reads it: lines of canonical JSON, each of a known shape,
// each in its place.
#pragma once

#include <filesystem>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "ceremonies/verifier/json.hpp"
#include "ceremonies/verifier/verdict.hpp"

namespace sealwright::verifier {

struct Record {
    std::uint64_t n = 0;
    UtcTime time{};
    std::string step, type;
    Value body;
    std::string where() const {
        return "record " + std::to_string(n) + " (" + type + (step.empty() ? "" : ", step '" + step + "'") + ")";
    }
};

struct Transcript {
    std::vector<Record> records;
    std::vector<Bytes> lines;    // the leaves, as they stand
    std::vector<Sha256> leaves;  // their hashes
    bool readable = false;       // every line could be read; what follows from records only counts then
    bool ended = false;          // the last record is an end
};

// read_transcript reads DIR/entries.jsonl. A line that is cut off at the very end is a crash (missing), anything else
// that is wrong is invalid.
Transcript read_transcript(const std::filesystem::path& folder, Checks& checks);

}  // namespace sealwright::verifier
