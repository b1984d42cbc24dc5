// extensions.hpp: extensions as they stand in certificates, requests and CRLs, and the typed values of those that the
// house builds or judges.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "x509/general_names.hpp"

namespace sealwright::x509 {

// Extension owns its octets: oid is content, value the content of extnValue's OCTET STRING.
struct Extension {
    Bytes oid;
    bool critical = false;
    Bytes value;
    friend bool operator==(const Extension&, const Extension&) = default;
};
using Extensions = std::vector<Extension>;

inline constexpr std::size_t kMaxExtensions = 64;

// parse_extensions reads a SEQUENCE OF Extension: at least one, critical never encoded as FALSE, no identifier twice
// (RFC 5280 4.2).
Result<Extensions> parse_extensions(ByteView der);
Bytes encode_extensions(const Extensions& extensions);
const Extension* find_extension(const Extensions& extensions, ByteView oid) noexcept;

// KeyUsage bits in the order of RFC 5280 4.2.1.3: bit n of the mask is named bit n.
enum KeyUsageBit : std::uint16_t {
    kDigitalSignature = 1 << 0,
    kContentCommitment = 1 << 1,
    kKeyEncipherment = 1 << 2,
    kDataEncipherment = 1 << 3,
    kKeyAgreement = 1 << 4,
    kKeyCertSign = 1 << 5,
    kCrlSign = 1 << 6,
    kEncipherOnly = 1 << 7,
    kDecipherOnly = 1 << 8,
};
using KeyUsage = std::uint16_t;

struct BasicConstraints {
    bool ca = false;
    std::optional<std::uint32_t> path_length = std::nullopt;
};
// AuthorityKeyIdentifier is the only form that we build; issuer and serial number are read and dropped, refused when
// one stands there without the other. Empty where the extension has no key identifier.
struct AuthorityKeyIdentifier {
    Bytes key_identifier;
};
struct PolicyQualifier {
    Bytes id;
    Bytes qualifier_der;
};
struct PolicyInformation {
    Bytes policy;
    std::vector<PolicyQualifier> qualifiers = {};
};
struct AccessDescription {
    Bytes method;
    GeneralName location;
};
// DistributionPoint: reasons, cRLIssuer and relative names are not built; parsing refuses them as unsupported.
struct DistributionPoint {
    GeneralNames full_name;
};
struct NameConstraints {
    GeneralNames permitted = {};
    GeneralNames excluded = {};
};
struct PolicyConstraints {
    std::optional<std::uint32_t> require_explicit_policy = std::nullopt, inhibit_policy_mapping = std::nullopt;
};
struct IssuingDistributionPoint {
    GeneralNames full_name = {};
    bool only_user_certs = false, only_ca_certs = false, indirect = false, only_attribute_certs = false;
};

// encode_X gives the extnValue content; parse_X reads it strictly. Criticality is the caller's (the profile's)
// business.
Bytes encode_key_usage(KeyUsage usage);
Result<KeyUsage> parse_key_usage(ByteView value);
Bytes encode_basic_constraints(const BasicConstraints& value);
Result<BasicConstraints> parse_basic_constraints(ByteView value);
Bytes encode_ext_key_usage(const std::vector<Bytes>& purposes);
Result<std::vector<Bytes>> parse_ext_key_usage(ByteView value);
Bytes encode_subject_key_identifier(ByteView id);
Result<Bytes> parse_subject_key_identifier(ByteView value);
Bytes encode_authority_key_identifier(ByteView id);
Result<AuthorityKeyIdentifier> parse_authority_key_identifier(ByteView value);
Bytes encode_certificate_policies(const std::vector<PolicyInformation>& value);
Result<std::vector<PolicyInformation>> parse_certificate_policies(ByteView value);
Bytes encode_access_descriptions(const std::vector<AccessDescription>& value);  // AIA and SIA
Result<std::vector<AccessDescription>> parse_access_descriptions(ByteView value);
Bytes encode_crl_distribution_points(const std::vector<DistributionPoint>& value);
Result<std::vector<DistributionPoint>> parse_crl_distribution_points(ByteView value);
Bytes encode_name_constraints(const NameConstraints& value);
Result<NameConstraints> parse_name_constraints(ByteView value);
Bytes encode_policy_constraints(const PolicyConstraints& value);
Result<PolicyConstraints> parse_policy_constraints(ByteView value);
Bytes encode_inhibit_any_policy(std::uint32_t skip);
Result<std::uint32_t> parse_inhibit_any_policy(ByteView value);
Bytes encode_issuing_distribution_point(const IssuingDistributionPoint& value);
Result<IssuingDistributionPoint> parse_issuing_distribution_point(ByteView value);

// subject_key_identifier is RFC 7093 method 1: the leftmost 160 bits of SHA-256 of the public key's BIT STRING octets.
Bytes subject_key_identifier(ByteView public_bits);

}  // namespace sealwright::x509
