// key_names.hpp: the words that profiles use for keys, usages, purposes, constraints and principals, and their values.
#pragma once

#include "profile/profile.hpp"

namespace sealwright::profile {

// "rsa", "ec-p256", "ec-p384", "ec-p521", "ed25519", "ed448", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87".
std::optional<crypto::KeyType> parse_key_type(std::string_view name) noexcept;
std::string key_type_list();

// "digitalSignature", ... as RFC 5280 4.2.1.3 writes them. key_usage_names joins those of a mask by ", ".
std::optional<x509::KeyUsage> parse_key_usage_bit(std::string_view name) noexcept;
std::string key_usage_names(x509::KeyUsage usage);

// "serverAuth", "clientAuth", "codeSigning", "emailProtection", "timeStamping", "OCSPSigning" or a dotted OID.
std::optional<Bytes> parse_purpose(std::string_view name);

// parse_subtree reads a name constraint: "DNS:example.org", "email:example.org", "URI:.example.org", "IP:192.0.2.0/24",
// "DirName:O=Example,C=DE".
Result<x509::GeneralName> parse_subtree(std::string_view text);

// is_principal_text: "secret", "renewal", "admin", "uid:NUMBER", "user:NAME", "role:NAME".
bool is_principal_text(std::string_view text) noexcept;

bool is_sha1(const crypto::SignatureAlgorithm& algorithm) noexcept;

}  // namespace sealwright::profile
