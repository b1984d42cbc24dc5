// decode.hpp: the lints' own readers of extension values: views into the octets, no allocation, and no code of x509's
// codecs, so that a fault in an encoder there does not hide itself here. A reader gives nothing for a value that is not
// DER of its type; the extension's _syntax lint says so.
#pragma once

#include "asn1/der_reader.hpp"
#include "crypto/spki.hpp"
#include "x509/extensions.hpp"

namespace sealwright::profile::lints {

// SpkiView is a SubjectPublicKeyInfo: the algorithm's OID, its parameters (empty: none) and the key octets.
struct SpkiView {
    ByteView algorithm;
    ByteView parameters;
    ByteView key;
    unsigned unused_bits = 0;
    std::optional<crypto::KeyType>
        type;  // what the OID and the named curve say, if we know them; parameters of RSA and EdDSA are not looked at
    ByteView rsa_modulus,
        rsa_exponent;  // INTEGER content without a leading zero octet; empty unless an RSAPublicKey was read
};
std::optional<SpkiView> decode_spki(ByteView der);

struct BasicConstraintsView {
    bool ca = false;
    std::optional<std::uint64_t> path_length;
};
struct AuthorityKeyIdentifierView {
    std::optional<ByteView> key_identifier;
    bool has_issuer = false, has_serial = false;
};
struct PolicyConstraintsView {
    bool require_explicit_policy = false, inhibit_policy_mapping = false;
};
struct NameConstraintsView {
    std::optional<ByteView> permitted, excluded;
};  // contents of GeneralSubtrees

std::optional<x509::KeyUsage> decode_key_usage(ByteView value);  // 0 for an empty list of bits
std::optional<BasicConstraintsView> decode_basic_constraints(ByteView value);
std::optional<AuthorityKeyIdentifierView> decode_authority_key_identifier(ByteView value);
std::optional<ByteView> decode_octet_string(ByteView value);
std::optional<std::uint64_t> decode_small_integer(ByteView value);
std::optional<PolicyConstraintsView> decode_policy_constraints(ByteView value);
std::optional<NameConstraintsView> decode_name_constraints(ByteView value);

// Lists are walked in place: each_X calls visit for each element and gives false if the list is not DER of its type;
// what was visited before stays visited. sequence_content gives the inside of a value that is exactly one SEQUENCE.
std::optional<ByteView> sequence_content(ByteView value);

// GeneralNameView: tag is the context tag as it stands (0x82 for a dNSName), content what is inside. is_well_formed
// knows all nine kinds.
struct GeneralNameView {
    asn1::Tag tag = 0;
    ByteView content;
    ByteView encoding;
};
inline constexpr asn1::Tag kOtherName = 0xA0, kRfc822Name = 0x81, kDnsName = 0x82, kX400Address = 0xA3,
                           kDirectoryName = 0xA4, kEdiPartyName = 0xA5, kUri = 0x86, kIpAddress = 0x87,
                           kRegisteredId = 0x88;
bool is_well_formed(const GeneralNameView& name);

template <class Visit>
bool each_general_name(ByteView content, Visit&& visit) {
    asn1::DerReader reader{content};
    while (!reader.at_end()) {
        const auto element = reader.next();
        if (!element) return false;
        visit(GeneralNameView{element.value().tag, element.value().content, element.value().encoding});
    }
    return true;
}

// each_oid walks a SEQUENCE OF OBJECT IDENTIFIER's content.
template <class Visit>
bool each_oid(ByteView content, Visit&& visit) {
    asn1::DerReader reader{content};
    while (!reader.at_end()) {
        const auto id = reader.oid();
        if (!id) return false;
        visit(id.value());
    }
    return true;
}

// PolicyView: qualifiers is the content of policyQualifiers, absent or not empty in well-formed policies.
struct PolicyView {
    ByteView id;
    std::optional<ByteView> qualifiers;
};
struct QualifierView {
    ByteView id;
    asn1::Element value;
};

template <class Visit>
bool each_policy(ByteView content, Visit&& visit) {
    asn1::DerReader reader{content};
    while (!reader.at_end()) {
        auto inner = reader.enter(asn1::kSequence);
        if (!inner) return false;
        const auto id = inner.value().oid();
        const auto qualifiers = inner.value().optional(asn1::kSequence);
        if (!id || !qualifiers || !inner.value().at_end()) return false;
        visit(PolicyView{id.value(),
                         qualifiers.value() ? std::optional<ByteView>{qualifiers.value()->content} : std::nullopt});
    }
    return true;
}

template <class Visit>
bool each_qualifier(ByteView content, Visit&& visit) {
    asn1::DerReader reader{content};
    while (!reader.at_end()) {
        auto inner = reader.enter(asn1::kSequence);
        if (!inner) return false;
        const auto id = inner.value().oid();
        const auto value = inner.value().next();
        if (!id || !value || !inner.value().at_end()) return false;
        visit(QualifierView{id.value(), value.value()});
    }
    return true;
}

struct AccessView {
    ByteView method;
    GeneralNameView location;
};

template <class Visit>
bool each_access(ByteView content, Visit&& visit) {
    asn1::DerReader reader{content};
    while (!reader.at_end()) {
        auto inner = reader.enter(asn1::kSequence);
        if (!inner) return false;
        const auto method = inner.value().oid();
        const auto location = inner.value().next();
        if (!method || !location || !inner.value().at_end()) return false;
        visit(AccessView{method.value(), {location.value().tag, location.value().content, location.value().encoding}});
    }
    return true;
}

// DistributionPointView: full_name is the content of its GeneralNames, relative_name that of the RDN; reasons and
// issuer say whether they are there.
struct DistributionPointView {
    std::optional<ByteView> full_name, relative_name;
    bool has_reasons = false;
    std::optional<ByteView> crl_issuer;
};
// decode_distribution_point reads one DistributionPoint's content; distribution_point_name reads the content of its
// [0].
std::optional<DistributionPointView> decode_distribution_point(ByteView content);
bool decode_distribution_point_name(ByteView content, std::optional<ByteView>& full_name,
                                    std::optional<ByteView>& relative_name);

template <class Visit>
bool each_distribution_point(ByteView content, Visit&& visit) {
    asn1::DerReader reader{content};
    while (!reader.at_end()) {
        const auto element = reader.expect(asn1::kSequence);
        if (!element) return false;
        const auto point = decode_distribution_point(element.value().content);
        if (!point) return false;
        visit(*point);
    }
    return true;
}

// SubtreeView: a name and what stands behind it (minimum, maximum): nothing in what RFC 5280 allows.
struct SubtreeView {
    GeneralNameView base;
    ByteView behind;
};

template <class Visit>
bool each_subtree(ByteView content, Visit&& visit) {
    asn1::DerReader reader{content};
    while (!reader.at_end()) {
        const auto element = reader.expect(asn1::kSequence);
        if (!element) return false;
        asn1::DerReader inner{element.value().content};
        const auto base = inner.next();
        if (!base) return false;
        visit(SubtreeView{{base.value().tag, base.value().content, base.value().encoding},
                          element.value().content.subspan(inner.offset())});
    }
    return true;
}

}  // namespace sealwright::profile::lints
