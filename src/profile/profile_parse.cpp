// profile_parse.cpp: from TOML to Profile (docs/profiles.md). What each key may be is here; what keys say together is
// in profile_check.cpp.
#include "asn1/der_writer.hpp"
#include "asn1/oid.hpp"
#include "base/file.hpp"
#include "crypto/digest.hpp"
#include "profile/attestation_section.hpp"
#include "profile/key_names.hpp"
#include "profile/name_syntax.hpp"
#include "profile/profile_check.hpp"
#include "profile/toml_section.hpp"

namespace sealwright::profile {
namespace {

namespace oid = asn1::oid;

constexpr std::size_t kMaxProfileSize = 256UL * 1024;

bool is_profile_name(std::string_view name) {
    if (name.empty() || name.size() > 64 || name.front() == '-' || name.back() == '-') return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// choice reads a text that must be one of a few words.
template <class T, std::size_t N>
std::optional<T> choice(Section& section, std::string_view key,
                        const std::array<std::pair<std::string_view, T>, N>& words, Need need = Need::optional) {
    const auto text = section.text(key, need);
    if (!text) return {};
    std::string all;
    for (const auto& [word, value] : words) {
        if (word == *text) return value;
        all.append(all.empty() ? "" : ", ").append(word);
    }
    section.problem(key, "must be one of " + all);
    return {};
}

constexpr std::array<std::pair<std::string_view, ValueSource>, 3> kSources{
    {{"fixed", ValueSource::fixed}, {"request", ValueSource::request}, {"principal", ValueSource::principal}}};
constexpr std::array<std::pair<std::string_view, SanKind>, 4> kSanKinds{
    {{"dns", SanKind::dns}, {"ip", SanKind::ip}, {"uri", SanKind::uri}, {"email", SanKind::email}}};
constexpr std::array<std::pair<std::string_view, SubjectKind>, 2> kSubjectKinds{
    {{"end-entity", SubjectKind::end_entity}, {"ca", SubjectKind::ca}}};

std::vector<Pattern> read_patterns(Section& section, std::string_view key) {
    std::vector<Pattern> out;
    for (auto& text : section.texts(key)) {
        if (text.empty() || text.size() > kMaxPatternSize) {
            section.problem(key, "a pattern must have 1 to " + std::to_string(kMaxPatternSize) + " octets");
        } else {
            out.push_back({std::move(text)});
        }
    }
    return out;
}

void read_subject_rule(Section& section, Profile& profile) {
    SubjectRule rule;
    if (const auto type = section.text("type", Need::required)) {
        if (auto attribute = x509::parse_attribute_name(*type)) {
            rule.attribute = std::move(attribute).value();
        } else {
            section.problem("type", "is neither the short name nor the OID of an attribute");
        }
    }
    const auto source = choice(section, "source", kSources, Need::required);
    rule.source = source.value_or(ValueSource::fixed);
    rule.value = section.text("value", source == ValueSource::fixed ? Need::required : Need::optional).value_or("");
    rule.allow = read_patterns(section, "allow");
    rule.max_length = section.number("max_length", 1, 32768).value_or(rule.max_length);
    rule.required = section.boolean("required").value_or(true);
    if (source) check_subject_rule(rule, section);
    section.finish();
    profile.subject.push_back(std::move(rule));
}

void read_subject(Section& root, Profile& profile) {
    if (auto section = root.section("subject", Need::required)) {
        profile.empty_subject_allowed = section->boolean("allow_empty").value_or(false);
        for (auto& rdn : section->sections("rdn")) read_subject_rule(rdn, profile);
        section->finish();
    }
}

std::optional<x509::GeneralName> read_fixed_name(SanKind kind, const std::string& text) {
    switch (kind) {
        case SanKind::dns:
            return dns_name_problem(text, true).empty()
                       ? std::optional<x509::GeneralName>{x509::DnsName{lower_ascii(text)}}
                       : std::nullopt;
        case SanKind::uri:
            return uri_problem(text).empty() ? std::optional<x509::GeneralName>{x509::UriName{text}} : std::nullopt;
        case SanKind::email:
            return mailbox_problem(text).empty() ? std::optional<x509::GeneralName>{x509::Rfc822Name{text}}
                                                 : std::nullopt;
        case SanKind::ip:
            break;
    }
    auto address = parse_ip(text);
    return address ? std::optional<x509::GeneralName>{x509::IpAddress{std::move(address).value()}} : std::nullopt;
}

void read_san_rule(Section& section, Profile& profile) {
    SanRule rule;
    const auto kind = choice(section, "type", kSanKinds, Need::required);
    rule.kind = kind.value_or(SanKind::dns);
    const auto source = choice(section, "source", kSources, Need::required);
    rule.source = source.value_or(ValueSource::request);
    rule.allow = read_patterns(section, "allow");
    for (const auto& text : section.texts("values")) {
        if (auto name = read_fixed_name(rule.kind, text)) {
            rule.fixed.push_back(std::move(*name));
        } else {
            section.problem("values", "\"" + text + "\" is no valid name of this type");
        }
    }
    rule.min_count = section.number("min", 0, 1000).value_or(rule.min_count);
    rule.max_count = section.number("max", 1, 1000).value_or(rule.max_count);
    rule.wildcard = section.boolean("wildcard").value_or(false);
    if (kind && source) check_san_rule(rule, section);
    section.finish();
    profile.san.push_back(std::move(rule));
}

void read_key_rule(Section& section, Profile& profile) {
    KeyRule rule{};
    const auto type = section.text("type", Need::required);
    const auto parsed = type ? parse_key_type(*type) : std::nullopt;
    if (type && !parsed) section.problem("type", "must be one of " + key_type_list());
    if (parsed == crypto::KeyType::rsa) {
        rule.min_bits = static_cast<unsigned>(section.number("min_bits", 2048, 8192).value_or(2048));
        rule.max_bits = static_cast<unsigned>(section.number("max_bits", 2048, 8192).value_or(8192));
    }
    if (parsed) {
        rule.type = *parsed;
        check_key_rule(rule, profile, section);
        profile.keys.push_back(rule);
    }
    section.finish();
}

void read_request(Section& root, Profile& profile) {
    auto section = root.section("request");
    if (!section) return;
    for (auto& name : section->texts("signature_algorithms")) {
        const auto parsed = crypto::parse_signature_name(name);
        if (!parsed || is_sha1(parsed.value())) {
            section->problem("signature_algorithms", "\"" + name + "\" is no signature algorithm that we verify");
        } else {
            profile.request_signature_algorithms.push_back(std::move(name));
        }
    }
    for (auto& dotted : section->texts("tolerate_extensions")) {
        if (!asn1::parse_oid(dotted)) {
            section->problem("tolerate_extensions", "\"" + dotted + "\" is no object identifier");
        } else {
            profile.tolerated_request_extensions.insert(std::move(dotted));
        }
    }
    section->finish();
}

x509::KeyUsage read_bits(Section& section, std::string_view key, Need need) {
    x509::KeyUsage usage = 0;
    for (const auto& name : section.texts(key, need)) {
        if (const auto bit = parse_key_usage_bit(name)) {
            usage = static_cast<x509::KeyUsage>(usage | *bit);
        } else {
            section.problem(key, "\"" + name + "\" is no key usage of RFC 5280 4.2.1.3");
        }
    }
    return usage;
}

void read_usages(Section& root, Profile& profile) {
    if (auto section = root.section("key_usage", Need::required)) {
        profile.key_usage = read_bits(*section, "bits", Need::required);
        profile.key_usage_rsa = read_bits(*section, "rsa_bits", Need::optional);
        profile.key_usage_critical = section->boolean("critical").value_or(true);
        section->finish();
    }
    if (auto section = root.section("ext_key_usage")) {
        for (const auto& name : section->texts("purposes", Need::required)) {
            if (auto purpose = parse_purpose(name)) {
                profile.ext_key_usage.push_back(std::move(*purpose));
            } else {
                section->problem("purposes", "\"" + name + "\" is neither a known purpose nor an object identifier");
            }
        }
        profile.ext_key_usage_critical = section->boolean("critical").value_or(false);
        section->finish();
    }
    if (auto section = root.section("basic_constraints")) {
        if (const auto length = section->number("path_length", 0, 255))
            profile.path_length = static_cast<std::uint32_t>(*length);
        section->finish();
    }
}

// RFC 5280 4.2.1.4: CPSuri is an IA5String; UserNotice with explicitText alone, as UTF8String ("Conforming CAs SHOULD
// use the UTF8String encoding").
Bytes cps_qualifier(const std::string& uri) {
    return asn1::DerWriter{}.primitive(asn1::kIa5String, view_of(uri)).take();
}
Bytes user_notice_qualifier(const std::string& text) {
    asn1::DerWriter writer;
    writer.sequence([&] { writer.primitive(asn1::kUtf8String, view_of(text)); });
    return writer.take();
}

void read_policy(Section& section, Profile& profile) {
    x509::PolicyInformation policy;
    if (const auto id = section.text("oid", Need::required)) {
        if (auto parsed = asn1::parse_oid(*id)) {
            policy.policy = std::move(parsed).value();
        } else {
            section.problem("oid", "is no object identifier");
        }
    }
    if (const auto uri = section.text("cps")) {
        if (const auto problem = http_uri_problem(*uri); !problem.empty()) section.problem("cps", problem);
        policy.qualifiers.push_back({bytes_of(oid::kCpsQualifier), cps_qualifier(*uri)});
    }
    if (const auto notice = section.text("user_notice")) {
        // RFC 5280 appendix A.2: DisplayText has a size of 1 to 200 characters; octets bound characters.
        if (notice->empty() || notice->size() > 200) section.problem("user_notice", "must have 1 to 200 octets");
        policy.qualifiers.push_back({bytes_of(oid::kUserNoticeQualifier), user_notice_qualifier(*notice)});
    }
    section.finish();
    if (std::any_of(profile.policies.begin(), profile.policies.end(),
                    [&](const auto& other) { return other.policy == policy.policy; })) {
        section.problem("oid", "stands there already: RFC 5280 4.2.1.4 allows a policy once");
    }
    profile.policies.push_back(std::move(policy));
}

void read_constraints(Section& root, Profile& profile) {
    auto section = root.section("name_constraints");
    if (!section) return;
    profile.name_constraints.emplace();
    for (const auto& [key, subtrees] : {std::pair{"permitted", &profile.name_constraints->permitted},
                                        std::pair{"excluded", &profile.name_constraints->excluded}}) {
        for (const auto& text : section->texts(key)) {
            auto subtree = parse_subtree(text);
            if (subtree) {
                subtrees->push_back(std::move(subtree).value());
            } else {
                section->problem(key, "\"" + text + "\": " + subtree.error().public_detail());
            }
        }
    }
    if (profile.name_constraints->permitted.empty() && profile.name_constraints->excluded.empty()) {
        section->problem("", "must permit or exclude something (RFC 5280 4.2.1.10)");
    }
    section->finish();
}

std::vector<std::string> read_urls(Section& section, std::string_view key) {
    auto urls = section.texts(key);
    for (const auto& url : urls) {
        if (const auto problem = http_uri_problem(url); !problem.empty())
            section.problem(key, "\"" + url + "\" " + std::string{problem});
    }
    return urls;
}

void read_access(Section& root, Profile& profile) {
    if (auto section = root.section("authority_info_access")) {
        for (auto& url : read_urls(*section, "ocsp"))
            profile.authority_info_access.push_back({bytes_of(oid::kAdOcsp), x509::UriName{std::move(url)}});
        for (auto& url : read_urls(*section, "ca_issuers")) {
            profile.authority_info_access.push_back({bytes_of(oid::kAdCaIssuers), x509::UriName{std::move(url)}});
        }
        if (profile.authority_info_access.empty()) section->problem("", "must have ocsp or ca_issuers, or be left out");
        section->finish();
    }
    if (auto section = root.section("crl_distribution_points")) {
        // One point with every place of the same CRL (RFC 5280 4.2.1.13: several names of one point lead to one CRL).
        x509::DistributionPoint point;
        for (auto& url : read_urls(*section, "urls")) point.full_name.emplace_back(x509::UriName{std::move(url)});
        if (point.full_name.empty()) section->problem("urls", "must not be empty");
        profile.crl_distribution_points.push_back(std::move(point));
        section->finish();
    }
}

void read_extra_extension(Section& section, Profile& profile) {
    FixedExtension fixed;
    if (const auto dotted = section.text("oid", Need::required)) {
        if (auto parsed = asn1::parse_oid(*dotted)) {
            fixed.extension.oid = std::move(parsed).value();
        } else {
            section.problem("oid", "is no object identifier");
        }
    }
    fixed.extension.critical = section.boolean("critical").value_or(false);
    if (const auto hex = section.text("value_hex", Need::required)) {
        if (auto value = from_hex(*hex)) {
            fixed.extension.value = std::move(value).value();
        } else {
            section.problem("value_hex", "is not hexadecimal");
        }
    }
    check_extra_extension(fixed.extension, profile, section);
    section.finish();
    profile.extra_extensions.push_back(std::move(fixed));
}

void read_validity(Section& root, Profile& profile) {
    auto section = root.section("validity", Need::required);
    if (!section) return;
    profile.validity.length = section->duration("length", Need::required).value_or(std::chrono::seconds{0});
    profile.validity.backdate = section->duration("backdate").value_or(std::chrono::seconds{0});
    profile.validity.granularity = section->duration("granularity");
    profile.validity.may_shorten = section->boolean("may_shorten").value_or(false);
    profile.validity.clip_to_issuer = section->boolean("clip_to_issuer").value_or(false);
    section->finish();
}

void read_signature(Section& root, Profile& profile) {
    auto section = root.section("signature");
    if (!section) return;
    if (const auto name = section->text("algorithm", Need::required)) {
        const auto parsed = crypto::parse_signature_name(*name);
        if (!parsed || is_sha1(parsed.value())) {
            section->problem("algorithm", "is no signature algorithm that we make");
        } else {
            profile.signature_algorithm = parsed.value();
        }
    }
    section->finish();
}

void read_who(Section& root, Profile& profile) {
    if (auto section = root.section("who")) {
        for (auto& principal : section->texts("principals", Need::required)) {
            if (!is_principal_text(principal)) {
                section->problem(
                    "principals",
                    "\"" + principal + "\" is none of secret, renewal, admin, uid:NUMBER, user:NAME, role:NAME");
            } else {
                profile.who.principals.push_back(std::move(principal));
            }
        }
        profile.who.approvals = static_cast<unsigned>(section->number("approvals", 0, 16).value_or(0));
        profile.who.bound_names = section->boolean("bound_names").value_or(false);
        section->finish();
    }
    if (auto section = root.section("renewal")) {
        profile.renewal_allowed = section->boolean("allowed").value_or(true);
        profile.renewal_window = section->duration("window", profile.renewal_allowed ? Need::required : Need::optional)
                                     .value_or(std::chrono::seconds{0});
        profile.same_key_renewal = section->boolean("same_key").value_or(true);
        section->finish();
    }
}

void read_head(Section& root, Profile& profile) {
    root.number("format", kProfileFormat, kProfileFormat, Need::required);
    profile.name = root.text("name", Need::required).value_or("");
    if (!profile.name.empty() && !is_profile_name(profile.name)) {
        root.problem("name", "must have 1 to 64 of a-z, 0-9 and inner hyphens");
    }
    profile.description = root.text("description").value_or("");
    profile.version = static_cast<unsigned>(root.number("version", 1, 1000000, Need::required).value_or(1));
    profile.kind = choice(root, "kind", kSubjectKinds, Need::required).value_or(SubjectKind::end_entity);
    if (const auto nocheck = root.boolean("ocsp_nocheck")) profile.ocsp_nocheck = *nocheck;
}

Profile read_profile(Section& root) {
    Profile profile;
    read_head(root, profile);
    read_subject(root, profile);
    for (auto& section : root.sections("san")) read_san_rule(section, profile);
    for (auto& section : root.sections("key")) read_key_rule(section, profile);
    read_request(root, profile);
    read_usages(root, profile);
    for (auto& section : root.sections("policy")) read_policy(section, profile);
    read_constraints(root, profile);
    read_access(root, profile);
    for (auto& section : root.sections("extension")) read_extra_extension(section, profile);
    read_validity(root, profile);
    read_signature(root, profile);
    read_who(root, profile);
    profile.attestation = read_attestation(root);
    check_profile(profile, root);
    root.finish();
    return profile;
}

Sha256 digest_of(std::string_view toml, const Placeholders& used) {
    std::string text{toml};
    for (const auto& [name, value] : used) text += name + "=" + value + "\n";
    return crypto::sha256(view_of(text));
}

}  // namespace

Result<Profile> Profile::parse(std::string_view toml, std::string_view source_name) {
    return parse(toml, source_name, {});
}

Result<Profile> Profile::parse(std::string_view toml, std::string_view source_name, const Placeholders& placeholders) {
    if (toml.size() > kMaxProfileSize)
        return fail(ErrorCode::too_large, std::string{source_name} + ": a profile has at most 256 KiB");
    Problems problems{source_name};
    TomlDocument document{toml, placeholders, problems};
    auto root = document.root();
    if (!root) return fail(ErrorCode::config, problems.text());
    Profile profile = read_profile(*root);
    if (!problems.empty()) return fail(ErrorCode::config, problems.text());
    profile.digest = digest_of(toml, document.used_placeholders());
    return profile;
}

Result<std::map<std::string, std::shared_ptr<const Profile>>> load_profiles(const std::filesystem::path& folder,
                                                                            const Placeholders& placeholders) {
    std::error_code error;
    std::set<std::filesystem::path> files;
    for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() == ".toml") files.insert(entry->path());
    }
    if (error) return fail(ErrorCode::config, "cannot read the folder of profiles " + folder.string(), error.message());
    std::map<std::string, std::shared_ptr<const Profile>> out;
    std::string problems;
    const auto add_problem = [&](const std::string& text) { problems += (problems.empty() ? "" : "\n") + text; };
    for (const auto& file : files) {
        auto text = read_text_file(file, kMaxProfileSize);
        auto profile = text ? Profile::parse(text.value(), file.filename().string(), placeholders)
                            : Result<Profile>{text.error().in(file.string())};
        if (!profile) {
            add_problem(profile.error().public_detail());
        } else if (profile.value().name != file.stem().string()) {
            add_problem(file.filename().string() + ": name: must be \"" + file.stem().string() + "\" as the file says");
        } else {
            out.emplace(file.stem().string(), std::make_shared<const Profile>(std::move(profile).value()));
        }
    }
    if (!problems.empty()) return fail(ErrorCode::config, problems);
    return out;
}

}  // namespace sealwright::profile
