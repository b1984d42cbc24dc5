// signer.hpp: the port through which everything in the house asks for a signature by a token key. Two adapters:
// signer_process/client (the daemon's only one) and pkcs11/token (ceremonies, and the signer process itself).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.hpp"
#include "crypto/spki.hpp"

namespace sealwright::hsm {

// Purpose says what kind of octets are signed. A key has a fixed set of purposes; the signer process parses the octets
// accordingly and refuses what does not look like its purpose. Values are on the wire and in the journal.
enum class Purpose : std::uint8_t {
    certificate = 1,  // TBSCertificate
    crl = 2,          // TBSCertList
    csr = 3,          // CertificationRequestInfo about the key itself
    ocsp = 4,         // OCSP ResponseData
    checkpoint = 5,   // text of an audit log checkpoint (C2SP signed note)
    tls = 6,          // TLS 1.3 CertificateVerify content (RFC 8446 4.4.3), server context
    decrypt = 7,      // nothing is signed: the key decrypts or agrees (decryptor.hpp)
    cms = 8,          // SignedAttributes of a CMS SignerInfo, as DER SET OF (RFC 5652 5.4)
    cmp = 9,          // ProtectedPart of a CMP message (RFC 9810 5.1.3)
};
std::string_view purpose_name(Purpose purpose) noexcept;  // "certificate", ... as in configuration
Result<Purpose> parse_purpose_name(std::string_view name);

struct SignRequest {
    KeyId key;
    Purpose purpose = Purpose::certificate;
    crypto::SignatureAlgorithm algorithm;
    // intent is fresh for every request: a certificate or CRL intent is never signed twice (conflict).
    IntentId intent;
    ByteView tbs;  // the message, not its digest; must live until sign returns
};

class Signer {
public:
    virtual ~Signer() = default;

    // sign blocks until the token has answered and returns the signature as X.509 wants it: for ECDSA the DER
    // Ecdsa-Sig-Value, else the raw octets. Thread-safe; calls from many threads run side by side as far as the token
    // allows. Errors: denied (purpose or limit), not_found (no such key), conflict (intent used), unavailable and
    // overloaded, token, storage (its journal) and clock (surely not signed), timed_out and indeterminate (may have
    // been signed: never ask again for the same artefact). The caller must verify the signature with the key it expects
    // before letting it out.
    virtual Result<Bytes> sign(const SignRequest& request) = 0;

    // public_key gives the key behind an id, as the token holds it.
    virtual Result<crypto::PublicKey> public_key(const KeyId& key) = 0;
};

// JournalState is what a signer's journal knows of an intent.
enum class JournalState : std::uint8_t {
    never_seen = 1,       // not in the journal: no signature exists and, behind the fence, none can come to be
    may_have_signed = 2,  // journaled, outcome unknown
    signed_ = 3,          // journaled and signed
    failed = 4,           // journaled, and the token surely did not sign
};

// SignerJournal is what a restarted node asks before it settles its open intents.
class SignerJournal {
public:
    virtual ~SignerJournal() = default;
    // fence declares this node's boot epoch: from then on the signer refuses every request of an older epoch of the
    // node, also those that still wait in a queue or a dead connection's buffer. Durable. A client fences before it
    // signs. conflict when a newer epoch was seen.
    virtual Result<void> fence(const NodeId& node, BootEpoch epoch) = 0;
    // look_up asks for an intent of this node and the boot that made it; conclusive only for boots that are fenced off.
    // Certificate and CRL intents only. A journal that has seen neither that boot nor an earlier one (the journal
    // before was lost) says may_have_signed of what it does not know.
    virtual Result<JournalState> look_up(const IntentId& intent, BootEpoch epoch) = 0;
};

}  // namespace sealwright::hsm
