#include "hsm/signer_process/crl_checker.hpp"

#include "asn1/der_reader.hpp"
#include "asn1/oid.hpp"
#include "crypto/digest.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using asn1::DerReader;

constexpr std::size_t kMaxSmall = 64;  // version, times
constexpr std::size_t kMaxAlgorithm = 512;
constexpr std::size_t kMaxIssuer = 8192;
constexpr std::size_t kMaxEntry = 1024;
constexpr std::size_t kMaxCrlExtensions = 32768;
constexpr std::size_t kMaxSerial = 20;  // RFC 5280 4.1.2.2
constexpr std::size_t kCompactAt = 65536;

Error bad(std::string_view what) { return fail(ErrorCode::malformed, "CRL: " + std::string{what}); }
Error denied(std::string_view what, std::string detail = {}) {
    return fail(ErrorCode::denied, "CRL: " + std::string{what}, std::move(detail));
}

// read_entry_extension reads one crlEntryExtension: reasonCode or invalidityDate, neither critical nor repeated (RFC
// 5280 5.3).
Result<void> read_entry_extension(DerReader& reader, bool& has_reason, bool& has_date) {
    SEALWRIGHT_TRY(auto extension, reader.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const auto oid, extension.oid());
    if (extension.peek() == asn1::kBoolean) return bad("a critical entry extension");
    SEALWRIGHT_TRY(const auto value, extension.octet_string());
    SEALWRIGHT_TRY(extension.finish());
    if (equal(oid, asn1::oid::kReasonCode)) {
        SEALWRIGHT_TRY(const auto reason, asn1::the_only(value, asn1::kEnumerated));
        // 0 is expressed by leaving the extension out, 7 is not used, 8 belongs to delta CRLs.
        if (reason.content.size() != 1 || reason.content[0] == 0 || reason.content[0] == 7 || reason.content[0] == 8 ||
            reason.content[0] > 10)
            return bad("an unusable reason code");
        if (std::exchange(has_reason, true)) return bad("an entry extension twice");
    } else if (equal(oid, asn1::oid::kInvalidityDate)) {
        SEALWRIGHT_TRY(const auto date, asn1::the_only(value, asn1::kGeneralizedTime));
        SEALWRIGHT_TRY(asn1::parse_time(date));
        if (std::exchange(has_date, true)) return bad("an entry extension twice");
    } else {
        return fail(ErrorCode::unsupported, "CRL: an entry extension other than reasonCode and invalidityDate");
    }
    return success();
}

Result<std::uint64_t> read_number(const x509::Extension& extension) {
    // RFC 5280 5.2.3: marked non-critical.
    if (extension.critical) return bad("cRLNumber is critical");
    DerReader reader{extension.value};
    SEALWRIGHT_TRY(const auto number, reader.small_integer());
    SEALWRIGHT_TRY(reader.finish());
    return number;
}

Result<void> check_distribution_point(const x509::Extension& extension) {
    // RFC 5280 5.2.5: critical.
    if (!extension.critical) return bad("issuingDistributionPoint is not critical");
    SEALWRIGHT_TRY(const auto point, x509::parse_issuing_distribution_point(extension.value));
    if (point.indirect) return fail(ErrorCode::unsupported, "CRL: indirect CRLs are not signed");
    return success();
}

}  // namespace

Result<std::optional<CrlReader::Header>> CrlReader::peek_header() const {
    const ByteView rest = ByteView{pending_}.subspan(front_);
    if (rest.size() < 2) return std::optional<Header>{};
    Header header{rest[0], 2, rest[1]};
    if (rest[1] < 0x80) return std::optional{header};
    const std::size_t count = rest[1] & 0x7FU;
    if (count == 0 || count > 4) return bad("a length that is indefinite or too long");
    if (rest.size() < 2 + count) return std::optional<Header>{};
    header.header += count;
    header.content = 0;
    for (std::size_t i = 0; i < count; ++i) header.content = header.content << 8U | rest[2 + i];
    if (header.content < 0x80 || rest[2] == 0) return bad("a length that is not minimal");
    return std::optional{header};
}

