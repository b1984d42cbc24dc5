// error.hpp: the one error type of the house. A code for programs, a public detail for the peer, a private detail for the log.
//
// The two details are never mixed: what came from outside, what names a path, a row or a CKR code stays private. A protocol maps the
// code to its own problem type in one table and shows public_detail(); it never shows private_detail().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sealwright {

// ErrorCode says what kind of failure it is, for programs. Values are stable: they are stored with refused requests.
enum class ErrorCode : std::uint16_t {
    malformed = 1,        // the bytes break their own syntax
    too_large = 2,        // a bound on size, depth or count was passed
    unsupported = 3,      // well-formed, but an algorithm, version or feature that is not supported
    invalid_signature = 4,  // a cryptographic proof does not hold
    denied = 5,           // policy, profile or a limit says no
    unauthenticated = 6,  // no or no valid credential
    not_found = 7,
    already_exists = 8,
    conflict = 9,   // the state has moved on: used secret, lost lease, revoked already
    expired = 10,
    weak_key = 11,
    lint = 12,  // the linter refused the TBS
    unavailable = 13,  // a part is down or draining; trying again later can help
    overloaded = 14,   // a queue is full
    timed_out = 15,
    storage = 16,   // the database or the disk refused a write or a read
    token = 17,     // PKCS#11 failed
    clock = 18,     // the clock went back
    config = 19,    // a configuration file, script or profile is wrong
    io = 20,
    indeterminate = 21,  // it is not known whether a signature was made
    internal = 22,       // a broken invariant
};

// error_code_name is the stable lower-case name of a code ("weak_key"), as it stands in logs, JSON and audit events.
std::string_view error_code_name(ErrorCode code) noexcept;

// parse_error_code is the inverse of error_code_name; an unknown name gives internal.
ErrorCode parse_error_code(std::string_view name) noexcept;

class [[nodiscard]] Error {
public:
    // public_detail may be shown to the peer; private_detail goes to the log alone.
    explicit Error(ErrorCode code, std::string public_detail = {}, std::string private_detail = {})
        : code_(code), public_detail_(std::move(public_detail)), private_detail_(std::move(private_detail)) {}

    ErrorCode code() const noexcept { return code_; }
    const std::string& public_detail() const noexcept { return public_detail_; }
    const std::string& private_detail() const noexcept { return private_detail_; }

    // describe is "code: public detail [private detail]", for a log or a local operator; never for a remote peer.
    std::string describe() const;

    // in prefixes the public detail with where it happened: error.in("csr.subject") reads "csr.subject: ...".
    Error in(std::string_view where) const;

private:
    ErrorCode code_;
    std::string public_detail_;
    std::string private_detail_;
};

}  // namespace sealwright
