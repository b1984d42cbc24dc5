// crl.hpp: certificate revocation lists (RFC 5280 section 5): built in a stream, since one can have a million entries,
// and parsed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "x509/certificate.hpp"

namespace sealwright::x509 {

// RevocationReason: RFC 5280 5.3.1. unspecified is expressed by leaving the extension out; 7 is not used.
enum class RevocationReason : std::uint8_t {
    unspecified = 0,
    key_compromise = 1,
    ca_compromise = 2,
    affiliation_changed = 3,
    superseded = 4,
    cessation_of_operation = 5,
    certificate_hold = 6,
    remove_from_crl = 8,
    privilege_withdrawn = 9,
    aa_compromise = 10,
};
std::string_view reason_name(RevocationReason reason) noexcept;  // "keyCompromise"
Result<RevocationReason> parse_reason_name(std::string_view name);

struct CrlEntry {
    SerialNumber serial;
    UtcTime revoked_at{};
    RevocationReason reason = RevocationReason::unspecified;
    std::optional<UtcTime> invalidity_date = std::nullopt;
};

struct CrlFields {
    crypto::SignatureAlgorithm signature_algorithm;
    NameDer issuer;
    UtcTime this_update{}, next_update{};
    Bytes authority_key_identifier;
    std::uint64_t number = 0;                                                   // cRLNumber, RFC 5280 5.2.3
    std::optional<IssuingDistributionPoint> distribution_point = std::nullopt;  // critical when present
};

// CrlBuilder collects encoded entries (about 40 octets each) and then gives the TBSCertList. Entries must come with
// distinct serials.
class CrlBuilder {
public:
    void add(const CrlEntry& entry);
    std::size_t size() const noexcept { return count_; }
    // build leaves the builder empty. Without entries revokedCertificates is absent (5.1.2.6).
    TbsCertListDer build(const CrlFields& fields);

private:
    Bytes entries_;
    std::size_t count_ = 0;
};

CrlDer assemble_crl(ByteView tbs, const crypto::SignatureAlgorithm& algorithm, ByteView signature);

// CertificateList: parsed strictly, version 2, signature not verified. Entries are walked, not kept: find is linear.
class CertificateList {
public:
    static Result<CertificateList> parse(Bytes der, std::size_t limit = 256U << 20U);
    const Bytes& der() const noexcept { return der_; }
    ByteView tbs() const noexcept;
    const NameDer& issuer() const noexcept { return issuer_; }
    UtcTime this_update() const noexcept { return this_update_; }
    UtcTime next_update() const noexcept { return next_update_; }
    std::uint64_t number() const noexcept { return number_; }
    const Extensions& extensions() const noexcept { return extensions_; }
    std::size_t entry_count() const noexcept { return entry_count_; }
    // for_each gives each entry in order; a serial of more than 16 octets is skipped (it is none of ours).
    Result<void> for_each(const std::function<void(const CrlEntry&)>& visit) const;
    std::optional<CrlEntry> find(const SerialNumber& serial) const;
    Result<void> verify_signature(const crypto::PublicKey& issuer) const;

private:
    Bytes der_;
    std::size_t tbs_begin_ = 0, tbs_end_ = 0, entries_begin_ = 0, entries_end_ = 0, signature_begin_ = 0,
                entry_count_ = 0;
    Bytes signature_algorithm_;
    NameDer issuer_;
    UtcTime this_update_{}, next_update_{};
    std::uint64_t number_ = 0;
    Extensions extensions_;
};

}  // namespace sealwright::x509
