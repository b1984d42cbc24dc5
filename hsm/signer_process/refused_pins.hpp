// refused_pins.hpp: what the signer remembers of PINs beside its journal, for the starts to come: which one a token
// refused, and that a login was under way or ended without a clear answer, which may have spent a try. A signer that is
// started again would else spend another one each time. Neither a PIN nor anything that could be looked up stands
// there, only a slow digest with a salt of its own (crypto/slow_digest.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace sealwright::hsm::signer_process {

struct TokenConfiguration;

// Logins in a row without a clear answer behind which a PIN is not tried any more: some modules say nothing better of a
// wrong one.
inline constexpr unsigned kUnclearLogins = 2;

// RefusedPins: of the supervisor alone; not thread-safe. The file is written anew as a whole, durably, before a call
// returns; its owner stays who it was. There is none while nothing is remembered.
//
//   format = 1
//   [[refused]]                        one for each token, as the configuration names it
//   serial = "...", label = "..."      at = "2026-11-22T10:57:29Z"
//   unclear = 1                        so many logins in a row; without it the token said that the PIN was wrong
//   salt, digest                       hexadecimal, of 16 and 32 octets
class RefusedPins {
public:
    static constexpr std::size_t kMost = 64;  // tokens; beyond that the oldest goes

    // PinDigest costs a tenth of a second to make; it stands for the PIN as long as a salt may.
    struct PinDigest {
        Bytes salt, digest;
        friend bool operator==(const PinDigest&, const PinDigest&) = default;
    };
    static Result<PinDigest> digest_of(const Secret& pin);  // unavailable without memory for it

    // Known is what is remembered of one PIN of one token.
    struct Known {
        UtcTime at;
        unsigned unclear = 0;
        PinDigest pin;
        bool is_refused() const noexcept { return unclear == 0 || unclear >= kUnclearLogins; }
    };

    // file_of is where they stand for a signer with this journal.
    static std::string file_of(const std::string& journal) { return journal + ".refused-pins"; }
    // read: none where there is no file; a file that cannot be read is an error (malformed, config, io), since what it
    // said may be what keeps a token from being locked.
    static Result<RefusedPins> read(std::string file);

    // known gives what is remembered of this very PIN.
    std::optional<Known> known(const TokenConfiguration& token, const Secret& pin) const;
    // remember replaces what is known of the token: a PIN that it refused, or (unclear > 0) one with so many logins
    // that had no clear answer. Where it cannot be written everything is as it was.
    Result<void> remember(const TokenConfiguration& token, const PinDigest& pin, UtcTime now, unsigned unclear = 0);
    // forget: the token's PIN may be tried again. False where nothing was known of it.
    Result<bool> forget(const TokenConfiguration& token);

private:
    struct Refused {
        std::string serial, label;
        Known known;
    };
    explicit RefusedPins(std::string file) : file_(std::move(file)) {}
    Result<void> parse(std::string_view text);
    static bool is_of(const Refused& one, const TokenConfiguration& token);
    Result<void> replace(std::vector<Refused> by);
    Result<void> write() const;

    std::string file_;
    std::vector<Refused> refused_;
};

}  // namespace sealwright::hsm::signer_process
