// The checks of what is no certificate and no list: OCSP responses, log checkpoints, TLS handshakes.
#include "asn1/der_reader.hpp"
#include "asn1/oid.hpp"
#include "crypto/digest.hpp"
#include "hsm/signer_process/limits.hpp"
#include "x509/extensions.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using asn1::DerReader;

constexpr std::size_t kMaxResponses = 100;
constexpr std::size_t kMaxCheckpoint = 4096;

Error ocsp_denied(std::string_view what) { return fail(ErrorCode::denied, "OCSP response: " + std::string{what}); }
Error ocsp_bad(std::string_view what) { return fail(ErrorCode::malformed, "OCSP response: " + std::string{what}); }
Error checkpoint_bad(std::string_view what) { return fail(ErrorCode::malformed, "checkpoint: " + std::string{what}); }

Result<UtcTime> generalized(DerReader& reader) {
    SEALWRIGHT_TRY(const auto element, reader.expect(asn1::kGeneralizedTime));
    return asn1::parse_time(element);
}

// check_responder: byKey is the SHA-1 of the responder's public key octets (RFC 6960 4.2.1).
Result<void> check_responder(DerReader& data, const crypto::PublicKey& key) {
    if (data.peek() != asn1::context_constructed(2)) return ocsp_denied("the responder is not named by its key");
    SEALWRIGHT_TRY(auto wrapper, data.enter(asn1::context_constructed(2)));
    SEALWRIGHT_TRY(const auto hash, wrapper.octet_string());
    SEALWRIGHT_TRY(wrapper.finish());
    if (!equal(hash, crypto::digest(crypto::DigestAlgorithm::sha1, key.public_bits())))
        return ocsp_denied("another responder than the key that signs it");
    return success();
}

Result<void> check_cert_id(DerReader& single) {
    SEALWRIGHT_TRY(auto id, single.enter(asn1::kSequence));
    SEALWRIGHT_TRY(id.expect(asn1::kSequence));
    SEALWRIGHT_TRY(id.octet_string());
    SEALWRIGHT_TRY(id.octet_string());
    SEALWRIGHT_TRY(id.integer());
    return id.finish();
}

Result<void> check_status(DerReader& single, UtcTime now) {
    SEALWRIGHT_TRY(const auto status, single.next());
    if (status.tag == asn1::context(0) || status.tag == asn1::context(2)) {
        if (!status.content.empty()) return ocsp_bad("a status that is not NULL");
        return success();
    }
    if (status.tag != asn1::context_constructed(1)) return ocsp_bad("an unknown status");
    DerReader revoked{status.content};
    SEALWRIGHT_TRY(const auto at, generalized(revoked));
    if (at > now + kClockSkew) return ocsp_denied("revoked in the future");
    SEALWRIGHT_TRY(revoked.optional(asn1::context_constructed(0)));
    return revoked.finish();
}

Result<void> check_single(const OcspLimits& limits, DerReader& list, UtcTime now) {
    SEALWRIGHT_TRY(auto single, list.enter(asn1::kSequence));
    SEALWRIGHT_TRY(check_cert_id(single));
    SEALWRIGHT_TRY(check_status(single, now));
    SEALWRIGHT_TRY(const auto this_update, generalized(single));
    if (this_update > now + kClockSkew) return ocsp_denied("thisUpdate lies in the future");
    if (this_update < now - limits.max_validity) return ocsp_denied("thisUpdate lies too far in the past");
    // RFC 6960 4.2.2.1: without nextUpdate newer information is always available, which readers take as valid for ever.
    if (single.peek() != asn1::context_constructed(0)) return ocsp_denied("nextUpdate is missing");
    SEALWRIGHT_TRY(auto wrapper, single.enter(asn1::context_constructed(0)));
    SEALWRIGHT_TRY(const auto next_update, generalized(wrapper));
    SEALWRIGHT_TRY(wrapper.finish());
    if (next_update <= this_update) return ocsp_denied("nextUpdate is not after thisUpdate");
    if (next_update - this_update > limits.max_validity) return ocsp_denied("valid for longer than the key's limit");
    if (!single.at_end()) return ocsp_denied("singleExtensions are not signed here");
    return success();
}

