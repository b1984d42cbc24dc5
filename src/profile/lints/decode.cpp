#include "profile/lints/decode.hpp"

#include "asn1/oid.hpp"
#include "x509/name.hpp"

namespace sealwright::profile::lints {
namespace {

namespace oid = asn1::oid;

ByteView without_leading_zero(ByteView integer) {
    return integer.size() > 1 && integer[0] == 0 ? integer.subspan(1) : integer;
}

void decode_rsa_key(SpkiView& spki) {
    asn1::DerReader outer{spki.key};
    auto reader = outer.enter(asn1::kSequence);
    if (!reader || !outer.at_end()) return;
    const auto modulus = reader.value().integer();
    const auto exponent = reader.value().integer();
    if (!modulus || !exponent || !reader.value().at_end()) return;
    if ((modulus.value()[0] & 0x80U) != 0 || (exponent.value()[0] & 0x80U) != 0) return;
    spki.rsa_modulus = without_leading_zero(modulus.value());
    spki.rsa_exponent = without_leading_zero(exponent.value());
}

std::optional<crypto::KeyType> curve_of(ByteView parameters) {
    asn1::DerReader reader{parameters};
    const auto curve = reader.oid();
    if (!curve || !reader.at_end()) return {};
    if (equal(curve.value(), oid::kPrime256v1)) return crypto::KeyType::ec_p256;
    if (equal(curve.value(), oid::kSecp384r1)) return crypto::KeyType::ec_p384;
    if (equal(curve.value(), oid::kSecp521r1)) return crypto::KeyType::ec_p521;
    return {};
}

std::optional<crypto::KeyType> type_of(const SpkiView& spki) {
    if (equal(spki.algorithm, oid::kRsaEncryption)) return crypto::KeyType::rsa;
    if (equal(spki.algorithm, oid::kEcPublicKey)) return curve_of(spki.parameters);
    if (equal(spki.algorithm, oid::kEd25519)) return crypto::KeyType::ed25519;
    if (equal(spki.algorithm, oid::kEd448)) return crypto::KeyType::ed448;
    if (equal(spki.algorithm, oid::kMlDsa44)) return crypto::KeyType::ml_dsa_44;
    if (equal(spki.algorithm, oid::kMlDsa65)) return crypto::KeyType::ml_dsa_65;
    if (equal(spki.algorithm, oid::kMlDsa87)) return crypto::KeyType::ml_dsa_87;
    return {};
}

// skip_integer reads a non-negative INTEGER under an IMPLICIT tag, if it is there; false if it is broken.
bool skip_integer(asn1::DerReader& reader, asn1::Tag tag, bool& present) {
    present = reader.peek() == tag;
    if (!present) return true;
    return static_cast<bool>(reader.small_integer(tag));
}

bool is_other_name(ByteView content) {
    asn1::DerReader reader{content};
    if (!reader.oid()) return false;
    auto value = reader.enter(asn1::context_constructed(0));
    return value && reader.at_end() && value.value().next() && value.value().at_end();
}

bool is_oid(ByteView content) {
    if (content.empty() || (content.back() & 0x80U) != 0) return false;
    for (std::size_t i = 0; i < content.size(); ++i) {
        if (content[i] == 0x80 && (i == 0 || (content[i - 1] & 0x80U) == 0)) return false;
    }
    return true;
}

}  // namespace

std::optional<SpkiView> decode_spki(ByteView der) {
    asn1::DerReader outer{der};
    auto reader = outer.enter(asn1::kSequence);
    if (!reader || !outer.at_end()) return {};
    auto algorithm = reader.value().enter(asn1::kSequence);
    const auto key = reader.value().bit_string();
    if (!algorithm || !key || !reader.value().at_end()) return {};
    SpkiView spki;
    const auto id = algorithm.value().oid();
    if (!id) return {};
    spki.algorithm = id.value();
    if (!algorithm.value().at_end()) {
        const auto parameters = algorithm.value().next();
        if (!parameters || !algorithm.value().at_end()) return {};
        spki.parameters = parameters.value().encoding;
    }
    spki.key = key.value().octets;
    spki.unused_bits = key.value().unused_bits;
    spki.type = type_of(spki);
    if (spki.type == crypto::KeyType::rsa) decode_rsa_key(spki);
    return spki;
}

std::optional<x509::KeyUsage> decode_key_usage(ByteView value) {
    asn1::DerReader reader{value};
    const auto bits = reader.bit_string();
    if (!bits || !reader.at_end()) return {};
    const ByteView octets = bits.value().octets;
    const std::size_t length = octets.size() * 8 - bits.value().unused_bits;
    if (length > 9) return {};
    // X.690 11.2.2: a named bit list has no zero bits at its end.
    if (length > 0 && ((octets.back() >> bits.value().unused_bits) & 1U) == 0) return {};
    x509::KeyUsage usage = 0;
    for (std::size_t bit = 0; bit < length; ++bit) {
        if ((octets[bit / 8] & (0x80U >> (bit % 8))) != 0) usage = static_cast<x509::KeyUsage>(usage | (1U << bit));
    }
    return usage;
}

std::optional<BasicConstraintsView> decode_basic_constraints(ByteView value) {
    asn1::DerReader outer{value};
    auto reader = outer.enter(asn1::kSequence);
    if (!reader || !outer.at_end()) return {};
    BasicConstraintsView view;
    if (reader.value().peek() == asn1::kBoolean) {
        const auto ca = reader.value().boolean();
        if (!ca || !ca.value()) return {};  // X.690 11.5: the default FALSE is not encoded
        view.ca = true;
    }
    if (!reader.value().at_end()) {
        const auto length = reader.value().small_integer();
        if (!length || !reader.value().at_end()) return {};
        view.path_length = length.value();
    }
    return view;
}

std::optional<AuthorityKeyIdentifierView> decode_authority_key_identifier(ByteView value) {
    const auto content = sequence_content(value);
    if (!content) return {};
    asn1::DerReader reader{*content};
    AuthorityKeyIdentifierView view;
    const auto key = reader.optional(asn1::context(0));
    const auto issuer = reader.optional(asn1::context_constructed(1));
    const auto serial = reader.optional(asn1::context(2));
    if (!key || !issuer || !serial || !reader.at_end()) return {};
    if (key.value()) view.key_identifier = key.value()->content;
    if (issuer.value()) {
        bool sound = !issuer.value()->content.empty();
        sound = each_general_name(issuer.value()->content,
                                  [&](const GeneralNameView& name) { sound = sound && is_well_formed(name); }) &&
                sound;
        if (!sound) return {};
    }
    view.has_issuer = issuer.value().has_value();
    view.has_serial = serial.value().has_value();
    return view;
}

std::optional<ByteView> decode_octet_string(ByteView value) {
    asn1::DerReader reader{value};
    const auto octets = reader.octet_string();
    return octets && reader.at_end() ? std::optional<ByteView>{octets.value()} : std::nullopt;
}

std::optional<std::uint64_t> decode_small_integer(ByteView value) {
    asn1::DerReader reader{value};
    const auto number = reader.small_integer();
    return number && reader.at_end() ? std::optional<std::uint64_t>{number.value()} : std::nullopt;
}

std::optional<PolicyConstraintsView> decode_policy_constraints(ByteView value) {
    const auto content = sequence_content(value);
    if (!content) return {};
    asn1::DerReader reader{*content};
    PolicyConstraintsView view;
    const bool sound = skip_integer(reader, asn1::context(0), view.require_explicit_policy) &&
                       skip_integer(reader, asn1::context(1), view.inhibit_policy_mapping);
    return sound && reader.at_end() ? std::optional{view} : std::nullopt;
}

std::optional<NameConstraintsView> decode_name_constraints(ByteView value) {
    const auto content = sequence_content(value);
    if (!content) return {};
    asn1::DerReader reader{*content};
    NameConstraintsView view;
    const auto permitted = reader.optional(asn1::context_constructed(0));
    const auto excluded = reader.optional(asn1::context_constructed(1));
    if (!permitted || !excluded || !reader.at_end()) return {};
    if (permitted.value()) view.permitted = permitted.value()->content;
    if (excluded.value()) view.excluded = excluded.value()->content;
    return view;
}

std::optional<ByteView> sequence_content(ByteView value) {
    asn1::DerReader reader{value};
    const auto sequence = reader.expect(asn1::kSequence);
    return sequence && reader.at_end() ? std::optional<ByteView>{sequence.value().content} : std::nullopt;
}

bool is_well_formed(const GeneralNameView& name) {
    switch (name.tag) {
        case kRfc822Name:
        case kDnsName:
        case kUri:
        case kIpAddress:
            return true;  // their contents have lints of their own
        case kOtherName:
            return is_other_name(name.content);
        case kDirectoryName:
            return static_cast<bool>(x509::parse_name(name.content));
        case kRegisteredId:
            return is_oid(name.content);
        case kX400Address:
        case kEdiPartyName:
            return true;  // nothing that we build; where they are forbidden a lint says so
        default:
            return false;
    }
}

bool decode_distribution_point_name(ByteView content, std::optional<ByteView>& full_name,
                                    std::optional<ByteView>& relative_name) {
    asn1::DerReader reader{content};
    const auto full = reader.optional(asn1::context_constructed(0));
    if (!full) return false;
    if (full.value()) {
        full_name = full.value()->content;
        return !full_name->empty() && reader.at_end();
    }
    const auto relative = reader.expect(asn1::context_constructed(1));
    if (!relative || !reader.at_end()) return false;
    relative_name = relative.value().content;
    return true;
}

std::optional<DistributionPointView> decode_distribution_point(ByteView content) {
    asn1::DerReader reader{content};
    DistributionPointView view;
    const auto name = reader.optional(asn1::context_constructed(0));
    if (!name) return {};
    if (name.value() && !decode_distribution_point_name(name.value()->content, view.full_name, view.relative_name))
        return {};
    view.has_reasons = reader.peek() == asn1::context(1);
    if (view.has_reasons && !reader.bit_string(asn1::context(1))) return {};
    const auto issuer = reader.optional(asn1::context_constructed(2));
    if (!issuer || !reader.at_end()) return {};
    if (issuer.value()) view.crl_issuer = issuer.value()->content;
    return view;
}

}  // namespace sealwright::profile::lints
