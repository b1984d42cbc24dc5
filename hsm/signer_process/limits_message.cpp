// The checks of protocol messages: CMS signed attributes, protected CMP messages; and of what is to be decrypted.
#include <array>

#include "asn1/der_reader.hpp"
#include "asn1/oid.hpp"
#include "hsm/signer_process/limits.hpp"

namespace sealwright::hsm::signer_process {
namespace {

using asn1::DerReader;

constexpr asn1::Tag kSetOf = 0x31;
constexpr std::size_t kMaxAttributes = 32;
constexpr std::size_t kMaxHeaderField = 8;  // generalInfo [8]

Error cms_bad(std::string_view what) { return fail(ErrorCode::malformed, "CMS: " + std::string{what}); }
Error cmp_bad(std::string_view what) { return fail(ErrorCode::malformed, "CMP: " + std::string{what}); }

// is_sorted: X.690 11.6, the encodings of a SET OF ascend, the shorter one as if padded with zeros.
bool ascends(ByteView before, ByteView after) {
    return std::lexicographical_compare(before.begin(), before.end(), after.begin(), after.end());
}

struct Attribute {
    ByteView type, values;
};

Result<Attribute> read_attribute(DerReader& set) {
    SEALWRIGHT_TRY(auto attribute, set.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const auto type, attribute.oid());
    SEALWRIGHT_TRY(const auto values, attribute.expect(kSetOf));
    SEALWRIGHT_TRY(attribute.finish());
    if (values.content.empty()) return cms_bad("an attribute without a value");
    return Attribute{type, values.content};
}

Result<void> check_content_type(const CmsLimits& limits, ByteView values) {
    SEALWRIGHT_TRY(const auto type, asn1::the_only(values, asn1::kOid));
    for (const Bytes& allowed : limits.content_types) {
        if (equal(type.content, allowed)) return success();
    }
    return fail(ErrorCode::denied, "CMS: this key does not sign content of the type " + asn1::oid_name(type.content));
}

Result<void> check_message_digest(ByteView values) {
    SEALWRIGHT_TRY(const auto digest, asn1::the_only(values, asn1::kOctetString));
    const std::size_t size = digest.content.size();
    if (size != 32 && size != 48 && size != 64)
        return fail(ErrorCode::denied, "CMS: the message digest is none of SHA-256, SHA-384 and SHA-512");
    return success();
}

// GeneralName (RFC 5280 4.2.1.6): a choice of the context tags 0 to 8, some primitive, some constructed.
Result<void> general_name(DerReader& header) {
    SEALWRIGHT_TRY(const auto name, header.next());
    const auto number = static_cast<unsigned>(name.tag & 0x1FU);
    if ((name.tag & 0xC0U) != 0x80 || number > 8) return cmp_bad("sender or recipient is no GeneralName");
    return success();
}

// check_protection_algorithm: protectionAlg [1] must be there and of the algorithm that was asked for. Its parameters
// are not compared: OpenSSL leaves the NULL of RSA away.
Result<void> check_protection_algorithm(ByteView field, const crypto::SignatureAlgorithm& algorithm) {
    const Bytes ours = crypto::algorithm_identifier(algorithm);
    DerReader outer{field};
    SEALWRIGHT_TRY(auto identifier, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    SEALWRIGHT_TRY(const auto type, identifier.oid());
    DerReader expected_outer{ours};
    SEALWRIGHT_TRY(auto expected, expected_outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const auto expected_type, expected.oid());
    if (!equal(type, expected_type))
        return fail(ErrorCode::denied, "CMP: protectionAlg is not the algorithm that was asked for");
    return success();
}

// check_header reads PKIHeader (RFC 9810 5.1.1): pvno, sender, recipient, and optional fields in order.
Result<void> check_header(DerReader& part, const crypto::SignatureAlgorithm& algorithm) {
    SEALWRIGHT_TRY(auto header, part.enter(asn1::kSequence));
    SEALWRIGHT_TRY(const auto version, header.small_integer());
    if (version != 2 && version != 3) return cmp_bad("another version than 2 and 3");
    SEALWRIGHT_TRY(general_name(header));
    SEALWRIGHT_TRY(general_name(header));
    bool protection = false;
    int last = -1;
    while (!header.at_end()) {
        SEALWRIGHT_TRY(const auto field, header.next());
        const auto number = static_cast<int>(field.tag) - static_cast<int>(asn1::context_constructed(0));
        if (number <= last || number > static_cast<int>(kMaxHeaderField))
            return cmp_bad("an unknown field in the header");
        last = number;
        if (number != 1) continue;
        SEALWRIGHT_TRY(check_protection_algorithm(field.content, algorithm));
        protection = true;
    }
    if (!protection) return cmp_bad("the header names no protection algorithm");
    return success();
}

// What a client sends (RFC 9810 5.1.2): ir, cr, p10cr, popdecr, kur, krr, rr, ccr, certConf, genm, pollReq. And nested
// (5.1.3.4), in which an RA hands a client's message on to another CA: what is in it would be such a message again.
constexpr std::array kClientBodies{0, 2, 4, 6, 7, 9, 11, 13, 20, 21, 24, 25};
constexpr int kLastBody = 26;  // pollRep

}  // namespace

// check_cms reads the SignedAttributes as they are signed: "a separate encoding of the signedAttrs field ... with an
// EXPLICIT SET OF tag" (RFC 5652 5.4). What the other purposes sign is a SEQUENCE or text: neither passes here, and the
// octets that pass here pass nowhere else. The content itself, signed without attributes, would be anything at all: it
// is refused.
Result<void> check_cms(const CmsLimits& limits, ByteView signed_attributes) {
    SEALWRIGHT_TRY(const auto whole, asn1::the_only(signed_attributes, kSetOf));
    DerReader set{whole.content};
    bool content_type = false, message_digest = false;
    ByteView before;
    std::vector<ByteView> types;
    while (!set.at_end()) {
        if (types.size() == kMaxAttributes) return fail(ErrorCode::too_large, "CMS: more than 32 signed attributes");
        const ByteView rest = whole.content.subspan(set.offset());
        SEALWRIGHT_TRY(const auto attribute, read_attribute(set));
        const ByteView encoding = rest.first(set.offset() - (whole.content.size() - rest.size()));
        if (!before.empty() && !ascends(before, encoding))
            return cms_bad("the signed attributes are not in DER's order");
        before = encoding;
        for (const ByteView earlier : types) {
            if (equal(earlier, attribute.type)) return cms_bad("a signed attribute stands there twice");
        }
        types.push_back(attribute.type);
        if (equal(attribute.type, asn1::oid::kContentType)) {
            SEALWRIGHT_TRY(check_content_type(limits, attribute.values));
            content_type = true;
        } else if (equal(attribute.type, asn1::oid::kMessageDigest)) {
            SEALWRIGHT_TRY(check_message_digest(attribute.values));
            message_digest = true;
        }
    }
    // RFC 5652 5.3: "the field MUST contain, at a minimum" these two.
    if (!content_type || !message_digest) return cms_bad("content type or message digest is missing");
    return success();
}

// check_cmp reads ProtectedPart ::= SEQUENCE { header PKIHeader, body PKIBody } (RFC 9810 5.1.3). Its first element is
// a SEQUENCE that begins with an INTEGER: a TBSCertificate or a CertificationRequestInfo begins with [0] or an INTEGER,
// a TBSCertList with an INTEGER or a SEQUENCE that begins with an OID, a ResponseData with a context tag.
Result<void> check_cmp(const CmpLimits& limits, const crypto::SignatureAlgorithm& algorithm, ByteView protected_part) {
    DerReader outer{protected_part};
    SEALWRIGHT_TRY(auto part, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    SEALWRIGHT_TRY(check_header(part, algorithm));
    SEALWRIGHT_TRY(const auto body, part.next());
    SEALWRIGHT_TRY(part.finish());
    const auto kind = static_cast<int>(body.tag) - static_cast<int>(asn1::context_constructed(0));
    if (kind < 0 || kind > kLastBody) return cmp_bad("the body is of no known kind");
    if (!limits.requests && std::find(kClientBodies.begin(), kClientBodies.end(), kind) != kClientBodies.end())
        return fail(ErrorCode::denied, "CMP: this key does not sign messages of a client");
    return success();
}

Result<void> check_decrypt(const KeyLimits& limits, const crypto::PublicKey& key, const DecryptRequest& request) {
    if (!limits.decrypt)
        return fail(ErrorCode::denied, "this key does not have the purpose decrypt", "key " + limits.name);
    const auto& allowed = limits.decrypt->schemes;
    if (std::find(allowed.begin(), allowed.end(), request.scheme) == allowed.end()) {
        return fail(ErrorCode::denied,
                    "this key does not decrypt by " + std::string{decrypt_scheme_name(request.scheme)},
                    "key " + limits.name);
    }
    const bool is_rsa = key.type() == crypto::KeyType::rsa;
    if (is_rsa == (request.scheme == DecryptScheme::ecdh))
        return fail(ErrorCode::unsupported, "decrypt: a key of this type does not decrypt so");
    const std::size_t expected = is_rsa ? key.rsa_modulus().size() : key.public_bits().size();
    if (request.input.size() != expected) return fail(ErrorCode::malformed, "decrypt: an input of the wrong length");
    const bool sized = request.scheme == DecryptScheme::rsa_pkcs1;
    if (sized && (request.secret_size == 0 || request.secret_size > kMaxContentKey))
        return fail(ErrorCode::malformed, "decrypt: a content key has 1 to 64 octets");
    return success();
}

}  // namespace sealwright::hsm::signer_process
