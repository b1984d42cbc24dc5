// recorder.hpp: where a ceremony leaves its records and its artefacts. Two adapters: the transcript and bundle of a
// real one (bundle.hpp), and one that forgets, for check.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "ceremonies/runner/json.hpp"

namespace sealwright::ceremonies {

// Artefact is one file that the ceremony made. details go into its record beside name, size and digest.
struct Artefact {
    std::string file;  // within the bundle: "artefacts/root.pem"
    std::string kind;  // "certificate", "chain", "crl", "public-key", "signer-keys", "evidence", "report"
    Bytes content;
    JsonObject details;
};

class Recorder {
public:
    virtual ~Recorder() = default;
    // record appends one record; when it returns, the record survives power loss. The ceremony must not go on after a
    // failure.
    virtual Result<void> record(std::string_view type, std::string_view step, JsonObject body) = 0;
    // keep records the artefact's digest, then writes the file; it never overwrites one.
    virtual Result<void> keep(const Artefact& artefact, std::string_view step) = 0;
};

// Forgetful keeps nothing.
class ForgetfulRecorder final : public Recorder {
public:
    Result<void> record(std::string_view, std::string_view, JsonObject) override { return success(); }
    Result<void> keep(const Artefact&, std::string_view) override { return success(); }
};

}  // namespace sealwright::ceremonies
