// boundary.hpp: the named moments between receiving a request and answering it. A program says where it is; in
// production that costs an empty call, in the fault tests another definition of the same function is linked that can
// end the process there (tests/faults).
//
// Which definition a program gets is decided by what it links: sealwright_boundary_none (every program we install) or
// sealwright_boundary_kill (only programs under build/tests). No switch, variable or file can arm a production binary.
#pragma once

#include <string_view>

namespace sealwright {

// at_boundary is called when everything before the named moment has been done and nothing after it.
void at_boundary(std::string_view name) noexcept;

namespace boundary {

// In the daemon, in the order in which one request passes them (docs/issuance.md).
inline constexpr std::string_view kReceived = "daemon.received";         // read from the socket, nothing checked
inline constexpr std::string_view kProven = "daemon.proven";             // proof of possession holds
inline constexpr std::string_view kChallenged = "daemon.challenged";     // the challenge for a TPM is durable
inline constexpr std::string_view kAttested = "daemon.attested";         // attestation holds, or none is wanted
inline constexpr std::string_view kDecided = "daemon.decided";           // policy said yes
inline constexpr std::string_view kLinted = "daemon.linted";             // the TBS passed the linter
inline constexpr std::string_view kIntendBegun = "daemon.intend.begun";  // inside the transaction, before its commit
inline constexpr std::string_view kIntended = "daemon.intended";         // the intent is durable
inline constexpr std::string_view kSignBegun = "daemon.sign.begun";      // the signer is about to be asked
inline constexpr std::string_view kSignatureAsked = "daemon.signature.asked";  // the request is in the signer's socket
inline constexpr std::string_view kSignatureGot = "daemon.signature.got";      // the signer's answer is read
inline constexpr std::string_view kAssembled = "daemon.assembled";             // certificate assembled and verified
inline constexpr std::string_view kCompleteBegun =
    "daemon.complete.begun";                                        // inside the transaction, before its commit
inline constexpr std::string_view kCompleted = "daemon.completed";  // the certificate is durable
inline constexpr std::string_view kAnswered = "daemon.answered";    // the answer is in the peer's socket
inline constexpr std::string_view kRevokeBegun = "daemon.revoke.begun";
inline constexpr std::string_view kRevoked = "daemon.revoked";
inline constexpr std::string_view kCrlIntended = "daemon.crl.intended";
inline constexpr std::string_view kCrlSigned = "daemon.crl.signed";
inline constexpr std::string_view kCrlCompleted = "daemon.crl.completed";
inline constexpr std::string_view kCrlPublished = "daemon.crl.published";

// In the signer.
inline constexpr std::string_view kSignerReceived = "signer.received";    // the request is whole, nothing checked
inline constexpr std::string_view kSignerChecked = "signer.checked";      // inside its limits
inline constexpr std::string_view kSignerAppended = "signer.appended";    // written to the journal, not synced
inline constexpr std::string_view kSignerJournaled = "signer.journaled";  // the journal entry is durable
inline constexpr std::string_view kSignerSigned = "signer.signed";        // C_Sign returned
inline constexpr std::string_view kSignerAnswered = "signer.answered";    // the answer is in the daemon's socket

}  // namespace boundary
}  // namespace sealwright
