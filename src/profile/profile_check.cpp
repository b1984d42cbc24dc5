#include "profile/profile_check.hpp"

#include "asn1/der_reader.hpp"
#include "asn1/oid.hpp"
#include "profile/attestation_section.hpp"
#include "profile/key_names.hpp"
#include "profile/name_syntax.hpp"
#include "profile/usage_rules.hpp"

namespace sealwright::profile {
namespace {

namespace oid = asn1::oid;

bool has_purpose(const Profile& profile, ByteView purpose) {
    return std::any_of(profile.ext_key_usage.begin(), profile.ext_key_usage.end(),
                       [&](const Bytes& own) { return equal(own, purpose); });
}

// can_match_dns: only characters of host names and stars; everything else can never match what the engine lets through.
bool can_match_dns(std::string_view pattern) {
    return pattern.back() != '.' && pattern.front() != '.' && pattern.find("..") == std::string_view::npos &&
           std::all_of(pattern.begin(), pattern.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '.' || c == '*';
           });
}

std::string_view pattern_problem(SanKind kind, const std::string& pattern) {
    switch (kind) {
        case SanKind::dns:
            return can_match_dns(pattern) ? std::string_view{} : std::string_view{"can match no DNS name"};
        case SanKind::ip:
            return parse_ip_prefix(pattern) ? std::string_view{}
                                            : std::string_view{"is no address block like 192.0.2.0/24"};
        case SanKind::uri:
            return pattern.find(':') != std::string::npos || pattern.starts_with("**")
                       ? std::string_view{}
                       : std::string_view{"can match no absolute URI"};
        case SanKind::email:
            return pattern.find('@') != std::string::npos || pattern == "**" ? std::string_view{}
                                                                             : std::string_view{"can match no mailbox"};
    }
    return {};
}

bool is_country_text(std::string_view text) {
    return text.size() == 2 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

void check_usage_against_key(const KeyRule& rule, const Profile& profile, Section& root) {
    const x509::KeyUsage asked = key_usage_of(profile, rule.type);
    const auto impossible = static_cast<x509::KeyUsage>(asked & ~usages_of_algorithm(rule.type));
    if (impossible == 0) return;
    root.problem("key_usage",
                 std::string{crypto::key_type_name(rule.type)} + " keys cannot have the usage " +
                     key_usage_names(impossible) +
                     (rule.type == crypto::KeyType::rsa ? "" : "; rsa_bits is for usages that only RSA keys have"));
}

void check_usage_against_purpose(const Profile& profile, Section& root) {
    for (const auto& purpose : profile.ext_key_usage) {
        const x509::KeyUsage wanted = usages_of_purpose(purpose);
        for (const x509::KeyUsage usage : {profile.key_usage, profile.key_usage_rsa}) {
            if (usage != 0 && wanted != 0 && (usage & wanted) == 0) {
                root.problem("ext_key_usage", asn1::oid_name(purpose) + " is of no use with " + key_usage_names(usage) +
                                                  " (RFC 5280 4.2.1.12)");
            }
        }
    }
}

void check_usage(const Profile& profile, Section& root) {
    if (profile.key_usage == 0) root.problem("key_usage", "must have at least one bit (RFC 5280 4.2.1.3)");
    for (const x509::KeyUsage usage : {profile.key_usage, profile.key_usage_rsa}) {
        if ((usage & (x509::kEncipherOnly | x509::kDecipherOnly)) != 0 && (usage & x509::kKeyAgreement) == 0) {
            root.problem("key_usage",
                         "encipherOnly and decipherOnly mean nothing without keyAgreement (RFC 5280 4.2.1.3)");
        }
    }
    if (profile.keys.empty()) root.problem("key", "at least one [[key]] rule is needed");
    for (const auto& rule : profile.keys) check_usage_against_key(rule, profile, root);
    check_usage_against_purpose(profile, root);
    if (has_purpose(profile, oid::kAnyExtendedKeyUsage))
        root.problem("ext_key_usage", "anyExtendedKeyUsage is no purpose that we certify");
    const std::set<Bytes> distinct{profile.ext_key_usage.begin(), profile.ext_key_usage.end()};
    if (distinct.size() != profile.ext_key_usage.size()) root.problem("ext_key_usage", "a purpose stands there twice");
    // RFC 3161 2.3: the certificate "MUST contain only one instance of the extended key usage field extension [...]
    // with KeyPurposeID having value id-kp-timeStamping. This extension MUST be critical."
    if (has_purpose(profile, oid::kTimeStamping) &&
        (profile.ext_key_usage.size() != 1 || !profile.ext_key_usage_critical)) {
        root.problem("ext_key_usage", "timeStamping must stand alone and be critical (RFC 3161 2.3)");
    }
    if (profile.ocsp_nocheck && !has_purpose(profile, oid::kOcspSigning)) {
        root.problem("ocsp_nocheck", "is for certificates with the purpose OCSPSigning (RFC 6960 4.2.2.2.1)");
    }
}

void check_authority(const Profile& profile, Section& root) {
    if ((profile.key_usage & x509::kKeyCertSign) == 0) root.problem("key_usage", "a CA must have keyCertSign");
    if (profile.key_usage_rsa != 0 && (profile.key_usage_rsa & x509::kKeyCertSign) == 0)
        root.problem("key_usage", "a CA must have keyCertSign in rsa_bits too");
    if (!profile.key_usage_critical) root.problem("key_usage", "must be critical in a CA certificate");
    if (profile.empty_subject_allowed) root.problem("subject", "a CA must have a subject (RFC 5280 4.1.2.6)");
    if (profile.renewal_allowed) root.problem("renewal", "a CA certificate is made in a ceremony, not renewed online");
    if (profile.ocsp_nocheck) root.problem("ocsp_nocheck", "is not for CA certificates");
}

void check_end_entity(const Profile& profile, Section& root) {
    constexpr x509::KeyUsage kCaBits = x509::kKeyCertSign | x509::kCrlSign;
    if (((profile.key_usage | profile.key_usage_rsa) & kCaBits) != 0) {
        root.problem("key_usage", "keyCertSign and cRLSign are for kind = \"ca\"");
    }
    if (profile.path_length) root.problem("basic_constraints", "path_length is for kind = \"ca\" (RFC 5280 4.2.1.9)");
    if (profile.name_constraints) root.problem("name_constraints", "is for kind = \"ca\" (RFC 5280 4.2.1.10)");
    if (profile.ext_key_usage.empty()) root.problem("ext_key_usage", "an end entity must have at least one purpose");
}

void check_names(const Profile& profile, Section& root) {
    if (profile.subject.empty() && !profile.empty_subject_allowed)
        root.problem("subject", "has no [[subject.rdn]], and allow_empty is not true");
    const bool some_san =
        std::any_of(profile.san.begin(), profile.san.end(), [](const SanRule& rule) { return rule.max_count > 0; });
    if (profile.empty_subject_allowed && !some_san)
        root.problem("san", "a certificate that may have no subject needs a [[san]] rule");
    const bool host_names = std::any_of(profile.san.begin(), profile.san.end(), [](const SanRule& rule) {
        return rule.kind == SanKind::dns || rule.kind == SanKind::ip;
    });
    if (profile.kind == SubjectKind::end_entity && has_purpose(profile, oid::kServerAuth) && !host_names) {
        root.problem(
            "san",
            "a server certificate needs a [[san]] rule of type dns or ip: no client takes a name from anywhere else");
    }
}

void check_validity(const Profile& profile, Section& root) {
    const auto& validity = profile.validity;
    if (validity.length.count() != 0 && validity.backdate >= validity.length)
        root.problem("validity", "backdate must be shorter than length");
    if (validity.length.count() != 0 && validity.granularity &&
        validity.backdate + *validity.granularity >= validity.length) {
        root.problem("validity", "backdate and granularity together must be shorter than length");
    }
}

void check_who(const Profile& profile, Section& root) {
    const auto& who = profile.who.principals;
    const bool renewal = std::find(who.begin(), who.end(), "renewal") != who.end();
    if (renewal && !profile.renewal_allowed)
        root.problem("who", "renewal is named here, but [renewal] does not allow it");
    if (!renewal && profile.renewal_allowed)
        root.problem("renewal", "is allowed, but who.principals does not name renewal");
    if (profile.renewal_allowed && profile.validity.length.count() != 0 &&
        profile.renewal_window >= profile.validity.length) {
        root.problem("renewal", "window must be shorter than validity.length");
    }
    if (std::set<std::string>{who.begin(), who.end()}.size() != who.size())
        root.problem("who", "a principal stands there twice");
    if (who.empty() && profile.who.approvals != 0)
        root.problem("who", "approvals without principals: nobody could ask");
}

bool is_written_by_other_keys(ByteView id) {
    for (const ByteView own :
         {oid::kAuthorityKeyIdentifier, oid::kSubjectKeyIdentifier, oid::kKeyUsage, oid::kSubjectAltName,
          oid::kBasicConstraints, oid::kExtKeyUsage, oid::kCertificatePolicies, oid::kNameConstraints,
          oid::kCrlDistributionPoints, oid::kAuthorityInfoAccess, oid::kOcspNoCheck}) {
        if (equal(own, id)) return true;
    }
    return false;
}

}  // namespace

void check_subject_rule(const SubjectRule& rule, Section& section) {
    if (rule.source == ValueSource::fixed) {
        if (!rule.allow.empty()) section.problem("allow", "has no meaning for source = \"fixed\"");
        if (rule.value.empty() && section.has("value")) section.problem("value", "must not be empty");
        if (equal(rule.attribute, oid::kCountryName) && !is_country_text(rule.value))
            section.problem("value", "must be two capital letters (ISO 3166)");
        const auto encoded = x509::encode_name(x509::Name{{{x509::Attribute{rule.attribute, rule.value, 0}}}});
        if (!rule.attribute.empty() && !rule.value.empty() && !encoded)
            section.problem("value", encoded.error().public_detail());
    } else {
        if (section.has("value")) section.problem("value", "is for source = \"fixed\"");
        if (rule.source == ValueSource::request && rule.allow.empty())
            section.problem("allow", "is empty or missing: the rule can never match");
    }
}

void check_san_rule(const SanRule& rule, Section& section) {
    for (const auto& pattern : rule.allow) {
        if (const auto problem = pattern_problem(rule.kind, pattern.text); !problem.empty()) {
            section.problem("allow", "\"" + pattern.text + "\" " + std::string{problem});
        }
    }
    if (rule.source == ValueSource::request && rule.allow.empty())
        section.problem("allow", "is empty or missing: the rule can never match");
    if (rule.source == ValueSource::fixed) {
        if (!rule.allow.empty()) section.problem("allow", "has no meaning for source = \"fixed\": give values");
        if (rule.fixed.empty()) section.problem("values", "is empty or missing");
        if (section.has("min") || section.has("max"))
            section.problem(section.has("min") ? "min" : "max", "has no meaning for source = \"fixed\"");
    } else if (section.has("values")) {
        section.problem("values", "is for source = \"fixed\"");
    }
    if (rule.min_count > rule.max_count) section.problem("min", "must not be greater than max");
    if (rule.wildcard && rule.kind != SanKind::dns) section.problem("wildcard", "is for type = \"dns\"");
}

void check_key_rule(const KeyRule& rule, const Profile& profile, Section& section) {
    if (rule.min_bits > rule.max_bits) section.problem("min_bits", "must not be greater than max_bits");
    if (std::any_of(profile.keys.begin(), profile.keys.end(),
                    [&](const KeyRule& other) { return other.type == rule.type; })) {
        section.problem("type", "stands there already");
    }
}

void check_extra_extension(const x509::Extension& extension, const Profile& profile, Section& section) {
    if (is_written_by_other_keys(extension.oid)) section.problem("oid", "is written by other keys of the profile");
    const bool again = std::any_of(profile.extra_extensions.begin(), profile.extra_extensions.end(),
                                   [&](const FixedExtension& other) { return other.extension.oid == extension.oid; });
    if (again && !extension.oid.empty())
        section.problem("oid", "stands there already: RFC 5280 4.2 allows an extension once");
    asn1::DerReader reader{extension.value};
    if (section.has("value_hex") && (!reader.next() || !reader.at_end()))
        section.problem("value_hex", "must be the DER of one value");
}

void check_profile(const Profile& profile, Section& root) {
    if (profile.kind == SubjectKind::ca) {
        check_authority(profile, root);
    } else {
        check_end_entity(profile, root);
    }
    check_usage(profile, root);
    check_names(profile, root);
    check_validity(profile, root);
    check_who(profile, root);
    check_attestation(profile, root);
}

}  // namespace sealwright::profile