// take_line gives the text up to the next newline, which must be there.
Result<std::string_view> take_line(std::string_view& text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return checkpoint_bad("a line without its end");
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

Result<std::uint64_t> decimal(std::string_view text) {
    if (text.empty() || text.size() > 19 || (text.size() > 1 && text[0] == '0'))
        return checkpoint_bad("a tree size that is no plain number");
    std::uint64_t value = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9') return checkpoint_bad("a tree size that is no plain number");
        value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return value;
}

}  // namespace

Result<void> check_ocsp(const OcspLimits& limits, const crypto::PublicKey& key, ByteView response_data, UtcTime now) {
    DerReader outer{response_data};
    SEALWRIGHT_TRY(auto data, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    // version DEFAULT v1 is not encoded in DER; there is no other.
    SEALWRIGHT_TRY(check_responder(data, key));
    SEALWRIGHT_TRY(const auto produced_at, generalized(data));
    if (produced_at > now + kClockSkew) return ocsp_denied("producedAt lies in the future");
    if (produced_at < now - limits.max_backdate) return ocsp_denied("producedAt lies too far in the past");
    SEALWRIGHT_TRY(auto list, data.enter(asn1::kSequence));
    if (list.at_end()) return ocsp_bad("no response in it");
    for (std::size_t count = 0; !list.at_end(); ++count) {
        if (count == kMaxResponses) return fail(ErrorCode::too_large, "OCSP response: too many responses");
        SEALWRIGHT_TRY(check_single(limits, list, now));
    }
    if (data.peek() == asn1::context_constructed(1)) {
        SEALWRIGHT_TRY(const auto wrapper, data.expect(asn1::context_constructed(1)));
        SEALWRIGHT_TRY(const auto extensions, x509::parse_extensions(wrapper.content));
        for (const auto& extension : extensions) {
            if (!equal(extension.oid, asn1::oid::kOcspNonce))
                return fail(ErrorCode::unsupported, "OCSP response: an extension other than the nonce");
        }
    }
    return data.finish();
}

// check_checkpoint reads the note text of a C2SP tlog-checkpoint: origin, size, root, extension lines, each ended by a
// newline; no signature.
Result<CheckpointSubject> check_checkpoint(const CheckpointLimits& limits, ByteView octets) {
    if (octets.size() > kMaxCheckpoint) return fail(ErrorCode::too_large, "checkpoint: too long");
    std::string_view text = text_of(octets);
    SEALWRIGHT_TRY(const auto origin, take_line(text));
    if (origin != limits.origin) return fail(ErrorCode::denied, "checkpoint: another origin than the key's");
    SEALWRIGHT_TRY(const auto size_line, take_line(text));
    SEALWRIGHT_TRY(const auto size, decimal(size_line));
    SEALWRIGHT_TRY(const auto root_line, take_line(text));
    SEALWRIGHT_TRY(const auto root, from_base64(root_line));
    if (root.size() != Sha256::kSize) return checkpoint_bad("a root that is no SHA-256");
    while (!text.empty()) {
        SEALWRIGHT_TRY(const auto extension, take_line(text));
        // An empty line ends the text of a signed note: what followed would be read as signatures.
        if (extension.empty()) return checkpoint_bad("an empty line");
    }
    SEALWRIGHT_TRY(const auto root_digest, Sha256::from(root));
    return CheckpointSubject{crypto::sha256(view_of(origin)), size, root_digest};
}

// check_tls: RFC 8446 4.4.3, "a string that consists of octet 32 repeated 64 times, the context string, a single 0
// byte, the content to be signed", which is the transcript hash. The server's context alone: nothing else that this key
// signs can look so.
Result<void> check_tls(ByteView content) {
    constexpr std::string_view kContext = "TLS 1.3, server CertificateVerify";
    const std::string expected = std::string(64, ' ') + std::string{kContext} + std::string(1, '\0');
    const bool has_prefix = content.size() > expected.size() && text_of(content.first(expected.size())) == expected;
    const std::size_t hash = has_prefix ? content.size() - expected.size() : 0;
    if (hash != 32 && hash != 48)
        return fail(ErrorCode::denied, "TLS: this is no CertificateVerify of a TLS 1.3 server");
    return success();
}

}  // namespace sealwright::hsm::signer_process
