// crl_checker.hpp: a TBSCertList checked as it comes, in pieces of any size: a CRL of a million entries passes through
// a few kilobytes.
#pragma once

#include "hsm/signer_process/limits.hpp"
#include "x509/extensions.hpp"

namespace sealwright::hsm::signer_process {

// CrlFacts is what a TBSCertList says, apart from its entries, which are checked and counted.
struct CrlFacts {
    Bytes signature_algorithm;
    Bytes issuer;  // Name DER
    UtcTime this_update{}, next_update{};
    std::uint64_t entries = 0;
    std::optional<UtcTime> newest_entry;  // the latest revocationDate
    std::uint64_t number = 0;
    std::optional<Bytes> authority_key_identifier;
};

// CrlReader reads version 2 of RFC 5280 section 5 strictly. nextUpdate, cRLNumber and each entry's form are demanded as
// section 5 has them; entries may carry reasonCode and invalidityDate alone. A delta CRL and unknown critical
// extensions are unsupported.
class CrlReader {
public:
    // feed takes the next octets; the first failure sticks.
    Result<void> feed(ByteView octets);
    // finish is called when all octets were fed.
    Result<CrlFacts> finish();

private:
    enum class Expect {
        outer,
        version,
        algorithm,
        issuer,
        this_update,
        next_update,
        entries_or_extensions,
        entry,
        extensions_or_end,
        end
    };

    // Header of the element at the front of pending_, if it is whole.
    struct Header {
        std::uint8_t tag = 0;
        std::size_t header = 0;
        std::uint64_t content = 0;
    };

    Result<std::optional<Header>> peek_header() const;
    Result<bool> step();
    Result<bool> enter(std::uint8_t tag, std::uint64_t& end, Expect next);
    Result<std::optional<ByteView>> whole_element(std::size_t limit) const;
    Result<void> take(ByteView element);
    Result<void> read_entry(ByteView element);
    Result<void> read_extensions(ByteView element);
    void consume(std::size_t count);
    std::uint64_t position() const noexcept { return consumed_; }

    Bytes pending_;
    std::size_t front_ = 0;
    std::uint64_t consumed_ = 0;
    std::uint64_t end_ = 0;          // stream offset behind the TBSCertList
    std::uint64_t entries_end_ = 0;  // stream offset behind revokedCertificates
    Expect expect_ = Expect::outer;
    CrlFacts facts_;
    bool has_number_ = false;
    std::optional<Error> failure_;
};

// check_crl holds what was read against the limits.
Result<CrlSubject> check_crl(const CrlLimits& limits, const crypto::SignatureAlgorithm& algorithm,
                             const CrlFacts& facts, UtcTime now);

}  // namespace sealwright::hsm::signer_process
