#include "asn1/oid.hpp"
#include "x509/general_name_codec.hpp"
#include "x509/ocsp.hpp"
#include "x509/ocsp_codec.hpp"
#include "x509/signed_object.hpp"

namespace sealwright::x509 {
namespace {

using asn1::context_constructed;

constexpr std::size_t kMaxNonce = 128;

Error bad_request(std::string what) { return fail(ErrorCode::malformed, "OCSP: " + std::move(what)); }

Result<crypto::DigestAlgorithm> parse_hash(ByteView algorithm) {
    asn1::DerReader outer{algorithm};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const ByteView type, reader.oid());
    // Both forms are in use: RFC 5912 wants the parameters absent, older ones NULL.
    if (!reader.at_end()) {
        SEALWRIGHT_TRY(reader.null());
    }
    if (equal(type, asn1::oid::kSha1)) return crypto::DigestAlgorithm::sha1;
    if (equal(type, asn1::oid::kSha256)) return crypto::DigestAlgorithm::sha256;
    if (equal(type, asn1::oid::kSha384)) return crypto::DigestAlgorithm::sha384;
    if (equal(type, asn1::oid::kSha512)) return crypto::DigestAlgorithm::sha512;
    return fail(ErrorCode::unsupported, "OCSP: the hash algorithm " + asn1::oid_name(type) + " is not supported");
}

// refuse_critical: RFC 6960 4.4 leaves unknown extensions that are not critical to be ignored; a critical one we cannot
// obey.
Result<void> refuse_critical(const Extensions& extensions) {
    for (const Extension& extension : extensions) {
        if (extension.critical && !equal(extension.oid, asn1::oid::kOcspNonce)) {
            return fail(ErrorCode::unsupported,
                        "OCSP: the critical extension " + asn1::oid_name(extension.oid) + " is not supported");
        }
    }
    return success();
}

Result<OcspCertId> read_single_request(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto inner, reader.enter(asn1::kSequence));
    SEALWRIGHT_TRY(auto id, read_cert_id(inner));
    SEALWRIGHT_TRY(const auto wrapper, inner.optional(context_constructed(0)));
    SEALWRIGHT_TRY(inner.finish());
    if (wrapper) {
        SEALWRIGHT_TRY(const auto extensions, parse_extensions(wrapper->content));
        SEALWRIGHT_TRY(refuse_critical(extensions));
    }
    return id;
}

Result<void> read_request_list(asn1::DerReader reader, OcspRequest& request) {
    while (!reader.at_end()) {
        if (request.cert_ids.size() == kMaxOcspSingleRequests) {
            return fail(ErrorCode::too_large, "OCSP: more than 20 certificates in one request");
        }
        SEALWRIGHT_TRY(auto id, read_single_request(reader));
        request.cert_ids.push_back(std::move(id));
    }
    if (request.cert_ids.empty()) return bad_request("a request for no certificate");
    return success();
}

Result<void> read_tbs_request(asn1::DerReader reader, OcspRequest& request) {
    // The only version is v1, the default, which DER does not encode.
    if (reader.peek() == context_constructed(0)) return bad_request("the default version is encoded, or another");
    SEALWRIGHT_TRY(const auto requestor, reader.optional(context_constructed(1)));
    if (requestor) {
        SEALWRIGHT_TRY(parse_general_name(requestor->content));
    }
    SEALWRIGHT_TRY(const auto list, reader.enter(asn1::kSequence));
    SEALWRIGHT_TRY(read_request_list(list, request));
    SEALWRIGHT_TRY(const auto wrapper, reader.optional(context_constructed(2)));
    SEALWRIGHT_TRY(reader.finish());
    if (!wrapper) return success();
    SEALWRIGHT_TRY(const auto extensions, parse_extensions(wrapper->content));
    SEALWRIGHT_TRY(refuse_critical(extensions));
    if (const Extension* nonce = find_extension(extensions, asn1::oid::kOcspNonce)) {
        SEALWRIGHT_TRY(request.nonce, read_nonce(nonce->value));
    }
    return success();
}

// check_signature_form reads Signature, which RFC 6960 4.1.2 lets a responder ignore, so that nothing unread travels
// along.
Result<void> check_signature_form(ByteView wrapped) {
    SEALWRIGHT_TRY(const asn1::Element signature, asn1::the_only(wrapped, asn1::kSequence));
    asn1::DerReader reader{signature.content};
    SEALWRIGHT_TRY(read_algorithm(reader));
    SEALWRIGHT_TRY(reader.bit_string());
    SEALWRIGHT_TRY(reader.optional(context_constructed(0)));
    return reader.finish();
}

}  // namespace

Result<OcspCertId> read_cert_id(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(const asn1::Element sequence, reader.expect(asn1::kSequence));
    asn1::DerReader inner{sequence.content};
    OcspCertId id;
    id.encoding = bytes_of(sequence.encoding);
    SEALWRIGHT_TRY(const ByteView algorithm, read_algorithm(inner));
    SEALWRIGHT_TRY(id.hash, parse_hash(algorithm));
    SEALWRIGHT_TRY(const ByteView name_hash, inner.octet_string());
    SEALWRIGHT_TRY(const ByteView key_hash, inner.octet_string());
    SEALWRIGHT_TRY(const ByteView serial, inner.integer());
    SEALWRIGHT_TRY(inner.finish());
    const std::size_t size = crypto::digest_size(id.hash);
    if (name_hash.size() != size || key_hash.size() != size)
        return bad_request("a hash of another length than its algorithm's");
    id.issuer_name_hash = bytes_of(name_hash);
    id.issuer_key_hash = bytes_of(key_hash);
    id.serial = bytes_of(serial);
    return id;
}

Result<Bytes> read_nonce(ByteView value) {
    SEALWRIGHT_TRY(const asn1::Element nonce, asn1::the_only(value, asn1::kOctetString));
    if (nonce.content.empty() || nonce.content.size() > kMaxNonce)
        return bad_request("a nonce of no octets or more than 128");
    return bytes_of(nonce.content);
}

Result<OcspRequest> OcspRequest::parse(ByteView der) {
    if (der.size() > kMaxOcspRequestSize) return fail(ErrorCode::too_large, "OCSP: a request of more than 8192 octets");
    asn1::DerReader outer{der};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    OcspRequest request;
    SEALWRIGHT_TRY(const auto tbs, reader.enter(asn1::kSequence));
    SEALWRIGHT_TRY(read_tbs_request(tbs, request));
    SEALWRIGHT_TRY(const auto signature, reader.optional(context_constructed(0)));
    SEALWRIGHT_TRY(reader.finish());
    if (signature) {
        SEALWRIGHT_TRY(check_signature_form(signature->content));
    }
    return request;
}

}  // namespace sealwright::x509
