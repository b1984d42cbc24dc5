// transcript.hpp: the record of a ceremony: one canonical JSON object a line, each a leaf of a Merkle tree (RFC 6962),
// each durable before the ceremony goes on. docs/ceremonies.md has the schema.
#pragma once

#include <filesystem>

#include "audit/merkle_tree.hpp"
#include "base/clock.hpp"
#include "ceremonies/runner/json.hpp"

namespace sealwright::ceremonies {

inline constexpr unsigned kTranscriptVersion = 1;

class Transcript {
public:
    // begin makes the folder and DIR/entries.jsonl; already_exists if either is there.
    static Result<Transcript> begin(const std::filesystem::path& folder, const Clock& clock);
    Transcript(Transcript&&) noexcept;
    Transcript& operator=(Transcript&&) noexcept;
    ~Transcript();

    // append writes and syncs one record: {"body":{..},"n":N,"step":"..","t":"..","type":"..","v":1}.
    Result<void> append(std::string_view type, std::string_view step, JsonObject body);

    audit::TreeHead head() const;

    // seal writes the tree as tiles beside the entries, with the note as its checkpoint. vkey is the key that the note
    // is signed with, in text; empty: the note has no signature.
    Result<void> seal(std::string_view note, std::string_view vkey);

private:
    struct State;
    explicit Transcript(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace sealwright::ceremonies
