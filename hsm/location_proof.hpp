// location_proof.hpp: what a key signs to prove that it is where somebody says: a statement that names key and token,
// fresh by a nonce. Its first line tells it from everything else that a key signs: it begins neither like DER, nor like
// a TLS CertificateVerify, and its second line is no tree size of a checkpoint.
#pragma once

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "crypto/spki.hpp"

namespace sealwright::hsm {

struct LocationStatement {
    KeyId key;
    std::string token_serial;
    Bytes cka_id;
    Sha256 module;  // of the module's file
    UtcTime time;
    Sha256 nonce;
};

// location_statement_text is the message, version 1: a line each, names before values. The serial is hexadecimal: what
// a token says of itself is not trusted to be one line.
std::string location_statement_text(const LocationStatement& statement);

// verify_location checks that the key made the signature and is the one that the statement names (invalid_signature).
Result<void> verify_location(const LocationStatement& statement, const crypto::PublicKey& key,
                             const crypto::SignatureAlgorithm& algorithm, ByteView signature);

}  // namespace sealwright::hsm