// whole_element gives the element at the front once all of it is there; it must lie within what it stands in.
Result<std::optional<ByteView>> CrlReader::whole_element(std::size_t limit) const {
    SEALWRIGHT_TRY(const auto header, peek_header());
    if (!header) return std::optional<ByteView>{};
    const std::uint64_t size = header->header + header->content;
    if (size > limit) return fail(ErrorCode::too_large, "CRL: an element is too large");
    if (position() + size > (expect_ == Expect::entry ? entries_end_ : end_))
        return bad("an element reaches beyond what it stands in");
    const ByteView rest = ByteView{pending_}.subspan(front_);
    if (rest.size() < size) return std::optional<ByteView>{};
    return std::optional{rest.first(static_cast<std::size_t>(size))};
}

void CrlReader::consume(std::size_t count) {
    front_ += count;
    consumed_ += count;
    if (front_ < kCompactAt && front_ < pending_.size()) return;
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(front_));
    front_ = 0;
}

// enter goes into a constructed element: its header is consumed, its end noted.
Result<bool> CrlReader::enter(std::uint8_t tag, std::uint64_t& end, Expect next) {
    SEALWRIGHT_TRY(const auto header, peek_header());
    if (!header) return false;
    if (header->tag != tag) return bad("another element than expected");
    consume(header->header);
    end = position() + header->content;
    expect_ = next;
    return true;
}

Result<void> CrlReader::read_entry(ByteView element) {
    DerReader outer{element};
    SEALWRIGHT_TRY(auto entry, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const auto serial, entry.unsigned_integer());
    if (serial.size() > kMaxSerial || (serial.size() == kMaxSerial && serial[0] >= 0x80))
        return bad("a serial number of more than 20 octets");
    SEALWRIGHT_TRY(const auto revoked_at, entry.time());
    facts_.newest_entry = std::max(facts_.newest_entry.value_or(revoked_at), revoked_at);
    if (!entry.at_end()) {
        SEALWRIGHT_TRY(auto extensions, entry.enter(asn1::kSequence));
        SEALWRIGHT_TRY(entry.finish());
        if (extensions.at_end()) return bad("an empty list of entry extensions");
        bool has_reason = false;
        bool has_date = false;
        while (!extensions.at_end()) {
            SEALWRIGHT_TRY(read_entry_extension(extensions, has_reason, has_date));
        }
    }
    ++facts_.entries;
    return success();
}

Result<void> CrlReader::read_extensions(ByteView element) {
    SEALWRIGHT_TRY(const auto wrapper, asn1::the_only(element, asn1::context_constructed(0)));
    SEALWRIGHT_TRY(const auto extensions, x509::parse_extensions(wrapper.content));
    for (const x509::Extension& extension : extensions) {
        if (equal(extension.oid, asn1::oid::kCrlNumber)) {
            SEALWRIGHT_TRY(facts_.number, read_number(extension));
            has_number_ = true;
        } else if (equal(extension.oid, asn1::oid::kAuthorityKeyIdentifier)) {
            SEALWRIGHT_TRY(auto identifier, x509::parse_authority_key_identifier(extension.value));
            facts_.authority_key_identifier = std::move(identifier.key_identifier);
        } else if (equal(extension.oid, asn1::oid::kIssuingDistributionPoint)) {
            SEALWRIGHT_TRY(check_distribution_point(extension));
        } else if (equal(extension.oid, asn1::oid::kDeltaCrlIndicator)) {
            return fail(ErrorCode::unsupported, "CRL: delta CRLs are not signed");
        } else if (extension.critical) {
            return fail(ErrorCode::unsupported, "CRL: an unknown critical extension");
        }
    }
    if (!has_number_) return bad("cRLNumber is missing");
    return success();
}

// take reads one whole element as what is expected now.
Result<void> CrlReader::take(ByteView element) {
    DerReader reader{element};
    switch (expect_) {
        case Expect::version: {
            SEALWRIGHT_TRY(const auto version, reader.small_integer());
            if (version != 1) return bad("another version than 2");
            expect_ = Expect::algorithm;
            return success();
        }
        case Expect::algorithm: {
            SEALWRIGHT_TRY(asn1::the_only(element, asn1::kSequence));
            facts_.signature_algorithm = bytes_of(element);
            expect_ = Expect::issuer;
            return success();
        }
        case Expect::issuer: {
            SEALWRIGHT_TRY(x509::parse_name(element));
            facts_.issuer = bytes_of(element);
            expect_ = Expect::this_update;
            return success();
        }
        case Expect::this_update: {
            SEALWRIGHT_TRY(facts_.this_update, reader.time());
            expect_ = Expect::next_update;
            return success();
        }
        case Expect::next_update: {
            SEALWRIGHT_TRY(facts_.next_update, reader.time());
            expect_ = Expect::entries_or_extensions;
            return success();
        }
        case Expect::entry:
            return read_entry(element);
        default: {
            SEALWRIGHT_TRY(read_extensions(element));
            expect_ = Expect::end;
            return success();
        }
    }
}

