#include "x509/extensions.hpp"

#include <limits>

#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "crypto/digest.hpp"
#include "x509/general_name_codec.hpp"

namespace sealwright::x509 {
namespace {

constexpr unsigned kKeyUsageBits = 9;
constexpr std::size_t kMaxPurposes = 64;
constexpr std::size_t kMaxKeyIdentifier = 128;
constexpr std::size_t kSubjectKeyIdentifierSize = 20;

Error bad_extension(std::string what) { return fail(ErrorCode::malformed, std::move(what)); }

Result<Extension> read_extension(asn1::DerReader& reader) {
    SEALWRIGHT_TRY(auto inner, reader.enter(asn1::kSequence));
    Extension extension;
    SEALWRIGHT_TRY(const ByteView oid, inner.oid());
    extension.oid = bytes_of(oid);
    if (inner.peek() == asn1::kBoolean) {
        SEALWRIGHT_TRY(extension.critical, inner.boolean());
        // X.690 11.5: a default value is not encoded.
        if (!extension.critical) return bad_extension("extensions: critical FALSE is encoded");
    }
    SEALWRIGHT_TRY(const ByteView value, inner.octet_string());
    SEALWRIGHT_TRY(inner.finish());
    extension.value = bytes_of(value);
    return extension;
}

// named_bits_of reads a BIT STRING of a named bit list, whose last bit is one (X.690 11.2.2).
Result<std::uint32_t> named_bits_of(const asn1::BitString& bits, unsigned count) {
    if (bits.octets.empty()) return 0U;
    const std::size_t length = bits.octets.size() * 8 - bits.unused_bits;
    if (length > count) return bad_extension("a bit that has no name");
    if (((bits.octets.back() >> bits.unused_bits) & 1U) == 0)
        return bad_extension("a named bit list with trailing zeros");
    std::uint32_t mask = 0;
    for (unsigned bit = 0; bit < length; ++bit) {
        if ((bits.octets[bit / 8] & (0x80U >> (bit % 8))) != 0) mask |= 1U << bit;
    }
    return mask;
}

}  // namespace

Result<Extensions> parse_extensions(ByteView der) {
    SEALWRIGHT_TRY(const asn1::Element sequence, asn1::the_only(der, asn1::kSequence));
    asn1::DerReader reader{sequence.content};
    Extensions extensions;
    while (!reader.at_end()) {
        if (extensions.size() == kMaxExtensions) return fail(ErrorCode::too_large, "extensions: more than 64");
        SEALWRIGHT_TRY(auto extension, read_extension(reader));
        if (find_extension(extensions, extension.oid) != nullptr) {
            return bad_extension("extensions: " + asn1::oid_name(extension.oid) + " stands there twice");
        }
        extensions.push_back(std::move(extension));
    }
    if (extensions.empty()) return bad_extension("extensions: an empty list");
    return extensions;
}

Bytes encode_extensions(const Extensions& extensions) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        for (const Extension& extension : extensions) {
            writer.sequence([&] {
                writer.oid(extension.oid);
                if (extension.critical) writer.boolean(true);
                writer.octet_string(extension.value);
            });
        }
    });
    return writer.take();
}

const Extension* find_extension(const Extensions& extensions, ByteView oid) noexcept {
    for (const Extension& extension : extensions) {
        if (equal(extension.oid, oid)) return &extension;
    }
    return nullptr;
}

Bytes encode_key_usage(KeyUsage usage) {
    asn1::DerWriter writer;
    writer.named_bits(usage, kKeyUsageBits);
    return writer.take();
}

Result<KeyUsage> parse_key_usage(ByteView value) {
    asn1::DerReader reader{value};
    SEALWRIGHT_TRY(const asn1::BitString bits, reader.bit_string());
    SEALWRIGHT_TRY(reader.finish());
    const auto mask = named_bits_of(bits, kKeyUsageBits);
    if (!mask) return mask.error().in("keyUsage");
    // RFC 5280 4.2.1.3: at least one of the bits MUST be set to 1.
    if (mask.value() == 0) return bad_extension("keyUsage: no bit is set");
    return static_cast<KeyUsage>(mask.value());
}

