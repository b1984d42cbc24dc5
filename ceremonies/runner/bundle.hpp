// bundle.hpp: the folder that a ceremony leaves: the bytes it was made from, its transcript, its artefacts. Nothing in
// it is ever overwritten.
#pragma once

#include <filesystem>

#include "ceremonies/runner/inputs.hpp"
#include "ceremonies/runner/player.hpp"
#include "ceremonies/runner/recorder.hpp"
#include "ceremonies/runner/transcript.hpp"

namespace sealwright::ceremonies {

class Bundle final : public Recorder {
public:
    // begin makes the folder (already_exists if it is there), the transcript with its header, and the copies of the
    // inputs.
    static Result<std::unique_ptr<Bundle>> begin(const std::filesystem::path& folder, const Inputs& inputs,
                                                 const Clock& clock);

    Result<void> record(std::string_view type, std::string_view step, JsonObject body) override;
    Result<void> keep(const Artefact& artefact, std::string_view step) override;

    // close writes the last record and the tree. A complete ceremony whose script says so has its head signed by the
    // key of performance.closing: the last record is what announces that signature, and the checkpoint is what came of
    // it.
    Result<void> close(const Performance& performance, bool complete, crypto::Random& random);

    audit::TreeHead head() const { return transcript_.head(); }
    const std::vector<std::filesystem::path>& artefacts() const noexcept { return artefacts_; }

private:
    Bundle(std::filesystem::path folder, Transcript transcript)
        : folder_(std::move(folder)), transcript_(std::move(transcript)) {}
    Result<void> copy_inputs(const Inputs& inputs);

    std::filesystem::path folder_;
    Transcript transcript_;
    std::vector<std::filesystem::path> artefacts_;
};

}  // namespace sealwright::ceremonies
