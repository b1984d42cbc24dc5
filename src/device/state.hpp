// state.hpp: the device's folder. What is in it after a loss of power is what the last finished step left: never half a
// file, never a certificate beside another key.
//
//   pending.json          a request under way (pending.hpp); absent else
//   generations/N/        certificate.pem chain.pem key.pem roots.pem terms.json: one certificate and what belongs to
//   it, never changed current               symbolic link to one of them: what programs use; renewing a certificate is
//   replacing this link lock
#pragma once

#include <optional>

#include "device/identity.hpp"
#include "device/pending.hpp"

namespace sealwright::device {

// Access is what a command does with the folder: one that only reads leaves everything as it is.
enum class Access { read, write };

// State is one folder, held by one program at a time. Move-only.
class State {
public:
    // open makes the folder where it is missing, readable to its owner alone, and waits for nobody: conflict while
    // another program holds it.
    static Result<State> open(const std::filesystem::path& folder);
    // open_existing makes no folder: not_found where there is none. Both refuse (denied) one that has something in it
    // and nothing of ours and, for writing, one of another user; for writing, both remove what a step that did not end
    // left.
    static Result<State> open_existing(const std::filesystem::path& folder, Access access);
    State(State&& other) noexcept : folder_(std::move(other.folder_)), lock_(std::exchange(other.lock_, -1)) {}
    State& operator=(State&&) = delete;
    ~State();

    const std::filesystem::path& folder() const noexcept { return folder_; }
    // tpm_mark is the file by which a run knows that one before it was killed while it used the TPM (tpm/tpm.hpp).
    std::filesystem::path tpm_mark() const { return folder_ / "tpm.mark"; }

    Result<std::optional<Pending>> pending() const;
    Result<void> save(const Pending& pending);
    Result<void> drop_pending();
    // put_aside_damaged_pending renames a pending.json that cannot be used to pending.json.damaged; put_aside_damaged
    // does so with `current` too. What cannot be read for another reason (io) stays.
    Result<void> put_aside_damaged_pending() const;
    Result<void> put_aside_damaged() const;
    // settle ends a request whose certificate is in place already, because a run was cut short between the two; it says
    // whether there was one.
    Result<bool> settle();

    // current gives the certificate in use, if there is one.
    Result<std::optional<Identity>> current() const;
    // install makes a generation of a finished request and switches to it; what stood there before stays one generation
    // long. chain is what check_received let pass; roots the PEM file that the server was verified with.
    Result<Identity> install(const Pending& pending, const std::vector<x509::Certificate>& chain,
                             const std::filesystem::path& roots);

private:
    State(std::filesystem::path folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
    Result<void> switch_to(const std::string& generation);
    Result<std::string> new_generation(const Pending& pending, const std::vector<x509::Certificate>& chain,
                                       const std::filesystem::path& roots);
    void clean_up(const std::string& generation, const std::string& before) const;

    std::filesystem::path folder_;
    int lock_;
};

}  // namespace sealwright::device