Bytes encode_basic_constraints(const BasicConstraints& value) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        if (value.ca) writer.boolean(true);
        if (value.path_length) writer.integer(*value.path_length);
    });
    return writer.take();
}

Result<BasicConstraints> parse_basic_constraints(ByteView value) {
    asn1::DerReader outer{value};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    BasicConstraints constraints;
    if (reader.peek() == asn1::kBoolean) {
        SEALWRIGHT_TRY(constraints.ca, reader.boolean());
        if (!constraints.ca) return bad_extension("basicConstraints: cA FALSE is encoded");
    }
    if (!reader.at_end()) {
        SEALWRIGHT_TRY(const std::uint64_t length, reader.small_integer());
        if (length > std::numeric_limits<std::uint32_t>::max())
            return bad_extension("basicConstraints: the path length is too large");
        constraints.path_length = static_cast<std::uint32_t>(length);
    }
    SEALWRIGHT_TRY(reader.finish());
    return constraints;
}

Bytes encode_ext_key_usage(const std::vector<Bytes>& purposes) {
    asn1::DerWriter writer;
    writer.sequence([&] {
        for (const Bytes& purpose : purposes) writer.oid(purpose);
    });
    return writer.take();
}

Result<std::vector<Bytes>> parse_ext_key_usage(ByteView value) {
    asn1::DerReader outer{value};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    std::vector<Bytes> purposes;
    while (!reader.at_end()) {
        if (purposes.size() == kMaxPurposes) return fail(ErrorCode::too_large, "extKeyUsage: more than 64 purposes");
        SEALWRIGHT_TRY(const ByteView purpose, reader.oid());
        purposes.push_back(bytes_of(purpose));
    }
    if (purposes.empty()) return bad_extension("extKeyUsage: an empty list");
    return purposes;
}

Bytes encode_subject_key_identifier(ByteView id) {
    asn1::DerWriter writer;
    writer.octet_string(id);
    return writer.take();
}

Result<Bytes> parse_subject_key_identifier(ByteView value) {
    asn1::DerReader reader{value};
    SEALWRIGHT_TRY(const ByteView id, reader.octet_string());
    SEALWRIGHT_TRY(reader.finish());
    if (id.empty() || id.size() > kMaxKeyIdentifier)
        return bad_extension("subjectKeyIdentifier: empty or longer than 128 octets");
    return bytes_of(id);
}

Bytes encode_authority_key_identifier(ByteView id) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.primitive(asn1::context(0), id); });
    return writer.take();
}

Result<AuthorityKeyIdentifier> parse_authority_key_identifier(ByteView value) {
    asn1::DerReader outer{value};
    SEALWRIGHT_TRY(auto reader, outer.enter(asn1::kSequence));
    SEALWRIGHT_TRY(outer.finish());
    AuthorityKeyIdentifier identifier;
    SEALWRIGHT_TRY(const auto key, reader.optional(asn1::context(0)));
    if (key) {
        if (key->content.empty() || key->content.size() > kMaxKeyIdentifier) {
            return bad_extension("authorityKeyIdentifier: a key identifier that is empty or longer than 128 octets");
        }
        identifier.key_identifier = bytes_of(key->content);
    }
    SEALWRIGHT_TRY(const auto issuer, reader.optional(asn1::context_constructed(1)));
    if (issuer) {
        SEALWRIGHT_TRY(read_general_names(asn1::DerReader{issuer->content}));
    }
    const bool has_serial = reader.peek() == asn1::context(2);
    if (has_serial) {
        SEALWRIGHT_TRY(reader.integer(asn1::context(2)));
    }
    SEALWRIGHT_TRY(reader.finish());
    // X.509 8.2.2.1: issuer and serial number are both present or both absent.
    if (issuer.has_value() != has_serial)
        return bad_extension("authorityKeyIdentifier: issuer without serial number, or the reverse");
    return identifier;
}

Bytes subject_key_identifier(ByteView public_bits) {
    const Sha256 hash = crypto::sha256(public_bits);
    return bytes_of(hash.view().first(kSubjectKeyIdentifierSize));
}

}  // namespace sealwright::x509
