#include "hsm/signer_process/limits.hpp"

#include <algorithm>

#include "asn1/der_reader.hpp"
#include "asn1/oid.hpp"
#include "crypto/digest.hpp"
#include "hsm/signer_process/crl_checker.hpp"
#include "x509/certificate.hpp"

namespace sealwright::hsm::signer_process {
namespace {

constexpr std::size_t kMaxSerial = 20;

Error denied(std::string_view what, std::string detail = {}) {
    return fail(ErrorCode::denied, "certificate: " + std::string{what}, std::move(detail));
}

// check_serial: RFC 5280 4.1.2.2, a positive integer of at most 20 octets.
Result<void> check_serial(ByteView serial) {
    if (serial.empty() || serial.size() > kMaxSerial) return denied("the serial number has more than 20 octets");
    if (serial[0] >= 0x80) return denied("the serial number is negative");
    if (serial.size() == 1 && serial[0] == 0) return denied("the serial number is zero");
    return success();
}

Result<void> check_window(const CertificateLimits& limits, const x509::TbsCertificate& tbs, UtcTime now) {
    if (tbs.not_after < tbs.not_before) return denied("notAfter is before notBefore");
    // RFC 5280 4.1.2.5: the period is inclusive at both ends.
    if (tbs.not_after - tbs.not_before + std::chrono::seconds{1} > limits.max_validity)
        return denied("valid for longer than the key's limit");
    if (tbs.not_before < now - limits.max_backdate)
        return denied("notBefore lies further in the past than the key's limit");
    if (tbs.not_before > now + kClockSkew) return denied("notBefore lies in the future");
    if (tbs.not_after <= now) return denied("it has expired already");
    return success();
}

Result<x509::BasicConstraints> basic_constraints_of(const x509::TbsCertificate& tbs) {
    const auto* extension = x509::find_extension(tbs.extensions, asn1::oid::kBasicConstraints);
    if (extension == nullptr) return x509::BasicConstraints{};
    SEALWRIGHT_TRY(auto constraints, x509::parse_basic_constraints(extension->value));
    // RFC 5280 4.2.1.9: critical in CA certificates.
    if (constraints.ca && !extension->critical) return denied("basicConstraints of a CA is not critical");
    return constraints;
}

Result<x509::KeyUsage> key_usage_of(const x509::TbsCertificate& tbs) {
    const auto* extension = x509::find_extension(tbs.extensions, asn1::oid::kKeyUsage);
    if (extension == nullptr) return x509::KeyUsage{0};
    return x509::parse_key_usage(extension->value);
}

Result<void> check_authority(const CertificateLimits& limits, const x509::TbsCertificate& tbs) {
    SEALWRIGHT_TRY(const auto constraints, basic_constraints_of(tbs));
    SEALWRIGHT_TRY(const auto usage, key_usage_of(tbs));
    if (!constraints.ca) {
        if ((usage & (x509::kKeyCertSign | x509::kCrlSign)) != 0)
            return denied("it may sign certificates or CRLs without being a CA's");
        return success();
    }
    if (!limits.ca) return denied("this key may not certify CAs");
    if ((usage & x509::kKeyCertSign) == 0) return denied("a CA certificate without keyCertSign");
    if (limits.max_path_length && (!constraints.path_length || *constraints.path_length > *limits.max_path_length))
        return denied("its path length passes the key's limit");
    return success();
}

// check_purposes: a key with id-kp-OCSPSigning, issued by this CA, speaks for it (RFC 6960 4.2.2.2);
// anyExtendedKeyUsage would include it.
Result<void> check_purposes(const CertificateLimits& limits, const x509::TbsCertificate& tbs) {
    const auto* extension = x509::find_extension(tbs.extensions, asn1::oid::kExtKeyUsage);
    if (extension == nullptr || limits.ocsp_signing) return success();
    SEALWRIGHT_TRY(const auto purposes, x509::parse_ext_key_usage(extension->value));
    for (const Bytes& purpose : purposes) {
        if (equal(purpose, asn1::oid::kOcspSigning) || equal(purpose, asn1::oid::kAnyExtendedKeyUsage))
            return denied("this key may not certify OCSP signers");
    }
    return success();
}

Result<void> check_authority_key_identifier(const CertificateLimits& limits, const x509::TbsCertificate& tbs) {
    if (!limits.authority_key_identifier) return success();
    const auto* extension = x509::find_extension(tbs.extensions, asn1::oid::kAuthorityKeyIdentifier);
    if (extension == nullptr) return denied("the authority key identifier is missing");
    SEALWRIGHT_TRY(const auto identifier, x509::parse_authority_key_identifier(extension->value));
    if (identifier.key_identifier != *limits.authority_key_identifier)
        return denied("another authority key identifier than the key's");
    return success();
}

}  // namespace

bool KeyLimits::may_be_in(const std::string& token_serial) const {
    return locations.empty() || std::ranges::find(locations, token_serial) != locations.end();
}

std::vector<Purpose> KeyLimits::purposes() const {
    std::vector<Purpose> list;
    if (certificate) list.push_back(Purpose::certificate);
    if (crl) list.push_back(Purpose::crl);
    if (csr) list.push_back(Purpose::csr);
    if (ocsp) list.push_back(Purpose::ocsp);
    if (checkpoint) list.push_back(Purpose::checkpoint);
    if (tls) list.push_back(Purpose::tls);
    if (decrypt) list.push_back(Purpose::decrypt);
    if (cms) list.push_back(Purpose::cms);
    if (cmp) list.push_back(Purpose::cmp);
    return list;
}

Result<void> check_request(const KeyLimits& limits, Purpose purpose, const crypto::SignatureAlgorithm& algorithm) {
    const auto purposes = limits.purposes();
    if (std::find(purposes.begin(), purposes.end(), purpose) == purposes.end()) {
        return fail(ErrorCode::denied, "this key does not have the purpose " + std::string{purpose_name(purpose)},
                    "key " + limits.name);
    }
    if (purpose == Purpose::decrypt)
        return fail(ErrorCode::denied, "nothing is signed under the purpose decrypt", "key " + limits.name);
    for (const auto& allowed : limits.algorithms) {
        if (allowed == algorithm) return success();
    }
    return fail(ErrorCode::denied, "this key does not make " + crypto::signature_name(algorithm) + " signatures",
                "key " + limits.name);
}

Result<CertificateSubject> check_certificate(const CertificateLimits& limits,
                                             const crypto::SignatureAlgorithm& algorithm, ByteView der, UtcTime now) {
    SEALWRIGHT_TRY(const auto tbs, x509::parse_tbs_certificate(der));
    if (tbs.version != 3) return denied("another version than 3");
    SEALWRIGHT_TRY(check_serial(tbs.serial));
    // RFC 5280 4.1.2.3: the field inside names the algorithm of the signature to be.
    if (tbs.signature_algorithm != crypto::algorithm_identifier(algorithm))
        return denied("the signature field is not the algorithm that was asked for");
    const Sha256 issuer = crypto::sha256(tbs.issuer_der.view());
    if (issuer != limits.issuer) return denied("another issuer than the key's", "issuer digest " + issuer.hex());
    if (tbs.has_unique_ids) return denied("unique identifiers are not issued");
    SEALWRIGHT_TRY(check_window(limits, tbs, now));
    SEALWRIGHT_TRY(check_authority(limits, tbs));
    SEALWRIGHT_TRY(check_purposes(limits, tbs));
    SEALWRIGHT_TRY(check_authority_key_identifier(limits, tbs));
    return CertificateSubject{tbs.serial};
}

Result<void> check_csr(const crypto::PublicKey& key, ByteView info) {
    asn1::DerReader outer{info};
    SEALWRIGHT_TRY(auto request, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    SEALWRIGHT_TRY(const auto version, request.small_integer());
    if (version != 0) return fail(ErrorCode::denied, "request: another version than 1");
    SEALWRIGHT_TRY(const auto subject, request.expect(asn1::kSequence));
    SEALWRIGHT_TRY(x509::parse_name(subject.encoding));
    SEALWRIGHT_TRY(const auto spki, request.expect(asn1::kSequence));
    if (!equal(spki.encoding, key.spki().view()))
        return fail(ErrorCode::denied, "request: about another key than the one that signs it");
    SEALWRIGHT_TRY(request.expect(asn1::context_constructed(0)));
    return request.finish();
}

Result<IntentSubject> check_tbs(const KeyLimits& limits, const crypto::PublicKey& key, Purpose purpose,
                                const crypto::SignatureAlgorithm& algorithm, ByteView tbs, UtcTime now) {
    SEALWRIGHT_TRY(check_request(limits, purpose, algorithm));
    switch (purpose) {
        case Purpose::certificate: {
            SEALWRIGHT_TRY(auto subject, check_certificate(*limits.certificate, algorithm, tbs, now));
            return IntentSubject{std::move(subject)};
        }
        case Purpose::crl: {
            CrlReader reader;
            SEALWRIGHT_TRY(reader.feed(tbs));
            SEALWRIGHT_TRY(const auto facts, reader.finish());
            SEALWRIGHT_TRY(const auto subject, check_crl(*limits.crl, algorithm, facts, now));
            return IntentSubject{subject};
        }
        case Purpose::csr: {
            SEALWRIGHT_TRY(check_csr(key, tbs));
            return IntentSubject{NoSubject{}};
        }
        case Purpose::ocsp: {
            SEALWRIGHT_TRY(check_ocsp(*limits.ocsp, key, tbs, now));
            return IntentSubject{NoSubject{}};
        }
        case Purpose::checkpoint: {
            SEALWRIGHT_TRY(const auto subject, check_checkpoint(*limits.checkpoint, tbs));
            return IntentSubject{subject};
        }
        case Purpose::tls: {
            SEALWRIGHT_TRY(check_tls(tbs));
            return IntentSubject{NoSubject{}};
        }
        case Purpose::cms: {
            SEALWRIGHT_TRY(check_cms(*limits.cms, tbs));
            return IntentSubject{NoSubject{}};
        }
        case Purpose::cmp: {
            SEALWRIGHT_TRY(check_cmp(*limits.cmp, algorithm, tbs));
            return IntentSubject{NoSubject{}};
        }
        case Purpose::decrypt:
            return fail(ErrorCode::denied, "nothing is signed under the purpose decrypt");
    }
    return fail(ErrorCode::unsupported, "unknown purpose");
}

}  // namespace sealwright::hsm::signer_process
