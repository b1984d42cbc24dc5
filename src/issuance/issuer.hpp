// issuer.hpp: steps 7 and 8, up to the moment before the store learns of the certificate: the sole holder of the CA's
// signer. It wants a LintedTbs and the receipt of its intent, and uses both up: there is no other call path to the CA
// key.
#pragma once

#include "hsm/signer.hpp"
#include "issuance/ca_store.hpp"
#include "issuance/linted_tbs.hpp"

namespace sealwright::issuance {

// SigningFailure says what may have become of the intent, besides what to answer.
struct SigningFailure {
    Settlement settlement = Settlement::indeterminate;  // abandoned: surely never signed
    Error why;                                          // as the signer, or the check, gave it
};

// surely_not_signed tells the signer's errors apart (hsm/signer.hpp). What is not known to be harmless counts as
// signed.
bool surely_not_signed(ErrorCode code) noexcept;

class Issuer {
public:
    // key is the CA's public key, which every signature is verified with. signer outlives the issuer.
    Issuer(crypto::PublicKey key, hsm::Signer& signer) : key_(std::move(key)), signer_(signer) {}

    // sign asks the token and gives the whole certificate, whose signature holds and whose TBS is, octet for octet,
    // what was linted. A receipt for another TBS, or one whose lease is over at now, is not signed. Thread-safe.
    std::variant<CertificateDer, SigningFailure> sign(LintedTbs&& tbs, IntentReceipt&& receipt, UtcTime now) const;

private:
    std::optional<Error> check_receipt(const LintedTbs& tbs, const IntentReceipt& receipt, UtcTime now) const;
    Result<CertificateDer> assemble(const LintedTbs& tbs, ByteView signature) const;

    crypto::PublicKey key_;
    hsm::Signer& signer_;
};

}  // namespace sealwright::issuance
