// refused_pins.hpp: the PINs that tokens refused, remembered beside the journal: one that was refused before the signer
// was started again would else spend another try at each start. Neither a PIN nor anything that could be looked up
// stands there, only a slow digest with a salt of its own (crypto/slow_digest.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace sealwright::hsm::signer_process {

struct TokenConfiguration;

// RefusedPins: of the supervisor alone; not thread-safe. The file is written anew as a whole, durably, before a call
// returns; its owner stays who it was.
//
//   format = 1
//   [[refused]]                        one for each token, as the configuration names it
//   serial = "...", label = "..."      at = "2026-11-22T10:57:29Z"
//   salt, digest                       hexadecimal, of 16 and 32 octets
class RefusedPins {
public:
    static constexpr std::size_t kMost = 64;  // tokens; beyond that the oldest goes

    // file_of is where they stand for a signer with this journal.
    static std::string file_of(const std::string& journal) { return journal + ".refused-pins"; }
    // read: none where there is no file; a file that cannot be read is an error (malformed, config, io), since what it
    // said may be what keeps a token from being locked.
    static Result<RefusedPins> read(std::string file);

    // when gives the time at which the token refused this very PIN.
    std::optional<UtcTime> when(const TokenConfiguration& token, const Secret& pin) const;
    // remember replaces what is known of the token.
    Result<void> remember(const TokenConfiguration& token, const Secret& pin, UtcTime now);
    // forget: the token's PIN may be tried again. False where nothing was known of it.
    Result<bool> forget(const TokenConfiguration& token);

private:
    struct Refused {
        std::string serial, label;
        UtcTime at;
        Bytes salt, digest;
    };
    explicit RefusedPins(std::string file) : file_(std::move(file)) {}
    Result<void> parse(std::string_view text);
    bool drop(const TokenConfiguration& token);
    Result<void> write() const;

    std::string file_;
    std::vector<Refused> refused_;
};

}  // namespace sealwright::hsm::signer_process