// step makes one step forward; false when more octets are needed for it.
Result<bool> CrlReader::step() {
    if (expect_ == Expect::outer) return enter(asn1::kSequence, end_, Expect::version);
    if (expect_ == Expect::end) {
        if (front_ < pending_.size()) return bad("octets behind the end");
        return false;
    }
    if (expect_ == Expect::entry && position() == entries_end_) expect_ = Expect::extensions_or_end;
    if (expect_ == Expect::entries_or_extensions && front_ < pending_.size()) {
        if (pending_[front_] == asn1::kSequence) {
            SEALWRIGHT_TRY(const bool entered, enter(asn1::kSequence, entries_end_, Expect::entry));
            // RFC 5280 5.1.2.6: without revoked certificates the list is absent.
            if (entered && entries_end_ == position()) return bad("an empty list of revoked certificates");
            if (entered && entries_end_ > end_) return bad("an element reaches beyond what it stands in");
            return entered;
        }
        expect_ = Expect::extensions_or_end;
    }
    const std::size_t limit = expect_ == Expect::algorithm           ? kMaxAlgorithm
                              : expect_ == Expect::issuer            ? kMaxIssuer
                              : expect_ == Expect::entry             ? kMaxEntry
                              : expect_ == Expect::extensions_or_end ? kMaxCrlExtensions
                                                                     : kMaxSmall;
    SEALWRIGHT_TRY(const auto element, whole_element(limit));
    if (!element) return false;
    const std::size_t size = element->size();
    SEALWRIGHT_TRY(take(*element));
    consume(size);
    if (expect_ == Expect::end && position() != end_) return bad("the outer length does not fit what is inside");
    return true;
}

Result<void> CrlReader::feed(ByteView octets) {
    if (failure_) return *failure_;
    append(pending_, octets);
    for (;;) {
        auto stepped = step();
        if (!stepped) {
            failure_ = stepped.error();
            pending_ = {};
            front_ = 0;
            return *failure_;
        }
        if (!stepped.value()) return success();
    }
}

Result<CrlFacts> CrlReader::finish() {
    if (failure_) return *failure_;
    if (expect_ != Expect::end || front_ != pending_.size()) return bad("truncated");
    return std::move(facts_);
}

Result<CrlSubject> check_crl(const CrlLimits& limits, const crypto::SignatureAlgorithm& algorithm,
                             const CrlFacts& facts, UtcTime now) {
    // RFC 5280 5.1.2.2: the field inside names the algorithm of the signature to be.
    if (facts.signature_algorithm != crypto::algorithm_identifier(algorithm))
        return denied("the signature field is not the algorithm that was asked for");
    const Sha256 issuer = crypto::sha256(facts.issuer);
    if (issuer != limits.issuer) return denied("another issuer than the key's", "issuer digest " + issuer.hex());
    if (limits.authority_key_identifier && facts.authority_key_identifier != limits.authority_key_identifier)
        return denied("another authority key identifier than the key's");
    if (facts.next_update <= facts.this_update) return denied("nextUpdate is not after thisUpdate");
    if (facts.next_update - facts.this_update > limits.max_validity)
        return denied("valid for longer than the key's limit");
    if (facts.this_update > now + kClockSkew) return denied("thisUpdate lies in the future");
    if (facts.this_update < now - std::chrono::hours{1}) return denied("thisUpdate lies too far in the past");
    if (facts.newest_entry && *facts.newest_entry > facts.this_update + kClockSkew)
        return denied("an entry was revoked in the future");
    return CrlSubject{issuer, facts.number};
}

}  // namespace sealwright::hsm::signer_process
