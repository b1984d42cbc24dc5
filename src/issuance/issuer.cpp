#include "issuance/issuer.hpp"

#include "base/boundary.hpp"

namespace sealwright::issuance {

bool surely_not_signed(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::denied:
        case ErrorCode::not_found:
        case ErrorCode::unavailable:
        case ErrorCode::overloaded:
        case ErrorCode::token:
        // The signer journals before it signs: what it could not journal it did not sign.
        case ErrorCode::storage:
        case ErrorCode::clock:
        // The signer could not read what it was asked to sign.
        case ErrorCode::malformed:
        case ErrorCode::too_large:
        case ErrorCode::unsupported:
            return true;
        // A used intent (conflict) may be one that was signed before.
        default:
            return false;
    }
}

std::optional<Error> Issuer::check_receipt(const LintedTbs& tbs, const IntentReceipt& receipt, UtcTime now) const {
    if (receipt.tbs_digest() != tbs.digest() || receipt.serial() != tbs.serial()) {
        return fail(ErrorCode::internal, "the intent is for another certificate", "intent " + receipt.id().hex());
    }
    if (receipt.lease_until() <= now) {
        return fail(ErrorCode::unavailable, "the certificate could not be signed in time",
                    "lease of intent " + receipt.id().hex() + " is over");
    }
    return std::nullopt;
}

std::variant<CertificateDer, SigningFailure> Issuer::sign(LintedTbs&& linted, IntentReceipt&& receipt,
                                                          UtcTime now) const {
    const LintedTbs tbs = std::move(linted);
    const IntentReceipt intent = std::move(receipt);
    if (auto problem = check_receipt(tbs, intent, now))
        return SigningFailure{Settlement::abandoned, *std::move(problem)};

    // From here to the signer's answer nobody knows whether a signature exists.
    at_boundary(boundary::kSignBegun);
    auto signature = signer_.sign({.key = key_.id(),
                                   .purpose = hsm::Purpose::certificate,
                                   .algorithm = tbs.algorithm(),
                                   .intent = intent.id(),
                                   .tbs = tbs.der().view()});
    at_boundary(boundary::kSignatureGot);
    if (!signature) {
        const auto settlement =
            surely_not_signed(signature.error().code()) ? Settlement::abandoned : Settlement::indeterminate;
        return SigningFailure{settlement, std::move(signature).error()};
    }

    // A signer that answers with anything else than a signature over these octets may have signed others: what it
    // answered does not leave.
    auto certificate = assemble(tbs, signature.value());
    if (!certificate) return SigningFailure{Settlement::indeterminate, std::move(certificate).error()};
    at_boundary(boundary::kAssembled);
    return std::move(certificate).value();
}

Result<CertificateDer> Issuer::assemble(const LintedTbs& tbs, ByteView signature) const {
    if (auto holds = key_.verify(tbs.algorithm(), tbs.der().view(), signature); !holds) {
        return fail(ErrorCode::invalid_signature, "the certificate could not be signed",
                    "the signer's answer does not verify: " + holds.error().describe());
    }
    CertificateDer der = x509::assemble_certificate(tbs.der().view(), tbs.algorithm(), signature);
    auto parsed = x509::Certificate::parse(der.view());
    if (!parsed) {
        return fail(ErrorCode::invalid_signature, "the certificate could not be signed",
                    "the assembled certificate does not parse: " + parsed.error().describe());
    }
    // RFC 5280 4.1.1.3: the signature is computed upon the DER encoded tbsCertificate; it is this one that was linted.
    if (!equal(parsed.value().tbs(), tbs.der().view()) || !equal(parsed.value().signature(), signature)) {
        return fail(ErrorCode::invalid_signature, "the certificate could not be signed",
                    "the assembled certificate is not what was linted");
    }
    return der;
}

}  // namespace sealwright::issuance
